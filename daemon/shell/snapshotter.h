/* snapshotter: snapshots written by a forked child.
 *
 * WHAT
 *   fork gives the child the state as it is at this moment; the daemon goes
 *   on. One child at a time, noticed by its descriptor.
 */
#ifndef HOTWARM_SHELL_SNAPSHOTTER_H
#define HOTWARM_SHELL_SNAPSHOTTER_H

#include <stdbool.h>
#include <stdint.h>

#include <qb/qbloop.h>

struct snapshotter {
    qb_loop_t *loop;
    int pidfd; /* -1: none is running */
    uint64_t seq;
    /* In the child: writes the snapshot. 0 or errno. */
    int (*write)(void *context);
    /* In the daemon: the child has ended. */
    void (*done)(void *context, uint64_t seq, bool ok);
    void *context;
};

void snapshotter_start(struct snapshotter *snapshotter, uint64_t seq);

#endif
