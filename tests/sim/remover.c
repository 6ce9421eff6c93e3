#include "tests/sim/remover.h"

#include "tests/sim/actions.h"

#define STEPS 12

static uint64_t ms(struct world *world, uint64_t low, uint64_t high)
{
    return rng_range(&world->rng_faults, low, high) * SIM_MS;
}

static bool chance(struct world *world, unsigned permille)
{
    return rng_chance(&world->rng_faults, permille);
}

static void ask(struct world *world, struct node *node, uint32_t target)
{
    struct op op = {.node = node->index, .kind = OP_REMOVE, .target = target};

    if (node->core != NULL && node->paused_until <= world->sched.now)
        world_request(world, &op);
}

static void send_away(struct world *world, struct node *node)
{
    switch (rng_pick(&world->rng_faults, 8)) {
    case 0:
        world_pause(world, node, ms(world, 500, 6000));
        break;
    case 1:
        action_alone(world, node);
        action_later(world, ms(world, 500, 4000), SCRIPT_JOIN, 0);
        break;
    case 2:
        break; /* it stays */
    case 3:
        world_crash(world, node, ms(world, 500, 6000));
        break;
    default:
        world_power_off(world, node, ms(world, 800, 8000));
        break;
    }
}

/* Another one hangs, or dies, just when it is needed. */
static void hamper(struct world *world)
{
    struct node *node =
        &world->nodes[rng_pick(&world->rng_faults, world->count)];
    struct node *leader = action_leader(world);

    if (chance(world, 700))
        world_pause(world, node, ms(world, 20, 2500));
    else if (leader != NULL && chance(world, 500))
        action_alone(world, leader);
    else
        world_crash(world, node, ms(world, 20, 900));
    action_later(world, ms(world, 100, 1500), SCRIPT_JOIN, 0);
}

void remover_step(struct world *world, uint64_t step)
{
    struct node *leader = action_leader(world);
    uint32_t target = (uint32_t)(step / STEPS);
    uint64_t at = step % STEPS;

    if (step == 0) {
        struct node *node =
            &world->nodes[rng_pick(&world->rng_faults, world->count)];
        target = node->id;
        if (node != leader || chance(world, 100))
            send_away(world, node);
    } else if (leader != NULL && chance(world, 900)) {
        ask(world, leader, target);
    } else {
        ask(world, &world->nodes[rng_pick(&world->rng_faults, world->count)],
            target);
    }
    if (world->verdict.law == NULL && chance(world, 120))
        hamper(world);
    if (at + 1 < STEPS)
        action_later(world, ms(world, 10, 500), ACTION_REMOVE,
                     target * STEPS + at + 1);
}

void remover_lose(struct world *world, struct node *node)
{
    world->gone_for_ever = node;
    world->totals.gone_for_ever++;
    world_trace(world, node, "is gone for ever");
    world_power_off(world, node, FAULTS_FOR_EVER);
}

bool remover_waits(const struct world *world)
{
    const struct clients *clients = &world->clients;

    for (size_t i = clients->first_open; i < clients->count; i++)
        if (clients->ops[i].kind == OP_REMOVE &&
            clients->ops[i].state == OP_OPEN)
            return true;
    return false;
}

void remover_look(struct world *world)
{
    const struct node *gone = world->gone_for_ever;
    struct node *leader = action_leader(world);

    if (gone != NULL && leader != NULL &&
        config_find_node(&leader->config, gone->id) >= 0 && chance(world, 300))
        ask(world, leader, gone->id);
}
