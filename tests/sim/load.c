#include "tests/sim/load.h"

static void next(struct world *world, enum sched_kind kind, uint64_t low_ms,
                 uint64_t high_ms)
{
    sched_add(&world->sched,
              rng_range(&world->rng_load, low_ms * 1000, high_ms * 1000) *
                  SIM_US,
              (struct sched_event){.kind = kind});
}

void load_open(struct world *world)
{
    next(world, SCHED_LOAD, 50, 200);
    next(world, SCHED_PACEMAKER, 100, 500);
}

static bool able(const struct world *world, const struct node *node)
{
    return node->core != NULL && !node->stopping &&
           node->paused_until <= world->sched.now;
}

static unsigned session_of(struct world *world, struct node *node)
{
    if (node->session_life != node->life + 1) {
        node->session_life = node->life + 1;
        for (unsigned i = 0; i < 2; i++)
            node->sessions[i] =
                clients_session(&world->clients, node->index, node->life);
    }
    return node->sessions[rng_pick(&world->rng_load, 2)];
}

static unsigned filler(struct rng *rng)
{
    if (rng_chance(rng, 30))
        return (unsigned)rng_range(rng, 700, 1600); /* more than a batch */
    return rng_chance(rng, 300) ? (unsigned)rng_range(rng, 50, 300) : 0;
}

uint64_t load_write(struct world *world, struct node *node)
{
    struct rng *rng = &world->rng_load;
    struct op op = {.node = node->index};
    unsigned draw = rng_pick(rng, 100);

    op.session = session_of(world, node);
    if (draw < 35) {
        op.kind = OP_INCR;
        op.key = CLIENTS_KEYS + op.session;
    } else {
        op.kind = draw < 40 ? OP_SET_EXPIRING : OP_SET;
        op.key = rng_pick(rng, CLIENTS_KEYS);
        op.filler = filler(rng);
    }
    return world_request(world, &op);
}

uint64_t load_read(struct world *world, struct node *node)
{
    struct rng *rng = &world->rng_load;
    struct op op = {.node = node->index};

    op.session = session_of(world, node);
    op.kind = rng_chance(rng, 150) ? OP_GET_LOCAL : OP_GET;
    op.key = rng_chance(rng, 200)
                 ? CLIENTS_KEYS + rng_pick(rng, world->clients.session_count)
                 : rng_pick(rng, CLIENTS_KEYS);
    return world_request(world, &op);
}

/* Mostly where writes are taken; sometimes anywhere. */
static struct node *choose_node(struct world *world)
{
    unsigned first = rng_pick(&world->rng_load, world->count);
    bool anywhere = rng_chance(&world->rng_load, 120);

    for (unsigned i = 0; i < world->count; i++) {
        struct node *node = &world->nodes[(first + i) % world->count];
        if (able(world, node) && (anywhere || node->status.open))
            return node;
    }
    return NULL;
}

void load_tick(struct world *world)
{
    struct node *node = choose_node(world);
    struct rng *rng = &world->rng_load;
    unsigned burst = rng_chance(rng, 250) ? 1 + rng_pick(rng, 5) : 1;
    uint32_t life = node == NULL ? 0 : node->life;

    if (world->healing)
        return;
    next(world, SCHED_LOAD, 10, 110);
    if (node != NULL && burst > 1)
        world_hold(node);
    while (node != NULL && burst-- > 0 && able(world, node) &&
           node->life == life && world->verdict.law == NULL) {
        if (world->clients.open > 60)
            break;
        if (rng_chance(rng, 700))
            load_write(world, node);
        else
            load_read(world, node);
    }
    if (node != NULL && node->life == life && node->holding &&
        world->verdict.law == NULL)
        world_settle(world, node);
}

static uint64_t ask(struct world *world, struct node *node, enum op_kind kind)
{
    struct op op = {.node = node->index, .kind = kind};

    return world_request(world, &op);
}

static unsigned promoted_count(const struct world *world)
{
    unsigned count = 0;

    for (unsigned i = 0; i < world->count; i++) {
        const struct node *node = &world->nodes[i];
        /* One that was cut off is lost to Pacemaker's majority. Of one that the
         * log has replaced it does not always hear: here never. */
        count += able(world, node) &&
                 (node->status.open || node->status.replaced) &&
                 net_quorate(&world->net, i);
    }
    return count;
}

static struct node *best_node(struct world *world)
{
    struct node *best = NULL;
    unsigned first = rng_pick(&world->rng_load, world->count);

    for (unsigned i = 0; i < world->count; i++) {
        struct node *node = &world->nodes[(first + i) % world->count];
        if (able(world, node) && node->status.score > 0 &&
            node->status.quorate && !node->status.promoted &&
            (best == NULL || node->status.score > best->status.score))
            best = node;
    }
    return best;
}

/* One that Pacemaker takes for promoted and that is offered no more: first one
 * that the log has replaced, which is demoted whoever else there is. */
static struct node *unoffered_node(struct world *world)
{
    struct node *open = NULL;

    for (unsigned i = 0; i < world->count; i++) {
        struct node *node = &world->nodes[i];
        if (!able(world, node) || node->status.score != 0 ||
            !net_quorate(&world->net, i))
            continue;
        if (node->status.replaced)
            return node;
        if (node->status.open)
            open = node;
    }
    return open;
}

/* What Pacemaker should not do, and sometimes does. */
static void mischief(struct world *world)
{
    struct rng *rng = &world->rng_load;
    struct node *node = &world->nodes[rng_pick(rng, world->count)];
    struct node *other = &world->nodes[rng_pick(rng, world->count)];

    if (rng_chance(rng, 400)) {
        if (able(world, node))
            ask(world, node, OP_PROMOTE);
        if (able(world, other) && other != node && world->verdict.law == NULL)
            ask(world, other, OP_PROMOTE);
    } else if (able(world, node) && node->status.promoted) {
        ask(world, node, OP_DEMOTE);
        if (able(world, other) && other != node && world->verdict.law == NULL &&
            rng_chance(rng, 600))
            ask(world, other, OP_PROMOTE);
    } else if (able(world, node) && node->connected) {
        ask(world, node, OP_LEAVE);
        /* What does not stop in time is killed. */
        sched_add(&world->sched, 2 * SIM_S,
                  (struct sched_event){.kind = SCHED_CRASH,
                                       .node = node->index,
                                       .life = node->life,
                                       .a = 100 * SIM_MS});
    }
}

void load_pacemaker(struct world *world)
{
    struct rng *rng = &world->rng_load;
    struct node *best, *other;

    next(world, SCHED_PACEMAKER, 100, 400);
    if (!world->healing && rng_chance(rng, faults_mischief(world))) {
        mischief(world);
        return;
    }
    best = best_node(world);
    other = unoffered_node(world);
    if (other != NULL && (best != NULL || other->status.replaced))
        ask(world, other, OP_DEMOTE);
    if (best != NULL && world->verdict.law == NULL &&
        promoted_count(world) < world->promoted_wanted)
        ask(world, best, OP_PROMOTE);
}
