/* net_ring: a ring's order, and what a change of rings delivers. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "tests/sim/net.h"

static uint32_t bit(unsigned node)
{
    return 1u << node;
}

static void ring_free(struct net *net, struct ring *ring)
{
    struct ring **link = &net->rings;

    while (*link != ring)
        link = &(*link)->next;
    *link = ring->next;
    for (size_t i = 0; i < ring->count; i++)
        net_packet_drop(ring->messages[i].packet);
    free(ring->messages);
    free(ring);
}

void net_ring_leave(struct net *net, unsigned at)
{
    struct ring *ring = net->nodes[at].ring;

    net->nodes[at].ring = NULL;
    if (ring != NULL && --ring->users == 0)
        ring_free(net, ring);
}

static bool ring_whole(const struct net *net, const struct ring *ring)
{
    int side = -1;

    for (unsigned i = 0; i < net->count; i++) {
        const struct net_node *node = &net->nodes[i];
        if ((ring->members & bit(i)) == 0)
            continue;
        if (!node->up || node->frozen || node->ring != ring)
            return false;
        if (side >= 0 && node->side != (unsigned)side)
            return false;
        side = (int)node->side;
    }
    return true;
}

/* A torn ring's token is somewhere: that part may order a little more. */
void net_ring_disturbed(struct net *net)
{
    for (struct ring *ring = net->rings; ring != NULL; ring = ring->next) {
        unsigned first;

        if (ring->torn || ring->closed || ring_whole(net, ring))
            continue;
        ring->torn = true;
        first = rng_pick(&net->rng, net->count);
        while ((ring->members & bit(first % net->count)) == 0)
            first++;
        ring->token_side = net->nodes[first % net->count].side;
        sched_add(net->sched, rng_below(&net->rng, 3000) * SIM_US,
                  (struct sched_event){.kind = SCHED_NET_TOKEN, .a = ring->id});
    }
}

void net_ring_token(struct net *net, uint64_t id)
{
    for (struct ring *ring = net->rings; ring != NULL; ring = ring->next) {
        if (ring->id != id)
            continue;
        ring->torn = false;
        if (!ring_whole(net, ring))
            ring->closed = true;
    }
}

static void deliver_ready(struct net *net, unsigned at)
{
    struct net_node *node = &net->nodes[at];
    struct ring *ring = node->ring;

    while (node->delivered < ring->count &&
           (ring->messages[node->delivered].have & bit(at)) != 0)
        net_deliver(net, at, ring->messages[node->delivered++].packet);
}

static uint64_t flight(struct net *net)
{
    if (rng_chance(&net->rng, net->tail))
        return rng_range(&net->rng, 2, 30) * SIM_MS;
    return rng_range(&net->rng, 40, 400) * SIM_US;
}

static void order(struct net *net, unsigned at, struct packet *packet)
{
    struct ring *ring = net->nodes[at].ring;

    if (ring->count == ring->cap) {
        ring->cap = ring->cap == 0 ? 64 : ring->cap * 2;
        ring->messages =
            mem_realloc(ring->messages, ring->cap, sizeof *ring->messages);
    }
    ring->messages[ring->count++] =
        (struct ring_message){.packet = packet, .have = bit(at)};
    for (unsigned i = 0; i < net->count; i++) {
        uint64_t delay = flight(net);

        if (i == at || (ring->members & bit(i)) == 0)
            continue;
        /* Not received at first: any holder's retransmission, later. */
        if (net->block[at][i] || rng_chance(&net->rng, net->loss))
            delay += rng_range(&net->rng, 4, 25) * SIM_MS;
        sched_add(net->sched, delay,
                  (struct sched_event){.kind = SCHED_NET_RECEIVE,
                                       .node = i,
                                       .a = ring->id,
                                       .b = ring->count - 1});
    }
    deliver_ready(net, at);
}

void net_ring_send(struct net *net, unsigned at)
{
    struct net_node *node = &net->nodes[at];
    struct ring *ring = node->ring;
    unsigned budget = 1 + rng_pick(&net->rng, 12);

    node->sending = false;
    if (!node->up || node->frozen || ring->closed)
        return; /* the next ring kicks it */
    if (ring->torn && ring->token_side != node->side) {
        net_kick(net, at, SIM_MS);
        return;
    }
    if (node->stalled_until > net->sched->now) {
        net_kick(net, at, node->stalled_until - net->sched->now);
        return;
    }
    while (budget-- > 0 && node->outgoing.count > 0)
        order(net, at, net_queue_pop(&node->outgoing));
    net_kick(net, at, rng_range(&net->rng, 50, 500) * SIM_US);
}

static bool reachable(const struct net *net, const struct ring *ring,
                      uint32_t have, unsigned to)
{
    const struct net_node *node = &net->nodes[to];

    for (unsigned i = 0; i < net->count; i++) {
        const struct net_node *from = &net->nodes[i];
        if ((have & bit(i)) != 0 && from->up && !from->frozen &&
            from->ring == ring && from->side == node->side &&
            !net->block[i][to])
            return true;
    }
    return false;
}

void net_ring_receive(struct net *net, unsigned at, uint64_t id, uint64_t which)
{
    struct net_node *node = &net->nodes[at];
    struct ring *ring = node->ring;
    struct ring_message *message;

    if (!node->up || ring == NULL || ring->id != id)
        return;
    message = &ring->messages[which];
    if ((message->have & bit(at)) != 0)
        return;
    if (node->frozen || !reachable(net, ring, message->have, at)) {
        if (!ring->closed)
            sched_add(net->sched, rng_range(&net->rng, 4, 20) * SIM_MS,
                      (struct sched_event){.kind = SCHED_NET_RECEIVE,
                                           .node = at,
                                           .a = id,
                                           .b = which});
        return;
    }
    message->have |= bit(at);
    deliver_ready(net, at);
}

/* What those who come along from one old ring still deliver of it. */
static void recover(struct net *net, struct ring *ring, uint32_t along)
{
    for (unsigned at = 0; at < net->count; at++) {
        struct net_node *node = &net->nodes[at];
        bool gap = false;

        if ((along & bit(at)) == 0)
            continue;
        for (size_t i = node->delivered; i < ring->count; i++) {
            struct ring_message *message = &ring->messages[i];
            if ((message->have & along) == 0) {
                gap = true;
            } else if (!gap || (along & bit(message->packet->from)) != 0) {
                net->forks += gap && message->packet->kind == PACKET_DATA;
                net_deliver(net, at, message->packet);
            }
        }
        node->delivered = ring->count;
    }
}

static bool seen_as_ghost(const struct net *net, const struct net_ghost *ghost,
                          unsigned by)
{
    const struct net_node *node;

    if ((ghost->observers & bit(by)) == 0)
        return false;
    node = &net->nodes[ghost->member.node - 1];
    return !node->joined || node->pid != ghost->member.pid;
}

static void tell_ring(struct net *net, struct ring *ring)
{
    for (unsigned at = 0; at < net->count; at++) {
        struct net_node *node = &net->nodes[at];
        if ((ring->members & bit(at)) == 0)
            continue;
        if ((unsigned)__builtin_popcount(ring->members) == net->count)
            node->saw_all = true;
        int quorate = net_quorate(net, at);
        node->view_count = 0;
        for (unsigned i = 0; i < net->count; i++)
            if ((ring->members & bit(i)) != 0 && net->nodes[i].joined)
                node->view[node->view_count++] = (struct core_member){
                    .node = i + 1, .pid = net->nodes[i].pid};
        for (unsigned i = 0; i < NET_GHOSTS_MAX; i++)
            if (seen_as_ghost(net, &net->ghosts[i], at) &&
                node->view_count < NET_LIST_MAX)
                node->view[node->view_count++] = net->ghosts[i].member;
        if (node->silent_return && quorate == 0)
            quorate = -1;
        net_tell_members(net, at, quorate);
        net_kick(net, at, rng_range(&net->rng, 1, 8) * SIM_MS);
    }
}

void net_ring_form(struct net *net, uint32_t members)
{
    struct ring *ring = mem_calloc(1, sizeof *ring);

    for (unsigned at = 0; at < net->count; at++) {
        struct ring *old = net->nodes[at].ring;
        uint32_t along = 0;

        if ((members & bit(at)) == 0 || old == NULL)
            continue;
        for (unsigned i = at; i < net->count; i++)
            if ((members & bit(i)) != 0 && net->nodes[i].ring == old)
                along |= bit(i);
        recover(net, old, along);
        for (unsigned i = 0; i < net->count; i++)
            if ((along & bit(i)) != 0)
                net_ring_leave(net, i);
    }
    ring->id = ++net->ring_ids;
    ring->members = members;
    ring->next = net->rings;
    net->rings = ring;
    for (unsigned at = 0; at < net->count; at++) {
        if ((members & bit(at)) == 0)
            continue;
        net->nodes[at].ring = ring;
        net->nodes[at].delivered = 0;
        ring->users++;
    }
    tell_ring(net, ring);
}

void net_ring_reform(struct net *net)
{
    uint32_t done = 0;

    for (unsigned at = 0; at < net->count; at++) {
        const struct net_node *node = &net->nodes[at];
        uint32_t members = 0;

        if ((done & bit(at)) != 0 || !node->up || node->frozen)
            continue;
        for (unsigned i = at; i < net->count; i++)
            if (net->nodes[i].up && !net->nodes[i].frozen &&
                net->nodes[i].side == node->side)
                members |= bit(i);
        done |= members;
        if (node->ring->closed || node->ring->members != members ||
            !ring_whole(net, node->ring))
            net_ring_form(net, members);
    }
}
