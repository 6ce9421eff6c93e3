/* fencer: Pacemaker's fencing, as far as a group of two voters sees it.
 *
 * WHAT
 *   Who has quorum and misses a node has it fenced: after a while its power is
 *   cut, and every node that knew of the operation is told (CORE_FENCED), most at
 *   once, some seconds later, when the node may long be back. A device may be
 *   dead, for ever or once. Two halves may both begin; who is off does not end
 *   what it began.
 *
 *   A mark (EFFECT_FENCE_MARK) is answered when no operation against that node
 *   that this one knows of is under way, or is still to be told to it.
 *
 * NOT HERE
 *   What may be concluded from it: laws.h (law minority).
 */
#ifndef HOTWARM_SIM_FENCER_H
#define HOTWARM_SIM_FENCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sim/sched.h"

struct world;
struct node;
struct effect;

#define FENCER_OPS_MAX 32

struct fencer_op {
    bool under_way;
    unsigned by, target; /* nodes */
    uint32_t known;      /* one bit per node that knows of it */
    uint32_t owed[8];    /* to be told: the process's life and 1; 0: nothing */
};

struct fencer {
    bool dead; /* no fencing ever succeeds in this seed */
    struct fencer_op ops[FENCER_OPS_MAX]; /* the newest */
    size_t count;                         /* ever begun */
};

void fencer_open(struct world *world);

/* SCHED_FENCE_LOOK, SCHED_FENCE_DONE. */
void fencer_event(struct world *world, const struct sched_event *event);

/* SCHED_FENCED, SCHED_MARKED: for a process that runs. */
void fencer_tell(struct world *world, struct node *node,
                 const struct sched_event *event);

void fencer_mark(struct world *world, struct node *node,
                 const struct effect *effect);

#endif
