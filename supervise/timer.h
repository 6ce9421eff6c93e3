/* timer: one deadline in libqb's loop.
 *
 * OWNERSHIP
 *   The struct is the caller's, and must stay where it is while armed.
 */
#ifndef HOTWARM_SUPERVISE_TIMER_H
#define HOTWARM_SUPERVISE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include <qb/qbloop.h>

struct timer {
    qb_loop_t *loop;
    void (*fire)(void *context);
    void *context;
    qb_loop_timer_handle handle;
    bool armed;
};

/* Fires once, `ms` from now; an earlier arming is forgotten. */
void timer_arm(struct timer *timer, uint64_t ms);

/* No longer fires. May be called at any time. */
void timer_stop(struct timer *timer);

/* Milliseconds of the monotonic clock. */
uint64_t timer_now_ms(void);

#endif
