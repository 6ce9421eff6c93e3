#include "daemon/shell/server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "tests/unit/place.h"
#include "tests/unit/sample.h"

enum { WAIT_MS = 20000, COMMANDS_MAX = 20000, CLIENTS_MAX = 256 };

/* A server on two sockets, and clients in the same thread. A command is
 * answered with its second argument: at once, or when the test wants. */
struct fixture {
    struct place place;
    qb_loop_t *loop;
    struct server *server;
    bool at_once;
    size_t reply_size; /* above 0: replies are bulks of so many bytes */
    struct command {
        uint64_t number;
        enum server_access access;
        size_t argc;
        char word[32]; /* its second argument */
    } commands[COMMANDS_MAX];
    size_t count;
    bool unsettled; /* some of them */
    bool (*wanted)(struct fixture *f);
    struct client *client; /* for `wanted` */
    size_t number;
    size_t turns, give_up;
};

struct client {
    int fd;
    bool ended;
    struct buf got;
};

/* ---- the server's side ---- */

static void answer(struct fixture *f, size_t at)
{
    const struct command *command = &f->commands[at];
    struct buf reply = {0};

    if (f->reply_size > 0) {
        buf_printf(&reply, "$%zu\r\n", f->reply_size);
        memset(buf_extend(&reply, f->reply_size), 'r', f->reply_size);
        buf_printf(&reply, "\r\n");
    } else {
        buf_printf(&reply, "+%s\r\n", command->word);
    }
    server_reply(f->server, command->number, reply.data, reply.len);
    server_flush(f->server);
    buf_free(&reply);
}

static void on_command(void *context, uint64_t number,
                       enum server_access access, const struct core_arg *argv,
                       size_t argc)
{
    struct fixture *f = context;

    assert_true(argc > 0);
    assert_true(f->count < COMMANDS_MAX);
    struct command *command = &f->commands[f->count++];
    f->unsettled = true;
    command->number = number;
    command->access = access;
    command->argc = argc;
    if (argc > 1)
        snprintf(command->word, sizeof command->word, "%.*s",
                 (int)(argv[1].len < 31 ? argv[1].len : 31),
                 (const char *)argv[1].data);
    for (char *at = command->word; *at != '\0'; at++)
        *at = *at == '\r' ? '.' : *at;
    if (f->at_once)
        answer(f, f->count - 1);
}

/* A command's kind is the length of its name. */
static int on_kind(void *context, const struct core_arg *argv, size_t argc)
{
    (void)context;
    assert_true(argc > 0);
    return (int)argv[0].len;
}

/* Every turn with commands ends so. */
static void on_settle(void *context)
{
    struct fixture *f = context;

    assert_true(f->unsettled);
    f->unsettled = false;
}

static int listen_at(const struct place *place, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%.80s/%s", place->path,
             name);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, CLIENTS_MAX), 0);
    return fd;
}

static int begins(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    const struct server_events events = {on_command, on_kind, on_settle, f};
    f->place = place_make();
    f->loop = qb_loop_create();
    assert_non_null(f->loop);
    assert_int_equal(server_open(&f->server, f->loop, &events), 0);
    f->at_once = true;
    assert_int_equal(
        server_listen(f->server, listen_at(&f->place, "data"), SERVER_DATA), 0);
    assert_int_equal(server_listen(f->server, listen_at(&f->place, "control"),
                                   SERVER_CONTROL),
                     0);
    assert_int_equal(
        server_listen(f->server, listen_at(&f->place, "tcp"), SERVER_STRANGER),
        0);
    *state = f;
    return 0;
}

static int ends(void **state)
{
    struct fixture *f = *state;

    server_close(f->server);
    qb_loop_destroy(f->loop);
    place_remove(&f->place);
    free(f);
    return 0;
}

/* ---- the clients' side ---- */

static struct client connect_to(const struct fixture *f, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct client client = {0};

    client.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(client.fd >= 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%.80s/%s",
             f->place.path, name);
    assert_int_equal(
        connect(client.fd, (struct sockaddr *)&address, sizeof address), 0);
    return client;
}

static void hang_up(struct client *client)
{
    close(client->fd);
    buf_free(&client->got);
    memset(client, 0, sizeof *client);
    client->fd = -1;
}

/* All that is there. */
static void client_read(struct client *client)
{
    uint8_t bytes[65536];
    ssize_t count;

    while ((count = recv(client->fd, bytes, sizeof bytes, 0)) > 0)
        buf_bytes(&client->got, bytes, (size_t)count);
    if (count == 0 || errno == ECONNRESET)
        client->ended = true;
}

static bool got_number(struct fixture *f)
{
    client_read(f->client);
    return f->client->got.len >= f->number;
}

static bool got_end(struct fixture *f)
{
    client_read(f->client);
    return f->client->ended;
}

static bool has_clients(struct fixture *f)
{
    return server_clients(f->server) == f->number;
}

static bool has_commands(struct fixture *f)
{
    return f->count >= f->number;
}

static bool had_turns(struct fixture *f)
{
    return f->turns >= f->number;
}

/* ---- the loop, until something is so ---- */

static void on_turn(void *data)
{
    struct fixture *f = data;

    f->turns++;
    assert_false(f->unsettled);
    if (f->wanted(f)) {
        qb_loop_stop(f->loop);
        return;
    }
    if (f->turns == f->give_up)
        fail_msg("%s", "waited too long");
    qb_loop_timer_handle handle;
    assert_int_equal(
        qb_loop_timer_add(f->loop, QB_LOOP_LOW, 100000, f, on_turn, &handle),
        0);
}

static void until(struct fixture *f, bool (*wanted)(struct fixture *f),
                  struct client *client, size_t number)
{
    qb_loop_timer_handle handle;

    f->wanted = wanted;
    f->client = client;
    f->number = number;
    f->turns = 0;
    f->give_up = WAIT_MS * 10;
    assert_int_equal(
        qb_loop_timer_add(f->loop, QB_LOOP_LOW, 1, f, on_turn, &handle), 0);
    qb_loop_run(f->loop);
}

/* A moment in which the server does all that it can. */
static void pass(struct fixture *f)
{
    until(f, had_turns, NULL, 20);
}

/* Sends everything, the loop turning meanwhile. */
static void send_all(struct fixture *f, struct client *client,
                     const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    while (len > 0) {
        ssize_t count = send(client->fd, at, len, MSG_NOSIGNAL);
        if (count < 0) {
            assert_int_equal(errno, EAGAIN);
            pass(f);
            client_read(client);
            continue;
        }
        at += count;
        len -= (size_t)count;
    }
}

static void send_text(struct fixture *f, struct client *client,
                      const char *text)
{
    send_all(f, client, text, strlen(text));
}

static void add_command(struct buf *out, const char *word)
{
    buf_printf(out, "*2\r\n$4\r\nECHO\r\n$%zu\r\n%s\r\n", strlen(word), word);
}

static void add_numbered(struct buf *out, size_t from, size_t count)
{
    char word[32];

    for (size_t i = from; i < from + count; i++) {
        snprintf(word, sizeof word, "n%zu", i);
        add_command(out, word);
    }
}

static void add_replies(struct buf *out, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++)
        buf_printf(out, "+n%zu\r\n", i);
}

/* Exactly this arrives, and no more. */
static void receives(struct fixture *f, struct client *client,
                     const struct buf *wanted)
{
    until(f, got_number, client, wanted->len);
    assert_int_equal(client->got.len, wanted->len);
    assert_memory_equal(client->got.data, wanted->data, wanted->len);
    buf_reset(&client->got);
}

static void receives_text(struct fixture *f, struct client *client,
                          const char *text)
{
    const struct buf wanted = {(uint8_t *)(uintptr_t)text, strlen(text), 0};

    receives(f, client, &wanted);
}

/* ---- what works ---- */

static void commands_are_told_apart(void **state)
{
    struct fixture *f = *state;
    struct client data = connect_to(f, "data");
    struct client control = connect_to(f, "control");

    send_text(f, &control, "*2\r\n$4\r\nECHO\r\n$1\r\nc\r\n");
    receives_text(f, &control, "+c\r\n");
    send_text(f, &data, "*3\r\n$4\r\nECHO\r\n$3\r\na\nb\r\n$0\r\n\r\n");
    receives_text(f, &data, "+a\nb\r\n");
    assert_int_equal(f->count, 2);
    assert_int_equal(f->commands[0].access, SERVER_CONTROL);
    assert_int_equal(f->commands[1].access, SERVER_DATA);
    assert_int_equal(f->commands[1].argc, 3);
    assert_int_equal(server_clients(f->server), 2);
    hang_up(&data);
    hang_up(&control);
    until(f, has_clients, NULL, 0);
}

static void a_command_may_come_in_pieces(void **state)
{
    static const char text[] = "*2\r\n$4\r\nECHO\r\n$2\r\nab\r\n"
                               "*1\r\n$4\r\nPING\r\n";
    struct fixture *f = *state;
    struct client client = connect_to(f, "data");

    for (size_t cut = 1; cut < sizeof text - 1; cut++) {
        send_all(f, &client, text, cut);
        pass(f);
        send_all(f, &client, text + cut, sizeof text - 1 - cut);
        receives_text(f, &client, "+ab\r\n+\r\n");
    }
    hang_up(&client);
}

/* More than may be under way at once, in one go; nothing comes behind them. */
static void a_long_pipeline_is_answered_to_the_end(void **state)
{
    static const size_t counts[] = {
        SERVER_PIPELINE - 1, SERVER_PIPELINE,         SERVER_PIPELINE + 1,
        2 * SERVER_PIPELINE, 2 * SERVER_PIPELINE + 1, 9999};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct client client = connect_to(f, "data");
        struct buf commands = {0}, replies = {0};
        f->count = 0;
        add_numbered(&commands, 0, counts[i]);
        add_replies(&replies, 0, counts[i]);
        send_all(f, &client, commands.data, commands.len);
        until(f, got_number, &client, replies.len);
        assert_int_equal(client.got.len, replies.len);
        assert_memory_equal(client.got.data, replies.data, replies.len);
        buf_free(&commands);
        buf_free(&replies);
        hang_up(&client);
    }
}

/* The same when replies come later: never more than SERVER_PIPELINE wait. */
static void no_more_than_so_many_wait(void **state)
{
    struct fixture *f = *state;
    struct client client = connect_to(f, "data");
    struct buf commands = {0}, replies = {0};
    const size_t count = 3 * SERVER_PIPELINE + 7;

    f->at_once = false;
    add_numbered(&commands, 0, count);
    add_replies(&replies, 0, count);
    send_all(f, &client, commands.data, commands.len);
    for (size_t answered = 0; answered < count;) {
        size_t most = answered + SERVER_PIPELINE;
        until(f, has_commands, NULL, most < count ? most : count);
        pass(f);
        assert_int_equal(f->count, most < count ? most : count);
        while (answered < f->count)
            answer(f, answered++);
    }
    receives(f, &client, &replies);
    buf_free(&commands);
    buf_free(&replies);
    hang_up(&client);
}

static void replies_come_in_the_order_of_commands(void **state)
{
    struct fixture *f = *state;
    struct client client = connect_to(f, "data");
    uint64_t seed = 7;
    size_t order[200];

    f->at_once = false;
    for (int round = 0; round < 20; round++) {
        struct buf commands = {0}, replies = {0};
        f->count = 0;
        add_numbered(&commands, 0, 200);
        add_replies(&replies, 0, 200);
        send_all(f, &client, commands.data, commands.len);
        until(f, has_commands, NULL, 200);
        for (size_t i = 0; i < 200; i++) {
            size_t other = (size_t)sample_below(&seed, i + 1);
            order[i] = order[other];
            order[other] = i;
        }
        for (size_t i = 0; i < 200; i++) {
            answer(f, order[i]);
            if (sample_below(&seed, 10) == 0)
                pass(f);
        }
        receives(f, &client, &replies);
        buf_free(&commands);
        buf_free(&replies);
    }
    hang_up(&client);
}

static void a_command_is_answered_once(void **state)
{
    struct fixture *f = *state;
    struct client client = connect_to(f, "data");

    f->at_once = false;
    send_text(f, &client,
              "*2\r\n$1\r\nE\r\n$1\r\na\r\n"
              "*2\r\n$1\r\nE\r\n$1\r\nb\r\n");
    until(f, has_commands, NULL, 2);
    answer(f, 1);
    answer(f, 1);
    server_reply(f->server, f->commands[1].number, "-ERR\r\n", 6);
    server_reply(f->server, 0, "-ERR\r\n", 6);
    server_reply(f->server, UINT64_MAX, "-ERR\r\n", 6);
    answer(f, 0);
    receives_text(f, &client, "+a\r\n+b\r\n");
    answer(f, 0);
    pass(f);
    client_read(&client);
    assert_int_equal(client.got.len, 0);
    hang_up(&client);
}

/* One that does not read is not read from; another one is served. */
static void one_that_does_not_read_is_left_waiting(void **state)
{
    struct fixture *f = *state;
    struct client slow = connect_to(f, "data"), other = connect_to(f, "data");
    struct buf commands = {0};
    const size_t count = 3000;

    f->reply_size = 20000;
    add_numbered(&commands, 0, count);
    send_all(f, &slow, commands.data, commands.len);
    pass(f);
    pass(f);
    size_t taken = f->count;
    assert_true(taken < count);
    assert_true(taken * f->reply_size < SERVER_OUTPUT + (25 << 20));
    pass(f);
    assert_int_equal(f->count, taken);
    f->reply_size = 0;
    send_text(f, &other, "*2\r\n$1\r\nE\r\n$1\r\nx\r\n");
    receives_text(f, &other, "+x\r\n");
    f->reply_size = 20000;
    until(f, got_number, &slow, count * (20000 + 10));
    assert_int_equal(slow.got.len, count * (20000 + 10));
    buf_free(&commands);
    hang_up(&slow);
    hang_up(&other);
    until(f, has_clients, NULL, 0);
}

/* ---- clients that go ---- */

/* It sends no more, but it reads: everything that it asked is answered. */
static void a_half_closed_client_gets_its_replies(void **state)
{
    struct fixture *f = *state;

    for (size_t count = 0; count < 2 * SERVER_PIPELINE + 2;
         count = count * 3 + 1) {
        struct client client = connect_to(f, "data");
        struct buf commands = {0}, replies = {0};
        f->at_once = false;
        f->count = 0;
        add_numbered(&commands, 0, count);
        buf_printf(&commands, "*2\r\n$4\r\nEC"); /* never whole */
        add_replies(&replies, 0, count);
        send_all(f, &client, commands.data, commands.len);
        assert_int_equal(shutdown(client.fd, SHUT_WR), 0);
        for (size_t answered = 0; answered < count;) {
            until(f, has_commands, NULL, answered + 1);
            pass(f);
            client_read(&client);
            assert_false(client.ended);
            while (answered < f->count)
                answer(f, answered++);
        }
        until(f, got_end, &client, 0);
        assert_int_equal(client.got.len, replies.len);
        assert_memory_equal(client.got.data, replies.data, replies.len);
        assert_int_equal(server_clients(f->server), 0);
        buf_free(&commands);
        buf_free(&replies);
        hang_up(&client);
    }
}

/* Its commands are taken, and their replies go nowhere. */
static void a_client_may_be_gone_before_its_reply(void **state)
{
    struct fixture *f = *state;

    f->at_once = false;
    for (size_t count = 0; count < 3 * SERVER_PIPELINE; count = count * 5 + 1) {
        struct client client = connect_to(f, "data");
        struct buf commands = {0};
        f->count = 0;
        add_numbered(&commands, 0, count);
        send_all(f, &client, commands.data, commands.len);
        hang_up(&client);
        until(f, has_clients, NULL, 0);
        assert_int_equal(f->count,
                         count < SERVER_PIPELINE ? count : SERVER_PIPELINE);
        for (size_t i = 0; i < f->count; i++)
            answer(f, i);
        pass(f);
        buf_free(&commands);
    }
}

static uint64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void on_rested(void *data)
{
    struct fixture *f = data;

    qb_loop_stop(f->loop);
}

/* Nothing happens, and the loop does not turn for nothing. */
static void rests(struct fixture *f)
{
    const uint64_t rest_ns = 300000000;
    uint64_t began = cpu_ns();
    qb_loop_timer_handle handle;

    assert_int_equal(
        qb_loop_timer_add(f->loop, QB_LOOP_LOW, rest_ns, f, on_rested, &handle),
        0);
    qb_loop_run(f->loop);
    assert_true(cpu_ns() - began < rest_ns / 2);
}

/* With a reply outstanding, a client that is gone is noticed, not polled for
 * ever. */
static void a_client_that_is_gone_costs_nothing(void **state)
{
    struct fixture *f = *state;
    struct client client = connect_to(f, "data");
    struct buf commands = {0};

    f->at_once = false;
    add_numbered(&commands, 0, SERVER_PIPELINE + 5);
    send_all(f, &client, commands.data, commands.len);
    until(f, has_commands, NULL, SERVER_PIPELINE);
    hang_up(&client);
    until(f, has_clients, NULL, 0);
    /* A half-closed one that still may read stays, without work. */
    client = connect_to(f, "data");
    send_text(f, &client, "*2\r\n$1\r\nE\r\n$1\r\na\r\n");
    assert_int_equal(shutdown(client.fd, SHUT_WR), 0);
    until(f, has_commands, NULL, SERVER_PIPELINE + 1);
    pass(f);
    assert_int_equal(server_clients(f->server), 1);
    rests(f);
    answer(f, SERVER_PIPELINE);
    until(f, got_end, &client, 0);
    hang_up(&client);
    buf_free(&commands);
}

/* A snapshot's child holds the descriptors of clients that go meanwhile: what
 * happens to those is none of the server's business any more. */
static void a_child_may_hold_a_client(void **state)
{
    struct fixture *f = *state;
    struct client client = connect_to(f, "data");

    send_text(f, &client, "*2\r\n$1\r\nE\r\n$1\r\na\r\n");
    receives_text(f, &client, "+a\r\n");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(client.fd); /* the other end it holds on to */
        pause();
        _exit(0);
    }
    alarm(WAIT_MS / 1000); /* a server that spins never gives the turn back */
    hang_up(&client);
    until(f, has_clients, NULL, 0);
    pass(f);
    assert_int_equal(server_clients(f->server), 0);
    alarm(0);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* The server ends with clients and unanswered commands. */
static void the_server_may_end_at_any_time(void **state)
{
    struct fixture *f = *state;
    struct client clients[3];

    f->at_once = false;
    for (size_t i = 0; i < 3; i++) {
        clients[i] = connect_to(f, "data");
        send_text(f, &clients[i], "*2\r\n$1\r\nE\r\n$1\r\na\r\n*1\r\n$3\r\nx");
    }
    until(f, has_commands, NULL, 3);
    answer(f, 1);
    ends(state);
    for (size_t i = 0; i < 3; i++)
        hang_up(&clients[i]);
    begins(state);
}

static void many_clients_come_and_go(void **state)
{
    struct fixture *f = *state;
    struct client clients[200];
    uint64_t seed = 11;

    for (size_t i = 0; i < 200; i++)
        clients[i] = connect_to(f, "data");
    until(f, has_clients, NULL, 200);
    f->at_once = false;
    for (int i = 0; i < 5000; i++) {
        struct client *client = &clients[sample_below(&seed, 200)];
        send_text(f, client, "*2\r\n$1\r\nE\r\n$1\r\na\r\n");
        if (f->count > 0)
            answer(f, sample_below(&seed, f->count));
        if (sample_below(&seed, 3) == 0) {
            hang_up(client);
            *client = connect_to(f, "data");
        }
        if (i % 50 == 0) {
            pass(f); /* it sees who is gone, and who came */
            until(f, has_clients, NULL, 200);
        }
    }
    for (size_t i = 0; i < 200; i++)
        hang_up(&clients[i]);
    until(f, has_clients, NULL, 0);
}

/* Without a descriptor for it, a client waits until another one goes, and the
 * server does not turn meanwhile. */
static void one_too_many_waits(void **state)
{
    struct fixture *f = *state;
    struct client clients[64], late[2];
    struct rlimit limit, low;
    size_t count = 0;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    clients[count++] = connect_to(f, "data");
    until(f, has_clients, NULL, 1);
    for (size_t i = 0; i < 2; i++)
        late[i] = connect_to(f, "data");
    low = limit;
    int next = dup(0);
    close(next);
    low.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    rests(f);
    assert_int_equal(server_clients(f->server), 1);
    send_text(f, &clients[0], "*2\r\n$1\r\nE\r\n$1\r\na\r\n");
    receives_text(f, &clients[0], "+a\r\n");
    hang_up(&clients[0]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    until(f, has_clients, NULL, 2);
    for (size_t i = 0; i < 2; i++) {
        send_text(f, &late[i], "*2\r\n$1\r\nE\r\n$1\r\nb\r\n");
        receives_text(f, &late[i], "+b\r\n");
        hang_up(&late[i]);
    }
}

/* ---- limits ---- */

static void add_large(struct buf *out, size_t size)
{
    buf_printf(out, "*3\r\n$1\r\nE\r\n$1\r\na\r\n$%zu\r\n", size);
    memset(buf_extend(out, size), 'x', size);
    buf_printf(out, "\r\n");
}

/* Sends what the server takes; how much of it. */
static size_t send_some(struct fixture *f, struct client *client,
                        const struct buf *bytes)
{
    size_t sent = 0;

    for (int idle = 0; sent < bytes->len && idle < 5;) {
        ssize_t count = send(client->fd, bytes->data + sent, bytes->len - sent,
                             MSG_NOSIGNAL);
        idle = count > 0 ? 0 : idle + 1;
        if (count > 0)
            sent += (size_t)count;
        else
            pass(f);
    }
    return sent;
}

/* A client's commands are bounded by their bytes, not only by their number. */
static void large_commands_wait(void **state)
{
    const size_t count = 40, size = 1000000;
    struct fixture *f = *state;
    struct client client = connect_to(f, "data");
    struct buf bytes = {0};
    size_t answered = 0;

    f->at_once = false;
    for (size_t i = 0; i < count; i++)
        add_large(&bytes, size);
    size_t sent = send_some(f, &client, &bytes);
    assert_true(sent < bytes.len);
    assert_in_range(f->count, 2, SERVER_UNDER_WAY / size + 1);
    /* The others follow as these are answered. */
    while (answered < count) {
        while (answered < f->count)
            answer(f, answered++);
        struct buf rest = {bytes.data + sent, bytes.len - sent, 0};
        sent += send_some(f, &client, &rest);
        pass(f);
        assert_true(f->count - answered <= SERVER_UNDER_WAY / size + 1);
    }
    until(f, got_number, &client, count * strlen("+a\r\n"));
    buf_free(&bytes);
    hang_up(&client);
}

/* Commands whose clients left are still to be carried out: they count, and while
 * there are too many nobody's are taken but the control socket's. */
static void what_clients_leave_behind_counts(void **state)
{
    const size_t size = 1000000;
    struct fixture *f = *state;
    struct client other = connect_to(f, "data");
    struct client control = connect_to(f, "control");
    struct buf bytes = {0};

    f->at_once = false;
    for (int i = 0; i < 3; i++)
        add_large(&bytes, size);
    for (int i = 0; i < 60; i++) {
        struct client client = connect_to(f, "data");
        send_some(f, &client, &bytes);
        pass(f);
        hang_up(&client);
    }
    until(f, has_clients, NULL, 2);
    size_t taken = f->count;
    assert_in_range(taken * size, SERVER_UNDER_WAY_ALL - 2 * size,
                    SERVER_UNDER_WAY_ALL + 2 * size);
    send_text(f, &other, "*2\r\n$1\r\nE\r\n$1\r\no\r\n");
    pass(f);
    assert_int_equal(f->count, taken);
    send_text(f, &control, "*2\r\n$1\r\nE\r\n$1\r\nc\r\n");
    until(f, has_commands, NULL, taken + 1);
    answer(f, taken);
    receives_text(f, &control, "+c\r\n");
    for (size_t i = 0; i < taken; i++)
        answer(f, i);
    until(f, has_commands, NULL, taken + 2);
    answer(f, taken + 1);
    receives_text(f, &other, "+o\r\n");
    buf_free(&bytes);
    hang_up(&other);
    hang_up(&control);
}

/* Together they hold too much that they do not read: the greediest goes. */
static void the_one_that_holds_the_most_is_closed(void **state)
{
    enum { SLOW = 80 };
    struct fixture *f = *state;
    struct client slow[SLOW], greedy = connect_to(f, "data");
    struct client modest = connect_to(f, "data");
    struct buf two = {0};

    send_text(f, &modest, "*2\r\n$1\r\nE\r\n$1\r\nm\r\n");
    receives_text(f, &modest, "+m\r\n");
    f->reply_size = 20 << 20;
    send_text(f, &greedy, "*2\r\n$1\r\nE\r\n$1\r\ng\r\n");
    until(f, has_commands, NULL, 2);
    f->reply_size = 3 << 20;
    add_numbered(&two, 0, 2);
    for (size_t i = 0; i < SLOW; i++) {
        slow[i] = connect_to(f, "data");
        send_all(f, &slow[i], two.data, two.len);
        pass(f);
    }
    size_t left = server_clients(f->server);
    assert_in_range(left, 40, SLOW + 1);
    until(f, got_end, &greedy, 0);
    assert_true(greedy.got.len < 20 << 20);
    f->reply_size = 0;
    send_text(f, &modest, "*2\r\n$1\r\nE\r\n$1\r\nm\r\n");
    receives_text(f, &modest, "+m\r\n");
    assert_int_equal(server_clients(f->server), left);
    for (size_t i = 0; i < SLOW; i++)
        hang_up(&slow[i]);
    hang_up(&modest);
    hang_up(&greedy);
    buf_free(&two);
    until(f, has_clients, NULL, 0);
}

/* Room that large commands and replies took is given back: none of these is
 * closed for what it once sent and was sent. */
static void idle_clients_hold_little(void **state)
{
    enum { MANY = 200 };
    struct fixture *f = *state;
    struct client clients[MANY];
    struct buf bytes = {0};

    f->reply_size = 1500000;
    add_large(&bytes, 1500000);
    for (size_t i = 0; i < MANY; i++) {
        clients[i] = connect_to(f, "data");
        send_all(f, &clients[i], bytes.data, bytes.len);
        until(f, got_number, &clients[i], f->reply_size + 12);
    }
    pass(f);
    assert_int_equal(server_clients(f->server), MANY);
    for (size_t i = 0; i < MANY; i++)
        hang_up(&clients[i]);
    buf_free(&bytes);
}

/* On the control socket the oldest that waits for nothing makes room. */
static void control_clients_make_room(void **state)
{
    struct fixture *f = *state;
    struct client clients[SERVER_CONTROLS + 2];

    f->at_once = false;
    for (size_t i = 0; i < SERVER_CONTROLS; i++) {
        clients[i] = connect_to(f, "control");
        until(f, has_clients, NULL, i + 1);
    }
    send_text(f, &clients[0], "*2\r\n$1\r\nE\r\n$1\r\na\r\n");
    until(f, has_commands, NULL, 1);
    for (size_t i = SERVER_CONTROLS; i < SERVER_CONTROLS + 2; i++) {
        clients[i] = connect_to(f, "control");
        send_text(f, &clients[i], "*2\r\n$1\r\nE\r\n$1\r\nb\r\n");
        until(f, has_commands, NULL, i - SERVER_CONTROLS + 2);
        assert_int_equal(server_clients(f->server), SERVER_CONTROLS);
    }
    until(f, got_end, &clients[1], 0);
    until(f, got_end, &clients[2], 0);
    client_read(&clients[3]);
    assert_false(clients[3].ended);
    answer(f, 0);
    receives_text(f, &clients[0], "+a\r\n");
    for (size_t i = 0; i < SERVER_CONTROLS + 2; i++)
        hang_up(&clients[i]);
}

/* All wait for an answer: then the one too many is told. */
static void one_control_client_too_many(void **state)
{
    struct fixture *f = *state;
    struct client clients[SERVER_CONTROLS], late;

    f->at_once = false;
    for (size_t i = 0; i < SERVER_CONTROLS; i++) {
        clients[i] = connect_to(f, "control");
        send_text(f, &clients[i], "*2\r\n$1\r\nE\r\n$1\r\na\r\n");
        until(f, has_commands, NULL, i + 1);
    }
    late = connect_to(f, "control");
    until(f, got_end, &late, 0);
    buf_u8(&late.got, 0);
    assert_string_equal((char *)late.got.data,
                        "-ERR max number of clients reached\r\n");
    assert_int_equal(server_clients(f->server), SERVER_CONTROLS);
    for (size_t i = 0; i < SERVER_CONTROLS; i++)
        hang_up(&clients[i]);
    hang_up(&late);
}

/* ---- strangers ---- */

static void strangers_make_room(void **state)
{
    struct fixture *f = *state;
    struct client clients[SERVER_STRANGERS + 3];

    f->at_once = false;
    clients[0] = connect_to(f, "tcp");
    send_text(f, &clients[0], "*2\r\n$1\r\nE\r\n$1\r\na\r\n");
    until(f, has_commands, NULL, 1);
    assert_int_equal(f->commands[0].access, SERVER_STRANGER);
    server_trust(f->server, f->commands[0].number);
    answer(f, 0);
    receives_text(f, &clients[0], "+a\r\n");
    for (size_t i = 1; i <= SERVER_STRANGERS; i++) {
        clients[i] = connect_to(f, "tcp");
        until(f, has_clients, NULL, i + 1);
    }
    for (size_t i = SERVER_STRANGERS + 1; i < SERVER_STRANGERS + 3; i++) {
        clients[i] = connect_to(f, "tcp");
        until(f, got_end, &clients[i - SERVER_STRANGERS], 0);
        assert_int_equal(server_clients(f->server), SERVER_STRANGERS + 1);
    }
    client_read(&clients[3]);
    assert_false(clients[3].ended);
    /* The one that is known has stayed. */
    send_text(f, &clients[0], "*2\r\n$1\r\nE\r\n$1\r\nb\r\n");
    until(f, has_commands, NULL, 2);
    assert_int_equal(f->commands[1].access, SERVER_KNOWN);
    for (size_t i = 0; i < SERVER_STRANGERS + 3; i++)
        hang_up(&clients[i]);
}

/* What lies behind a stranger's command waits for its answer, whatever it is. */
static void strangers_say_one_thing_at_a_time(void **state)
{
    static const char four[] = "*2\r\n$1\r\nE\r\n$1\r\n0\r\n"
                               "*2\r\n$1\r\nE\r\n$1\r\n1\r\n"
                               "*2\r\n$1\r\nE\r\n$1\r\n2\r\n"
                               "*2\r\n$1\r\nE\r\n$1\r\n3\r\n";
    struct fixture *f = *state;
    struct client client = connect_to(f, "tcp");

    f->at_once = false;
    send_text(f, &client, four);
    until(f, has_commands, NULL, 1);
    pass(f);
    assert_int_equal(f->count, 1);
    answer(f, 0);
    until(f, has_commands, NULL, 2);
    pass(f);
    assert_int_equal(f->count, 2);
    server_trust(f->server, f->commands[1].number);
    answer(f, 1);
    until(f, has_commands, NULL, 4);
    assert_int_equal(f->commands[2].access, SERVER_KNOWN);
    answer(f, 2);
    answer(f, 3);
    receives_text(f, &client, "+0\r\n+1\r\n+2\r\n+3\r\n");
    hang_up(&client);
}

/* ---- what is no command ---- */

/* How many replies before the one error that ends it; the connection must end
 * behind that. */
static size_t ends_with_error(struct fixture *f, struct client *client,
                              const char *error)
{
    char line[128];
    size_t replies = 0;

    until(f, got_end, client, 0);
    buf_u8(&client->got, 0);
    char *at = (char *)client->got.data;
    for (; *at == '+'; replies++) {
        at = strstr(at, "\r\n");
        assert_non_null(at);
        at += 2;
    }
    if (error != NULL) {
        snprintf(line, sizeof line, "-ERR Protocol error: %s\r\n", error);
        assert_string_equal(at, line);
    }
    return replies;
}

#define INVALID "invalid bytes: a command is an array of bulk strings"

static void bad_bytes_get_one_error_and_the_end(void **state)
{
    static const struct {
        const char *bytes, *error;
    } cases[] = {
        {"PING\r\n", INVALID},
        {"\r\n", INVALID},
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", INVALID},
        {"\xff\xfe", INVALID},
        {"+PING\r\n", "expected '*'"},
        {":1\r\n", "expected '*'"},
        {"$4\r\nPING\r\n", "expected '*'"},
        {"*1\r\n:5\r\n", "expected '$', got ':'"},
        {"*2\r\n$4\r\nECHO\r\n+x\r\n", "expected '$', got '+'"},
        {"*2\r\n$4\r\nECHO\r\n$-1\r\n", "invalid bulk length"},
        {"*1\r\n$-2\r\n", "invalid bulk length"},
        {"*1\r\n$9999999999999999999\r\n", "invalid bulk length"},
        {"*-2\r\n", "invalid multibulk length"},
        {"*99999999999999999999\r\n", "invalid multibulk length"},
        {"*x\r\n", "invalid multibulk length"},
        {"*1\r\nx", INVALID},
        {"*4097\r\n", "invalid multibulk length"},
        {"*2147483647\r\n", "invalid multibulk length"},
        {"*1\r\n*1\r\n$1\r\nx\r\n", "invalid multibulk length"},
        {"*1\r\n*0\r\n", "invalid multibulk length"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        struct client client = connect_to(f, "data");
        struct buf bytes = {0};
        add_numbered(&bytes, 0, 3);
        buf_printf(&bytes, "%s", cases[i / 2].bytes);
        if (i % 2 == 1)
            add_numbered(&bytes, 3, 2); /* never looked at */
        send_all(f, &client, bytes.data, bytes.len);
        f->count = 0;
        assert_int_equal(ends_with_error(f, &client, cases[i / 2].error), 3);
        assert_int_equal(f->count, 3);
        buf_free(&bytes);
        hang_up(&client);
    }
}

/* An error waits for the replies before it. */
static void an_error_comes_behind_the_replies(void **state)
{
    struct fixture *f = *state;
    struct client client = connect_to(f, "data");

    f->at_once = false;
    send_text(f, &client, "*2\r\n$1\r\nE\r\n$1\r\na\r\nnonsense\r\n");
    until(f, has_commands, NULL, 1);
    pass(f);
    client_read(&client);
    assert_int_equal(client.got.len, 0);
    assert_false(client.ended);
    answer(f, 0);
    assert_int_equal(ends_with_error(f, &client, INVALID), 1);
    hang_up(&client);
}

static void an_empty_command_is_nothing(void **state)
{
    struct fixture *f = *state;
    struct client client = connect_to(f, "data");

    send_text(f, &client, "*0\r\n*0\r\n*2\r\n$1\r\nE\r\n$1\r\na\r\n*0\r\n");
    receives_text(f, &client, "+a\r\n");
    assert_int_equal(f->count, 1);
    hang_up(&client);
}

/* Sends until the server does not take any more. */
static size_t flood(struct fixture *f, struct client *client, const char *head,
                    const char *part, size_t part_len, size_t limit)
{
    size_t sent = 0;

    send_text(f, client, head);
    while (sent < limit) {
        size_t from = sent % part_len;
        ssize_t count =
            send(client->fd, part + from, part_len - from, MSG_NOSIGNAL);
        if (count < 0 && errno != EAGAIN)
            break;
        if (count < 0)
            pass(f);
        else
            sent += (size_t)count;
    }
    return sent;
}

static void a_large_command_is_taken(void **state)
{
    struct fixture *f = *state;
    struct client client = connect_to(f, "data");
    struct buf bytes = {0};

    for (int i = 0; i < 10; i++) {
        buf_printf(&bytes, "*3\r\n$1\r\nE\r\n$1\r\na\r\n$1500000\r\n");
        memset(buf_extend(&bytes, 1500000), 'x', 1500000);
        buf_printf(&bytes, "\r\n");
    }
    buf_printf(&bytes, "*4096\r\n$1\r\nE\r\n");
    for (int i = 1; i < 4096; i++)
        buf_printf(&bytes, "$1\r\na\r\n");
    send_all(f, &client, bytes.data, bytes.len);
    until(f, has_commands, NULL, 11);
    assert_int_equal(f->commands[10].argc, 4096);
    until(f, got_number, &client, 44);
    buf_free(&bytes);
    hang_up(&client);
}

/* However it is made large, nobody can fill the memory. */
static void a_command_too_large_is_refused(void **state)
{
    static const char *const heads[] = {"*2\r\n$4\r\nECHO\r\n$400000000\r\n",
                                        "$400000000\r\n", "*4096\r\n"};
    const size_t limit = 300000000;
    struct fixture *f = *state;
    struct buf part = {0};

    for (size_t i = 0; i < 3; i++) {
        struct client client = connect_to(f, "data");
        buf_reset(&part);
        if (i == 2)
            buf_printf(&part, "$100000\r\n");
        memset(buf_extend(&part, 100000), 'x', 100000);
        buf_printf(&part, "\r\n");
        size_t sent =
            flood(f, &client, heads[i], (char *)part.data, part.len, limit);
        assert_true(sent < 8000000);
        assert_int_equal(
            ends_with_error(f, &client, "the command is too large"), 0);
        hang_up(&client);
    }
    buf_free(&part);
    assert_int_equal(f->count, 0);
}

/* Good commands with some bytes changed, cut or doubled. */
static void mangle(struct buf *bytes, uint64_t *seed)
{
    static const char likely[] = "*$+-:\r\n0123456789";
    size_t changes = 1 + (size_t)sample_below(seed, 4);

    for (size_t i = 0; i < changes && bytes->len > 1; i++) {
        size_t at = (size_t)sample_below(seed, bytes->len);
        switch (sample_below(seed, 4)) {
        case 0:
            bytes->data[at] = (uint8_t)sample_random(seed);
            break;
        case 1:
            bytes->data[at] =
                (uint8_t)likely[sample_below(seed, sizeof likely - 1)];
            break;
        case 2:
            bytes->len = at;
            break;
        default:
            buf_bytes(bytes, "*1\r\n$1\r\nE\r\n", 11);
            memmove(bytes->data + at, bytes->data + at / 2, bytes->len - at);
            break;
        }
    }
}

/* Whatever comes, what is sent back are whole lines, at most one of them an
 * error and that the last; and another client is served. */
static void any_bytes_are_survived(void **state)
{
    struct fixture *f = *state;
    struct client other = connect_to(f, "data");
    uint64_t seed = 2026;
    size_t errors = 0, clean = 0;

    for (int i = 0; i < 3000; i++) {
        struct client client = connect_to(f, "data");
        struct buf bytes = {0};
        f->count = 0;
        add_numbered(&bytes, 0, 1 + (size_t)sample_below(&seed, 8));
        mangle(&bytes, &seed);
        size_t cut = (size_t)sample_below(&seed, bytes.len + 1);
        send_all(f, &client, bytes.data, cut);
        if (sample_below(&seed, 4) == 0)
            pass(f);
        /* It may have been refused by now. */
        if (send(client.fd, bytes.data + cut, bytes.len - cut, MSG_NOSIGNAL) >=
            0)
            shutdown(client.fd, SHUT_WR);
        size_t replies = 0;
        until(f, got_end, &client, 0);
        buf_u8(&client.got, 0);
        for (const char *at = (char *)client.got.data; *at != '\0'; replies++) {
            bool error = *at == '-';
            assert_true(error || *at == '+');
            at = strstr(at, "\r\n");
            assert_non_null(at);
            at += 2;
            assert_true(!error || *at == '\0');
            errors += error;
            clean += !error;
        }
        assert_in_range(replies, f->count, f->count + 1);
        buf_free(&bytes);
        hang_up(&client);
    }
    assert_true(errors > 500 && clean > 500);
    send_text(f, &other, "*2\r\n$1\r\nE\r\n$1\r\nz\r\n");
    receives_text(f, &other, "+z\r\n");
    hang_up(&other);
    until(f, has_clients, NULL, 0);
}

/* Whether a change of kind waits, behind one reply, behind the last. */
static void another_kind_waits(void **state)
{
    struct fixture *f = *state;
    struct client client = connect_to(f, "data");

    f->at_once = false;
    send_text(f, &client,
              "*2\r\n$1\r\nR\r\n$1\r\na\r\n*2\r\n$1\r\nR\r\n$1\r\nb\r\n"
              "*2\r\n$2\r\nWW\r\n$1\r\nc\r\n*2\r\n$2\r\nWW\r\n$1\r\nd\r\n"
              "*2\r\n$1\r\nR\r\n$1\r\ne\r\n");
    until(f, has_commands, NULL, 2);
    answer(f, 1);
    pass(f);
    assert_int_equal(f->count, 2);
    answer(f, 0);
    until(f, has_commands, NULL, 4);
    answer(f, 2);
    pass(f);
    assert_int_equal(f->count, 4);
    answer(f, 3);
    until(f, has_commands, NULL, 5);
    answer(f, 4);
    receives_text(f, &client, "+a\r\n+b\r\n+c\r\n+d\r\n+e\r\n");
    hang_up(&client);
}

/* One that leaves while a command waits takes it along; what it sent before it
 * hung up is answered. */
static void what_waits_ends_with_its_client(void **state)
{
    struct fixture *f = *state;
    struct client client = connect_to(f, "data");

    f->at_once = false;
    send_text(f, &client,
              "*2\r\n$1\r\nR\r\n$1\r\na\r\n*2\r\n$2\r\nWW\r\n$1\r\nb\r\n");
    until(f, has_commands, NULL, 1);
    shutdown(client.fd, SHUT_WR);
    pass(f);
    answer(f, 0);
    until(f, has_commands, NULL, 2);
    answer(f, 1);
    receives_text(f, &client, "+a\r\n+b\r\n");
    hang_up(&client);
    client = connect_to(f, "data");
    send_text(f, &client,
              "*2\r\n$1\r\nR\r\n$1\r\na\r\n*2\r\n$2\r\nWW\r\n$1\r\nb\r\n");
    until(f, has_commands, NULL, 3);
    hang_up(&client);
    until(f, has_clients, NULL, 0);
    answer(f, 2);
    assert_int_equal(f->count, 3);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, begins, ends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(commands_are_told_apart),
        WITH_SERVER(a_command_may_come_in_pieces),
        WITH_SERVER(a_long_pipeline_is_answered_to_the_end),
        WITH_SERVER(no_more_than_so_many_wait),
        WITH_SERVER(replies_come_in_the_order_of_commands),
        WITH_SERVER(a_command_is_answered_once),
        WITH_SERVER(one_that_does_not_read_is_left_waiting),
        WITH_SERVER(a_half_closed_client_gets_its_replies),
        WITH_SERVER(a_client_may_be_gone_before_its_reply),
        WITH_SERVER(a_client_that_is_gone_costs_nothing),
        WITH_SERVER(a_child_may_hold_a_client),
        WITH_SERVER(the_server_may_end_at_any_time),
        WITH_SERVER(many_clients_come_and_go),
        WITH_SERVER(one_too_many_waits),
        WITH_SERVER(large_commands_wait),
        WITH_SERVER(what_clients_leave_behind_counts),
        WITH_SERVER(the_one_that_holds_the_most_is_closed),
        WITH_SERVER(idle_clients_hold_little),
        WITH_SERVER(control_clients_make_room),
        WITH_SERVER(one_control_client_too_many),
        WITH_SERVER(strangers_make_room),
        WITH_SERVER(strangers_say_one_thing_at_a_time),
        WITH_SERVER(bad_bytes_get_one_error_and_the_end),
        WITH_SERVER(an_error_comes_behind_the_replies),
        WITH_SERVER(an_empty_command_is_nothing),
        WITH_SERVER(a_large_command_is_taken),
        WITH_SERVER(a_command_too_large_is_refused),
        WITH_SERVER(any_bytes_are_survived),
        WITH_SERVER(another_kind_waits),
        WITH_SERVER(what_waits_ends_with_its_client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
