/* Clients of a daemon with one voter: what they send goes through the server,
 * the session and the core, and what comes back must be RESP, one value for each
 * command, and for all of them.
 *
 * Records (records.h) of words parted by blanks, which are sent as a command, or
 * of bytes that are sent as they are. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <qb/qbloop.h>

#include "daemon/session.h"
#include "daemon/shell/server.h"
#include "daemon/tune.h"
#include "lib/mem.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/records.h"
#include "tests/fuzz/reply.h"
#include "tests/fuzz/ring.h"

enum {
    COMMAND,         /* words, to the data socket */
    CONTROL_COMMAND, /* words, to the control socket */
    BYTES,           /* as they are */
    CONTROL_BYTES,
    PIECES, /* u8 size of the pieces, in which the rest is sent */
    TIME,   /* u8, in 100 ms */
    KINDS
};

enum { WORDS = 32, QUIET_TURNS = 3, MESSAGES = 256, COMMANDS = 1000 };

static const uint64_t MS = 1000000; /* nanoseconds */

struct client {
    int fd; /* -1: closed by the server */
    struct buf got;
    size_t commands; /* that were handed out for it */
};

struct stage {
    qb_loop_t *loop;
    int always; /* is readable, so that the loop turns */
    struct server *server;
    struct replica replica;
    uint64_t now_ns, timer_ns, stored;
    struct buf own[MESSAGES];
    size_t own_count;
    uint64_t numbers[COMMANDS + 1]; /* the server's, by the core's request */
    size_t commands;
    struct client clients[2]; /* data, control */
    unsigned quiet;           /* turns in which nothing came */
};

/* ---- the core ---- */

static void step(struct stage *stage, struct core_event event)
{
    struct effects *effects = &stage->replica.effects;

    event.now_ns = stage->now_ns;
    event.wall_ms = 1700000000000 + stage->now_ns / MS;
    replica_step(&stage->replica, &event);
    for (size_t i = 0; i < effects->count; i++) {
        const struct effect *effect = &effects->list[i];
        const uint8_t *data = effects_data(effects, effect);
        if (effect->kind == EFFECT_MULTICAST && stage->own_count < MESSAGES)
            buf_bytes(&stage->own[stage->own_count++], data, effect->data_len);
        else if (effect->kind == EFFECT_SET_TIMER)
            stage->timer_ns = effect->at_ns;
        else if (effect->kind == EFFECT_REPLY && stage->server != NULL)
            server_reply(stage->server, stage->numbers[effect->request], data,
                         effect->data_len);
    }
}

/* Until nothing is under way. */
static void settle(struct stage *stage)
{
    struct core_event event = {.kind = CORE_STORED};

    for (;;) {
        if (stage->stored != stage->replica.op) {
            event.kind = CORE_STORED;
            event.u.stored.op = stage->stored = stage->replica.op;
            step(stage, event);
        } else if (stage->own_count > 0) {
            struct buf message = stage->own[0];
            memmove(stage->own, stage->own + 1,
                    --stage->own_count * sizeof *stage->own);
            memset(&stage->own[stage->own_count], 0, sizeof *stage->own);
            event.kind = CORE_DELIVER;
            event.u.deliver.sender = (struct core_member){1, 100};
            event.u.deliver.data = message.data;
            event.u.deliver.len = message.len;
            step(stage, event);
            buf_free(&message);
        } else {
            return;
        }
    }
}

static void pass(struct stage *stage, uint64_t ms)
{
    uint64_t until = stage->now_ns + ms * MS;

    while (stage->timer_ns <= until) {
        if (stage->timer_ns > stage->now_ns)
            stage->now_ns = stage->timer_ns;
        stage->timer_ns = UINT64_MAX;
        step(stage, (struct core_event){.kind = CORE_TICK});
        settle(stage);
    }
    stage->now_ns = until;
    if (stage->server != NULL)
        server_flush(stage->server);
}

static void start_core(struct stage *stage)
{
    struct core_event members = {.kind = CORE_MEMBERS};
    struct core_event quorum = {.kind = CORE_QUORUM, .u.quorate = true};
    struct core_event promote = {.kind = CORE_CLIENT,
                                 .u.client.kind = CORE_PROMOTE};
    struct core_member self = {1, 100};

    stage->replica.options = ring_options(RING_ALONE, 0);
    stage->replica.options.snapshot_bytes = 1 << 20;
    stage->replica.fresh = ring_fresh(0);
    stage->now_ns = 1000 * MS;
    stage->timer_ns = UINT64_MAX;
    replica_open(&stage->replica);
    members.u.members.list = &self;
    members.u.members.count = 1;
    step(stage, (struct core_event){.kind = CORE_CONNECTED});
    step(stage, members);
    step(stage, quorum);
    settle(stage);
    step(stage, promote);
    settle(stage);
}

/* ---- the daemon: as daemon/main.c has it ---- */

static void client_event(struct stage *stage, enum core_request kind,
                         uint64_t number, const struct core_arg *argv,
                         size_t argc)
{
    struct core_event event = {.kind = CORE_CLIENT};

    event.u.client.kind = kind;
    event.u.client.argv = argv;
    event.u.client.argc = argc;
    event.u.client.hold = kind == CORE_COMMAND;
    stage->numbers[stage->replica.last_request + 1] = number;
    step(stage, event);
}

static void on_control(struct stage *stage, const struct session_facts *facts,
                       uint64_t number, const struct core_arg *argv,
                       size_t argc)
{
    struct core_event tune = {.kind = CORE_TUNE};
    struct buf reply = {0};

    if (session_word(argv, argc, 1, "PROMOTE")) {
        client_event(stage, CORE_PROMOTE, number, NULL, 0);
    } else if (session_word(argv, argc, 1, "DEMOTE")) {
        client_event(stage, CORE_DEMOTE, number, NULL, 0);
    } else if (session_word(argv, argc, 1, "STOP")) {
        client_event(stage, CORE_LEAVE, number, NULL, 0);
    } else {
        if (!session_word(argv, argc, 1, "TUNE")) {
            session_status(facts, &reply);
        } else if (tune_parse(argv + 2, argc - 2, &tune.u.tuning, &reply) ==
                   0) {
            step(stage, tune);
            buf_printf(&reply, "+OK\r\n");
        }
        server_reply(stage->server, number, reply.data, reply.len);
    }
    buf_free(&reply);
}

static void on_command(void *context, uint64_t number,
                       enum server_access access, const struct core_arg *argv,
                       size_t argc)
{
    struct stage *stage = context;
    struct session_facts facts = {
        .core = stage->replica.core,
        .group = "group",
        .node = 1,
        .mode = CORE_WARM,
        .clients = server_clients(stage->server),
        .max_clients = server_clients_max(stage->server),
        .wall_us = 1700000000000000,
    };
    struct buf reply = {0};

    bool control = access == SERVER_CONTROL;

    stage->clients[control].commands++;
    if (++stage->commands >= COMMANDS - 1)
        buf_printf(&reply, "-ERR enough\r\n");
    else if (control && session_word(argv, argc, 0, "HOTWARM"))
        on_control(stage, &facts, number, argv, argc);
    else if (!session_answer(&facts, argv, argc, &reply))
        client_event(stage, CORE_COMMAND, number, argv, argc);
    if (reply.len > 0)
        server_reply(stage->server, number, reply.data, reply.len);
    buf_free(&reply);
}

static int on_kind(void *context, const struct core_arg *argv, size_t argc)
{
    (void)context;
    return (int)session_kind(argv, argc);
}

static void on_settle(void *context)
{
    struct stage *stage = context;

    step(stage, (struct core_event){.kind = CORE_SETTLE});
    settle(stage);
}

/* ---- the clients ---- */

static void receive(struct stage *stage, struct client *client)
{
    char bytes[4096];

    while (client->fd >= 0) {
        ssize_t got = recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (got < 0)
            return;
        if (got > 0) {
            buf_bytes(&client->got, bytes, (size_t)got);
            stage->quiet = 0;
        } else {
            close(client->fd);
            client->fd = -1;
        }
    }
}

static int32_t on_turn(int32_t fd, int32_t revents, void *context)
{
    struct stage *stage = context;

    (void)fd, (void)revents;
    stage->quiet++;
    receive(stage, &stage->clients[0]);
    receive(stage, &stage->clients[1]);
    if (stage->quiet >= QUIET_TURNS)
        qb_loop_stop(stage->loop);
    return 0;
}

/* Until the server has nothing more to do. */
static void turn(struct stage *stage)
{
    stage->quiet = 0;
    qb_loop_run(stage->loop);
}

static void say(struct stage *stage, struct client *client,
                const uint8_t *bytes, size_t len)
{
    while (len > 0 && client->fd >= 0) {
        ssize_t sent =
            send(client->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) {
            bytes += sent;
            len -= (size_t)sent;
        } else if (sent < 0 && errno != EAGAIN) {
            return; /* the server has closed it */
        }
        turn(stage);
    }
}

/* The words as an array of bulk strings. */
static void say_words(struct stage *stage, struct client *client,
                      const uint8_t *bytes, size_t len)
{
    struct buf body = {0}, command = {0};
    size_t at = 0, count = 0;

    while (at < len && count < WORDS) {
        size_t end = at;
        while (end < len && bytes[end] != ' ')
            end++;
        buf_printf(&body, "$%zu\r\n", end - at);
        buf_bytes(&body, bytes + at, end - at);
        buf_printf(&body, "\r\n");
        count++;
        at = end + 1;
    }
    buf_printf(&command, "*%zu\r\n", count);
    buf_bytes(&command, body.data, body.len);
    say(stage, client, command.data, command.len);
    buf_free(&body);
    buf_free(&command);
}

static void play(struct stage *stage, const struct record *record)
{
    const uint8_t *bytes = record->bytes;
    size_t len = record->len;
    struct client *data = &stage->clients[0], *control = &stage->clients[1];

    switch (record->kind % KINDS) {
    case COMMAND:
        say_words(stage, data, bytes, len);
        break;
    case CONTROL_COMMAND:
        say_words(stage, control, bytes, len);
        break;
    case BYTES:
        say(stage, data, bytes, len);
        break;
    case CONTROL_BYTES:
        say(stage, control, bytes, len);
        break;
    case PIECES:
        for (size_t at = 1; at < len; at += bytes[0] % 16 + 1) {
            size_t left = len - at, piece = bytes[0] % 16 + 1;
            say(stage, data, bytes + at, piece < left ? piece : left);
        }
        break;
    case TIME:
        if (len > 0)
            pass(stage, (uint64_t)bytes[0] * 100);
        turn(stage);
        break;
    }
}

static void end_client(struct stage *stage, struct client *client)
{
    size_t replies = 0;

    if (client->fd >= 0)
        shutdown(client->fd, SHUT_WR);
    turn(stage);
    fuzz_check(client->fd < 0); /* half-closed, and all was answered */
    struct cursor cursor = cursor_make(client->got.data, client->got.len);
    for (; cursor_left(&cursor) > 0; replies++)
        fuzz_check(reply_read(&cursor, 0));
    /* One more says what was no command. */
    fuzz_check(replies == client->commands || replies == client->commands + 1);
    buf_free(&client->got);
}

/* ---- the whole ---- */

static int open_client(struct stage *stage, bool control)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t len = sizeof(sa_family_t); /* the kernel finds one */
    int listening =
        socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    fuzz_check(listening >= 0 && fd >= 0);
    fuzz_check(bind(listening, (struct sockaddr *)&name, len) == 0);
    fuzz_check(listen(listening, 1) == 0);
    len = sizeof name;
    fuzz_check(getsockname(listening, (struct sockaddr *)&name, &len) == 0);
    fuzz_check(server_listen(stage->server, listening,
                             control ? SERVER_CONTROL : SERVER_DATA) == 0);
    fuzz_check(connect(fd, (struct sockaddr *)&name, len) == 0);
    return fd;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned seed)
{
    return records_mutate(data, size, max_size, seed, KINDS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static qb_loop_t *loop; /* libqb has one for a process */
    struct cursor input = cursor_make(data, size);
    struct stage *stage = mem_calloc(1, sizeof *stage);
    const struct server_events events = {on_command, on_kind, on_settle, stage};
    struct record record;

    if (loop == NULL)
        loop = qb_loop_create();
    stage->loop = loop;
    stage->always = eventfd(1, EFD_CLOEXEC);
    fuzz_check(stage->always >= 0);
    fuzz_check(qb_loop_poll_add(loop, QB_LOOP_LOW, stage->always, POLLIN, stage,
                                on_turn) == 0);
    start_core(stage);
    fuzz_check(server_open(&stage->server, loop, &events) == 0);
    stage->clients[0].fd = open_client(stage, false);
    stage->clients[1].fd = open_client(stage, true);
    turn(stage);
    for (size_t i = 0; i < RECORDS_MAX && records_next(&input, &record); i++)
        play(stage, &record);
    pass(stage, 11000); /* what waits has its end by now */
    end_client(stage, &stage->clients[0]);
    end_client(stage, &stage->clients[1]);
    server_close(stage->server);
    stage->server = NULL;
    qb_loop_poll_del(loop, stage->always);
    close(stage->always);
    replica_close(&stage->replica);
    for (size_t i = 0; i < MESSAGES; i++)
        buf_free(&stage->own[i]);
    free(stage);
    return 0;
}
