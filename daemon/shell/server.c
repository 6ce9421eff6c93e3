#include "daemon/shell/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#include "daemon/shell/clock.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/table.h"

enum {
    SERVER_READ = 64 * 1024,
    SERVER_COMMAND = 2 * 1024 * 1024, /* the largest command, with room */
    SERVER_ARGS = 4096,
    SERVER_ACCEPT = 128, /* new clients in one turn of the loop */
    SERVER_TURN = 256,   /* clients in one turn of the loop */
    SERVER_LISTENERS = 3,
    SERVER_SWEEP_MS = 1000, /* between two looks for late strangers */
    SERVER_KEEPALIVE_S = 60 /* of silence, then the peer's TCP is asked */
};

#if HIREDIS_MAJOR >= 1
typedef size_t reader_count;
#else
typedef int reader_count;
#endif

struct server_slot {
    struct table_item item; /* in server->slots, by number */
    uint64_t number;
    struct server_client *client;
    struct server_slot *next; /* the client's next command */
    bool ready;
    struct buf reply;
};

struct server_listener {
    struct server *server;
    int fd;
    enum server_access access;
};

struct server_client {
    struct server *server;
    struct server_client *next;
    int fd;
    enum server_access access;
    uint64_t opened_ns;
    bool ended;    /* it sends no more */
    bool closing;  /* no more commands; closed when all replies are out */
    bool answered; /* in server->answered */
    struct server_client *next_answered;
    uint32_t watched; /* for what, by server->poll */
    redisReader *reader;
    size_t begun;     /* bytes read since the last whole command */
    redisReply *held; /* a command of another kind than those under way */
    int kind;         /* … which is this */
    struct server_slot *first, *last;
    size_t waiting;
    struct buf output;
    size_t written;
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
    struct server_listener listeners[SERVER_LISTENERS];
    size_t listener_count;
    bool full;                           /* of descriptors: not listening */
    redisReplyObjectFunctions functions; /* hiredis' own, but for arrays */
    void *(*create_array)(const redisReadTask *task, reader_count count);
    struct server_client *clients;
    size_t client_count;
    size_t stranger_count;
    qb_loop_timer_handle sweep; /* while there are strangers */
    struct table slots;
    uint64_t last_number;
};

static int32_t listener_on_ready(int32_t fd, int32_t revents, void *data);

/* Out of descriptors a listening socket stays readable: it is left alone until
 * a client goes. */
static void server_set_full(struct server *server, bool full)
{
    if (server->full == full)
        return;
    server->full = full;
    for (size_t i = 0; i < server->listener_count; i++)
        qb_loop_poll_mod(server->loop, QB_LOOP_MED, server->listeners[i].fd,
                         full ? 0 : POLLIN, &server->listeners[i],
                         listener_on_ready);
}

/* ---- clients ---- */

static void slot_free(struct server *server, struct server_slot *slot)
{
    table_remove(&server->slots, &slot->item);
    buf_free(&slot->reply);
    free(slot);
}

static void client_close(struct server_client *client)
{
    struct server *server = client->server;
    struct server_client **at = &server->clients;

    while (*at != client)
        at = &(*at)->next;
    *at = client->next;
    server->client_count--;
    server->stranger_count -= client->access == SERVER_STRANGER;
    if (client->answered) {
        at = &server->answered;
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
        slot_free(server, slot);
    }
    if (client->held != NULL)
        freeReplyObject(client->held);
    redisReaderFree(client->reader);
    buf_free(&client->output);
    free(client);
    server_set_full(server, false);
}

/* It has so much under way that no more is taken from it. */
static bool client_stuffed(const struct server_client *client)
{
    return client->waiting >=
               (client->access == SERVER_STRANGER ? 1 : SERVER_PIPELINE) ||
           (client->held != NULL && client->waiting > 0) ||
           client->output.len - client->written >= SERVER_OUTPUT;
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
    client->written = 0;
    return !(client->closing && client->first == NULL);
}

/* ---- commands ---- */

static struct server_slot *client_new_slot(struct server_client *client)
{
    struct server *server = client->server;
    struct server_slot *slot = mem_calloc(1, sizeof(*slot));

    slot->number = ++server->last_number;
    slot->item.key = (const uint8_t *)&slot->number;
    slot->item.key_len = sizeof(slot->number);
    slot->client = client;
    table_add(&server->slots, &slot->item);
    if (client->last == NULL)
        client->first = slot;
    else
        client->last->next = slot;
    client->last = slot;
    client->waiting++;
    return slot;
}

static void client_protocol_error(struct server_client *client,
                                  const char *text)
{
    struct server_slot *slot = client_new_slot(client);

    buf_printf(&slot->reply, "-ERR Protocol error: %s\r\n", text);
    slot->ready = true;
    client->closing = true;
}

/* hiredis' complaint in Redis' own words, where that has some. */
static const char *reader_error(const redisReader *reader)
{
    if (reader->err == REDIS_ERR_OOM ||
        strstr(reader->errstr, "ulti-bulk length") != NULL)
        return "invalid multibulk length";
    if (strstr(reader->errstr, "ulk string length") != NULL)
        return "invalid bulk length";
    return "invalid bytes: a command is an array of bulk strings";
}

/* The byte that begins such an element. */
static char type_byte(int type)
{
    switch (type) {
    case REDIS_REPLY_STATUS:
        return '+';
    case REDIS_REPLY_ERROR:
        return '-';
    case REDIS_REPLY_INTEGER:
        return ':';
    default:
        return '*';
    }
}

static void client_bad_element(struct server_client *client, int type)
{
    char text[] = "expected '$', got '?'";

    if (type == REDIS_REPLY_NIL) {
        client_protocol_error(client, "invalid bulk length");
        return;
    }
    text[sizeof text - 3] = type_byte(type);
    client_protocol_error(client, text);
}

/* True when it is done with; false when it has to wait. */
static bool client_command(struct server_client *client,
                           const redisReply *reply)
{
    struct server *server = client->server;
    struct core_arg argv[SERVER_ARGS]; /* reader_array lets no more through */

    if (reply->type != REDIS_REPLY_ARRAY) {
        client_protocol_error(client, "expected '*'");
        return true;
    }
    if (reply->elements == 0)
        return true; /* as Redis: nothing, and no reply */
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *element = reply->element[i];
        if (element->type != REDIS_REPLY_STRING) {
            client_bad_element(client, element->type);
            return true;
        }
        argv[i].data = (const uint8_t *)element->str;
        argv[i].len = element->len;
    }
    int kind =
        server->events.kind(server->events.context, argv, reply->elements);
    if (client->waiting > 0 && kind != client->kind)
        return false;
    client->kind = kind;
    uint64_t number = client_new_slot(client)->number;
    server->commands = true;
    server->events.command(server->events.context, number, client->access, argv,
                           reply->elements);
    return true;
}

/* For hiredis: a command's arguments. It would make room for any number that
 * the client names. */
static void *reader_array(const redisReadTask *task, reader_count count)
{
    const struct server_client *client = task->privdata;

    if (task->parent != NULL || count > SERVER_ARGS)
        return NULL;
    return client->server->create_array(task, count);
}

static redisReader *reader_new(struct server *server,
                               struct server_client *client)
{
    redisReader *reader = redisReaderCreate();

    if (reader == NULL)
        abort(); /* as lib/mem.h */
    if (server->create_array == NULL) {
        server->functions = *reader->fn;
        server->create_array = server->functions.createArray;
        server->functions.createArray = reader_array;
    }
    reader->fn = &server->functions;
    reader->privdata = client;
    return reader;
}

/* The next command that is whole in what was read; NULL: none. */
static redisReply *client_next(struct server_client *client)
{
    redisReader *reader = client->reader;
    redisReply *held = client->held;
    void *reply = NULL;

    client->held = NULL;
    if (held != NULL)
        return held;
    if (redisReaderGetReply(reader, &reply) != REDIS_OK) {
        client_protocol_error(client, reader_error(reader));
        return NULL;
    }
    if (reply != NULL)
        client->begun = reader->len - reader->pos;
    else if (client->begun > SERVER_COMMAND)
        client_protocol_error(client, "the command is too large");
    else if (client->access == SERVER_STRANGER &&
             client->begun > SERVER_STRANGER_COMMAND)
        client_protocol_error(client, "unauthenticated bulk length");
    else
        client->closing = client->ended;
    return reply;
}

/* Commands that are whole in what was read, until it is stuffed. */
static void client_parse(struct server_client *client)
{
    while (!client->closing && !client_stuffed(client)) {
        redisReply *reply = client_next(client);
        if (reply == NULL)
            return;
        if (client_command(client, reply))
            freeReplyObject(reply);
        else
            client->held = reply;
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
    else if (redisReaderFeed(client->reader, bytes, (size_t)count) != REDIS_OK)
        client_protocol_error(client, reader_error(client->reader));
    client->begun += (size_t)count;
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
    return true;
}

/* Everything that is held back by a command not settled or a reply not sent;
 * each may make another of the other. */
static void server_settle(struct server *server)
{
    server->busy = true;
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
    for (int i = 0; i < count; i++) {
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
    buf_bytes(&slot->reply, bytes, len);
    slot->ready = true;
    struct server_client *client = slot->client;
    if (client->first == slot && !client->answered) {
        client->answered = true;
        client->next_answered = server->answered;
        server->answered = client;
    }
}

void server_flush(struct server *server)
{
    if (!server->busy)
        server_settle(server);
}

void server_trust(struct server *server, uint64_t number)
{
    struct server_slot *slot = (struct server_slot *)table_find(
        &server->slots, &number, sizeof(number));

    if (slot == NULL || slot->client->access != SERVER_STRANGER)
        return;
    slot->client->access = SERVER_KNOWN;
    server->stranger_count--;
}

/* ---- strangers ---- */

/* Those who had their time are closed; what is late is looked for as long as
 * there are any. */
static void server_on_sweep(void *context)
{
    struct server *server = context;
    uint64_t now = clock_monotonic_ns();
    struct server_client *next;

    server->sweep = 0;
    for (struct server_client *client = server->clients; client != NULL;
         client = next) {
        next = client->next;
        if (client->access == SERVER_STRANGER &&
            now - client->opened_ns > SERVER_STRANGER_MS * 1000000ull)
            client_close(client);
    }
    if (server->stranger_count > 0)
        qb_loop_timer_add(server->loop, QB_LOOP_MED,
                          SERVER_SWEEP_MS * 1000000ull, server, server_on_sweep,
                          &server->sweep);
}

/* False when there are too many. */
static bool server_admit_stranger(struct server *server, int fd)
{
    static const char refusal[] = "-ERR max number of clients reached\r\n";
    const int yes = 1, silence_s = SERVER_KEEPALIVE_S;

    if (server->stranger_count >= SERVER_STRANGERS) {
        (void)!send(fd, refusal, sizeof(refusal) - 1,
                    MSG_NOSIGNAL | MSG_DONTWAIT);
        return false;
    }
    /* Replies are small, and a peer without power says nothing. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &silence_s, sizeof(silence_s));
    if (server->stranger_count++ == 0 && server->sweep == 0)
        qb_loop_timer_add(server->loop, QB_LOOP_MED,
                          SERVER_SWEEP_MS * 1000000ull, server, server_on_sweep,
                          &server->sweep);
    return true;
}

/* ---- listening ---- */

static void client_open(struct server *server, int accepted,
                        enum server_access access)
{
    struct server_client *client = mem_calloc(1, sizeof(*client));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};

    if (epoll_ctl(server->poll, EPOLL_CTL_ADD, accepted, &event) < 0) {
        log_warn("a client could not be watched: %s", strerror(errno));
        close(accepted);
        free(client);
        return;
    }
    if (access == SERVER_STRANGER && !server_admit_stranger(server, accepted)) {
        close(accepted);
        free(client);
        return;
    }
    client->server = server;
    client->fd = accepted;
    client->access = access;
    client->opened_ns = clock_monotonic_ns();
    client->watched = EPOLLIN;
    client->reader = reader_new(server, client);
    client->next = server->clients;
    server->clients = client;
    server->client_count++;
}

/* Many at a time: a socket's queue is short, and who finds it full is not
 * always patient. */
static int32_t listener_on_ready(int32_t fd, int32_t revents, void *data)
{
    struct server_listener *listener = data;
    struct server *server = listener->server;
    int accepted = 0;

    (void)revents;
    for (int i = 0; i < SERVER_ACCEPT && accepted >= 0; i++) {
        accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (accepted >= 0)
            client_open(server, accepted, listener->access);
    }
    if (accepted < 0 && errno != EAGAIN && errno != EINTR &&
        errno != ECONNABORTED) {
        log_warn("a client could not be accepted: %s", strerror(errno));
        server_set_full(server, server->client_count > 0);
    }
    return 0;
}

int server_open(struct server **out, qb_loop_t *loop,
                const struct server_events *events)
{
    struct server *server = mem_calloc(1, sizeof(*server));

    server->loop = loop;
    server->events = *events;
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
    struct server_listener *listener =
        &server->listeners[server->listener_count++];

    listener->server = server;
    listener->fd = fd;
    listener->access = access;
    return -qb_loop_poll_add(server->loop, QB_LOOP_MED, fd, POLLIN, listener,
                             listener_on_ready);
}

size_t server_clients(const struct server *server)
{
    return server->client_count;
}

void server_close(struct server *server)
{
    if (server == NULL)
        return;
    while (server->clients != NULL)
        client_close(server->clients);
    if (server->sweep != 0)
        qb_loop_timer_del(server->loop, server->sweep);
    for (size_t i = 0; i < server->listener_count; i++) {
        qb_loop_poll_del(server->loop, server->listeners[i].fd);
        close(server->listeners[i].fd);
    }
    qb_loop_poll_del(server->loop, server->poll);
    close(server->poll);
    table_free(&server->slots);
    free(server);
}
