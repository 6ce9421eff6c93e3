/* world: a simulated cluster that runs the real core under virtual time.
 *
 * WHAT
 *   Nodes with a Corosync (net.h), a disk (disk.h) and at most one process,
 *   which is a struct core. One event at a time is taken from the queue; it
 *   gives at most one core_step to one core; then the laws are checked (laws.h)
 *   and the effects carried out.
 *
 *      faults, clients, Pacemaker --> sched --> world_run --> core_step
 *                                       ^                        |
 *                                       '-- net, disk <-- effects'
 *
 *   A `life` numbers a node's processes; events for a past life are dropped.
 *   A stopped process (paused_until) gets its events when it runs again.
 *
 * INVARIANTS
 *   A seed gives the same run on every machine, byte for byte of the trace.
 *
 * OWNERSHIP
 *   world_close frees all.
 */
#ifndef HOTWARM_SIM_WORLD_H
#define HOTWARM_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/core.h"
#include "tests/sim/clients.h"
#include "tests/sim/disk.h"
#include "tests/sim/faults.h"
#include "tests/sim/fencer.h"
#include "tests/sim/ident.h"
#include "tests/sim/laws.h"
#include "tests/sim/ledger.h"
#include "tests/sim/net.h"
#include "tests/sim/rng.h"
#include "tests/sim/sched.h"
#include "tests/sim/totals.h"
#include "tests/sim/verdict.h"

struct node {
    unsigned index;
    uint32_t id;
    struct core *core; /* NULL: no process */
    uint32_t life;
    uint32_t pid;
    bool off;             /* without power */
    uint64_t fenced_at;   /* its power was last cut by fencing; 0: never */
    bool connected;       /* was given CONNECTED, and not DISCONNECTED since */
    uint32_t connections; /* of all its lives */
    bool stopping;        /* was given LEAVE */
    bool holding;         /* its clients' commands, until world_settle */
    bool tampered;        /* its snapshot was changed under it … */
    uint64_t tampered_last; /* … and its log ended there then */
    uint64_t paused_until;
    uint64_t clock_base;   /* its monotonic clock is that much ahead */
    uint64_t wall_base_ms; /* and its wall clock that much */
    uint64_t timer_order;  /* the SCHED_TIMER in force; 0: none */
    bool tick_due;         /* it came while deliveries were waiting */
    uint64_t quorum_order; /* the SCHED_QUORUM in force */
    uint64_t slow_until;   /* its disk is slow until then */
    uint64_t full_until;   /* and full until then */
    bool full;             /* as its process was told */
    bool disk_busy;        /* a SCHED_DISK is due */
    int crash_after;       /* effects until the process dies; -1: it does not */
    uint64_t crash_down;   /* and how long it is down then */
    uint32_t session_life; /* the process that `sessions` are connected to */
    unsigned sessions[2];
    struct core_status status; /* after its last step */
    struct config config;      /* the newest in its log */
    struct disk disk;
    struct laws_node laws;
};

struct world {
    uint64_t seed;
    unsigned voters;
    unsigned count; /* of nodes */
    struct core_options options;
    bool trace;
    uint64_t step;
    uint64_t step_limit; /* faults end there */
    bool healing;
    bool finished;
    uint64_t heal_from;
    uint64_t probe_at; /* the end's last requests were made then; 0: no */
    const struct node *full_for_ever; /* its disk stays full at the end */
    bool forcing;      /* a majority is about to be lost for good … */
    struct node *left; /* … and this one, away since then; NULL: any */
    const struct node *gone_for_ever; /* it does not come back at the end */
    bool pair_lost;    /* of two voters one has lost its disk at the end */
    struct sched sched;
    struct net net;
    struct node nodes[NET_NODES_MAX];
    struct idents idents;
    struct clients clients;
    struct ledger ledger;
    struct laws laws;
    struct faults faults;
    struct fencer fencer;
    unsigned promoted_wanted;
    struct effects effects;
    struct verdict verdict;
    struct totals totals;
    struct rng rng_disk, rng_load, rng_faults, rng_misc, rng_fencer;
};

/* How many voters a seed has: 2 to 5. */
unsigned world_voters(uint64_t seed);

struct world *world_open(uint64_t seed, uint64_t steps, bool trace);
void world_close(struct world *world);

/* Until a law is broken or the end is reached. True: no law is broken. */
bool world_run(struct world *world);

/* A request of a client, of Pacemaker or of an operator. Its number. */
uint64_t world_request(struct world *world, const struct op *op);

/* From here to world_settle, clients' commands are held (core.h), unless the
 * process dies. */
void world_hold(struct node *node);
void world_settle(struct world *world, struct node *node);

/* The process dies; a new one starts after `down`. */
void world_crash(struct world *world, struct node *node, uint64_t down);

/* The node loses power: process and Corosync. */
void world_power_off(struct world *world, struct node *node, uint64_t down);

/* Corosync alone dies and comes back. */
void world_corosync_restart(struct world *world, struct node *node,
                            uint64_t down);

/* SIGSTOP for that long. */
void world_pause(struct world *world, struct node *node, uint64_t length);

/* A process starts after `delay` (if none runs then). */
void world_start(struct world *world, struct node *node, uint64_t delay);

/* An empty disk for a node without a process. */
void world_wipe(struct world *world, struct node *node);

/* A line of the trace: time, node (NULL: none), text. */
void world_trace(struct world *world, const struct node *node,
                 const char *format, ...) __attribute__((format(printf, 3, 4)));

const char *world_role(enum core_role role);

/* For the files of world alone. */
void world_boot(struct world *world, struct node *node);
void world_step(struct world *world, struct node *node,
                struct core_event *event);
void world_carry_out(struct world *world, struct node *node);
void world_event(struct world *world, const struct sched_event *event);
void world_trace_step(struct world *world, const struct node *node,
                      const struct core_event *event,
                      const struct core_status *before);
void world_count(struct world *world, const struct node *node);

#endif
