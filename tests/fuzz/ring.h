/* ring: a few replicas that hear each other, and what may happen to them.
 *
 * WHAT
 *   Runs one of a few short stories, always the same way: a group is made,
 *   written to, joined, cut and led again. Who watches is told of every event
 *   before it is given to a replica, and so learns what real messages, P files,
 *   snapshots and logs look like, and how to bring a replica into any role:
 *   by giving it the first of these events again.
 *
 * NOT HERE
 *   Faults and laws: tests/sim.
 */
#ifndef HOTWARM_TESTS_FUZZ_RING_H
#define HOTWARM_TESTS_FUZZ_RING_H

#include "tests/fuzz/replica.h"

enum { RING_REPLICAS = 4 };

enum ring_story {
    RING_ALONE, /* one voter, promoted */
    RING_THREE, /* warm: writes, a late joiner, a leader that is cut off */
    RING_HOT,   /* the same, with two promoted */
    RING_PAIR,  /* two voters with fencing, of which one goes on alone */
    RING_STORIES
};

struct ring_watch {
    /* Before the event. */
    void (*event)(void *context, size_t replica,
                  const struct core_event *event);
    /* At the end, when all still run. */
    void (*end)(void *context, size_t replica, const struct replica *state);
    void *context;
};

struct core_options ring_options(enum ring_story story, size_t replica);
struct uuid ring_fresh(size_t replica);

void ring_tell(enum ring_story story, const struct ring_watch *watch);

#endif
