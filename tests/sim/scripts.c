/* scripts: directed schedules for what chance alone finds too seldom. */
#include <string.h>

#include "tests/sim/actions.h"
#include "tests/sim/load.h"
#include "tests/sim/remover.h"

static uint64_t ms(struct world *world, uint64_t low, uint64_t high)
{
    return rng_range(&world->rng_faults, low, high) * SIM_MS;
}

static bool chance(struct world *world, unsigned permille)
{
    return rng_chance(&world->rng_faults, permille);
}

static unsigned pick(struct world *world)
{
    return rng_pick(&world->rng_faults, world->count);
}

/* Writes at two nodes; `a` misses b's packets, `c` misses a's; then three ways.
 * Then a and c meet, later all. */
static void fork_step(struct world *world, uint64_t step)
{
    unsigned *sides = world->faults.sides;
    unsigned a, b, c;

    switch (step) {
    case 0:
        a = pick(world);
        b = (a + 1 + rng_pick(&world->rng_faults, world->count - 1)) %
            world->count;
        c = pick(world);
        world->net.block[b][a] = true;
        if (c != a)
            world->net.block[a][c] = true;
        action_writes(world, 1 + rng_pick(&world->rng_faults, 3));
        action_later(world, ms(world, 0, 9), ACTION_FORK, 1);
        break;
    case 1:
        for (unsigned i = 0; i < world->count; i++)
            sides[i] =
                chance(world, 700) ? i % 3 : rng_pick(&world->rng_faults, 3);
        action_cut(world, ms(world, 60, 250));
        if (chance(world, 300))
            action_writes(world, 1);
        action_later(world, ms(world, 100, 500), SCRIPT_UNBLOCK, 0);
        action_later(world, ms(world, 300, 900), ACTION_FORK, 2);
        break;
    case 2:
        a = rng_pick(&world->rng_faults, 3);
        for (unsigned i = 0; i < world->count; i++)
            sides[i] = sides[i] == a ? 1 : 0;
        action_cut(world, ms(world, 10, 200));
        action_later(world, ms(world, 300, 1500), SCRIPT_JOIN, 0);
        action_later(world, ms(world, 1500, 1700), SCRIPT_RELEASE, 0);
        break;
    }
}

/* A leader that appended dies with part of the others; the next one too; they
 * come back in changing company (Raft, figure 8). Disks work one by one. */
static void figure8_step(struct world *world, uint64_t step)
{
    struct node *leader = action_leader(world);

    for (unsigned i = 0; i < world->count; i++)
        world->nodes[i].slow_until = world->sched.now + 200 * SIM_MS;
    if (leader != NULL && chance(world, 700))
        action_writes(world, 1);
    if (leader != NULL && chance(world, 600)) {
        /* Only some get what it says now. */
        for (unsigned i = 0; i < world->count; i++)
            world->faults.sides[i] =
                i != leader->index && chance(world, 600) ? 1 : 0;
        action_cut(world, ms(world, 60, 200));
    }
    if (leader != NULL && chance(world, 700))
        sched_add(&world->sched, ms(world, 0, 60),
                  (struct sched_event){.kind = SCHED_CRASH,
                                       .node = leader->index,
                                       .life = leader->life,
                                       .a = ms(world, 200, 1200)});
    if (chance(world, 300))
        world_crash(world, &world->nodes[pick(world)], ms(world, 50, 600));
    if (chance(world, 400))
        action_later(world, ms(world, 100, 400), SCRIPT_JOIN, 0);
    if (step < 7) {
        action_later(world, ms(world, 200, 700), ACTION_FIGURE8, step + 1);
        return;
    }
    action_later(world, ms(world, 10, 100), SCRIPT_JOIN, 0);
    action_later(world, ms(world, 100, 200), SCRIPT_RELEASE, 0);
}

/* The same, step by step: the leader that is elected next is cut off with what
 * it alone has appended (1); so is the one after it (2); the first comes back to
 * the others, leads again (3) and has its old entry acknowledged: as soon as
 * anything is called committed (4), all lose power but the second, which then
 * comes back with those that return first. */
static bool stages_begin(struct world *world)
{
    struct node *leader = action_leader(world);

    if (leader == NULL)
        return false;
    action_writes(world, 1);
    world_crash(world, leader, 30 * SIM_MS);
    world->faults.stage = 1;
    action_later(world, 4 * SIM_S, SCRIPT_STAGE, 0);
    return true;
}

void script_on_leader(struct world *world, struct node *node)
{
    struct faults *faults = &world->faults;

    if (world->healing)
        return;
    switch (faults->stage) {
    case 1:
        action_alone(world, node);
        faults->stage = 2;
        break;
    case 2:
        faults->second = node->index;
        action_alone(world, node);
        faults->stage = 3;
        break;
    case 3:
        for (unsigned i = 0; i < world->count; i++)
            world->nodes[i].slow_until = world->sched.now + 300 * SIM_MS;
        faults->stage = node->index == faults->second ? 0 : 4;
        break;
    default:
        break;
    }
}

void script_on_commit(struct world *world)
{
    if (world->faults.stage != 4)
        return;
    world->faults.stage = 5;
    action_later(world, rng_below(&world->rng_faults, 1500) * SIM_US,
                 SCRIPT_STAGE, 5);
}

static void stages_end(struct world *world, uint64_t step)
{
    struct node *leader = action_leader(world);

    if (step == 5)
        for (unsigned i = 0; i < world->count; i++)
            if (i != world->faults.second)
                world_power_off(world, &world->nodes[i],
                                &world->nodes[i] == leader
                                    ? ms(world, 900, 2000)
                                    : ms(world, 20, 200));
    world->faults.stage = 0;
    world->faults.held = false;
    action_join(world);
}

/* A voter loses its disk and comes back as a learner; around the changes of
 * configuration that follow, leaders are cut off in turn. */
static void reconfigure_step(struct world *world, uint64_t step)
{
    struct node *leader = action_leader(world);
    struct node *other = &world->nodes[pick(world)];

    if (step == 0)
        action_destroy(world, action_running(world), chance(world, 700));
    if (step == 3 && chance(world, 500))
        action_destroy(world, action_running(world), true);
    if (chance(world, 400) && other->core != NULL)
        other->slow_until = world->sched.now + ms(world, 20, 300);
    if (leader != NULL && chance(world, 350)) {
        action_alone(world, chance(world, 600) ? leader : other);
        action_later(world, ms(world, 200, 1100), SCRIPT_JOIN, 0);
    } else if (leader != NULL && chance(world, 250)) {
        world_crash(world, leader, ms(world, 30, 700));
    }
    if (step < 8)
        action_later(world, ms(world, 30, 700), ACTION_RECONFIGURE, step + 1);
    else
        action_later(world, ms(world, 100, 500), SCRIPT_JOIN, 0);
}

/* One is cut off while the others write more than they keep; then it needs a
 * snapshot, and who gives it, or it, dies. */
static void away_step(struct world *world, uint64_t step)
{
    unsigned *sides = world->faults.sides;
    struct node *node;

    if (step == 0) {
        node = action_running(world);
        if (node != NULL)
            action_alone(world, node);
    }
    if (step < 10) {
        action_writes(world, 3);
        action_later(world, ms(world, 30, 90), ACTION_AWAY, step + 1);
        return;
    }
    if (step == 10) {
        memset(sides, 0, sizeof world->faults.sides);
        action_cut(world, ms(world, 10, 100));
    }
    if (step < 14) {
        node = action_running(world);
        if (node != NULL && chance(world, 300))
            world_crash(world, node, ms(world, 20, 300));
        action_later(world, ms(world, 5, 150), ACTION_AWAY, step + 1);
        return;
    }
    action_later(world, ms(world, 10, 100), SCRIPT_RELEASE, 0);
}

static bool tamper_begin(struct world *world)
{
    struct node *leader = action_leader(world);
    unsigned followers = 0;
    struct node *node = NULL;

    for (unsigned i = 0; i < world->count; i++) {
        struct node *each = &world->nodes[i];
        if (each->tampered)
            return false;
        if (each->status.role != CORE_ROLE_FOLLOWER || each->off ||
            world->net.nodes[i].side != 0 || world->net.nodes[i].frozen ||
            each->paused_until > world->sched.now)
            continue;
        followers += each->status.voter;
        if (each->disk.image.snapshot != NULL &&
            (node == NULL || chance(world, 500)))
            node = each;
    }
    if (leader == NULL || node == NULL || followers + 1 < world->voters ||
        world->faults.losses >= world->faults.loss_budget ||
        !faults_may_destroy(world, node))
        return false;
    world->faults.losses++;
    world_crash(world, node, ms(world, 30, 100));
    node->tampered = true;
    node->tampered_last = disk_last(&node->disk.image);
    if (!disk_tamper(&node->disk, chance(world, 700)))
        return false;
    world_trace(world, node, "its snapshot was tampered with");
    world->faults.held = true;
    action_later(world, ms(world, 800, 1500), SCRIPT_WIPE, node->index);
    return true;
}

static void wipe_silent(struct world *world, struct node *node)
{
    world->faults.held = false;
    if (!node->tampered)
        return;
    if (node->core == NULL)
        world_start(world, node, 0);
    else
        world_crash(world, node, ms(world, 30, 200));
    world_wipe(world, node);
}

bool script_begin(struct world *world, enum action action)
{
    if (action == ACTION_TAMPER)
        return tamper_begin(world);
    if (action == ACTION_RECONFIGURE &&
        world->faults.losses >= world->faults.loss_budget)
        return false;
    if (action == ACTION_FIGURE8 && world->faults.stage == 0 &&
        chance(world, 750)) {
        world->faults.held = stages_begin(world);
        return world->faults.held;
    }
    world->faults.held =
        action != ACTION_RECONFIGURE && action != ACTION_REMOVE;
    action_script(world, action, 0);
    return true;
}

void action_script(struct world *world, unsigned script, uint64_t step)
{
    if (world->healing)
        return;
    switch (script) {
    case ACTION_FORK:
        fork_step(world, step);
        break;
    case ACTION_FIGURE8:
        figure8_step(world, step);
        break;
    case ACTION_RECONFIGURE:
        reconfigure_step(world, step);
        break;
    case ACTION_AWAY:
        away_step(world, step);
        break;
    case ACTION_REMOVE:
        remover_step(world, step);
        break;
    case ACTION_FLAP:
        if (step == 1)
            action_join(world);
        else
            action_alone(world, &world->nodes[pick(world)]);
        break;
    case SCRIPT_JOIN:
        action_join(world);
        break;
    case SCRIPT_UNBLOCK:
        memset(world->net.block, 0, sizeof world->net.block);
        break;
    case SCRIPT_CALM:
        world->net.loss = 5;
        world->net.tail = 5;
        world->net.hostile = 0;
        break;
    case SCRIPT_RELEASE:
        world->faults.held = false;
        break;
    case SCRIPT_STAGE:
        if (world->faults.stage != 0)
            stages_end(world, step);
        break;
    case SCRIPT_WIPE:
        wipe_silent(world, &world->nodes[step]);
        break;
    default:
        action_do(world, (enum action)script);
        break;
    }
}
