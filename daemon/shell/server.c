#include "daemon/shell/server.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#include "lib/buf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/table.h"

enum {
    SERVER_READ = 64 * 1024,
    SERVER_UNPARSED = 2 * 1024 * 1024, /* the largest command, with room */
    SERVER_ARGS = 4096,
    SERVER_BUDGET = 64 /* commands of one client in one turn of the loop */
};

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
    bool control;
};

struct server_client {
    struct server *server;
    struct server_client *next;
    int fd;
    bool control;
    bool closing; /* no more commands; closed when all replies are out */
    bool stuffed; /* not read from */
    redisReader *reader;
    struct server_slot *first, *last;
    size_t waiting;
    struct buf output;
    size_t written;
};

struct server {
    qb_loop_t *loop;
    struct server_events events;
    struct server_listener listeners[2];
    size_t listener_count;
    struct server_client *clients;
    size_t client_count;
    struct table slots;
    uint64_t last_number;
};

static int32_t client_on_ready(int32_t fd, int32_t revents, void *data);

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
    qb_loop_poll_del(server->loop, client->fd);
    close(client->fd);
    while (client->first != NULL) {
        struct server_slot *slot = client->first;
        client->first = slot->next;
        slot_free(server, slot);
    }
    redisReaderFree(client->reader);
    buf_free(&client->output);
    free(client);
}

/* What the loop should wait for, as things stand. */
static void client_watch(struct server_client *client)
{
    size_t unwritten = client->output.len - client->written;
    int32_t wanted = 0;

    client->stuffed = client->waiting >= SERVER_PIPELINE ||
                      unwritten >= SERVER_OUTPUT;
    if (!client->stuffed && !client->closing)
        wanted |= POLLIN;
    if (unwritten > 0)
        wanted |= POLLOUT;
    qb_loop_poll_mod(client->server->loop, QB_LOOP_MED, client->fd, wanted,
                     client, client_on_ready);
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

/* Everything that can be done for it now. False: it was closed. */
static bool client_settle(struct server_client *client)
{
    client_collect(client);
    if (!client_write(client)) {
        client_close(client);
        return false;
    }
    client_watch(client);
    return true;
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

static void client_command(struct server_client *client,
                           const redisReply *reply)
{
    struct server *server = client->server;
    struct core_arg argv[SERVER_ARGS];

    if (reply->type != REDIS_REPLY_ARRAY) {
        client_protocol_error(client, "expected '*'");
        return;
    }
    if (reply->elements == 0)
        return; /* as Redis: nothing, and no reply */
    if (reply->elements > SERVER_ARGS) {
        client_protocol_error(client, "invalid multibulk length");
        return;
    }
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *element = reply->element[i];
        if (element->type != REDIS_REPLY_STRING) {
            client_protocol_error(client, "expected '$'");
            return;
        }
        argv[i].data = (const uint8_t *)element->str;
        argv[i].len = element->len;
    }
    uint64_t number = client_new_slot(client)->number;
    server->events.command(server->events.context, number, client->control,
                           argv, reply->elements);
}

/* Commands that are whole in what was read. */
static void client_parse(struct server_client *client)
{
    void *reply = NULL;

    while (!client->closing && client->waiting < SERVER_PIPELINE) {
        if (redisReaderGetReply(client->reader, &reply) != REDIS_OK) {
            client_protocol_error(client, "invalid bytes");
            return;
        }
        if (reply == NULL)
            break;
        client_command(client, reply);
        freeReplyObject(reply);
    }
    if (client->reader->len - client->reader->pos > SERVER_UNPARSED)
        client_protocol_error(client, "the command is too large");
}

/* False when the other side has gone. */
static bool client_read(struct server_client *client)
{
    char bytes[SERVER_READ];
    ssize_t count = recv(client->fd, bytes, sizeof(bytes), 0);

    if (count < 0)
        return errno == EAGAIN || errno == EINTR;
    if (count == 0)
        return false;
    if (redisReaderFeed(client->reader, bytes, (size_t)count) != REDIS_OK)
        client_protocol_error(client, "invalid bytes");
    return true;
}

static int32_t client_on_ready(int32_t fd, int32_t revents, void *data)
{
    struct server_client *client = data;

    (void)fd;
    if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !client->closing &&
        !client->stuffed && !client_read(client)) {
        client_close(client);
        return 0;
    }
    client_parse(client);
    client_settle(client);
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
    /* The client's own turn of the loop sends it: many replies, one write. */
    if (slot->client->first == slot)
        qb_loop_poll_mod(server->loop, QB_LOOP_MED, slot->client->fd,
                         POLLIN | POLLOUT, slot->client, client_on_ready);
}

/* ---- listening ---- */

static int32_t listener_on_ready(int32_t fd, int32_t revents, void *data)
{
    struct server_listener *listener = data;
    struct server *server = listener->server;
    int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)revents;
    if (accepted < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            log_warn("a client could not be accepted: %s", strerror(errno));
        return 0;
    }
    struct server_client *client = mem_calloc(1, sizeof(*client));
    client->server = server;
    client->fd = accepted;
    client->control = listener->control;
    client->reader = redisReaderCreate();
    int rc = qb_loop_poll_add(server->loop, QB_LOOP_MED, accepted, POLLIN,
                              client, client_on_ready);
    if (rc != 0 || client->reader == NULL) {
        log_warn("a client could not be watched: %s", strerror(-rc));
        redisReaderFree(client->reader);
        close(accepted);
        free(client);
        return 0;
    }
    client->next = server->clients;
    server->clients = client;
    server->client_count++;
    return 0;
}

struct server *server_new(qb_loop_t *loop, const struct server_events *events)
{
    struct server *server = mem_calloc(1, sizeof(*server));

    server->loop = loop;
    server->events = *events;
    return server;
}

int server_listen(struct server *server, int fd, bool control)
{
    struct server_listener *listener =
        &server->listeners[server->listener_count++];

    listener->server = server;
    listener->fd = fd;
    listener->control = control;
    return -qb_loop_poll_add(server->loop, QB_LOOP_MED, fd, POLLIN, listener,
                             listener_on_ready);
}

size_t server_clients(const struct server *server)
{
    return server->client_count;
}

void server_free(struct server *server)
{
    while (server->clients != NULL)
        client_close(server->clients);
    for (size_t i = 0; i < server->listener_count; i++) {
        qb_loop_poll_del(server->loop, server->listeners[i].fd);
        close(server->listeners[i].fd);
    }
    table_free(&server->slots);
    free(server);
}
