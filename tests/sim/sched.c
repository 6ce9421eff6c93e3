/* sched: a binary heap by (time, order). */
#include "tests/sim/sched.h"

#include <stdlib.h>

#include "lib/mem.h"

static bool earlier(const struct sched_event *a, const struct sched_event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct sched_event *a, struct sched_event *b)
{
    struct sched_event held = *a;

    *a = *b;
    *b = held;
}

void sched_free(struct sched *sched)
{
    free(sched->heap);
    *sched = (struct sched){0};
}

uint64_t sched_add(struct sched *sched, uint64_t delay,
                   struct sched_event event)
{
    size_t at = sched->count;

    if (sched->count == sched->cap) {
        sched->cap = sched->cap == 0 ? 256 : sched->cap * 2;
        sched->heap = mem_realloc(sched->heap, sched->cap, sizeof *sched->heap);
    }
    event.at = sched->now + delay;
    event.order = ++sched->order;
    sched->heap[sched->count++] = event;
    while (at > 0 && earlier(&sched->heap[at], &sched->heap[(at - 1) / 2])) {
        swap(&sched->heap[at], &sched->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    return event.order;
}

bool sched_next(struct sched *sched, struct sched_event *event)
{
    size_t at = 0;

    if (sched->count == 0)
        return false;
    *event = sched->heap[0];
    sched->heap[0] = sched->heap[--sched->count];
    for (;;) {
        size_t least = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
            if (child < sched->count &&
                earlier(&sched->heap[child], &sched->heap[least]))
                least = child;
        if (least == at)
            break;
        swap(&sched->heap[at], &sched->heap[least]);
        at = least;
    }
    sched->now = event->at;
    return true;
}
