/* floor: what the machine and Corosync give by themselves, for tests/bench.
 *
 *   echo GROUP FILE     joins that process group and answers, until killed;
 *                       FILE as below
 *   hop GROUP SECONDS   half the time from a message until the answer of an
 *                       echo on another node to it: the median, microseconds
 *   flood GROUP BYTES SECONDS
 *                       as many messages as Corosync takes; delivered to an
 *                       echo on another node, a second
 *   flush FILE BYTES SECONDS
 *                       an append of so many bytes and its fdatasync: the
 *                       median, microseconds. FILE is new, and removed
 *   round GROUP FILE SECONDS
 *                       a message that everyone appends and flushes, here and
 *                       at each echo, until this node and one other have it:
 *                       what any write takes that is on two of three disks
 *                       before it is acknowledged. The median, microseconds
 *
 * Prints one number.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <corosync/cpg.h>

#include "tests/bench/times.h"

enum {
    FLOOR_HOP_BYTES = 256,
    FLOOR_RECORD_BYTES = 256,
    FLOOR_MAX = 64 * 1024,
    FLOOR_TURN = 64
};

enum floor_kind {
    FLOOR_PING = 1, /* the first echo in the list of members answers */
    FLOOR_PONG,
    FLOOR_KEEP, /* every echo flushes a record, then answers */
    FLOOR_DROP, /* only counted */
    FLOOR_COUNT /* a ping; the PONG says how many were counted before it */
};

/* Both ends are one build on one machine. */
struct floor_message {
    uint32_t kind;
    uint32_t node; /* who shall answer */
    uint64_t number;
};

struct floor {
    cpg_handle_t handle;
    struct cpg_name name;
    uint32_t self;
    uint32_t other; /* a member on another node; 0: none */
    bool echo;
    int file;          /* of what is flushed */
    uint64_t dropped;  /* as an echo: DROP since the last COUNT */
    uint64_t answered; /* PONG: its number */
    bool pong;
};

__attribute__((noreturn)) static void die(const char *what, const char *why)
{
    fprintf(stderr, "floor: %s: %s\n", what, why);
    exit(1);
}

/* ---- the group ---- */

static void floor_dispatch(struct floor *floor, cs_dispatch_flags_t how)
{
    cs_error_t rc = cpg_dispatch(floor->handle, how);

    if (rc != CS_OK && rc != CS_ERR_TRY_AGAIN)
        die("cpg_dispatch", cs_strerror(rc));
}

static void floor_send(struct floor *floor, enum floor_kind kind,
                       uint64_t number, size_t len)
{
    static uint8_t bytes[FLOOR_MAX];
    struct floor_message message = {kind, floor->other, number};
    struct iovec part = {bytes, len};
    cs_error_t rc;

    memcpy(bytes, &message, sizeof(message));
    while ((rc = cpg_mcast_joined(floor->handle, CPG_TYPE_AGREED, &part, 1)) ==
           CS_ERR_TRY_AGAIN) {
        /* The queue is full until the token comes, and what it brings has to
         * be read. */
        struct pollfd readable = {.events = POLLIN};
        cpg_fd_get(floor->handle, &readable.fd);
        poll(&readable, 1, 1);
        for (int i = 0; i < FLOOR_TURN; i++)
            floor_dispatch(floor, CS_DISPATCH_ONE_NONBLOCKING);
    }
    if (rc != CS_OK)
        die("cpg_mcast_joined", cs_strerror(rc));
}

/* A new file that has no name any more. */
static int open_file(const char *path)
{
    int fd =
        open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);

    if (fd < 0)
        die(path, strerror(errno));
    unlink(path);
    return fd;
}

static void append_and_flush(int fd, size_t bytes)
{
    static const uint8_t zeros[FLOOR_MAX];

    if (write(fd, zeros, bytes) != (ssize_t)bytes || fdatasync(fd) < 0)
        die("append and flush", strerror(errno));
}

static void echo_on_message(struct floor *floor,
                            const struct floor_message *message)
{
    if (message->kind == FLOOR_KEEP) {
        append_and_flush(floor->file, FLOOR_RECORD_BYTES);
        floor_send(floor, FLOOR_PONG, message->number, FLOOR_HOP_BYTES);
    }
    if (message->kind == FLOOR_DROP)
        floor->dropped++;
    if ((message->kind != FLOOR_PING && message->kind != FLOOR_COUNT) ||
        message->node != floor->self)
        return;
    floor_send(floor, FLOOR_PONG,
               message->kind == FLOOR_PING ? message->number : floor->dropped,
               FLOOR_HOP_BYTES);
    if (message->kind == FLOOR_COUNT)
        floor->dropped = 0;
}

static struct floor *floor_of(cpg_handle_t handle)
{
    void *context = NULL;

    cpg_context_get(handle, &context);
    return context;
}

static void on_deliver(cpg_handle_t handle, const struct cpg_name *name,
                       uint32_t node, uint32_t pid, void *bytes, size_t len)
{
    struct floor *floor = floor_of(handle);
    struct floor_message message;

    (void)name, (void)node, (void)pid;
    if (len < sizeof(message))
        return;
    memcpy(&message, bytes, sizeof(message));
    if (floor->echo)
        echo_on_message(floor, &message);
    else if (message.kind == FLOOR_PONG) {
        floor->answered = message.number;
        floor->pong = true;
    }
}

static void on_members(cpg_handle_t handle, const struct cpg_name *name,
                       const struct cpg_address *list, size_t count,
                       const struct cpg_address *left, size_t left_count,
                       const struct cpg_address *joined, size_t joined_count)
{
    struct floor *floor = floor_of(handle);

    (void)name, (void)left, (void)left_count, (void)joined, (void)joined_count;
    floor->other = 0;
    for (size_t i = 0; i < count && floor->other == 0; i++) {
        if (list[i].nodeid != floor->self)
            floor->other = list[i].nodeid;
    }
}

static void floor_join(struct floor *floor, const char *group)
{
    cpg_model_v1_data_t model = {
        .model = CPG_MODEL_V1,
        .cpg_deliver_fn = on_deliver,
        .cpg_confchg_fn = on_members,
    };

    cs_error_t rc = cpg_model_initialize(&floor->handle, CPG_MODEL_V1,
                                         (cpg_model_data_t *)&model, floor);
    if (rc == CS_OK)
        rc = cpg_local_get(floor->handle, &floor->self);
    floor->name.length = (uint32_t)snprintf(
        floor->name.value, sizeof(floor->name.value), "%s", group);
    if (rc == CS_OK)
        rc = cpg_join(floor->handle, &floor->name);
    if (rc != CS_OK)
        die(group, cs_strerror(rc));
}

/* The number of the next PONG. */
static uint64_t floor_await(struct floor *floor)
{
    for (floor->pong = false; !floor->pong;)
        floor_dispatch(floor, CS_DISPATCH_ONE);
    return floor->answered;
}

/* ---- what is measured ---- */

static void run_echo(struct floor *floor)
{
    floor->echo = true;
    for (;;)
        floor_dispatch(floor, CS_DISPATCH_ONE);
}

static double run_hop(struct floor *floor, double seconds)
{
    struct times times = {0};
    uint64_t number = 0;

    for (double end = times_now_us() + seconds * 1e6;
         times.count == 0 || times_now_us() < end;) {
        double began = times_now_us();
        floor_send(floor, FLOOR_PING, ++number, FLOOR_HOP_BYTES);
        if (floor_await(floor) != number)
            die("hop", "an answer to another question");
        times_add(&times, (times_now_us() - began) / 2);
    }
    return times_p50(&times);
}

static double run_flood(struct floor *floor, size_t bytes, double seconds)
{
    uint64_t sent = 0;

    floor_send(floor, FLOOR_COUNT, 0, bytes); /* counts from here */
    floor_await(floor);
    double began = times_now_us();
    while (times_now_us() < began + seconds * 1e6) {
        floor_send(floor, FLOOR_DROP, ++sent, bytes);
    }
    floor_send(floor, FLOOR_COUNT, 0, bytes);
    if (floor_await(floor) != sent)
        die("flood", "messages are missing");
    return (double)sent / (times_now_us() - began) * 1e6;
}

static double run_flush(const char *path, size_t bytes, double seconds)
{
    struct times times = {0};
    int fd = open_file(path);

    for (double end = times_now_us() + seconds * 1e6;
         times.count == 0 || times_now_us() < end;) {
        double began = times_now_us();
        append_and_flush(fd, bytes);
        times_add(&times, times_now_us() - began);
    }
    close(fd);
    return times_p50(&times);
}

/* Of two answers to one message, the first one counts. */
static double run_round(struct floor *floor, const char *path, double seconds)
{
    struct times times = {0};
    uint64_t number = 0;

    floor->file = open_file(path);
    for (double end = times_now_us() + seconds * 1e6;
         times.count == 0 || times_now_us() < end;) {
        double began = times_now_us();
        floor_send(floor, FLOOR_KEEP, ++number, FLOOR_HOP_BYTES);
        append_and_flush(floor->file, FLOOR_RECORD_BYTES);
        while (floor_await(floor) != number) {
        }
        times_add(&times, times_now_us() - began);
    }
    return times_p50(&times);
}

static size_t size_of(const char *text)
{
    unsigned long bytes = strtoul(text, NULL, 10);

    if (bytes < sizeof(struct floor_message) || bytes > FLOOR_MAX)
        die(text, "no such size");
    return bytes;
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[1] : "";
    struct floor floor = {0};
    double number;

    if (strcmp(what, "flush") == 0 && argc == 5) {
        number = run_flush(argv[2], size_of(argv[3]), atof(argv[4]));
        printf("%.1f\n", number);
        return 0;
    }
    if (argc < 3) {
        fprintf(stderr, "floor: see the top of floor.c\n");
        return 2;
    }
    floor_join(&floor, argv[2]);
    if (strcmp(what, "echo") == 0 && argc == 4) {
        floor.file = open_file(argv[3]);
        run_echo(&floor);
    }
    while (floor.other == 0)
        floor_dispatch(&floor, CS_DISPATCH_ONE);
    if (strcmp(what, "hop") == 0 && argc == 4)
        number = run_hop(&floor, atof(argv[3]));
    else if (strcmp(what, "round") == 0 && argc == 5)
        number = run_round(&floor, argv[3], atof(argv[4]));
    else if (strcmp(what, "flood") == 0 && argc == 5)
        number = run_flood(&floor, size_of(argv[3]), atof(argv[4]));
    else
        die(what, "see the top of floor.c");
    printf("%.1f\n", number);
    return 0;
}
