/* replica: the disk of this node's replica, while nothing runs on it.
 *
 * WHAT
 *   Takes the lock that says what runs (lib/places.h), and keeps it to the end of
 *   the process; then has hotwarmd --offline do what is to be done there, with
 *   the lock in its hands, as the user to whom the data belong:
 *
 *      hotwarm (root) -- flock on STATE_DIR/lock
 *         '-> hotwarmd --offline ACTION (user hotwarm)     lock     fd 3
 *                                                          answer   fd 1
 *
 *   So root opens nothing below the directory but the lock, and follows no link
 *   there. Whoever owns the directory may do the same without root.
 */
#ifndef HOTWARM_TOOLS_REPLICA_H
#define HOTWARM_TOOLS_REPLICA_H

#include <stdbool.h>

#include "lib/ctl.h"
#include "lib/places.h"
#include "tools/command.h"

struct replica {
    const struct call *call;
    struct account account;
    bool root; /* and becomes `account` */
    int lock;
};

/* 0; or errno, with one line said: EWOULDBLOCK: a daemon runs on it. */
int replica_take(struct replica *replica, const struct call *call);

/* Runs `hotwarmd --offline action`. 0, and its answer in *status, to be freed;
 * else it was said why not. */
int replica_do(const struct replica *replica, const char *action,
               struct ctl_status *status);

/* A value of that answer; "" when it is not there. */
const char *replica_get(const struct ctl_status *status, const char *key);

#endif
