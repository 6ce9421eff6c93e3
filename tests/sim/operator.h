/* operator: what an administrator does when a majority is lost for good.
 *
 * WHAT
 *   At the end of a seed, when all is well, some writes are under way when every
 *   process dies. One of the replicas that hold all that was committed is forced
 *   (daemon/core/force.h) and starts; what was the end of its log is now history.
 *   Or one that had been away while the others went on: what it lacks is lost, for
 *   the ledger too (rewind.h), and nothing else. The others start later, on their old disks, in whatever order: they are
 *   foreign then. They must hear that they are, and are reset.
 *
 * INVARIANTS
 *   Once forced, the ledger is the new group's. A foreign replica acknowledges
 *   nothing (law beside), and what it thinks is committed does not count.
 */
#ifndef HOTWARM_SIM_OPERATOR_H
#define HOTWARM_SIM_OPERATOR_H

#include "tests/sim/world.h"

/* By chance, once in a seed: true when it has begun, and is to be gone on with by
 * operator_force after a moment. */
bool operator_begins(struct world *world);

/* All processes die; one replica is forced, and starts. */
void operator_force(struct world *world);

/* Is it one of the group that was left behind? */
bool operator_is_foreign(const struct world *world, const struct node *node);

/* Kills the process and has it give up what it holds at its next start, as
 * hotwarm reset does. */
void operator_reset(struct world *world, struct node *node);

#endif
