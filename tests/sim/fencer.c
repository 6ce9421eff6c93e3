#include "tests/sim/fencer.h"

#include "tests/sim/world.h"

static bool chance(struct world *world, unsigned permille)
{
    return rng_chance(&world->rng_fencer, permille);
}

static uint64_t ms(struct world *world, uint64_t low, uint64_t high)
{
    return rng_range(&world->rng_fencer, low, high) * SIM_MS;
}

static void look_again(struct world *world)
{
    sched_add(&world->sched, ms(world, 200, 600),
              (struct sched_event){.kind = SCHED_FENCE_LOOK});
}

void fencer_open(struct world *world)
{
    world->fencer.dead = chance(world, 100);
    look_again(world);
}

static uint32_t ring_of(const struct world *world, unsigned node)
{
    const struct net_node *net = &world->net.nodes[node];

    return net->up && net->ring != NULL ? net->ring->members : 0;
}

static struct fencer_op *op_at(struct world *world, size_t number)
{
    return &world->fencer.ops[number % FENCER_OPS_MAX];
}

static bool is_fencing(const struct world *world, unsigned by, unsigned target)
{
    for (size_t i = 0; i < FENCER_OPS_MAX; i++) {
        const struct fencer_op *op = &world->fencer.ops[i];
        if (op->under_way && op->target == target &&
            (op->known >> by & 1) != 0)
            return true;
    }
    return false;
}

static void begin(struct world *world, unsigned by, unsigned target)
{
    size_t number = world->fencer.count;
    struct fencer_op *op = op_at(world, number);

    if (op->under_way)
        return;
    *op = (struct fencer_op){.under_way = true,
                             .by = by,
                             .target = target,
                             .known = ring_of(world, by)};
    world->fencer.count++;
    world_trace(world, &world->nodes[by], "fences n%u", target + 1);
    sched_add(&world->sched, ms(world, 50, 1500),
              (struct sched_event){.kind = SCHED_FENCE_DONE, .a = number});
}

/* Two voters, of as many as there are to be or left over by an operator. */
static bool is_pair(const struct world *world)
{
    const struct config *config =
        ledger_config(&world->ledger, world->ledger.last);

    return world->voters == 2 || (config != NULL && config->count == 2);
}

/* Every ring that has quorum misses those that are not in it. */
static void look(struct world *world)
{
    for (unsigned by = 0; is_pair(world) && by < world->count; by++) {
        uint32_t ring = ring_of(world, by);
        if (ring == 0 || !net_quorate(&world->net, by))
            continue;
        for (unsigned target = 0; target < world->count; target++)
            if ((ring >> target & 1) == 0 && !is_fencing(world, by, target) &&
                chance(world, 500))
                begin(world, by, target);
    }
    if (!world->healing)
        look_again(world);
}

static void tell_all(struct world *world, struct fencer_op *op, size_t number)
{
    for (unsigned i = 0; i < world->count; i++) {
        if ((op->known >> i & 1) == 0 || i == op->target)
            continue;
        uint64_t delay = chance(world, 700) ? ms(world, 1, 60)
                                            : ms(world, 60, 8000);
        op->owed[i] = world->nodes[i].life + 1;
        sched_add(&world->sched, delay,
                  (struct sched_event){.kind = SCHED_FENCED,
                                       .node = i,
                                       .life = world->nodes[i].life,
                                       .a = number});
    }
}

static void done(struct world *world, size_t number)
{
    struct fencer_op *op = op_at(world, number);
    struct node *target = &world->nodes[op->target];

    op->under_way = false;
    if (world->healing || world->fencer.dead || chance(world, 100) ||
        !world->net.nodes[op->by].up)
        return;
    uint64_t down = ms(world, 300, chance(world, 500) ? 800 : 6000);
    if (chance(world, 250))
        down += ms(world, 10000, 30000);
    if (world->net.nodes[op->target].up)
        world_power_off(world, target, down);
    else /* its Corosync was down already; its process may still run */
        world_crash(world, target, down);
    target->fenced_at = world->sched.now;
    world->totals.fencings++;
    tell_all(world, op, number);
}

void fencer_event(struct world *world, const struct sched_event *event)
{
    if (event->kind == SCHED_FENCE_LOOK)
        look(world);
    else
        done(world, (size_t)event->a);
}

void fencer_mark(struct world *world, struct node *node,
                 const struct effect *effect)
{
    sched_add(&world->sched, ms(world, 1, 30),
              (struct sched_event){.kind = SCHED_MARKED,
                                   .node = node->index,
                                   .life = node->life,
                                   .a = effect->seq,
                                   .b = effect->node - 1});
}

static bool is_quiet(const struct world *world, unsigned node, unsigned target)
{
    for (size_t i = 0; i < FENCER_OPS_MAX; i++) {
        const struct fencer_op *op = &world->fencer.ops[i];
        if (op->target == target && (op->known >> node & 1) != 0 &&
            (op->under_way ||
             op->owed[node] == world->nodes[node].life + 1))
            return false;
    }
    return true;
}

void fencer_tell(struct world *world, struct node *node,
                 const struct sched_event *event)
{
    struct core_event step = {.kind = CORE_MARKED, .u.mark = event->a};

    if (event->kind == SCHED_FENCED) {
        struct fencer_op *op = op_at(world, (size_t)event->a);
        op->owed[node->index] = 0;
        step.kind = CORE_FENCED;
        step.u.node = op->target + 1;
    } else if (!is_quiet(world, node->index, (unsigned)event->b)) {
        sched_add(&world->sched, 100 * SIM_MS, *event);
        return;
    }
    world_step(world, node, &step);
}
