#include "tests/sim/operator.h"

#include <inttypes.h>
#include <stdlib.h>

#include "daemon/core/force.h"
#include "tests/sim/actions.h"
#include "tests/sim/rewind.h"

bool operator_begins(struct world *world)
{
    if (world->ledger.forced || world->full_for_ever != NULL ||
        world->gone_for_ever != NULL ||
        !rng_chance(&world->rng_faults, 250))
        return false;
    if (rng_chance(&world->rng_faults, 500)) {
        world->left = &world->nodes[rng_pick(&world->rng_faults, world->count)];
        world_crash(world, world->left, 20 * SIM_S);
    }
    action_writes(world, 4);
    return world->verdict.law == NULL;
}

/* One that is a voter and holds all that was committed; by chance, which. */
static struct node *choose(struct world *world)
{
    const struct ledger *ledger = &world->ledger;
    const struct config *config = ledger_config(ledger, ledger->last);
    unsigned from = rng_pick(&world->rng_faults, world->count);

    for (unsigned i = 0; i < world->count; i++) {
        struct node *node = &world->nodes[(from + i) % world->count];
        if (config_find(config, &node->disk.image.uuid) >= 0 &&
            !node->tampered &&
            disk_holds(&node->disk.image, ledger->last,
                       ledger->entries[ledger->last].hash))
            return node;
    }
    return NULL;
}

/* Up to where its log is the ledger's; below its snapshot it is. */
static uint64_t common(const struct world *world, const struct core *core)
{
    uint64_t seq = world->ledger.last, hash;
    struct core_status status;
    struct entry entry;

    core_status(core, &status);
    while (seq > status.commit_seq && (!core_entry(core, seq, &entry, &hash) ||
                                       hash != world->ledger.entries[seq].hash))
        seq--;
    return seq;
}

/* What it lacks is lost; what was behind the commit point counts now. */
static void take_log(struct world *world, const struct core *core)
{
    struct ledger *ledger = &world->ledger;
    uint64_t hash, epoch;
    struct entry entry;

    world->totals.forced_lost += rewind_ledger(ledger, common(world, core));
    if (world->laws.acked_seq > ledger->last)
        world->laws.acked_seq = ledger->last;
    ledger->forcing = true;
    while (core_entry(core, ledger->last + 1, &entry, &hash)) {
        epoch = ledger->entries[ledger->last].commit_epoch;
        ledger_extend(ledger, &entry, hash,
                      entry.epoch > epoch ? entry.epoch : epoch);
        world->totals.forced_entries++;
    }
    ledger->forcing = false;
}

static void force(struct world *world, struct node *node, struct core *core,
                  const struct uuid *fresh)
{
    struct buf promise = {0}, snapshot = {0};
    struct core_status status;
    struct entry entry;
    uint64_t hash = 0;

    take_log(world, core);
    force_make(core, fresh, &promise, &snapshot);
    core_status(core, &status);
    if (core_entry(core, world->ledger.last + 1, &entry, &hash))
        ledger_force(&world->ledger, &entry, hash, &status.group);
    disk_renew(&node->disk, &promise, &snapshot);
    buf_free(&promise);
    buf_free(&snapshot);
    world->laws.leader_count = 0; /* its epochs are its own */
    world->totals.forced++;
    world_trace(world, node, "forced, at %" PRIu64, world->ledger.last);
    laws_on_stored(world, node);
}

static void open_and_force(struct world *world, struct node *node)
{
    struct core_options options = world->options;
    struct core_record *records;
    struct core_boot boot;
    struct core *core = NULL;
    struct uuid fresh;

    for (size_t i = 0; i < sizeof fresh.bytes; i++)
        fresh.bytes[i] = (uint8_t)rng_below(&world->rng_faults, 256);
    options.node = node->id;
    disk_boot(&node->disk, &world->rng_disk, &boot, &records);
    int rc = core_open(&core, &options, &boot);
    free(records);
    if (rc != 0 || force_refuses(core) != NULL)
        verdict_fail(&world->verdict, "force", "n%u cannot be forced: it %s",
                     node->id, rc != 0 ? "does not open" : force_refuses(core));
    else
        force(world, node, core, &fresh);
    core_close(core);
}

void operator_force(struct world *world)
{
    struct node *node;

    for (unsigned i = 0; i < world->count; i++)
        world_crash(world, &world->nodes[i],
                    rng_range(&world->rng_faults, 3000, 9000) * SIM_MS);
    node = world->left != NULL ? world->left : choose(world);
    if (node == NULL) {
        verdict_fail(&world->verdict, "lost",
                     "nobody has %" PRIu64 " on disk, which was committed",
                     world->ledger.last);
        return;
    }
    open_and_force(world, node);
    world_start(world, node, 50 * SIM_MS);
    world->heal_from = world->sched.now;
    world->probe_at = 0;
}

bool operator_is_foreign(const struct world *world, const struct node *node)
{
    return world->ledger.forced && !uuid_is_none(&node->status.group) &&
           !uuid_equal(&node->status.group, &world->ledger.group);
}

void operator_reset(struct world *world, struct node *node)
{
    world->totals.foreign_refused++;
    world_crash(world, node, 50 * SIM_MS);
    world_trace(world, node, "reset");
    ident_bury(&world->idents, &node->disk.image, node->index);
    node->disk.image.mark = UINT64_MAX; /* no log reaches that far */
}
