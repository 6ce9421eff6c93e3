/* auth: the password of clients that come by TCP.
 *
 * WHAT
 *   As Redis with requirepass: AUTH [default] PASSWORD, or HELLO's AUTH; before
 *   that every command is answered with NOAUTH. A wrong password is answered
 *   after AUTH_DELAY_MS, and logged; its client has only one command under way
 *   (daemon/shell/server.h), so it tries once in that time.
 *
 * OWNERSHIP
 *   struct auth is the caller's; what calls it back runs from the loop.
 *
 * NOT HERE
 *   The limits of strangers: server.h. The file: lib/secret.h.
 */
#ifndef HOTWARM_DAEMON_AUTH_H
#define HOTWARM_DAEMON_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include <qb/qbloop.h>

#include "daemon/shell/server.h"
#include "lib/secret.h"

enum { AUTH_DELAY_MS = 1000 };

struct auth_wrong;

struct auth {
    qb_loop_t *loop;
    struct server *server;
    struct secret secret;
    struct auth_wrong *wrong; /* to be answered */
};

/* Reads the password from its open file, which the caller closes. 0; or errno
 * with a sentence in `error`. */
int auth_open(struct auth *auth, qb_loop_t *loop, struct server *server, int fd,
              char *error, size_t error_size);

/* A command of a client of that access. True when it is answered, or will be;
 * false when it is to be carried out as any client's. */
bool auth_takes(struct auth *auth, uint64_t number, enum server_access access,
                const struct core_arg *argv, size_t argc);

void auth_close(struct auth *auth);

#endif
