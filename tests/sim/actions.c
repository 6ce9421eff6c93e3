#include "tests/sim/actions.h"

#include <string.h>

#include "tests/sim/load.h"

static uint64_t ms(struct world *world, uint64_t low, uint64_t high)
{
    return rng_range(&world->rng_faults, low, high) * SIM_MS;
}

static bool chance(struct world *world, unsigned permille)
{
    return rng_chance(&world->rng_faults, permille);
}

void action_later(struct world *world, uint64_t delay, unsigned script,
                  uint64_t step)
{
    sched_add(
        &world->sched, delay,
        (struct sched_event){.kind = SCHED_SCRIPT, .a = script, .b = step});
}

struct node *action_leader(struct world *world)
{
    struct node *leader = NULL;

    for (unsigned i = 0; i < world->count; i++) {
        struct node *node = &world->nodes[i];
        if (node->core != NULL && node->status.role == CORE_ROLE_LEADER &&
            (leader == NULL || node->status.epoch > leader->status.epoch))
            leader = node;
    }
    return leader;
}

struct node *action_running(struct world *world)
{
    unsigned first = rng_pick(&world->rng_faults, world->count);

    for (unsigned i = 0; i < world->count; i++) {
        struct node *node = &world->nodes[(first + i) % world->count];
        if (node->core != NULL)
            return node;
    }
    return NULL;
}

/* Where it hurts: the leader, a promoted one, or anybody. */
static struct node *victim(struct world *world)
{
    struct node *leader = action_leader(world);

    if (leader != NULL && chance(world, 400))
        return leader;
    if (chance(world, 300))
        for (unsigned i = 0; i < world->count; i++)
            if (world->nodes[i].core != NULL && world->nodes[i].status.promoted)
                return &world->nodes[i];
    return action_running(world);
}

void action_writes(struct world *world, unsigned count)
{
    for (unsigned i = 0; i < world->count; i++) {
        struct node *node = &world->nodes[i];
        for (unsigned n = 0; n < count; n++)
            if (node->core != NULL && node->status.open &&
                node->paused_until <= world->sched.now &&
                world->verdict.law == NULL)
                load_write(world, node);
    }
}

void action_cut(struct world *world, uint64_t detect)
{
    world->faults.cuts++;
    world_trace(world, NULL, "cut %u%u%u%u%u%u%u", world->faults.sides[0],
                world->faults.sides[1], world->faults.sides[2],
                world->faults.sides[3], world->faults.sides[4],
                world->faults.sides[5], world->faults.sides[6]);
    net_sides(&world->net, world->faults.sides, detect);
}

void action_join(struct world *world)
{
    memset(world->faults.sides, 0, sizeof world->faults.sides);
    world_trace(world, NULL, "joined");
    net_sides(&world->net, world->faults.sides, ms(world, 10, 250));
}

void action_alone(struct world *world, struct node *node)
{
    memset(world->faults.sides, 0, sizeof world->faults.sides);
    world->faults.sides[node->index] = 1;
    action_cut(world, ms(world, 60, 300));
}

static bool cut_random(struct world *world, unsigned parts)
{
    for (unsigned i = 0; i < world->count; i++)
        world->faults.sides[i] = rng_pick(&world->rng_faults, parts);
    action_cut(world, ms(world, 60, 300));
    action_later(world, ms(world, 50, 1800), SCRIPT_JOIN, 0);
    return true;
}

static bool isolate(struct world *world)
{
    struct node *node = victim(world);

    if (node == NULL)
        return false;
    action_alone(world, node);
    action_later(world, ms(world, 100, 2500), SCRIPT_JOIN, 0);
    return true;
}

static bool flap(struct world *world)
{
    uint64_t at = 0;

    for (unsigned i = 0; i < 3 + rng_pick(&world->rng_faults, 4); i++) {
        at += ms(world, 1, 200);
        action_later(world, at, ACTION_FLAP, i % 2);
    }
    action_later(world, at + ms(world, 10, 300), SCRIPT_JOIN, 0);
    return true;
}

static bool deaf(struct world *world)
{
    unsigned to = rng_pick(&world->rng_faults, world->count);
    unsigned only = rng_pick(&world->rng_faults, world->count * 2);

    for (unsigned from = 0; from < world->count; from++)
        if (only >= world->count || only == from)
            world->net.block[from][to] = true;
    world_trace(world, &world->nodes[to], "deaf");
    action_later(world, ms(world, 20, 600), SCRIPT_UNBLOCK, 0);
    if (chance(world, 600))
        action_later(world, ms(world, 1, 40),
                     chance(world, 500) ? ACTION_CUT_MANY : ACTION_CUT_TWO, 0);
    return true;
}

static bool power_all(struct world *world)
{
    uint64_t down = ms(world, 20, 200);

    for (unsigned i = 0; i < world->count; i++)
        world_power_off(world, &world->nodes[i],
                        down + ms(world, 0, chance(world, 500) ? 50 : 1500));
    return true;
}

bool action_destroy(struct world *world, struct node *node, bool wipe)
{
    struct disk_image before;
    bool names_group;

    if (node == NULL || node->core == NULL || !faults_may_destroy(world, node))
        return false;
    before = node->disk.image;
    if (!wipe && before.promise == NULL)
        return false;
    world_crash(world, node, ms(world, 30, 400));
    if (wipe) {
        world_wipe(world, node);
    } else {
        ident_bury(&world->idents, &node->disk.image, node->index);
        /* Who is giving up its data has a new UUID, which the data mean nothing
         * to: it loses that with its P file only. */
        names_group = !uuid_is_none(&node->disk.image.group);
        if (chance(world, 400) || !names_group ||
            !disk_damage_log(&node->disk, &world->rng_faults))
            disk_lose_promise(&node->disk);
        world->totals.damaged_disks++;
        world_trace(world, node, "disk damaged, log ends at %llu",
                    (unsigned long long)disk_last(&node->disk.image));
    }
    world->faults.losses++;
    return true;
}

static bool destroy(struct world *world, bool wipe)
{
    if (world->faults.losses >= world->faults.loss_budget)
        return false;
    return action_destroy(world, action_running(world), wipe);
}

static bool leader_flush(struct world *world)
{
    struct node *leader = action_leader(world);

    if (leader == NULL)
        return false;
    if (chance(world, 500))
        leader->slow_until = world->sched.now + ms(world, 10, 100);
    action_writes(world, 1 + rng_pick(&world->rng_faults, 3));
    sched_add(&world->sched, rng_below(&world->rng_faults, 4000) * SIM_US,
              (struct sched_event){.kind = SCHED_CRASH,
                                   .node = leader->index,
                                   .life = leader->life,
                                   .a = ms(world, 20, 900)});
    return true;
}

static bool crash(struct world *world, enum action action)
{
    struct node *node = victim(world);

    if (node == NULL)
        return false;
    switch (action) {
    case ACTION_CRASH:
        world_crash(world, node, ms(world, 10, 1200));
        break;
    case ACTION_CRASH_MID:
        node->crash_after = (int)rng_pick(&world->rng_faults, 6);
        node->crash_down = ms(world, 10, 800);
        break;
    case ACTION_POWER:
        world_power_off(world, node, ms(world, 20, 1500));
        break;
    case ACTION_PAUSE:
        world_pause(world, node, ms(world, 5, 1500));
        break;
    case ACTION_FREEZE: {
        uint64_t length = ms(world, 50, 1500);
        world_pause(world, node, length);
        net_freeze(&world->net, node->index, length, chance(world, 700));
        break;
    }
    default:
        world_corosync_restart(world, node, ms(world, 5, 500));
        break;
    }
    return true;
}

static bool hamper(struct world *world, enum action action)
{
    struct node *node = victim(world);

    if (node == NULL)
        return false;
    switch (action) {
    case ACTION_STALL:
        net_stall(&world->net, node->index, ms(world, 5, 800));
        break;
    case ACTION_SLOW_DISK:
        node->slow_until = world->sched.now + ms(world, 50, 1500);
        break;
    case ACTION_FULL_DISK: {
        uint64_t until = world->sched.now + ms(world, 50, 3000);
        bool several = chance(world, 250);
        for (unsigned i = 0; i < world->count; i++)
            if (&world->nodes[i] == node || (several && chance(world, 700)))
                world->nodes[i].full_until = until;
        world_trace(world, node, "disk full%s", several ? ", not alone" : "");
        break;
    }
    case ACTION_CLOCK:
        node->wall_base_ms = rng_below(&world->rng_faults, 100000000);
        break;
    case ACTION_LOSS:
        world->net.loss = rng_pick(&world->rng_faults, 300);
        world->net.tail = rng_pick(&world->rng_faults, 200);
        action_later(world, ms(world, 100, 1000), SCRIPT_CALM, 0);
        break;
    default:
        world->net.hostile = rng_pick(&world->rng_faults, 200);
        action_later(world, ms(world, 100, 2000), SCRIPT_CALM, 0);
        break;
    }
    return true;
}

bool action_do(struct world *world, enum action action)
{
    switch (action) {
    case ACTION_CRASH:
    case ACTION_CRASH_MID:
    case ACTION_POWER:
    case ACTION_PAUSE:
    case ACTION_FREEZE:
    case ACTION_COROSYNC:
        return crash(world, action);
    case ACTION_STALL:
    case ACTION_SLOW_DISK:
    case ACTION_FULL_DISK:
    case ACTION_CLOCK:
    case ACTION_LOSS:
    case ACTION_HOSTILE:
        return hamper(world, action);
    case ACTION_POWER_ALL:
        return power_all(world);
    case ACTION_CUT_TWO:
        return cut_random(world, 2);
    case ACTION_CUT_MANY:
        return cut_random(world, 3);
    case ACTION_ISOLATE:
        return isolate(world);
    case ACTION_FLAP:
        return flap(world);
    case ACTION_DEAF:
        return deaf(world);
    case ACTION_WIPE:
        return destroy(world, true);
    case ACTION_DAMAGE:
        return destroy(world, false);
    case ACTION_LEADER_FLUSH:
        return leader_flush(world);
    default:
        return script_begin(world, action);
    }
}
