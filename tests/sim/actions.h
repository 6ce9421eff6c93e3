/* actions: the single things that can be broken. faults.h says when.
 *
 * WHAT
 *   An action draws its own victim and how long it lasts, and mends itself.
 *   Those in scripts.c take several steps.
 */
#ifndef HOTWARM_SIM_ACTIONS_H
#define HOTWARM_SIM_ACTIONS_H

#include <stdbool.h>

#include "tests/sim/world.h"

enum action {
    ACTION_CRASH,     /* one process */
    ACTION_CRASH_MID, /* one process, between the effects of a step */
    ACTION_POWER,     /* one node */
    ACTION_POWER_ALL, /* all nodes, back one by one */
    ACTION_CUT_TWO,   /* two parts */
    ACTION_CUT_MANY,  /* three parts */
    ACTION_ISOLATE,   /* the leader, or a promoted one, alone */
    ACTION_FLAP,      /* cuts and joins faster than they are detected */
    ACTION_DEAF,      /* one node gets packets late, from some or all */
    ACTION_PAUSE,     /* a stopped process */
    ACTION_FREEZE,    /* a stopped node, Corosync too */
    ACTION_COROSYNC,  /* Corosync killed and back */
    ACTION_STALL,     /* TRY_AGAIN for a while */
    ACTION_SLOW_DISK,
    ACTION_FULL_DISK,    /* of one node, or of several */
    ACTION_CLOCK,        /* a wall clock jumps */
    ACTION_LOSS,         /* a time of much retransmission */
    ACTION_HOSTILE,      /* a time beyond CPG */
    ACTION_WIPE,         /* a process killed and its disk replaced */
    ACTION_DAMAGE,       /* ... its log cut below the mark, or P lost */
    ACTION_LEADER_FLUSH, /* the leader dies right after a write came in */
    ACTION_AWAY,         /* a node is away long, under writes; donors die too */
    ACTION_TAMPER,       /* a follower's snapshot is changed */
    ACTION_FORK,         /* the schedule of design section 5 */
    ACTION_FIGURE8,      /* leaders that append, die and come back */
    ACTION_RECONFIGURE,  /* a voter replaced while leaders are cut off */
    ACTION_REMOVE,       /* a voter goes away, and is removed (remover.h) */
    ACTION_COUNT
};

/* Carries it out; false when nothing could be broken that way just now. */
bool action_do(struct world *world, enum action action);

/* One step of a script. */
void action_script(struct world *world, unsigned script, uint64_t step);

/* Parts as they are in faults.sides, told to the net. */
void action_cut(struct world *world, uint64_t detect);
void action_join(struct world *world);
/* Later steps: `script` is an enum action or one of these. */
enum {
    SCRIPT_JOIN = ACTION_COUNT,
    SCRIPT_UNBLOCK,
    SCRIPT_CALM,
    SCRIPT_RELEASE,
    SCRIPT_WIPE,
    SCRIPT_STAGE
};
void action_later(struct world *world, uint64_t delay, unsigned script,
                  uint64_t step);

struct node *action_leader(struct world *world);
struct node *action_running(struct world *world);
void action_alone(struct world *world, struct node *node);

/* For actions.c and scripts.c. */
bool script_begin(struct world *world, enum action action);
/* A leader was elected, an entry was called committed: the figure-8 schedule
 * goes on from there. */
void script_on_leader(struct world *world, struct node *node);
void script_on_commit(struct world *world);
bool action_destroy(struct world *world, struct node *node, bool wipe);
void action_writes(struct world *world, unsigned count);

#endif
