/* server: the sockets, and RESP on them.
 *
 * WHAT
 *   Accepts clients on its listening sockets (data, control, TCP), reads
 *   commands with hiredis' reader, and hands each out under a number. Replies
 *   may be given in any order and at any time; they go to the client in the
 *   order of its commands.
 *
 *   A client's commands of one kind are under way together; one of another kind
 *   is handed out when they have their replies. So a read sees all that its
 *   client wrote before it, and nothing of what it wrote after.
 *
 *   A client that sends what is no command gets one error and is closed. One
 *   that sends no more (a half-closed connection) gets its replies first. One
 *   that has SERVER_PIPELINE commands without a reply, or SERVER_OUTPUT bytes
 *   of replies that it does not read, is not read from until that changes.
 *
 *   A client by TCP is a stranger until server_trust. Of strangers there are at
 *   most SERVER_STRANGERS, each with one command under way, of at most
 *   SERVER_STRANGER_COMMAND bytes, and for at most SERVER_STRANGER_MS.
 *
 * OWNERSHIP
 *   Arguments live during the call of `command`. Descriptors given to
 *   server_listen belong to the server.
 *
 * NOT HERE
 *   What commands mean: daemon/session.h, daemon/core.
 */
#ifndef HOTWARM_SHELL_SERVER_H
#define HOTWARM_SHELL_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qb/qbloop.h>

#include "daemon/core/core.h"

enum {
    SERVER_PIPELINE = 1024,
    SERVER_OUTPUT = 4 * 1024 * 1024,
    SERVER_STRANGERS = 64,
    SERVER_STRANGER_COMMAND = 16 * 1024,
    SERVER_STRANGER_MS = 10000
};

/* Who sent a command. */
enum server_access {
    SERVER_DATA, /* by the data socket: who may connect may use it */
    SERVER_CONTROL,
    SERVER_STRANGER, /* by TCP, and not trusted */
    SERVER_KNOWN     /* by TCP, and trusted */
};

struct server;

struct server_events {
    /* Each command. `number` names it in server_reply, which may be called at
     * once. */
    void (*command)(void *context, uint64_t number, enum server_access access,
                    const struct core_arg *argv, size_t argc);
    /* What kind of command that is: any number. */
    int (*kind)(void *context, const struct core_arg *argv, size_t argc);
    /* After the last command that is there for now. */
    void (*settle)(void *context);
    void *context;
};

/* 0 or errno. */
int server_open(struct server **server, qb_loop_t *loop,
                const struct server_events *events);

/* Serves a listening socket, whose clients are all of that access: one each of
 * SERVER_DATA, SERVER_CONTROL and SERVER_STRANGER. 0 or errno. */
int server_listen(struct server *server, int fd, enum server_access access);

/* The stranger that sent this command, which has no reply yet, is known from
 * now on. */
void server_trust(struct server *server, uint64_t number);

/* Answers a command; nothing happens if its client is gone. Replies wait for
 * server_flush: many replies, one write. */
void server_reply(struct server *server, uint64_t number, const void *bytes,
                  size_t len);

/* Sends what was replied, and does what that makes possible. Within one of the
 * events above it does nothing: the server does it by itself afterwards. */
void server_flush(struct server *server);

size_t server_clients(const struct server *server);

void server_close(struct server *server);

#endif
