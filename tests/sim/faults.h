/* faults: what is broken when.
 *
 * WHAT
 *   A seed has a profile: a table of weights over actions, and how often. Some
 *   actions are scripts, directed schedules of several steps with random
 *   variations. Triggers strike at the rare moments where it hurts: a leader
 *   was just elected, a configuration was just appended, a snapshot is just
 *   being installed.
 *
 * INVARIANTS
 *   Never are the disks of so many voters destroyed that an acknowledged write
 *   may be lost: in every configuration that is or may come in force, a
 *   majority keeps its disk, also without those that an operator calls gone
 *   (faults_may_destroy).
 *
 * NOT HERE
 *   How a broken thing behaves: net.h, disk.h, world.h. Mending: heal.h.
 */
#ifndef HOTWARM_SIM_FAULTS_H
#define HOTWARM_SIM_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/sched.h"

struct world;
struct node;

#define FAULTS_FOR_EVER (100000 * SIM_S) /* longer than any seed */

struct faults {
    const struct faults_profile *profile;
    unsigned sides[8];
    bool held;       /* a script wants no other faults for now */
    unsigned stage;  /* of the figure-8 schedule, 0: not under way */
    unsigned second; /* node: its second leader */
    unsigned losses; /* disks destroyed so far */
    unsigned loss_budget;
    uint64_t cuts;
};

/* Chooses the seed's profile; the first fault is scheduled. */
void faults_open(struct world *world);
const char *faults_name(const struct world *world);

/* SCHED_FAULT and SCHED_SCRIPT. */
void faults_event(struct world *world, const struct sched_event *event);

/* No more faults: everything that is broken is mended. */
void faults_end(struct world *world);

/* Triggers. */
void faults_on_leader(struct world *world, struct node *node);
void faults_on_config(struct world *world, struct node *node);
void faults_on_install(struct world *world, struct node *node);
void faults_on_commit(struct world *world, struct node *node);

/* How long a node that dies now stays in the others' lists; 0: it does not. One
 * that is gone for ever may stay as long. */
uint64_t faults_ghost(struct world *world);

/* How often Pacemaker does what it should not, in permille of its turns. */
unsigned faults_mischief(const struct world *world);

bool faults_may_destroy(struct world *world, const struct node *node);

#endif
