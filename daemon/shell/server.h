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
 *   that sends no more (a half-closed connection) gets its replies first.
 *
 * LIMITS
 *   connections   SERVER_CLIENTS on the data socket, or as many as descriptors
 *                 allow; one more is refused, as by Redis. SERVER_CONTROLS on
 *                 the control socket, which have descriptors of their own: one
 *                 more takes the place of the oldest that waits for nothing.
 *                 Where there is TCP, its clients have half of the places.
 *   strangers     are clients by TCP until server_trust. SERVER_STRANGERS of them,
 *                 each with one command under way, of about
 *                 SERVER_STRANGER_COMMAND bytes, for SERVER_STRANGER_MS; one more
 *                 takes the place of the oldest.
 *   one client    is not read from while it has SERVER_PIPELINE commands, or
 *                 SERVER_UNDER_WAY bytes of them, without a reply, or leaves
 *                 SERVER_OUTPUT bytes of replies unread (SERVER_OUTPUT_LOW while
 *                 half of SERVER_HELD is in use). A command has at most
 *                 RESP_COMMAND_MAX bytes (resp.h).
 *   all clients   while SERVER_UNDER_WAY_ALL bytes of commands have no reply,
 *                 also those of clients that are gone, no more are taken from
 *                 data clients. While what they hold besides, commands that are
 *                 not whole and replies that they do not read, is more than
 *                 SERVER_HELD, the one that holds the most is closed. So a client
 *                 that does not read is closed when it costs the others their
 *                 room, and at SERVER_HELD by itself.
 *
 *   What is closed or refused is logged, at most every LOG_SELDOM_S seconds.
 *   The worst case, of memory:
 *
 *      10,064 connections with nothing to do, 2 KiB each           20 MiB
 *      SERVER_HELD, and a command of the one that is read last    258 MiB
 *      SERVER_UNDER_WAY_ALL, and the last command                 130 MiB
 *      the replies of one step of the core: MAIN_REPLIES and the
 *      largest one (COMMAND_REPLY_MAX), here and in the effects   136 MiB
 *                                                                 -------
 *                                                                 544 MiB
 *
 *   Twice that if every buffer has just grown, which it does by doubling. Not
 *   in it: what the kernel holds for the sockets (net.core.wmem_default for each
 *   direction of each), and the copy of a write in the log.
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
    SERVER_CLIENTS = 10000,
    SERVER_CONTROLS = 64,
    SERVER_DESCRIPTORS = 64, /* of the process, besides clients' */
    SERVER_PIPELINE = 1024,
    SERVER_UNDER_WAY = 4 * 1024 * 1024,
    SERVER_OUTPUT = 4 * 1024 * 1024,
    SERVER_OUTPUT_LOW = 64 * 1024,
    SERVER_UNDER_WAY_ALL = 128 * 1024 * 1024,
    SERVER_HELD = 256 * 1024 * 1024,
    SERVER_STRANGERS = 64,
    SERVER_STRANGER_COMMAND = 128 * 1024,
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

/* Raises the limit of open files as far as it needs and may. 0 or errno. */
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

/* How many there are, and how many there may be besides those of the control
 * socket. */
size_t server_clients(const struct server *server);
size_t server_clients_max(const struct server *server);

void server_close(struct server *server);

#endif
