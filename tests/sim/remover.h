/* remover: who removes the voters of nodes that are gone.
 *
 * WHAT
 *   As a fault, in several steps: a voter goes away, or hangs, or is cut off,
 *   or does none of that; others may hang as well; and again and again a
 *   replica, mostly the one that leads, is told to remove it. It comes back
 *   later.
 *
 *   At the end of a seed one node may be gone for ever: then its voter has to
 *   be removed, and the group has to serve without it (heal.h).
 */
#ifndef HOTWARM_SIM_REMOVER_H
#define HOTWARM_SIM_REMOVER_H

#include "tests/sim/world.h"

/* One step of that fault; 0: the first. */
void remover_step(struct world *world, uint64_t step);

/* The node does not come back. */
void remover_lose(struct world *world, struct node *node);

/* Is a request of his not answered yet? */
bool remover_waits(const struct world *world);

/* Tells the leader to remove the one that is gone for ever, if it votes. */
void remover_look(struct world *world);

#endif
