#include "supervise/timer.h"

#include <time.h>

#include "lib/log.h"

static void timer_on_fire(void *data)
{
    struct timer *timer = data;

    timer->armed = false;
    timer->fire(timer->context);
}

void timer_arm(struct timer *timer, uint64_t ms)
{
    timer_stop(timer);
    int32_t status = qb_loop_timer_add(timer->loop, QB_LOOP_HIGH, ms * 1000000,
                                       timer, timer_on_fire, &timer->handle);
    if (status < 0)
        log_err("a timer could not be set: error %d", -status);
    timer->armed = status == 0;
}

void timer_stop(struct timer *timer)
{
    if (timer->armed)
        qb_loop_timer_del(timer->loop, timer->handle);
    timer->armed = false;
}

uint64_t timer_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
