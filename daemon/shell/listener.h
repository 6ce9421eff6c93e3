/* listener: a listening socket, and how many may come.
 *
 * WHAT
 *   Accepts connections up to a limit. One more is told
 *
 *      -ERR max number of clients reached
 *
 *   as by Redis, and closed; unless `make_room` has one go that is there.
 *   Without a descriptor for the next one the socket is left alone for
 *   LISTENER_PAUSE_MS, for it stays readable.
 *
 * OWNERSHIP
 *   The listening socket belongs to the listener, an accepted one to whom
 *   `opened` gives it. The struct stands still.
 */
#ifndef HOTWARM_SHELL_LISTENER_H
#define HOTWARM_SHELL_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include <qb/qbloop.h>

#include "lib/log.h"

enum { LISTENER_PAUSE_MS = 100 };

struct listener {
    qb_loop_t *loop;
    int fd;
    const char *name; /* for people */
    size_t limit, clients;
    qb_loop_timer_handle pause; /* 0: it is listened to */
    struct log_seldom refused, failed;
    void *context;
    /* A new connection; counted as one by then. False: it is not taken, and
     * was closed. */
    bool (*opened)(struct listener *listener, int fd);
    /* Has one of its connections go, which calls listener_gone. False: none
     * can. */
    bool (*make_room)(struct listener *listener);
};

/* Descriptors for `clients` connections and `others` besides: raises the limit
 * of open files as far as it may be. How many connections there may be. */
size_t listener_descriptors(size_t clients, size_t others);

/* Begins, with the fields from `loop` to `limit`, `context` and the calls
 * set, all else 0. 0 or errno. */
int listener_begin(struct listener *listener);

/* One that was given to `opened` is closed. */
void listener_gone(struct listener *listener);

void listener_end(struct listener *listener);

#endif
