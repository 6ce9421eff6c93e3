#include "tests/sim/faults.h"

#include <string.h>

#include "tests/sim/actions.h"
#include "tests/sim/heal.h"
#include "tests/sim/remover.h"
#include "tests/sim/world.h"

struct faults_profile {
    const char *name;
    unsigned often;    /* weight among the profiles */
    unsigned gap_ms;   /* mean time between two faults */
    unsigned trigger;  /* permille of the moments that hurt */
    unsigned ghost;    /* permille of the dead that stay as ghosts */
    unsigned mischief; /* permille of Pacemaker's turns */
    unsigned losses;   /* disks that may be destroyed in a seed; 0: by chance */
    unsigned char weight[ACTION_COUNT];
};

#define EVERYTHING                                                             \
    [ACTION_CRASH] = 6, [ACTION_CRASH_MID] = 6, [ACTION_POWER] = 4,            \
    [ACTION_POWER_ALL] = 2, [ACTION_CUT_TWO] = 6, [ACTION_CUT_MANY] = 4,       \
    [ACTION_ISOLATE] = 5, [ACTION_FLAP] = 3, [ACTION_DEAF] = 5,                \
    [ACTION_PAUSE] = 4, [ACTION_FREEZE] = 4, [ACTION_COROSYNC] = 4,            \
    [ACTION_STALL] = 3, [ACTION_SLOW_DISK] = 3, [ACTION_FULL_DISK] = 3,        \
    [ACTION_CLOCK] = 1, [ACTION_LOSS] = 2, [ACTION_LEADER_FLUSH] = 4,          \
    [ACTION_FORK] = 2, [ACTION_FIGURE8] = 1, [ACTION_AWAY] = 1,                \
    [ACTION_REMOVE] = 1

static const struct faults_profile profiles[] = {
    {"calm", 2, 2000, 0, 0, 20, 0, {[ACTION_LOSS] = 1, [ACTION_CLOCK] = 1}},
    {"crashes",
     5,
     500,
     60,
     200,
     40,
     0,
     {[ACTION_CRASH] = 4,
      [ACTION_CRASH_MID] = 4,
      [ACTION_POWER] = 3,
      [ACTION_POWER_ALL] = 1,
      [ACTION_LEADER_FLUSH] = 3}},
    {"partitions",
     6,
     700,
     60,
     0,
     60,
     0,
     {[ACTION_CUT_TWO] = 4,
      [ACTION_CUT_MANY] = 3,
      [ACTION_ISOLATE] = 4,
      [ACTION_DEAF] = 3,
      [ACTION_LOSS] = 1}},
    {"flapping",
     2,
     400,
     20,
     0,
     40,
     0,
     {[ACTION_FLAP] = 5, [ACTION_CUT_TWO] = 2, [ACTION_DEAF] = 1}},
    {"pauses",
     4,
     600,
     40,
     100,
     60,
     0,
     {[ACTION_PAUSE] = 4,
      [ACTION_FREEZE] = 5,
      [ACTION_STALL] = 3,
      [ACTION_SLOW_DISK] = 3}},
    {"corosync",
     4,
     500,
     40,
     400,
     40,
     0,
     {[ACTION_COROSYNC] = 6,
      [ACTION_STALL] = 2,
      [ACTION_CUT_TWO] = 1,
      [ACTION_CRASH] = 1}},
    {"ghosts",
     3,
     700,
     40,
     900,
     40,
     0,
     {[ACTION_POWER] = 5, [ACTION_COROSYNC] = 3, [ACTION_FREEZE] = 1}},
    {"hostile",
     5,
     400,
     40,
     200,
     60,
     0,
     {[ACTION_HOSTILE] = 8,
      [ACTION_CUT_TWO] = 2,
      [ACTION_CRASH] = 2,
      [ACTION_ISOLATE] = 2,
      [ACTION_PAUSE] = 1}},
    {"disks",
     4,
     700,
     100,
     100,
     40,
     4,
     {[ACTION_WIPE] = 4,
      [ACTION_DAMAGE] = 4,
      [ACTION_FULL_DISK] = 4,
      [ACTION_CRASH] = 3,
      [ACTION_CRASH_MID] = 2,
      [ACTION_ISOLATE] = 2,
      [ACTION_AWAY] = 1}},
    {"tamper",
     4,
     500,
     20,
     0,
     20,
     2,
     {[ACTION_TAMPER] = 20, [ACTION_CRASH] = 2, [ACTION_SLOW_DISK] = 1}},
    {"promotions",
     4,
     600,
     60,
     100,
     400,
     0,
     {[ACTION_ISOLATE] = 5,
      [ACTION_FREEZE] = 2,
      [ACTION_PAUSE] = 2,
      [ACTION_CRASH] = 2,
      [ACTION_CUT_TWO] = 2}},
    {"flush",
     5,
     300,
     150,
     100,
     40,
     0,
     {[ACTION_LEADER_FLUSH] = 6,
      [ACTION_CRASH_MID] = 4,
      [ACTION_SLOW_DISK] = 2,
      [ACTION_POWER_ALL] = 1}},
    {"away",
     5,
     900,
     100,
     100,
     20,
     0,
     {[ACTION_AWAY] = 6, [ACTION_CRASH] = 1, [ACTION_POWER_ALL] = 1}},
    {"fork",
     5,
     600,
     20,
     0,
     40,
     0,
     {[ACTION_FORK] = 8, [ACTION_DEAF] = 3, [ACTION_CRASH] = 1}},
    {"figure8",
     6,
     400,
     100,
     100,
     20,
     0,
     {[ACTION_FIGURE8] = 6, [ACTION_POWER_ALL] = 1}},
    {"churn",
     6,
     600,
     350,
     100,
     20,
     8,
     {[ACTION_RECONFIGURE] = 6,
      [ACTION_WIPE] = 3,
      [ACTION_ISOLATE] = 2,
      [ACTION_CRASH] = 2,
      [ACTION_SLOW_DISK] = 2}},
    {"removals",
     6,
     900,
     350,
     300,
     20,
     2,
     {[ACTION_REMOVE] = 8,
      [ACTION_PAUSE] = 2,
      [ACTION_CRASH] = 2,
      [ACTION_ISOLATE] = 2,
      [ACTION_WIPE] = 1,
      [ACTION_FULL_DISK] = 1,
      [ACTION_SLOW_DISK] = 1}},
    {"power",
     4,
     800,
     80,
     200,
     40,
     0,
     {[ACTION_POWER_ALL] = 5,
      [ACTION_POWER] = 3,
      [ACTION_CRASH_MID] = 2,
      [ACTION_CUT_TWO] = 1}},
    {"mixed", 12, 500, 80, 200, 80, 0, {EVERYTHING}},
    {"all",
     6,
     450,
     100,
     200,
     80,
     3,
     {EVERYTHING, [ACTION_HOSTILE] = 4, [ACTION_WIPE] = 3, [ACTION_DAMAGE] = 3,
      [ACTION_RECONFIGURE] = 2}},
};

#define PROFILES (sizeof profiles / sizeof profiles[0])

static void next(struct world *world)
{
    unsigned gap = world->faults.profile->gap_ms;

    sched_add(&world->sched,
              rng_range(&world->rng_faults, gap / 5, gap * 9 / 5) * SIM_MS,
              (struct sched_event){.kind = SCHED_FAULT});
}

void faults_open(struct world *world)
{
    struct faults *faults = &world->faults;
    unsigned sum = 0, draw;

    for (unsigned i = 0; i < PROFILES; i++)
        sum += profiles[i].often;
    draw = rng_pick(&world->rng_faults, sum);
    faults->profile = profiles;
    while (draw >= faults->profile->often) {
        draw -= faults->profile->often;
        faults->profile++;
    }
    faults->loss_budget = faults->profile->losses;
    world->net.loss = rng_chance(&world->rng_faults, 300)
                          ? rng_pick(&world->rng_faults, 60)
                          : 2;
    world->net.tail = 5;
    next(world);
}

const char *faults_name(const struct world *world)
{
    return world->faults.profile->name;
}

unsigned faults_mischief(const struct world *world)
{
    return world->faults.profile->mischief;
}

uint64_t faults_ghost(struct world *world)
{
    if (!world->healing && world->gone_for_ever != NULL)
        return rng_chance(&world->rng_faults, 400) ? FAULTS_FOR_EVER : 0;
    if (world->healing ||
        !rng_chance(&world->rng_faults, world->faults.profile->ghost))
        return 0;
    return rng_range(&world->rng_faults, 200, 8000) * SIM_MS;
}

static void strike(struct world *world)
{
    const struct faults_profile *profile = world->faults.profile;
    unsigned sum = 0, draw, action = 0;

    for (unsigned i = 0; i < ACTION_COUNT; i++)
        sum += profile->weight[i];
    draw = rng_pick(&world->rng_faults, sum);
    while (draw >= profile->weight[action])
        draw -= profile->weight[action++];
    action_do(world, (enum action)action);
}

void faults_event(struct world *world, const struct sched_event *event)
{
    if (world->healing)
        return;
    if (event->kind == SCHED_SCRIPT) {
        action_script(world, (unsigned)event->a, event->b);
        return;
    }
    if (!world->faults.held)
        strike(world);
    next(world);
}

/* Something short and hard, within the next few milliseconds. */
static void trigger(struct world *world, struct node *node)
{
    struct rng *rng = &world->rng_faults;
    struct node *other = &world->nodes[rng_pick(rng, world->count)];

    if (world->healing || world->faults.held ||
        !rng_chance(rng, world->faults.profile->trigger))
        return;
    switch (rng_pick(rng, 6)) {
    case 0:
        node->crash_after = (int)rng_pick(rng, 4);
        node->crash_down = rng_range(rng, 20, 900) * SIM_MS;
        break;
    case 1:
    case 2:
        node = rng_chance(rng, 600) ? node : other;
        sched_add(&world->sched, rng_below(rng, 6000) * SIM_US,
                  (struct sched_event){.kind = SCHED_CRASH,
                                       .node = node->index,
                                       .life = node->life,
                                       .a = rng_range(rng, 20, 900) * SIM_MS});
        break;
    case 3:
        node = rng_chance(rng, 600) ? node : other;
        action_alone(world, node);
        action_later(world, rng_range(rng, 100, 1500) * SIM_MS, SCRIPT_JOIN, 0);
        break;
    case 4:
        action_later(world, rng_below(rng, 4000) * SIM_US, ACTION_CUT_TWO, 0);
        break;
    default:
        action_later(world, rng_below(rng, 4000) * SIM_US,
                     rng_chance(rng, 300) ? ACTION_POWER_ALL : ACTION_SLOW_DISK,
                     0);
        break;
    }
}

void faults_on_commit(struct world *world, struct node *node)
{
    script_on_commit(world);
    heal_on_commit(world, node);
}

void faults_on_leader(struct world *world, struct node *node)
{
    script_on_leader(world, node);
    trigger(world, node);
}

/* While a removal is being made, above all its leader is lost to the others. */
void faults_on_config(struct world *world, struct node *node)
{
    struct rng *rng = &world->rng_faults;

    if (!world->healing && !world->faults.held && remover_waits(world) &&
        rng_chance(rng, world->faults.profile->trigger))
        action_later(world, rng_below(rng, 3000) * SIM_US, ACTION_ISOLATE, 0);
    else
        trigger(world, node);
}

void faults_on_install(struct world *world, struct node *node)
{
    trigger(world, node);
}

static bool uuid_gone(struct world *world, const struct uuid *uuid,
                      const struct node *also)
{
    const struct ident *ident = ident_find(&world->idents, uuid);

    if (ident != NULL && ident->dead)
        return true;
    for (unsigned i = 0; i < world->count; i++) {
        const struct node *node = &world->nodes[i];
        if (uuid_equal(&node->disk.image.uuid, uuid))
            return node == also || node->tampered;
    }
    return false;
}

static bool config_survives(struct world *world, const struct config *config,
                            const struct node *also)
{
    unsigned gone = 0;

    for (unsigned i = 0; i < config->count; i++)
        gone += uuid_gone(world, &config->voters[i].uuid, also);
    return gone * 2 < config->count && gone <= (config->count - 1) / 2;
}

/* True when all that would be left have it on disk that this configuration is
 * committed: then the one before counts no more. */
static bool config_known(struct world *world, const struct config *config,
                         const struct node *also)
{
    for (unsigned i = 0; i < world->count; i++) {
        const struct disk_image *image = &world->nodes[i].disk.image;
        if (&world->nodes[i] != also &&
            config_find(config, &image->uuid) >= 0 &&
            image->config_seq < config->seq &&
            image->snapshot_seq < config->seq)
            return false;
    }
    return true;
}

/* As many blank replicas as a group has voters would make a group of their
 * own: that many disks are never lost at once. */
static bool enough_keep_data(struct world *world, const struct node *also)
{
    unsigned blank = 0;

    for (unsigned i = 0; i < world->count; i++) {
        const struct disk_image *image = &world->nodes[i].disk.image;
        blank += &world->nodes[i] == also || uuid_is_none(&image->group) ||
                 (image->count == 0 && image->snapshot == NULL);
    }
    return blank < world->voters;
}

/* A node that an operator calls gone counts as gone: who then loses one more
 * disk of three has lost the majority. Not while the replica that was asked stands
 * still for long: what it heard before must not count when it goes on. */
static bool removals_survive(struct world *world, const struct config *config,
                             const struct node *also)
{
    const struct clients *clients = &world->clients;

    for (size_t i = clients->first_open; i < clients->count; i++) {
        const struct op *op = &clients->ops[i];
        struct config left = *config;
        int place = config_find_node(config, op->target);

        if (op->kind != OP_REMOVE || op->state != OP_OPEN || place < 0 ||
            world->nodes[op->node].paused_until >
                world->sched.now + world->options.leader_timeout_ns)
            continue;
        config_remove(&left, &config->voters[place].uuid);
        if (!config_survives(world, &left, also))
            return false;
    }
    return true;
}

/* One voter alone takes the next replica in on its word, and both are needed from
 * then on. Not while the one that leads stands still for long: what it heard
 * before must not count when it goes on. */
static bool growth_survives(const struct world *world,
                            const struct config *config,
                            const struct node *also)
{
    const struct node *alone;

    if (config->count != 1)
        return true;
    alone = &world->nodes[config->voters[0].node - 1];
    return also == alone || alone->core == NULL ||
           alone->paused_until >
               world->sched.now + world->options.leader_timeout_ns;
}

bool faults_may_destroy(struct world *world, const struct node *node)
{
    const struct config *committed =
        ledger_config(&world->ledger, world->ledger.last);

    if (node == NULL || committed == NULL || !enough_keep_data(world, node) ||
        !config_survives(world, committed, node) ||
        !removals_survive(world, committed, node) ||
        !growth_survives(world, committed, node))
        return false;
    if (committed->seq > 1 && !config_known(world, committed, node) &&
        !config_survives(
            world, ledger_config(&world->ledger, committed->seq - 1), node))
        return false;
    for (unsigned i = 0; i < world->count; i++) {
        const struct config *config = &world->nodes[i].config;
        if (config->seq > committed->seq &&
            !config_survives(world, config, node))
            return false;
    }
    return true;
}

void faults_end(struct world *world)
{
    memset(world->faults.sides, 0, sizeof world->faults.sides);
    memset(world->net.block, 0, sizeof world->net.block);
    world->net.loss = 0;
    world->net.tail = 2;
    world->net.hostile = 0;
    world->faults.stage = 0;
    net_sides(&world->net, world->faults.sides,
              rng_range(&world->rng_faults, 10, 200) * SIM_MS);
    if (rng_chance(&world->rng_faults, 600))
        net_ghosts_end(&world->net);
    for (unsigned i = 0; i < world->count; i++) {
        world->nodes[i].crash_after = -1;
        world->nodes[i].slow_until = 0;
        world->nodes[i].full_until = 0;
        world->net.nodes[i].stalled_until = 0;
    }
}
