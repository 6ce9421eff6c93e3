/* hotwarmd: one replica of one group. The only file that knows every shell. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <qb/qbloop.h>

#include "daemon/auth.h"
#include "daemon/control.h"
#include "daemon/core/core.h"
#include "daemon/offline.h"
#include "daemon/options.h"
#include "daemon/session.h"
#include "daemon/shell/clock.h"
#include "daemon/shell/confine.h"
#include "daemon/shell/cpgio.h"
#include "daemon/shell/loopback.h"
#include "daemon/shell/quorumio.h"
#include "daemon/shell/server.h"
#include "daemon/shell/snapshotter.h"
#include "daemon/shell/store.h"
#include "daemon/standalone.h"
#include "lib/link.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/result.h"

enum {
    MAIN_LEADER_TIMEOUT_MS = 1000, /* standalone, or no token to be read */
    MAIN_BATCH = 60 * 1024,
    MAIN_SNAPSHOT_LOG = 8 * 1024 * 1024,
    MAIN_KEEP_LOG = 4 * 1024 * 1024,
    MAIN_AHEAD_LOG = 16 * 1024 * 1024,
    MAIN_REPLIES = 4 * 1024 * 1024,
    MAIN_EFFECTS = 8 * 1024 * 1024 /* kept for the next step */
};

struct hotwarmd {
    struct options options;
    qb_loop_t *loop;
    struct core *core;
    struct effects effects;
    struct store *store;
    struct server *server;
    struct auth auth; /* of clients by TCP */
    struct cpgio *cpgio;
    struct loopback *loopback;
    struct quorumio *quorumio;
    struct clock_timer timer;
    struct snapshotter snapshotter;
    qb_loop_timer_handle alive;
    uint32_t node;
    uint64_t
        snapshot_seq;     /* a SNAPSHOT effect of the step under way; 0: none */
    struct effect *reads; /* READ effects of it */
    size_t read_count, read_cap;
    char why[LINK_MAX];
    bool disk_full; /* as the core was told */
    char full_why[LINK_MAX];
    int status; /* of the process */
};

/* ---- the supervisor ---- */

static void link_say(const struct hotwarmd *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void link_say(const struct hotwarmd *d, const char *format, ...)
{
    char text[LINK_MAX];
    va_list list;

    if (d->options.link_fd < 0)
        return;
    va_start(list, format);
    int len = vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    size_t size = (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1;
    /* A supervisor that is gone is noticed by end of file. */
    if (send(d->options.link_fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return;
}

static void end(struct hotwarmd *d, int status)
{
    d->status = status;
    qb_loop_stop(d->loop);
}

static void fail(struct hotwarmd *d, const char *what, const char *why)
{
    log_err("%s: %s", what, why);
    link_say(d, "failed %s: %s", what, why);
    end(d, 1);
}

/* ---- steps ---- */

static void on_effect(struct hotwarmd *d, const struct effect *effect)
{
    const uint8_t *data = effects_data(&d->effects, effect);

    switch (effect->kind) {
    case EFFECT_MULTICAST:
        if (d->cpgio != NULL)
            cpgio_send(d->cpgio, data, effect->data_len);
        else if (d->loopback != NULL)
            loopback_send(d->loopback, data, effect->data_len);
        break;
    case EFFECT_PROMISE:
    case EFFECT_APPEND:
    case EFFECT_TRUNCATE:
    case EFFECT_INSTALL:
    case EFFECT_COMPACT:
    case EFFECT_RESET:
        store_do(d->store, effect, data);
        break;
    case EFFECT_SNAPSHOT:
        d->snapshot_seq = effect->seq;
        break;
    case EFFECT_READ:
        if (d->read_count == d->read_cap) {
            d->read_cap = d->read_cap == 0 ? 4 : d->read_cap * 2;
            d->reads = mem_realloc(d->reads, d->read_cap, sizeof(*d->reads));
        }
        d->reads[d->read_count++] = *effect;
        break;
    case EFFECT_REPLY:
        server_reply(d->server, effect->request, data, effect->data_len);
        break;
    case EFFECT_SET_TIMER:
        clock_timer_set(&d->timer, effect->at_ns);
        break;
    case EFFECT_SET_SCORE:
        link_say(d, "score %d", effect->score);
        break;
    case EFFECT_FENCE_MARK:
        link_say(d, "mark %" PRIu64 " %" PRIu32, effect->seq, effect->node);
        break;
    case EFFECT_LEAVE:
        end(d, 0);
        break;
    }
}

static void step_once(struct hotwarmd *d, struct core_event *event)
{
    event->now_ns = clock_monotonic_ns();
    event->wall_ms = clock_wall_ms();
    effects_reset(&d->effects);
    if (d->effects.arena.cap > MAIN_EFFECTS)
        effects_free(&d->effects);
    core_step(d->core, event, &d->effects);
    for (size_t i = 0; i < d->effects.count; i++)
        on_effect(d, &d->effects.list[i]);
    store_wake(d->store); /* after the messages: others flush meanwhile */
}

static void step_read(struct hotwarmd *d, const struct effect *wanted)
{
    struct core_event event = {.kind = CORE_READ_DONE};
    uint8_t *bytes = mem_calloc(1, wanted->length);
    size_t got = 0;

    event.u.read.offset = wanted->offset;
    event.u.read.data = bytes;
    if (store_read_snapshot(d->store, wanted->offset, bytes, wanted->length,
                            &got, &event.u.read.seq) != 0)
        event.u.read.seq = 0;
    event.u.read.len = got;
    step_once(d, &event);
    free(bytes);
}

/* What answers at once, with another event, waits until the step's effects are
 * all carried out. */
static void step(struct hotwarmd *d, struct core_event *event)
{
    step_once(d, event);
    if (d->snapshot_seq != 0) {
        uint64_t seq = d->snapshot_seq;
        d->snapshot_seq = 0;
        snapshotter_start(&d->snapshotter, seq);
    }
    while (d->read_count > 0) {
        struct effect wanted = d->reads[--d->read_count];
        step_read(d, &wanted);
    }
    server_flush(d->server);
}

/* ---- events of the shells ---- */

static void on_deliver(void *context, struct core_member sender,
                       const uint8_t *bytes, size_t len)
{
    struct core_event event = {.kind = CORE_DELIVER};

    event.u.deliver.sender = sender;
    event.u.deliver.data = bytes;
    event.u.deliver.len = len;
    step(context, &event);
}

static void on_members(void *context, const struct core_member *list,
                       size_t count)
{
    struct core_event event = {.kind = CORE_MEMBERS};

    event.u.members.list = list;
    event.u.members.count = count;
    step(context, &event);
}

static void on_quorum(void *context, bool quorate)
{
    struct core_event event = {.kind = CORE_QUORUM, .u.quorate = quorate};

    log_info("Corosync says %s", quorate ? "quorate" : "not quorate");
    step(context, &event);
}

static void on_corosync_lost(void *context, const char *why)
{
    fail(context, "Corosync is gone", why);
}

static void on_loopback(void *context, const uint8_t *bytes, size_t len)
{
    struct hotwarmd *d = context;
    struct core_member self = {.node = d->node, .pid = (uint32_t)getpid()};

    on_deliver(d, self, bytes, len);
}

static void on_timer(void *context)
{
    struct hotwarmd *d = context;
    struct core_event event = {.kind = CORE_TICK};
    bool quiet =
        d->cpgio != NULL ? cpgio_drain(d->cpgio) : loopback_drain(d->loopback);

    if (quiet)
        step(d, &event);
    else if (d->timer.due_ns <= clock_monotonic_ns())
        clock_timer_set(&d->timer, clock_monotonic_ns());
}

static void on_disk(struct hotwarmd *d, bool full)
{
    struct core_event event = {.kind = CORE_DISK};

    d->disk_full = full;
    event.u.full = full ? d->full_why : NULL;
    if (full)
        log_err("%s", d->full_why);
    else
        log_info("the disk has room again: %s", d->options.state_dir);
    step(d, &event);
}

static int32_t on_stored(int32_t fd, int32_t revents, void *data)
{
    struct hotwarmd *d = data;
    struct core_event event = {.kind = CORE_STORED};
    char error[LINK_MAX];
    bool full = false;

    (void)fd, (void)revents;
    int rc =
        store_done(d->store, &event.u.stored.op, &full, error, sizeof(error));
    if (rc != 0) {
        fail(d, "cannot write", error);
        return 0;
    }
    step(d, &event);
    if (full != d->disk_full)
        on_disk(d, full);
    return 0;
}

static int on_write_snapshot(void *context)
{
    struct hotwarmd *d = context;
    struct buf bytes = {0};

    core_snapshot(d->core, &bytes);
    return store_write_snapshot(d->store, bytes.data, bytes.len);
}

static void on_snapshot_done(void *context, uint64_t seq, bool ok)
{
    struct core_event event = {.kind = CORE_SNAPSHOT_DONE};

    event.u.snapshot.seq = seq;
    event.u.snapshot.ok = ok;
    step(context, &event);
}

/* Nobody waits for the answer. */
static void client_event(struct hotwarmd *d, enum core_request kind)
{
    struct core_event event = {.kind = CORE_CLIENT};

    event.u.client.kind = kind;
    step(d, &event);
}

/* What is there of many clients' commands becomes one message: on_settle. */
static void client_command(struct hotwarmd *d, uint64_t number,
                           const struct core_arg *argv, size_t argc)
{
    struct core_event event = {.kind = CORE_CLIENT};

    event.u.client.request = number;
    event.u.client.kind =
        d->options.reads_local ? CORE_COMMAND_LOCAL : CORE_COMMAND;
    event.u.client.argv = argv;
    event.u.client.argc = argc;
    event.u.client.hold = true;
    step(d, &event);
}

static struct session_facts facts(const struct hotwarmd *d)
{
    struct session_facts facts = {
        .core = d->core,
        .group = d->options.group,
        .node = d->node,
        .mode = d->options.mode,
        .clients = server_clients(d->server),
        .max_clients = server_clients_max(d->server),
        .max_memory = d->options.max_memory,
        .wall_us = clock_wall_ms() * 1000,
    };

    return facts;
}

/* HOTWARM …: the control socket's own commands. */
static void on_control(struct hotwarmd *d, uint64_t number,
                       const struct core_arg *argv, size_t argc)
{
    struct session_facts now = facts(d);
    struct core_event event;
    struct buf reply = {0};

    if (session_word(argv, argc, 1, "STATUS")) {
        session_status(&now, &reply);
    } else if (control_parse(argv, argc, &event, &reply)) {
        if (event.kind == CORE_CLIENT)
            event.u.client.request = number;
        step(d, &event);
    }
    if (reply.len > 0)
        server_reply(d->server, number, reply.data, reply.len);
    buf_free(&reply);
}

static void on_command(void *context, uint64_t number,
                       enum server_access access, const struct core_arg *argv,
                       size_t argc)
{
    struct hotwarmd *d = context;
    struct session_facts now = facts(d);
    struct buf reply = {0};

    if (auth_takes(&d->auth, number, access, argv, argc))
        return;
    if (access == SERVER_CONTROL && session_word(argv, argc, 0, "HOTWARM"))
        on_control(d, number, argv, argc);
    else if (session_answer(&now, argv, argc, &reply))
        server_reply(d->server, number, reply.data, reply.len);
    else
        client_command(d, number, argv, argc);
    buf_free(&reply);
}

static int on_kind(void *context, const struct core_arg *argv, size_t argc)
{
    (void)context;
    return (int)session_kind(argv, argc);
}

static void on_settle(void *context)
{
    struct core_event event = {.kind = CORE_SETTLE};

    step(context, &event);
}

/* "WORD N": true, and its number. */
static bool link_number(const char *text, const char *word, uint64_t *number)
{
    size_t len = strlen(word);
    char *end = NULL;

    if (strncmp(text, word, len) != 0 || text[len] != ' ')
        return false;
    *number = strtoull(text + len + 1, &end, 10);
    return text[len + 1] >= '0' && text[len + 1] <= '9' && *end == '\0';
}

static void on_link_text(struct hotwarmd *d, const char *text)
{
    struct core_event event = {.kind = CORE_MARKED};
    uint64_t number = 0;

    if (strcmp(text, "stop") == 0) {
        client_event(d, CORE_LEAVE);
    } else if (link_number(text, "marked", &event.u.mark)) {
        step(d, &event);
    } else if (link_number(text, "fenced", &number)) {
        log_info("node %" PRIu64 " was fenced", number);
        event.kind = CORE_FENCED;
        event.u.node = (uint32_t)number;
        step(d, &event);
    } else {
        log_warn("the supervisor says '%s', which is not in the protocol",
                 text);
    }
}

static int32_t on_link(int32_t fd, int32_t revents, void *data)
{
    struct hotwarmd *d = data;
    char text[LINK_MAX + 1];
    ssize_t len = recv(fd, text, LINK_MAX, MSG_DONTWAIT);

    (void)revents;
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (len <= 0) {
        log_err("the supervisor is gone");
        end(d, 1);
        return -1;
    }
    text[len] = '\0';
    on_link_text(d, text);
    return 0;
}

/* The loop turns: so it is alive, and what it says of itself is fresh. */
static void on_alive(void *data)
{
    struct hotwarmd *d = data;
    struct core_status status;

    link_say(d, "alive");
    core_status(d->core, &status);
    if (strcmp(status.why, d->why) != 0) {
        snprintf(d->why, sizeof(d->why), "%s", status.why);
        link_say(d, "why %s", d->why);
        log_info("%s%s%s", session_role(status.role),
                 d->why[0] != '\0' ? ": " : "", d->why);
    }
    qb_loop_timer_add(d->loop, QB_LOOP_MED, LINK_ALIVE_MS * 1000000ull, d,
                      on_alive, &d->alive);
}

static int32_t on_signal(int32_t signal, void *data)
{
    (void)signal;
    client_event(data, CORE_LEAVE);
    return 0;
}

/* ---- start ---- */

/* What an administrator can do about it. Short: an exit reason has 128 bytes. */
static void explain_corosync(int rc, char *error, size_t error_size)
{
    char word[32];

    snprintf(word, sizeof(word), "%.31s", error);
    if (rc == EACCES)
        snprintf(
            error, error_size,
            "Corosync refuses this user: name it in /etc/corosync/uidgid.d,"
            " then run corosync-cfgtool -R");
    else if (rc == ENOTCONN)
        snprintf(error, error_size,
                 "Corosync does not answer (%s): is it running?", word);
}

static int start_transport(struct hotwarmd *d, char *error, size_t error_size)
{
    if (d->options.standalone) {
        struct loopback_events events = {on_loopback, d};
        d->node = 1;
        return loopback_open(&d->loopback, d->loop, &events);
    }
    struct quorumio_events quorum = {on_quorum, on_corosync_lost, d};
    struct cpgio_events cpg = {on_deliver, on_members, on_corosync_lost, d};
    int rc = quorumio_open(&d->quorumio, d->loop, &quorum, error, error_size);
    if (rc == 0)
        rc = cpgio_open(&d->cpgio, d->loop, d->options.group, &cpg, &d->node,
                        error, error_size);
    explain_corosync(rc, error, error_size);
    return rc;
}

static uint64_t leader_timeout_ns(const struct hotwarmd *d)
{
    uint32_t token = d->options.standalone ? 0 : quorumio_token_ms();

    return (token > 0 ? token : MAIN_LEADER_TIMEOUT_MS) * 1000000ull;
}

static int start_core(struct hotwarmd *d, struct core_boot *boot, char *error,
                      size_t error_size)
{
    struct core_options options = {
        .node = d->node,
        .mode = d->options.mode,
        .expected_voters = d->options.expected_voters,
        .instances = d->options.instances,
        .leader_timeout_ns = leader_timeout_ns(d),
        .write_timeout_ns = d->options.write_timeout_ms * 1000000ull,
        .max_memory = d->options.max_memory,
        .fencing = d->options.fencing,
        .batch_bytes = MAIN_BATCH,
        .snapshot_bytes = MAIN_SNAPSHOT_LOG,
        .keep_bytes = MAIN_KEEP_LOG,
        .ahead_bytes = MAIN_AHEAD_LOG,
        .chunk_bytes = MAIN_BATCH,
        .reply_bytes = MAIN_REPLIES,
        .transfer_rate = d->options.transfer_rate,
    };
    int rc = uuid_random(&boot->fresh);

    if (rc == 0)
        rc = core_open(&d->core, &options, boot);
    if (rc == 0)
        rc = store_start(d->store);
    if (rc != 0)
        snprintf(error, error_size, "the replica in %s cannot be opened: %s",
                 d->options.state_dir, result_text(rc));
    return rc;
}

static int start(struct hotwarmd *d, char *error, size_t error_size)
{
    struct server_events commands = {on_command, on_kind, on_settle, d};
    struct core_boot boot;

    d->loop = qb_loop_create();
    int rc =
        store_open(&d->store, d->options.state_dir, &boot, error, error_size);
    if (rc == 0)
        rc = store_claim(d->store, &boot, d->options.group, error, error_size);
    if (rc == 0)
        rc = start_transport(d, error, error_size);
    if (rc == 0)
        rc = start_core(d, &boot, error, error_size);
    if (rc != 0)
        return rc;
    snprintf(d->full_why, sizeof(d->full_why), "the disk is full: %s",
             d->options.state_dir);
    d->timer =
        (struct clock_timer){.loop = d->loop, .fire = on_timer, .context = d};
    d->snapshotter = (struct snapshotter){.loop = d->loop,
                                          .pidfd = -1,
                                          .write = on_write_snapshot,
                                          .done = on_snapshot_done,
                                          .context = d};
    rc = server_open(&d->server, d->loop, &commands);
    if (rc != 0) {
        snprintf(error, error_size, "no server: %s", strerror(rc));
        return rc;
    }
    server_listen(d->server, d->options.data_fd, SERVER_DATA);
    server_listen(d->server, d->options.control_fd, SERVER_CONTROL);
    if (d->options.tcp_fd >= 0) {
        rc = auth_open(&d->auth, d->loop, d->server, d->options.secret_fd,
                       error, error_size);
        if (rc != 0)
            return rc;
        close(d->options.secret_fd);
        server_listen(d->server, d->options.tcp_fd, SERVER_STRANGER);
    }
    qb_loop_poll_add(d->loop, QB_LOOP_HIGH, store_fd(d->store), POLLIN, d,
                     on_stored);
    qb_loop_signal_handle handle;
    qb_loop_signal_add(d->loop, QB_LOOP_HIGH, SIGTERM, d, on_signal, &handle);
    qb_loop_signal_add(d->loop, QB_LOOP_HIGH, SIGINT, d, on_signal, &handle);
    if (d->options.link_fd >= 0)
        qb_loop_poll_add(d->loop, QB_LOOP_HIGH, d->options.link_fd, POLLIN, d,
                         on_link);
    return 0;
}

static void begin(struct hotwarmd *d)
{
    struct core_event event = {.kind = CORE_CONNECTED};

    step(d, &event);
    if (d->options.standalone) {
        struct core_member self = {.node = d->node, .pid = (uint32_t)getpid()};
        on_members(d, &self, 1);
        on_quorum(d, true);
        client_event(d, CORE_PROMOTE);
    }
    link_say(d, "ready");
    on_alive(d);
}

static void finish(struct hotwarmd *d)
{
    auth_close(&d->auth);
    server_close(d->server);
    core_close(d->core);
    cpgio_close(d->cpgio);
    quorumio_close(d->quorumio);
    loopback_close(d->loopback);
    store_close(d->store);
    effects_free(&d->effects);
    free(d->reads);
    if (d->loop != NULL)
        qb_loop_destroy(d->loop);
}

int main(int argc, char **argv)
{
    struct hotwarmd d = {.status = 0};
    char error[LINK_MAX] = "";
    const char *confined;

    int rc = options_parse(&d.options, argc, argv, error, sizeof(error));
    if (rc != 0) {
        fprintf(stderr, "hotwarmd: %s\n", error);
        return 2;
    }
    if (d.options.offline != OPTIONS_ONLINE)
        return offline_run(&d.options);
    log_open("hotwarmd", d.options.standalone ? LOG_TO_STDERR : LOG_TO_SYSLOG);
    if (d.options.verbose)
        log_set_debug(true);
    if (d.options.standalone && standalone_prepare(&d.options) != 0)
        return 1;
    /* A kernel without it is no reason not to serve. */
    rc = confine(&confined);
    if (rc == 0)
        log_info("%s", confined);
    else
        log_warn("not confined: %s", strerror(rc));
    rc = start(&d, error, sizeof(error));
    if (rc == 0) {
        begin(&d);
        qb_loop_run(d.loop);
    } else {
        log_err("%s", error);
        fprintf(stderr, "hotwarmd: %s\n", error);
        link_say(&d, "failed %s", error);
        d.status = 1;
    }
    finish(&d);
    log_close();
    return d.status;
}
