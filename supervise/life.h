/* life: what the supervisor does about what happens.
 *
 * STATES
 *   starting   the daemon runs, "ready" was not said yet
 *   serving    "ready" was said
 *   stopping   a stop was asked for; the daemon may still run
 *   reporting  the daemon ended, or was killed, unasked: Pacemaker is told
 *   clearing   score and reason are being deleted
 *   gone       the loop ends
 *
 *                 starting    serving     stopping    reporting   clearing
 *     ready       serving     -           -           -           -
 *     stop        stopping    stopping    sooner      clearing    answered
 *     silent      -           kill,       -           -           -
 *                             reporting
 *     ended       clearing    reporting   clearing    -           gone, if cleared
 *     reported    .           .           .           clearing    .
 *     cleared     .           .           .           .           gone, if ended
 *
 *   - nothing to do; . cannot happen.
 *
 * INVARIANTS
 *   Pacemaker is told of a failure at most once, and never once a stop was
 *   asked for. A failure before "ready" is told by the start alone.
 *   "gone" is not reached while the daemon lives. In gone, the sockets are
 *   removed and the lock is released before a stop is answered, so that a
 *   start may follow at once.
 *   All: tests/supervise/run.
 *
 *   Marks are passed on only with fencing=required, while the daemon lives.
 */
#ifndef HOTWARM_SUPERVISE_LIFE_H
#define HOTWARM_SUPERVISE_LIFE_H

#include <stddef.h>

#include <qb/qbloop.h>

#include "supervise/child.h"
#include "supervise/launch.h"
#include "supervise/options.h"
#include "supervise/sockets.h"

struct life_settings {
    const struct options *options;
    const char *node;
    const struct child_settings *child;
    struct sockets *sockets; /* removed at the end */
    struct launch *launch;   /* told how the start went */
    int *lock_fd;            /* closed at the end and set to -1 */
};

struct life;

/* Starts the daemon and all around it. 0; or errno with a sentence in `error`.
 * What `settings` points to must outlive it. */
int life_start(qb_loop_t *loop, const struct life_settings *settings,
               struct life **life, char *error, size_t error_size);

/* As a stop on GROUP.sup. */
void life_stop(struct life *life);

/* After the loop: 0 when it was stopped, 1 when the daemon failed. */
int life_status(const struct life *life);

/* NULL is allowed. */
void life_free(struct life *life);

#endif
