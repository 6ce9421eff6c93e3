/* world: opening, the queue of events, closing. */
#include "tests/sim/world.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "tests/sim/heal.h"
#include "tests/sim/load.h"

/* Faults that stop everybody for good may not keep a seed from its end. */
#define FAULTS_TIME_MAX (120 * SIM_S)

static void choose_options(struct world *world)
{
    struct rng *rng = &world->rng_misc;

    world->options = (struct core_options){
        .mode = rng_chance(rng, 600) ? CORE_WARM : CORE_HOT,
        .expected_voters = world->voters,
        .fencing = true,
        .leader_timeout_ns = 300 * SIM_MS,
        .write_timeout_ns = 3 * SIM_S,
        .batch_bytes = (size_t)rng_range(rng, 300, 900),
        .snapshot_bytes = (size_t)rng_range(rng, 1500, 5000),
        .keep_bytes = (size_t)rng_range(rng, 0, 1500),
        .ahead_bytes = (size_t)rng_range(rng, 1000, 8000),
        .chunk_bytes = (size_t)rng_range(rng, 100, 600),
        .reply_bytes = 40};
    world->promoted_wanted =
        world->options.mode == CORE_WARM ? 1 : 1 + rng_pick(rng, world->voters);
}

/* Nodes start at once, or one after the other, some much later. */
static void start_all(struct world *world)
{
    uint64_t spread = rng_chance(&world->rng_misc, 500) ? 50 : 2000;

    for (unsigned i = 0; i < world->count; i++) {
        struct node *node = &world->nodes[i];
        node->index = i;
        node->id = i + 1;
        node->crash_after = -1;
        node->disk.next_seq = 1;
        node->wall_base_ms = rng_below(&world->rng_misc, 1000000);
        world_start(world, node, rng_below(&world->rng_misc, spread) * SIM_MS);
    }
}

unsigned world_voters(uint64_t seed)
{
    return seed % 4 == 3 ? 2 : 3 + (unsigned)(seed % 3);
}

struct world *world_open(uint64_t seed, uint64_t steps, bool trace)
{
    struct world *world = mem_calloc(1, sizeof *world);
    unsigned spare;

    world->seed = seed;
    world->trace = trace;
    world->step_limit = steps;
    world->rng_disk = rng_make(seed, 1);
    world->rng_load = rng_make(seed, 2);
    world->rng_faults = rng_make(seed, 3);
    world->rng_misc = rng_make(seed, 4);
    world->rng_fencer = rng_make(seed, 6);
    world->voters = world_voters(seed);
    spare = rng_chance(&world->rng_misc, 300);
    spare +=
        spare > 0 && world->voters > 2 && rng_chance(&world->rng_misc, 200);
    world->count = world->voters + spare;
    choose_options(world);
    world->ledger.clients = &world->clients;
    world->ledger.verdict = &world->verdict;
    net_open(&world->net, &world->sched, rng_make(seed, 5), world->count);
    start_all(world);
    faults_open(world);
    fencer_open(world);
    load_open(world);
    world_trace(world, NULL, "%u voters, %u nodes, %s, profile %s",
                world->voters, world->count,
                world->options.mode == CORE_WARM ? "warm" : "hot",
                faults_name(world));
    return world;
}

void world_close(struct world *world)
{
    for (unsigned i = 0; i < world->count; i++) {
        struct node *node = &world->nodes[i];
        if (node->core != NULL)
            core_close(node->core);
        disk_free(&node->disk);
    }
    net_close(&world->net);
    sched_free(&world->sched);
    idents_free(&world->idents);
    ledger_free(&world->ledger);
    clients_free(&world->clients);
    laws_free(&world->laws);
    effects_free(&world->effects);
    free(world);
}

static void power_up(struct world *world, struct node *node)
{
    node->off = false;
    net_corosync_up(&world->net, node->index);
}

static void start(struct world *world, const struct sched_event *event)
{
    struct node *node = &world->nodes[event->node];

    if (event->life != node->life || node->core != NULL)
        return;
    if (node->off)
        world_start(world, node, 50 * SIM_MS);
    else
        world_boot(world, node);
}

static void dispatch(struct world *world, const struct sched_event *event)
{
    switch (event->kind) {
    case SCHED_NET_SEND:
    case SCHED_NET_RECEIVE:
    case SCHED_NET_TOKEN:
    case SCHED_NET_REFORM:
    case SCHED_NET_THAW:
    case SCHED_NET_GHOST:
        net_event(&world->net, event);
        break;
    case SCHED_PUMP:
    case SCHED_TIMER:
    case SCHED_DISK:
    case SCHED_SNAPSHOT:
    case SCHED_READ:
    case SCHED_QUORUM:
    case SCHED_CONNECT:
    case SCHED_DISCONNECTED:
    case SCHED_CRASH:
    case SCHED_MARKED:
    case SCHED_FENCED:
        world_event(world, event);
        break;
    case SCHED_FENCE_LOOK:
    case SCHED_FENCE_DONE:
        fencer_event(world, event);
        break;
    case SCHED_START:
        start(world, event);
        break;
    case SCHED_POWER_UP:
        power_up(world, &world->nodes[event->node]);
        break;
    case SCHED_LOAD:
        load_tick(world);
        break;
    case SCHED_PACEMAKER:
        load_pacemaker(world);
        break;
    case SCHED_FAULT:
    case SCHED_SCRIPT:
        faults_event(world, event);
        break;
    case SCHED_HEAL:
        heal_look(world);
        break;
    }
}

static void count_totals(struct world *world)
{
    for (unsigned i = 0; i < world->count; i++)
        world_count(world, &world->nodes[i]);
    world->totals.seeds = 1;
    world->totals.steps = world->step;
    world->totals.messages = world->net.messages;
    world->totals.ghosts = world->net.ghost_count;
    world->totals.forks = world->net.forks;
    world->totals.cuts = world->faults.cuts;
}

bool world_run(struct world *world)
{
    struct sched_event event;

    while (world->verdict.law == NULL && !world->finished) {
        if (!world->healing && (world->step >= world->step_limit ||
                                world->sched.now > FAULTS_TIME_MAX))
            heal_begin(world);
        if (!sched_next(&world->sched, &event))
            break;
        dispatch(world, &event);
    }
    count_totals(world);
    return world->verdict.law == NULL;
}
