#include "daemon/shell/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/shell/clock.h"
#include "daemon/shell/listener.h"
#include "daemon/shell/resp.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/table.h"

enum {
    SERVER_READ = 64 * 1024,
    SERVER_TURN = 256, /* clients in one turn of the loop */
    SERVER_SLOT = 256, /* what a command under way takes besides its bytes */
    SERVER_KEEP = 8 * 1024, /* room that a client without replies may keep */
    SERVER_LISTENERS = 3,   /* by the access of their new clients */
    SERVER_SWEEP_MS = 1000, /* between two looks for late strangers */
    SERVER_KEEPALIVE_S = 60 /* of silence, then the peer's TCP is asked */
};

struct server_slot {
    struct table_item item; /* in server->slots, by number */
    uint64_t number;
    struct server_client *client; /* NULL: gone */
    struct server_slot *next;     /* the client's next command */
    size_t bytes;                 /* of the command */
    bool ready;
    struct buf reply;
};

struct server_client {
    struct server *server;
    struct server_client *next, **link; /* link: what points to it */
    struct listener *listener;
    enum server_access access;
    uint64_t opened_ns;
    int fd;
    bool ended;    /* it sends no more */
    bool closing;  /* no more commands; closed when all replies are out */
    bool answered; /* in server->answered */
    struct server_client *next_answered;
    uint32_t watched; /* for what, by server->poll */
    struct resp *resp;
    int kind; /* of the commands that are under way */
    struct server_slot *first, *last;
    size_t waiting;   /* commands under way */
    size_t under_way; /* … their bytes */
    size_t replied;   /* bytes of replies that wait for an earlier one */
    struct buf output;
    size_t written;
    size_t held; /* its part of server->held */
};

/* libqb turns four descriptors in a pass and looks for each one's row among all
 * of them, so clients have an epoll of their own, which is one descriptor. */
struct server {
    qb_loop_t *loop;
    int poll;
    struct server_events events;
    bool busy;     /* in server_settle or in a turn that ends with it */
    bool commands; /* were handed out since events.settle */
    struct server_client *answered; /* have a reply to be sent */
    struct listener listeners[SERVER_LISTENERS];
    size_t strangers;
    qb_loop_timer_handle sweep;    /* while there are any */
    struct server_client *clients; /* the newest first */
    struct table slots;
    uint64_t last_number;
    size_t under_way; /* bytes of all commands without a reply */
    bool crowded;     /* … are too many: no more are taken for now */
    size_t held;      /* bytes that clients hold besides */
    struct log_seldom malformed, relieved;
};

/* ---- clients ---- */

static void slot_free(struct server *server, struct server_slot *slot)
{
    table_remove(&server->slots, &slot->item);
    buf_free(&slot->reply);
    free(slot);
}

/* Brings server->held up to date with what the client holds. */
static void client_count(struct server_client *client)
{
    size_t holds =
        resp_bytes(client->resp) + client->output.cap + client->replied;

    client->server->held += holds - client->held;
    client->held = holds;
}

static void client_close(struct server_client *client)
{
    struct server *server = client->server;

    *client->link = client->next;
    if (client->next != NULL)
        client->next->link = client->link;
    if (client->answered) {
        struct server_client **at = &server->answered;
        while (*at != client)
            at = &(*at)->next_answered;
        *at = client->next_answered;
    }
    epoll_ctl(server->poll, EPOLL_CTL_DEL, client->fd, NULL);
    shutdown(client->fd, SHUT_RDWR); /* a snapshot's child may hold it too */
    close(client->fd);
    while (client->first != NULL) {
        struct server_slot *slot = client->first;
        client->first = slot->next;
        slot->client = NULL;
        if (slot->ready)
            slot_free(server, slot); /* else the core still has the command */
    }
    resp_close(client->resp);
    buf_free(&client->output);
    server->held -= client->held;
    server->strangers -= client->access == SERVER_STRANGER;
    listener_gone(client->listener);
    free(client);
}

/* Replies that it has not got yet, as far as there are any. */
static size_t client_unread(const struct server_client *client)
{
    return client->output.len - client->written + client->replied;
}

/* Where much is held already, a client may leave less unread. */
static size_t server_output(const struct server *server)
{
    return server->held > SERVER_HELD / 2 ? SERVER_OUTPUT_LOW : SERVER_OUTPUT;
}

/* It has so much under way that no more is taken from it. */
static bool client_stuffed(const struct server_client *client)
{
    const struct server *server = client->server;

    return client->waiting >=
               (client->access == SERVER_STRANGER ? 1 : SERVER_PIPELINE) ||
           client->under_way >= SERVER_UNDER_WAY ||
           (resp_holds(client->resp) && client->waiting > 0) ||
           client_unread(client) >= server_output(server) ||
           (server->crowded && client->access != SERVER_CONTROL);
}

/* It has a turn as soon as may be. */
static void client_answered(struct server_client *client)
{
    struct server *server = client->server;

    if (client->answered)
        return;
    client->answered = true;
    client->next_answered = server->answered;
    server->answered = client;
}

/* What the loop should wait for, as things stand. */
static void client_watch(struct server_client *client)
{
    struct epoll_event event = {.data.ptr = client};

    if (!client_stuffed(client) && !client->ended && !client->closing)
        event.events |= EPOLLIN;
    if (client->output.len > client->written)
        event.events |= EPOLLOUT;
    if (event.events != client->watched)
        epoll_ctl(client->server->poll, EPOLL_CTL_MOD, client->fd, &event);
    client->watched = event.events;
}

/* Moves finished replies into the output, in the order of the commands. */
static void client_collect(struct server_client *client)
{
    while (client->first != NULL && client->first->ready) {
        struct server_slot *slot = client->first;
        buf_bytes(&client->output, slot->reply.data, slot->reply.len);
        client->replied -= slot->reply.len;
        client->first = slot->next;
        if (client->first == NULL)
            client->last = NULL;
        client->waiting--;
        slot_free(client->server, slot);
    }
}

/* False when the client is gone. */
static bool client_write(struct server_client *client)
{
    while (client->written < client->output.len) {
        ssize_t count =
            send(client->fd, client->output.data + client->written,
                 client->output.len - client->written, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)
            return true;
        if (count < 0)
            return false;
        client->written += (size_t)count;
    }
    buf_reset(&client->output);
    if (client->output.cap > SERVER_KEEP)
        buf_free(&client->output);
    client->written = 0;
    return !(client->closing && client->first == NULL);
}

/* ---- commands ---- */

static struct server_slot *client_new_slot(struct server_client *client,
                                           size_t bytes)
{
    struct server *server = client->server;
    struct server_slot *slot = mem_calloc(1, sizeof(*slot));

    slot->number = ++server->last_number;
    slot->item.key = (const uint8_t *)&slot->number;
    slot->item.key_len = sizeof(slot->number);
    slot->client = client;
    slot->bytes = bytes + SERVER_SLOT;
    table_add(&server->slots, &slot->item);
    if (client->last == NULL)
        client->first = slot;
    else
        client->last->next = slot;
    client->last = slot;
    client->waiting++;
    client->under_way += slot->bytes;
    server->under_way += slot->bytes;
    if (server->under_way >= SERVER_UNDER_WAY_ALL)
        server->crowded = true;
    return slot;
}

/* Its command has a reply. */
static void slot_ready(struct server *server, struct server_slot *slot)
{
    slot->ready = true;
    server->under_way -= slot->bytes;
    if (slot->client != NULL)
        slot->client->under_way -= slot->bytes;
}

static void client_malformed(struct server_client *client, const char *error)
{
    struct server *server = client->server;
    struct server_slot *slot = client_new_slot(client, 0);

    buf_printf(&slot->reply, "-ERR Protocol error: %s\r\n", error);
    client->replied += slot->reply.len;
    slot_ready(server, slot);
    client->closing = true;
    log_warn_seldom(&server->malformed, "closing a client of the %s socket: %s",
                    client->listener->name, error);
}

/* True when it is done with; false when it has to wait. */
static bool client_command(struct server_client *client,
                           const struct core_arg *argv, size_t argc)
{
    struct server *server = client->server;

    if (argc == 0)
        return true; /* as Redis: nothing, and no reply */
    int kind = server->events.kind(server->events.context, argv, argc);
    if (client->waiting > 0 && kind != client->kind)
        return false;
    client->kind = kind;
    uint64_t number =
        client_new_slot(client, resp_command_bytes(client->resp))->number;
    server->commands = true;
    server->events.command(server->events.context, number, client->access, argv,
                           argc);
    return true;
}

/* There is no whole command. */
static void client_waits(struct server_client *client)
{
    if (client->access == SERVER_STRANGER &&
        resp_bytes(client->resp) > SERVER_STRANGER_COMMAND)
        client_malformed(client, "unauthenticated bulk length");
    else
        client->closing = client->ended;
}

/* Commands that are whole in what was read, until it is stuffed. */
static void client_parse(struct server_client *client)
{
    struct core_arg argv[RESP_ARGS];
    const char *error;
    size_t argc;

    while (!client->closing && !client_stuffed(client)) {
        switch (resp_next(client->resp, argv, &argc, &error)) {
        case RESP_COMMAND:
            if (client_command(client, argv, argc))
                resp_done(client->resp);
            break;
        case RESP_NOTHING:
            client_waits(client);
            return;
        case RESP_BAD:
            client_malformed(client, error);
            return;
        }
    }
}

/* False when the connection is lost. */
static bool client_read(struct server_client *client)
{
    char bytes[SERVER_READ];
    ssize_t count = recv(client->fd, bytes, sizeof(bytes), 0);

    if (count < 0)
        return errno == EAGAIN || errno == EINTR;
    if (count == 0)
        client->ended = true;
    resp_feed(client->resp, bytes, (size_t)count);
    return true;
}

/* Everything that can be done for it now. False when it is to be closed. */
static bool client_turn(struct server_client *client, uint32_t revents)
{
    bool gone = (revents & (EPOLLHUP | EPOLLERR)) != 0;
    bool stuffed = client_stuffed(client);

    if (stuffed || client->ended || client->closing) {
        if (gone)
            return false; /* nobody is there to read a reply */
    } else if ((gone || (revents & EPOLLIN) != 0) && !client_read(client)) {
        return false;
    }
    do {
        /* Commands may lie in the reader, left there when it was stuffed. */
        client_parse(client);
        stuffed = client_stuffed(client);
        client_collect(client);
        if (!client_write(client))
            return false;
    } while (stuffed && !client_stuffed(client) && !client->closing);
    client_watch(client);
    client_count(client);
    return true;
}

/* While clients hold too much, the one that holds the most is closed. */
static void server_relieve(struct server *server)
{
    while (server->held > SERVER_HELD) {
        struct server_client *most = server->clients;
        for (struct server_client *client = most; client != NULL;
             client = client->next)
            most = client->held > most->held ? client : most;
        log_warn_seldom(&server->relieved,
                        "closing a client of the %s socket that holds %zu MiB: "
                        "all together hold more than %d MiB",
                        most->listener->name, most->held >> 20,
                        SERVER_HELD >> 20);
        client_close(most);
    }
}

/* Much less is under way than there was: those that wait for that have a turn. */
static void server_uncrowd(struct server *server)
{
    if (!server->crowded || server->under_way > SERVER_UNDER_WAY_ALL / 2)
        return;
    server->crowded = false;
    for (struct server_client *client = server->clients; client != NULL;
         client = client->next)
        client_answered(client);
}

/* Everything that is held back by a command not settled or a reply not sent;
 * each may make another of the other. */
static void server_settle(struct server *server)
{
    server->busy = true;
    server_relieve(server);
    server_uncrowd(server);
    while (server->commands || server->answered != NULL) {
        if (server->commands) {
            server->commands = false;
            server->events.settle(server->events.context);
        }
        struct server_client *client = server->answered;
        if (client == NULL)
            continue;
        server->answered = client->next_answered;
        client->answered = false;
        if (!client_turn(client, 0))
            client_close(client);
        server_relieve(server);
        server_uncrowd(server);
    }
    server->busy = false;
}

static int32_t server_on_ready(int32_t fd, int32_t revents, void *data)
{
    struct server *server = data;
    struct epoll_event events[SERVER_TURN];

    (void)revents;
    server->busy = true;
    int count = epoll_wait(fd, events, SERVER_TURN, 0);
    /* Those that are left come again. */
    for (int i = 0; i < count && server->held <= SERVER_HELD; i++) {
        struct server_client *client = events[i].data.ptr;
        if (!client_turn(client, events[i].events))
            client_close(client);
    }
    server_settle(server);
    return 0;
}

void server_reply(struct server *server, uint64_t number, const void *bytes,
                  size_t len)
{
    struct server_slot *slot = (struct server_slot *)table_find(
        &server->slots, &number, sizeof(number));

    if (slot == NULL || slot->ready)
        return;
    slot_ready(server, slot);
    struct server_client *client = slot->client;
    if (client == NULL) {
        slot_free(server, slot);
        return;
    }
    buf_bytes(&slot->reply, bytes, len);
    client->replied += len;
    client_count(client);
    if (client->first == slot)
        client_answered(client);
}

void server_flush(struct server *server)
{
    if (!server->busy)
        server_settle(server);
}

/* ---- strangers ---- */

void server_trust(struct server *server, uint64_t number)
{
    struct server_slot *slot = (struct server_slot *)table_find(
        &server->slots, &number, sizeof(number));

    if (slot == NULL || slot->client == NULL ||
        slot->client->access != SERVER_STRANGER)
        return;
    slot->client->access = SERVER_KNOWN;
    server->strangers--;
}

/* Those whose time is over are closed, as long as there are any. */
static void on_sweep(void *context)
{
    struct server *server = context;
    uint64_t now = clock_monotonic_ns();
    struct server_client *next, *client = server->clients;

    server->sweep = 0;
    for (; client != NULL; client = next) {
        next = client->next;
        if (client->access == SERVER_STRANGER &&
            now - client->opened_ns > SERVER_STRANGER_MS * 1000000ull)
            client_close(client);
    }
    if (server->strangers > 0)
        qb_loop_timer_add(server->loop, QB_LOOP_MED,
                          SERVER_SWEEP_MS * 1000000ull, server, on_sweep,
                          &server->sweep);
}

/* Replies are small, and a peer without power says nothing. */
static void set_tcp(int fd)
{
    const int yes = 1, silence_s = SERVER_KEEPALIVE_S;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &silence_s, sizeof(silence_s));
}

/* A new one. If those that are there are many, the oldest makes room: one that
 * knows the password is a stranger for a moment only. */
static void server_meet(struct server *server, int fd)
{
    struct server_client *oldest = NULL, *client = server->clients;

    set_tcp(fd);
    if (server->strangers >= SERVER_STRANGERS) {
        for (; client != NULL; client = client->next)
            oldest = client->access == SERVER_STRANGER ? client : oldest;
        client_close(oldest);
    }
    server->strangers++;
    if (server->sweep == 0)
        qb_loop_timer_add(server->loop, QB_LOOP_MED,
                          SERVER_SWEEP_MS * 1000000ull, server, on_sweep,
                          &server->sweep);
}

/* ---- listening ---- */

static bool on_opened(struct listener *listener, int fd)
{
    struct server *server = listener->context;
    struct server_client *client = mem_calloc(1, sizeof(*client));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};

    if (epoll_ctl(server->poll, EPOLL_CTL_ADD, fd, &event) < 0) {
        log_warn("a client could not be watched: %s", strerror(errno));
        close(fd);
        free(client);
        return false;
    }
    client->server = server;
    client->listener = listener;
    client->access = (enum server_access)(listener - server->listeners);
    client->opened_ns = clock_monotonic_ns();
    if (client->access == SERVER_STRANGER)
        server_meet(server, fd);
    client->fd = fd;
    client->watched = EPOLLIN;
    client->resp = resp_open();
    client->next = server->clients;
    client->link = &server->clients;
    if (client->next != NULL)
        client->next->link = &client->next;
    server->clients = client;
    return true;
}

/* For one more of the control socket: the oldest of it that waits for nothing. */
static bool on_make_room(struct listener *listener)
{
    const struct server *server = listener->context;
    struct server_client *oldest = NULL;

    for (struct server_client *client = server->clients; client != NULL;
         client = client->next) {
        if (client->listener == listener && client->waiting == 0)
            oldest = client;
    }
    if (oldest == NULL)
        return false;
    client_close(oldest);
    return true;
}

int server_open(struct server **out, qb_loop_t *loop,
                const struct server_events *events)
{
    struct server *server = mem_calloc(1, sizeof(*server));
    size_t clients = listener_descriptors(SERVER_CLIENTS,
                                          SERVER_CONTROLS + SERVER_DESCRIPTORS);

    server->loop = loop;
    server->events = *events;
    for (size_t i = 0; i < SERVER_LISTENERS; i++)
        server->listeners[i] = (struct listener){
            .loop = loop, .fd = -1, .context = server, .opened = on_opened};
    server->listeners[SERVER_DATA].name = "data";
    server->listeners[SERVER_DATA].limit = clients;
    server->listeners[SERVER_CONTROL].name = "control";
    server->listeners[SERVER_CONTROL].limit = SERVER_CONTROLS;
    server->listeners[SERVER_CONTROL].make_room = on_make_room;
    server->listeners[SERVER_STRANGER].name = "TCP";
    server->poll = epoll_create1(EPOLL_CLOEXEC);
    int rc = server->poll < 0
                 ? errno
                 : -qb_loop_poll_add(loop, QB_LOOP_MED, server->poll, POLLIN,
                                     server, server_on_ready);
    if (rc != 0) {
        if (server->poll >= 0)
            close(server->poll);
        free(server);
        server = NULL;
    }
    *out = server;
    return rc;
}

int server_listen(struct server *server, int fd, enum server_access access)
{
    struct listener *listener = &server->listeners[access];
    struct listener *data = &server->listeners[SERVER_DATA];

    listener->fd = fd;
    if (access == SERVER_STRANGER) {
        listener->limit = (data->limit + 1) / 2;
        data->limit -= data->limit / 2;
    }
    return listener_begin(listener);
}

size_t server_clients(const struct server *server)
{
    size_t count = 0;

    for (size_t i = 0; i < SERVER_LISTENERS; i++)
        count += server->listeners[i].clients;
    return count;
}

size_t server_clients_max(const struct server *server)
{
    return server->listeners[SERVER_DATA].limit +
           server->listeners[SERVER_STRANGER].limit;
}

void server_close(struct server *server)
{
    if (server == NULL)
        return;
    while (server->clients != NULL)
        client_close(server->clients);
    if (server->sweep != 0)
        qb_loop_timer_del(server->loop, server->sweep);
    struct table_item *next, *item = table_next(&server->slots, NULL);
    for (; item != NULL; item = next) {
        next = table_next(&server->slots, item);
        slot_free(server, (struct server_slot *)item);
    }
    for (size_t i = 0; i < SERVER_LISTENERS; i++) {
        if (server->listeners[i].fd >= 0)
            listener_end(&server->listeners[i]);
    }
    qb_loop_poll_del(server->loop, server->poll);
    close(server->poll);
    table_free(&server->slots);
    free(server);
}
