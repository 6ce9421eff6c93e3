/* net: processes, queues and deliveries; rings are net_ring.c's. */
#include "tests/sim/net.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

struct packet *net_packet(enum packet_kind kind, unsigned from,
                          struct core_member sender, const void *data,
                          size_t len)
{
    struct packet *packet = mem_calloc(1, sizeof *packet + len);

    packet->refs = 1;
    packet->kind = kind;
    packet->from = from;
    packet->sender = sender;
    packet->len = len;
    if (len > 0)
        memcpy(packet->data, data, len);
    return packet;
}

void net_packet_drop(struct packet *packet)
{
    if (packet != NULL && --packet->refs == 0)
        free(packet);
}

void net_queue_push(struct packet_queue *queue, struct packet *packet)
{
    if (queue->head > 0 && queue->head + queue->count == queue->cap) {
        memmove(queue->items, queue->items + queue->head,
                queue->count * sizeof *queue->items);
        queue->head = 0;
    }
    if (queue->count == queue->cap) {
        queue->cap = queue->cap == 0 ? 16 : queue->cap * 2;
        queue->items =
            mem_realloc(queue->items, queue->cap, sizeof *queue->items);
    }
    queue->items[queue->head + queue->count++] = packet;
}

struct packet *net_queue_pop(struct packet_queue *queue)
{
    struct packet *packet = queue->items[queue->head++];

    if (--queue->count == 0)
        queue->head = 0;
    return packet;
}

static void queue_clear(struct packet_queue *queue)
{
    while (queue->count > 0)
        net_packet_drop(net_queue_pop(queue));
}

static void inbox_clear(struct net_node *node)
{
    for (size_t i = 0; i < node->inbox_count; i++)
        net_packet_drop(node->inbox[node->inbox_head + i].packet);
    node->inbox_head = 0;
    node->inbox_count = 0;
    for (unsigned i = 0; i < NET_REPLAY_MAX; i++) {
        net_packet_drop(node->replay[i]);
        node->replay[i] = NULL;
    }
}

static struct inbox_item *inbox_add(struct net *net, unsigned at)
{
    struct net_node *node = &net->nodes[at];
    struct inbox_item *item;

    if (node->inbox_head + node->inbox_count == node->inbox_cap) {
        if (node->inbox_head > node->inbox_cap / 2) {
            memmove(node->inbox, node->inbox + node->inbox_head,
                    node->inbox_count * sizeof *node->inbox);
            node->inbox_head = 0;
        } else {
            node->inbox_cap = node->inbox_cap == 0 ? 16 : node->inbox_cap * 2;
            node->inbox =
                mem_realloc(node->inbox, node->inbox_cap, sizeof *node->inbox);
        }
    }
    item = &node->inbox[node->inbox_head + node->inbox_count++];
    memset(item, 0, sizeof *item);
    item->quorate = -1;
    if (!node->pumping) {
        node->pumping = true;
        sched_add(net->sched, rng_range(&net->rng, 5, 60) * SIM_US,
                  (struct sched_event){
                      .kind = SCHED_PUMP, .node = at, .life = node->life});
    }
    return item;
}

static void inbox_message(struct net *net, unsigned at, struct packet *packet)
{
    struct inbox_item *item = inbox_add(net, at);

    item->kind = INBOX_MESSAGE;
    item->packet = packet;
    packet->refs++;
}

/* Beyond CPG: lose it, say it twice, change places, bring back an old one. */
static void inbox_hostile(struct net *net, unsigned at, struct packet *packet)
{
    struct net_node *node = &net->nodes[at];
    unsigned what = rng_pick(&net->rng, 4);
    struct packet *old = node->replay[rng_pick(&net->rng, NET_REPLAY_MAX)];

    if (what == 0)
        return;
    inbox_message(net, at, packet);
    if (what == 1) {
        inbox_message(net, at, packet);
    } else if (what == 2 && node->inbox_count >= 2) {
        struct inbox_item *last =
            &node->inbox[node->inbox_head + node->inbox_count - 1];
        struct inbox_item *other =
            &node->inbox[node->inbox_head +
                         rng_pick(&net->rng, (unsigned)node->inbox_count - 1)];
        if (other->kind == INBOX_MESSAGE) {
            struct packet *held = last->packet;
            last->packet = other->packet;
            other->packet = held;
        }
    } else if (old != NULL) {
        inbox_message(net, at, old);
    }
}

static void remember(struct net_node *node, struct packet *packet)
{
    net_packet_drop(node->replay[node->replay_at]);
    node->replay[node->replay_at] = packet;
    node->replay_at = (node->replay_at + 1) % NET_REPLAY_MAX;
    packet->refs++;
}

static void view_remove(struct net_node *node, struct core_member member)
{
    for (size_t i = 0; i < node->view_count; i++) {
        if (node->view[i].node != member.node ||
            node->view[i].pid != member.pid)
            continue;
        memmove(&node->view[i], &node->view[i + 1],
                (--node->view_count - i) * sizeof node->view[0]);
        return;
    }
}

static void view_add(struct net_node *node, struct core_member member)
{
    view_remove(node, member);
    if (node->view_count < NET_LIST_MAX)
        node->view[node->view_count++] = member;
}

void net_tell_members(struct net *net, unsigned at, int quorate)
{
    struct net_node *node = &net->nodes[at];
    struct inbox_item *item;

    if (!node->handle || !node->joined)
        return;
    item = inbox_add(net, at);
    item->kind = INBOX_MEMBERS;
    memcpy(item->list, node->view, sizeof item->list);
    item->list_count = node->view_count;
    item->quorate = quorate;
}

void net_deliver(struct net *net, unsigned at, struct packet *packet)
{
    struct net_node *node = &net->nodes[at];

    switch (packet->kind) {
    case PACKET_DATA:
        if (!node->handle || !node->joined)
            return;
        if (net->hostile > 0)
            remember(node, packet);
        if (rng_chance(&net->rng, net->hostile))
            inbox_hostile(net, at, packet);
        else
            inbox_message(net, at, packet);
        return;
    case PACKET_JOIN:
        if (packet->from == at && node->handle &&
            packet->sender.pid == node->pid)
            node->joined = true;
        view_add(node, packet->sender);
        /* The ring may have changed while it joined: its quorum connection
         * tells it, whatever CPG does. */
        net_tell_members(net, at,
                         packet->from == at ? net_quorate(net, at) : -1);
        return;
    case PACKET_LEAVE:
        view_remove(node, packet->sender);
        net_tell_members(net, at, -1);
        return;
    }
}

void net_open(struct net *net, struct sched *sched, struct rng rng,
              unsigned count)
{
    *net = (struct net){.sched = sched, .rng = rng, .count = count};
    for (unsigned i = 0; i < count; i++)
        net->nodes[i].up = true;
    net_ring_form(net, (1u << count) - 1);
}

void net_close(struct net *net)
{
    for (unsigned i = 0; i < net->count; i++) {
        struct net_node *node = &net->nodes[i];

        inbox_clear(node);
        queue_clear(&node->outgoing);
        net_ring_leave(net, i);
        free(node->inbox);
        free(node->outgoing.items);
    }
    assert(net->rings == NULL);
}

void net_kick(struct net *net, unsigned at, uint64_t delay)
{
    struct net_node *node = &net->nodes[at];

    if (node->sending || node->outgoing.count == 0 || !node->up)
        return;
    node->sending = true;
    sched_add(net->sched, delay,
              (struct sched_event){.kind = SCHED_NET_SEND, .node = at});
}

static void enqueue(struct net *net, unsigned at, struct packet *packet)
{
    net_queue_push(&net->nodes[at].outgoing, packet);
    net_kick(net, at, rng_range(&net->rng, 20, 600) * SIM_US);
}

static struct core_member self(const struct net *net, unsigned at)
{
    return (struct core_member){.node = at + 1, .pid = net->nodes[at].pid};
}

void net_join(struct net *net, unsigned at, uint32_t pid, uint32_t life)
{
    struct net_node *node = &net->nodes[at];

    assert(node->up && !node->handle);
    inbox_clear(node);
    node->handle = true;
    node->joined = false;
    node->pid = pid;
    node->life = life;
    node->pumping = false;
    enqueue(net, at, net_packet(PACKET_JOIN, at, self(net, at), NULL, 0));
}

void net_leave(struct net *net, unsigned at)
{
    struct net_node *node = &net->nodes[at];
    size_t lose = rng_chance(&net->rng, 500)
                      ? rng_pick(&net->rng, (unsigned)node->outgoing.count + 1)
                      : 0;

    if (!node->handle)
        return;
    /* The end of the queue had not been accepted by Corosync yet. */
    while (lose-- > 0) {
        struct packet_queue *queue = &node->outgoing;
        struct packet *last = queue->items[queue->head + queue->count - 1];
        if (last->kind != PACKET_DATA || last->sender.pid != node->pid)
            break;
        net_packet_drop(last);
        queue->count--;
    }
    enqueue(net, at, net_packet(PACKET_LEAVE, at, self(net, at), NULL, 0));
    inbox_clear(node);
    node->handle = false;
    node->joined = false;
}

void net_multicast(struct net *net, unsigned at, const uint8_t *data,
                   size_t len)
{
    if (!net->nodes[at].handle)
        return;
    net->messages++;
    enqueue(net, at, net_packet(PACKET_DATA, at, self(net, at), data, len));
}

size_t net_queued(const struct net *net, unsigned node)
{
    return net->nodes[node].outgoing.count;
}

bool net_waiting(const struct net *net, unsigned node)
{
    return net->nodes[node].inbox_count > 0;
}

bool net_take(struct net *net, unsigned at, struct inbox_item *item)
{
    struct net_node *node = &net->nodes[at];

    if (node->inbox_count == 0)
        return false;
    *item = node->inbox[node->inbox_head++];
    if (--node->inbox_count == 0)
        node->inbox_head = 0;
    return true;
}

static void reform_after(struct net *net, uint64_t delay)
{
    sched_add(net->sched, delay,
              (struct sched_event){.kind = SCHED_NET_REFORM});
}

void net_sides(struct net *net, const unsigned *sides, uint64_t detect)
{
    for (unsigned i = 0; i < net->count; i++)
        net->nodes[i].side = sides[i];
    net_ring_disturbed(net);
    reform_after(net, detect);
}

void net_stall(struct net *net, unsigned node, uint64_t length)
{
    net->nodes[node].stalled_until = net->sched->now + length;
}

void net_freeze(struct net *net, unsigned at, uint64_t length,
                bool silent_return)
{
    struct net_node *node = &net->nodes[at];

    if (!node->up || node->frozen)
        return;
    node->frozen = true;
    node->silent_return = silent_return;
    net_ring_disturbed(net);
    reform_after(net, rng_range(&net->rng, 80, 300) * SIM_MS);
    sched_add(net->sched, length,
              (struct sched_event){.kind = SCHED_NET_THAW, .node = at});
}

/* If it was left behind, it first is a ring of its own; then they merge. */
static void thaw(struct net *net, unsigned at)
{
    struct net_node *node = &net->nodes[at];
    bool left = false;

    if (!node->up || !node->frozen)
        return;
    node->frozen = false;
    for (unsigned i = 0; i < net->count; i++)
        if ((node->ring->members & (1u << i)) != 0 &&
            net->nodes[i].ring != node->ring)
            left = true;
    if (left || node->ring->closed)
        net_ring_form(net, 1u << at);
    node->silent_return = false;
    reform_after(net, rng_range(&net->rng, 1, 60) * SIM_MS);
    net_kick(net, at, rng_range(&net->rng, 1, 20) * SIM_MS);
}

static void ghost_make(struct net *net, unsigned at, uint64_t length)
{
    struct net_node *node = &net->nodes[at];

    for (unsigned i = 0; i < NET_GHOSTS_MAX; i++) {
        struct net_ghost *ghost = &net->ghosts[i];
        if (ghost->observers != 0)
            continue;
        ghost->member = self(net, at);
        ghost->observers = node->ring->members & ~(1u << at);
        if (ghost->observers == 0)
            return;
        net->ghost_count++;
        sched_add(net->sched, length,
                  (struct sched_event){.kind = SCHED_NET_GHOST, .a = i});
        return;
    }
}

static void ghost_end(struct net *net, uint64_t which)
{
    struct net_ghost *ghost = &net->ghosts[which];
    uint32_t observers = ghost->observers;

    ghost->observers = 0;
    for (unsigned i = 0; i < net->count; i++) {
        if ((observers & (1u << i)) == 0)
            continue;
        /* The same node and pid may be alive again. */
        if (net->nodes[ghost->member.node - 1].joined &&
            net->nodes[ghost->member.node - 1].pid == ghost->member.pid)
            continue;
        view_remove(&net->nodes[i], ghost->member);
        net_tell_members(net, i, -1);
    }
}

void net_ghosts_end(struct net *net)
{
    for (unsigned i = 0; i < NET_GHOSTS_MAX; i++)
        if (net->ghosts[i].observers != 0)
            ghost_end(net, i);
}

void net_corosync_down(struct net *net, unsigned at, uint64_t ghost)
{
    struct net_node *node = &net->nodes[at];

    if (!node->up)
        return;
    if (ghost > 0 && node->joined)
        ghost_make(net, at, ghost);
    node->up = false;
    node->frozen = false;
    inbox_clear(node);
    queue_clear(&node->outgoing);
    node->handle = false;
    node->joined = false;
    node->view_count = 0;
    net_ring_leave(net, at);
    net_ring_disturbed(net);
    reform_after(net, rng_range(&net->rng, 80, 300) * SIM_MS);
}

void net_corosync_up(struct net *net, unsigned at)
{
    if (net->nodes[at].up)
        return;
    net->nodes[at].up = true;
    net->nodes[at].saw_all = false;
    net_ring_form(net, 1u << at);
    reform_after(net, rng_range(&net->rng, 5, 200) * SIM_MS);
}

bool net_quorate(const struct net *net, unsigned node)
{
    const struct ring *ring = net->nodes[node].ring;

    if (ring != NULL && net->count == 2)
        return net->nodes[node].saw_all;
    return ring != NULL &&
           (unsigned)__builtin_popcount(ring->members) * 2 > net->count;
}

void net_event(struct net *net, const struct sched_event *event)
{
    switch (event->kind) {
    case SCHED_NET_SEND:
        net_ring_send(net, event->node);
        break;
    case SCHED_NET_RECEIVE:
        net_ring_receive(net, event->node, event->a, event->b);
        break;
    case SCHED_NET_TOKEN:
        net_ring_token(net, event->a);
        break;
    case SCHED_NET_REFORM:
        net_ring_reform(net);
        break;
    case SCHED_NET_THAW:
        thaw(net, event->node);
        break;
    default:
        assert(event->kind == SCHED_NET_GHOST);
        if (net->ghosts[event->a].observers != 0)
            ghost_end(net, event->a);
        break;
    }
}
