/* load: clients of a replica, for tests/bench.
 *
 *   one SOCKET SECONDS           one client's SETs, one after the other: the
 *                                median, microseconds
 *   many SOCKET CLIENTS SECONDS set|get
 *                                so many clients, each with one command under
 *                                way: answered, a second
 *   fill SOCKET BYTES KEYS       SETs of so many bytes in all, over and over
 *                                the same keys: how many
 *
 * Values have 100 bytes (fill: 1,000). Prints one number. Every reply is
 * checked; 1, with a text, if there is another than OK or the value.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bench/times.h"

enum {
    LOAD_VALUE = 100,
    LOAD_FILL_VALUE = 1000,
    LOAD_FILL_CLIENTS = 256,
    LOAD_KEYS = 1000,
    LOAD_COMMAND = 1200, /* the largest, with room */
    LOAD_CLIENTS = 1000,
    LOAD_TURN = 64 /* clients in one turn */
};

static const char OK[] = "+OK\r\n";

struct load_client {
    int fd;
    bool under_way;
    char reply[LOAD_COMMAND];
    size_t len; /* of what came of it */
};

struct load {
    const char *path;
    bool set;
    size_t value;    /* its length */
    unsigned keys;
    uint64_t number; /* of commands so far */
    char expected[LOAD_COMMAND];
    size_t expected_len;
    struct load_client *clients;
    size_t count;
};

__attribute__((noreturn)) static void die(const char *what, const char *why)
{
    fprintf(stderr, "load: %s: %s\n", what, why);
    exit(1);
}

static int load_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(address.sun_path))
        die(path, strerror(ENAMETOOLONG));
    strcpy(address.sun_path, path);
    if (fd < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        die(path, strerror(errno));
    return fd;
}

/* The next command of all. */
static void load_send(struct load *load, struct load_client *client)
{
    char bytes[LOAD_COMMAND], key[16];

    int key_len = snprintf(key, sizeof(key), "key:%06u",
                           (unsigned)(load->number++ % load->keys));
    int len = snprintf(bytes, sizeof(bytes), "*%d\r\n$3\r\n%s\r\n$%d\r\n%s\r\n",
                       load->set ? 3 : 2, load->set ? "SET" : "GET", key_len,
                       key);
    if (load->set) {
        len += snprintf(bytes + len, sizeof(bytes) - (size_t)len, "$%zu\r\n",
                        load->value);
        memset(bytes + len, 'x', load->value);
        len += (int)load->value;
        memcpy(bytes + len, "\r\n", 2);
        len += 2;
    }
    if (send(client->fd, bytes, (size_t)len, MSG_NOSIGNAL) != len)
        die(load->path, strerror(errno));
    client->under_way = true;
    client->len = 0;
}

/* Takes what has come. True when it was all of the reply. */
static bool load_receive(const struct load *load, struct load_client *client)
{
    ssize_t got = recv(client->fd, client->reply + client->len,
                       sizeof(client->reply) - client->len, 0);

    if (got <= 0)
        die(load->path, got == 0 ? "closed" : strerror(errno));
    client->len += (size_t)got;
    size_t known = client->len < load->expected_len ? client->len
                                                    : load->expected_len;
    if (client->len > load->expected_len ||
        memcmp(client->reply, load->expected, known) != 0) {
        fprintf(stderr, "load: %s: a reply that was not expected: %.*s\n",
                load->path, (int)client->len, client->reply);
        exit(1);
    }
    client->under_way = client->len < load->expected_len;
    return !client->under_way;
}

static void load_open(struct load *load, size_t clients)
{
    if (clients < 1 || clients > LOAD_CLIENTS)
        die(load->path, "too many or too few clients");
    load->clients = calloc(clients, sizeof(*load->clients));
    if (load->clients == NULL)
        abort();
    load->count = clients;
    for (size_t i = 0; i < clients; i++)
        load->clients[i].fd = load_connect(load->path);
    if (load->set) {
        load->expected_len = strlen(OK);
        memcpy(load->expected, OK, load->expected_len);
        return;
    }
    int len = snprintf(load->expected, sizeof(load->expected), "$%zu\r\n",
                       load->value);
    memset(load->expected + len, 'x', load->value);
    memcpy(load->expected + len + load->value, "\r\n", 2);
    load->expected_len = (size_t)len + load->value + 2;
}

/* Every client, until `end` and until `most` commands were sent; then until all
 * are answered. Commands a second. */
static double load_run(struct load *load, double seconds, uint64_t most)
{
    struct epoll_event events[LOAD_TURN];
    int poll = epoll_create1(EPOLL_CLOEXEC);
    double began = times_now_us(), end = began + seconds * 1e6;
    size_t under_way = 0;

    for (size_t i = 0; i < load->count; i++) {
        struct epoll_event event = {.events = EPOLLIN,
                                    .data.ptr = &load->clients[i]};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, load->clients[i].fd, &event) < 0)
            die("epoll_ctl", strerror(errno));
        load_send(load, &load->clients[i]);
        under_way++;
    }
    while (under_way > 0) {
        int ready = epoll_wait(poll, events, LOAD_TURN, -1);
        bool more = times_now_us() < end;
        for (int i = 0; i < ready; i++) {
            struct load_client *client = events[i].data.ptr;
            if (!load_receive(load, client))
                continue;
            if (more && load->number < most)
                load_send(load, client);
            else
                under_way--;
        }
    }
    close(poll);
    return (double)load->number / (times_now_us() - began) * 1e6;
}

static double run_one(struct load *load, double seconds)
{
    struct times times = {0};

    load_open(load, 1);
    for (double end = times_now_us() + seconds * 1e6;
         times.count == 0 || times_now_us() < end;) {
        double began = times_now_us();
        load_send(load, &load->clients[0]);
        while (!load_receive(load, &load->clients[0])) {
        }
        times_add(&times, times_now_us() - began);
    }
    return times_p50(&times);
}

static double run_fill(struct load *load, const char *bytes, const char *keys)
{
    uint64_t wanted = strtoull(bytes, NULL, 10) / LOAD_FILL_VALUE;

    load->value = LOAD_FILL_VALUE;
    load->keys = (unsigned)strtoul(keys, NULL, 10);
    if (load->keys < 1 || wanted < LOAD_FILL_CLIENTS)
        die(keys, "too few");
    load_open(load, LOAD_FILL_CLIENTS);
    load_run(load, 1e9, wanted);
    return (double)load->number;
}

int main(int argc, char **argv)
{
    const char *what = argc > 3 ? argv[1] : "";
    struct load load = {
        .set = true, .value = LOAD_VALUE, .keys = LOAD_KEYS};
    double number;

    load.path = argc > 2 ? argv[2] : "";
    if (strcmp(what, "one") == 0 && argc == 4)
        number = run_one(&load, atof(argv[3]));
    else if (strcmp(what, "many") == 0 && argc == 6) {
        load.set = strcmp(argv[5], "set") == 0;
        load_open(&load, strtoul(argv[3], NULL, 10));
        number = load_run(&load, atof(argv[4]), UINT64_MAX);
    } else if (strcmp(what, "fill") == 0 && argc == 5)
        number = run_fill(&load, argv[3], argv[4]);
    else {
        fprintf(stderr, "load: see the top of load.c\n");
        return 2;
    }
    printf("%.1f\n", number);
    return 0;
}
