/* heal: the end of a seed, when nothing is broken any more.
 *
 * WHAT
 *   Faults stop, what is broken is mended, silenced replicas get a new disk.
 *   Within HEAL_BOUND of virtual time the group has to serve (law serving):
 *   one leader that all follow, everything applied, as many voters as expected,
 *   equal states, a promoted replica; and then a new write at each promoted
 *   replica and a read at each replica must be answered well.
 *
 *   One disk may stay full, or one node away (remover.h): then the others.
 */
#ifndef HOTWARM_SIM_HEAL_H
#define HOTWARM_SIM_HEAL_H

#include "tests/sim/world.h"

#define HEAL_BOUND (60 * SIM_S)

void heal_begin(struct world *world);

/* A replica calls something new committed. */
void heal_on_commit(struct world *world, const struct node *node);

/* SCHED_HEAL: looks; sets world->finished when all is well. */
void heal_look(struct world *world);

#endif
