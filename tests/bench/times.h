/* times: how long each of many things took, for tests/bench. */
#ifndef HOTWARM_BENCH_TIMES_H
#define HOTWARM_BENCH_TIMES_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

struct times {
    double *list; /* microseconds */
    size_t count, cap;
};

static inline double times_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static inline void times_add(struct times *times, double us)
{
    if (times->count == times->cap) {
        times->cap = times->cap == 0 ? 1024 : times->cap * 2;
        times->list =
            realloc(times->list, times->cap * sizeof(*times->list));
        if (times->list == NULL)
            abort();
    }
    times->list[times->count++] = us;
}

static inline int times_compare(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return *left < *right ? -1 : *left > *right;
}

/* The median; there must be at least one. */
static inline double times_p50(struct times *times)
{
    if (times->count == 0)
        abort();
    qsort(times->list, times->count, sizeof(*times->list), times_compare);
    return times->list[times->count / 2];
}

#endif
