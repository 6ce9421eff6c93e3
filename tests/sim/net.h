/* net: a model of Corosync's CPG, with what it really does to messages.
 *
 * WHAT
 *   Nodes that reach each other form a ring; a ring has one agreed order.
 *
 *      net_multicast -> outgoing queue -> ring's order -> received by each
 *        (TRY_AGAIN, the node's own)      (SCHED_NET_SEND)  (per receiver, late)
 *                                              |
 *      world <- net_take <- inbox, per process <-'  delivered in order, no gaps
 *
 *   - A sender has its own message at once, the others later.
 *   - A cut loses the token a moment later: nothing more is ordered. After the
 *     detection time each part forms a new ring. Members that come along from
 *     one old ring first share what any of them received and deliver the rest
 *     of the old order; past a gap only what those sent who come along too.
 *     All this before the membership.
 *   - What was queued but not ordered goes out in the NEXT ring.
 *   - A process that joins or dies on a living node changes the membership at
 *     once, in order with the messages.
 *   - A node that dies may stay in the others' lists for long (a ghost).
 *   - A stopped Corosync (net_freeze) keeps its old ring, is left behind, and
 *     later comes back by way of a ring of its own.
 *   "Hostile" goes beyond CPG: deliveries are lost, doubled, swapped, replayed.
 *
 * INVARIANTS
 *   Without "hostile" each node delivers a ring's messages in the ring's order.
 *   Deliveries and memberships of one node are one FIFO.
 *
 * OWNERSHIP
 *   net copies what is sent; net_take gives a packet away: net_packet_drop.
 *
 * NOT HERE
 *   When to break what: faults.h. What messages say: they are opaque.
 */
#ifndef HOTWARM_SIM_NET_H
#define HOTWARM_SIM_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/core.h"
#include "tests/sim/rng.h"
#include "tests/sim/sched.h"

#define NET_NODES_MAX 8
#define NET_LIST_MAX 24
#define NET_GHOSTS_MAX 16
#define NET_REPLAY_MAX 16

enum packet_kind { PACKET_DATA = 1, PACKET_JOIN, PACKET_LEAVE };

struct packet {
    unsigned refs;
    enum packet_kind kind;
    unsigned from; /* index of the node */
    struct core_member sender;
    size_t len;
    uint8_t data[];
};

struct packet_queue {
    struct packet **items;
    size_t head;
    size_t count;
    size_t cap;
};

enum inbox_kind { INBOX_MESSAGE = 1, INBOX_MEMBERS };

struct inbox_item {
    enum inbox_kind kind;
    struct packet *packet;
    struct core_member list[NET_LIST_MAX];
    size_t list_count;
    int quorate; /* with a membership: the ring's flag; -1: no news */
};

struct ring_message {
    struct packet *packet;
    uint32_t have; /* one bit per node that received it */
};

struct ring {
    struct ring *next;
    uint64_t id;
    uint32_t members;
    unsigned users;
    bool torn;           /* not all members reach each other any more */
    bool closed;         /* its token is lost: nothing more is ordered */
    unsigned token_side; /* which part of a torn ring still has the token */
    struct ring_message *messages;
    size_t count;
    size_t cap;
};

struct net_node {
    bool up;            /* Corosync runs */
    bool saw_all;       /* and has been in a ring of all nodes */
    bool frozen;        /* ... but is stopped */
    bool silent_return; /* its way back tells nothing of a lost quorum */
    unsigned side;      /* nodes of one side reach each other */
    struct ring *ring;
    size_t delivered; /* in the ring's order */
    struct packet_queue outgoing;
    bool sending; /* a SCHED_NET_SEND is due */
    uint64_t stalled_until;
    bool handle; /* a process has a CPG handle */
    bool joined; /* and its own join was delivered */
    uint32_t pid;
    uint32_t life;
    struct inbox_item *inbox;
    size_t inbox_head;
    size_t inbox_count;
    size_t inbox_cap;
    bool pumping; /* a SCHED_PUMP is due */
    struct core_member view[NET_LIST_MAX];
    size_t view_count;
    struct packet *replay[NET_REPLAY_MAX];
    unsigned replay_at;
};

struct net_ghost {
    struct core_member member;
    uint32_t observers; /* 0: free */
};

struct net {
    struct sched *sched;
    struct rng rng;
    unsigned count;
    struct net_node nodes[NET_NODES_MAX];
    struct ring *rings;
    uint64_t ring_ids;
    bool block[NET_NODES_MAX][NET_NODES_MAX]; /* [from][to] */
    struct net_ghost ghosts[NET_GHOSTS_MAX];
    unsigned loss;     /* permille of packets that need a retransmission */
    unsigned tail;     /* permille of packets that are very late */
    unsigned hostile;  /* permille of deliveries that are mangled */
    uint64_t messages; /* totals */
    uint64_t ghost_count;
    uint64_t forks; /* deliveries past a gap */
};

/* All Corosyncs up, one side, one ring, no processes. */
void net_open(struct net *net, struct sched *sched, struct rng rng,
              unsigned count);
void net_close(struct net *net);

/* A process's CPG handle: joins with `pid`. `life` comes back in SCHED_PUMP. */
void net_join(struct net *net, unsigned node, uint32_t pid, uint32_t life);

/* The process is gone (or closed its handle): its inbox and an end of its
 * queued messages are lost, the others hear of it in order. */
void net_leave(struct net *net, unsigned node);

void net_multicast(struct net *net, unsigned node, const uint8_t *data,
                   size_t len);

/* How many of the node's messages wait to be ordered. */
size_t net_queued(const struct net *net, unsigned node);

/* The next delivery for the node's process; false when there is none. */
bool net_take(struct net *net, unsigned node, struct inbox_item *item);
bool net_waiting(const struct net *net, unsigned node);
void net_packet_drop(struct packet *packet);

/* Carries out a SCHED_NET_* event. */
void net_event(struct net *net, const struct sched_event *event);

/* Who reaches whom: one side per node. Rings follow after `detect`. */
void net_sides(struct net *net, const unsigned *sides, uint64_t detect);

/* The node's messages stay queued (TRY_AGAIN) for `length`. */
void net_stall(struct net *net, unsigned node, uint64_t length);

void net_freeze(struct net *net, unsigned node, uint64_t length,
                bool silent_return);

/* Corosync dies: queues and the handle are gone. With `ghost`, the others keep
 * its process in their lists for that long. */
void net_corosync_down(struct net *net, unsigned node, uint64_t ghost);
void net_corosync_up(struct net *net, unsigned node);

/* True when the node's present ring is a majority of the cluster; of two nodes
 * (two_node, wait_for_all) one that saw the other since its start will do. */
bool net_quorate(const struct net *net, unsigned node);

void net_ghosts_end(struct net *net);

/* For net.c and net_ring.c only. */
struct packet *net_packet(enum packet_kind kind, unsigned from,
                          struct core_member sender, const void *data,
                          size_t len);
void net_kick(struct net *net, unsigned node, uint64_t delay);
void net_deliver(struct net *net, unsigned node, struct packet *packet);
void net_tell_members(struct net *net, unsigned node, int quorate);
void net_ring_send(struct net *net, unsigned node);
void net_ring_receive(struct net *net, unsigned node, uint64_t ring,
                      uint64_t message);
void net_ring_form(struct net *net, uint32_t members);
void net_ring_leave(struct net *net, unsigned node);
void net_ring_disturbed(struct net *net);
void net_ring_token(struct net *net, uint64_t ring);
void net_ring_reform(struct net *net);
struct packet *net_queue_pop(struct packet_queue *queue);
void net_queue_push(struct packet_queue *queue, struct packet *packet);

#endif
