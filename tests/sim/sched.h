/* sched: virtual time, as a queue of events.
 *
 * WHAT
 *   Time stands still until sched_next takes the earliest event and moves the
 *   clock to it. Events of one instant come out in the order they were added.
 *
 * INVARIANTS
 *   now never goes back.
 *
 * NOT HERE
 *   What an event means: world.c dispatches, net.c has the NET ones.
 */
#ifndef HOTWARM_SIM_SCHED_H
#define HOTWARM_SIM_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_US UINT64_C(1000)
#define SIM_MS UINT64_C(1000000)
#define SIM_S UINT64_C(1000000000)

enum sched_kind {
    SCHED_NET_SEND = 1, /* node: order what it has queued */
    SCHED_NET_RECEIVE,  /* node; a: ring, b: message index */
    SCHED_NET_TOKEN,    /* a: ring: its token is lost if it is still torn */
    SCHED_NET_REFORM,   /* rings follow who can reach whom */
    SCHED_NET_THAW,     /* node: a stopped Corosync runs on */
    SCHED_NET_GHOST,    /* a: ghost: it leaves the membership lists */
    SCHED_PUMP,         /* node, life: the next delivery */
    SCHED_TIMER,        /* node, life; a: which setting */
    SCHED_DISK,         /* node, life: the writer finishes something */
    SCHED_SNAPSHOT,     /* node, life: a snapshot's file is whole */
    SCHED_READ,         /* node, life; a: offset, b: length */
    SCHED_QUORUM,       /* node, life; a: flag */
    SCHED_CONNECT,      /* node, life: join the CPG group */
    SCHED_DISCONNECTED, /* node, life: the handle is dead */
    SCHED_START,        /* node, life: a process starts */
    SCHED_POWER_UP,     /* node: Corosync runs again */
    SCHED_CRASH,        /* node, life; a: down for */
    SCHED_MARKED,       /* node, life; a: mark, b: node: fencing is quiet */
    SCHED_FENCED,       /* node, life; a: operation: it was done */
    SCHED_FENCE_LOOK,   /* who is missed is fenced */
    SCHED_FENCE_DONE,   /* a: operation */
    SCHED_LOAD,         /* clients */
    SCHED_PACEMAKER,    /* promotes and demotes */
    SCHED_FAULT,        /* the next fault */
    SCHED_SCRIPT,       /* a, b: one step of a directed schedule */
    SCHED_HEAL          /* the end phase looks whether all is well */
};

struct sched_event {
    uint64_t at;
    uint64_t order;
    enum sched_kind kind;
    unsigned node;
    uint32_t life; /* of the process it is for; see world.h */
    uint64_t a;
    uint64_t b;
};

struct sched {
    uint64_t now;
    uint64_t order;
    struct sched_event *heap;
    size_t count;
    size_t cap;
};

void sched_free(struct sched *sched);

/* Adds a copy of `event`, due `delay` from now. Its order number. */
uint64_t sched_add(struct sched *sched, uint64_t delay,
                   struct sched_event event);

/* Takes the earliest; false when there is none. */
bool sched_next(struct sched *sched, struct sched_event *event);

#endif
