#include "daemon/shell/clock.h"

#include <time.h>

uint64_t clock_monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static void clock_start(struct clock_timer *timer);

/* A time that moves away (every message from the leader moves one) costs
 * nothing until the old one comes. */
static void on_timer(void *data)
{
    struct clock_timer *timer = data;

    timer->running = false;
    if (timer->due_ns <= clock_monotonic_ns())
        timer->fire(timer->context);
    else
        clock_start(timer);
}

static void clock_start(struct clock_timer *timer)
{
    uint64_t now = clock_monotonic_ns();

    if (timer->due_ns == UINT64_MAX)
        return;
    if (timer->running && timer->runs_ns <= timer->due_ns)
        return;
    clock_timer_stop(timer);
    uint64_t in_ns = timer->due_ns > now ? timer->due_ns - now : 1;
    timer->runs_ns = now + in_ns;
    timer->running = qb_loop_timer_add(timer->loop, QB_LOOP_MED, in_ns, timer,
                                       on_timer, &timer->handle) == 0;
}

void clock_timer_set(struct clock_timer *timer, uint64_t due_ns)
{
    timer->due_ns = due_ns;
    clock_start(timer);
}

void clock_timer_stop(struct clock_timer *timer)
{
    if (timer->running)
        qb_loop_timer_del(timer->loop, timer->handle);
    timer->running = false;
}
