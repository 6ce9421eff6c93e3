/* clock: the time that the core is told, and the one timer that it asks for.
 *
 * NOT HERE
 *   The group's clock, which moves with entries: daemon/core/entry.h.
 */
#ifndef HOTWARM_SHELL_CLOCK_H
#define HOTWARM_SHELL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <qb/qbloop.h>

uint64_t clock_monotonic_ns(void);
uint64_t clock_wall_ms(void);

struct clock_timer {
    qb_loop_t *loop;
    qb_loop_timer_handle handle;
    bool running;
    uint64_t runs_ns; /* when the loop's timer fires */
    uint64_t due_ns;  /* when `fire` is wanted; UINT64_MAX: never */
    void (*fire)(void *context);
    void *context;
};

/* Replaces the time for which `fire` is wanted. It may fire late, never early. */
void clock_timer_set(struct clock_timer *timer, uint64_t due_ns);

void clock_timer_stop(struct clock_timer *timer);

#endif
