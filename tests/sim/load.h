/* load: clients that read and write, and a Pacemaker that promotes.
 *
 * WHAT
 *   Clients sit on every node, mostly where writes are taken. Pacemaker looks
 *   around now and then and promotes by score, as many as the group's mode
 *   allows; when a profile wants it, also where it must not.
 */
#ifndef HOTWARM_SIM_LOAD_H
#define HOTWARM_SIM_LOAD_H

#include "tests/sim/world.h"

void load_open(struct world *world);

/* SCHED_LOAD. */
void load_tick(struct world *world);

/* SCHED_PACEMAKER. */
void load_pacemaker(struct world *world);

/* One write on that node now; its request number. */
uint64_t load_write(struct world *world, struct node *node);
uint64_t load_read(struct world *world, struct node *node);

#endif
