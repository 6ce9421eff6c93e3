#include "tests/sim/heal.h"

#include <inttypes.h>
#include <stdio.h>

#include "tests/sim/actions.h"
#include "tests/sim/load.h"
#include "tests/sim/operator.h"
#include "tests/sim/remover.h"

#define HEAL_STEP (100 * SIM_MS)

static void look_again(struct world *world)
{
    sched_add(&world->sched, HEAL_STEP,
              (struct sched_event){.kind = SCHED_HEAL});
}

/* Does this node run as a voter of that configuration, and of none after it? */
static bool votes_in(const struct node *node, const struct config *config)
{
    return node->core != NULL && !node->stopping && !node->tampered &&
           node->config.seq <= config->seq &&
           node->status.role != CORE_ROLE_QUARANTINED &&
           node->status.role != CORE_ROLE_REFUSED &&
           config_find(config, &node->status.uuid) >= 0;
}

/* Are all the others enough without this one? All voters are there, no change of
 * them is under way, and one of the others knows that: else the majority before the
 * last change may need this one, and its promise. Nor is a change asked for: of
 * three, two are left then, which need each other. */
static bool is_dispensable(const struct world *world, const struct node *node)
{
    const struct config *config =
        ledger_config(&world->ledger, world->ledger.last);
    unsigned others = 0, knowing = 0;

    if (world->voters < 3 || config == NULL || config->count != world->voters ||
        remover_waits(world))
        return false;
    for (unsigned i = 0; i < world->count; i++) {
        const struct node *other = &world->nodes[i];
        if (!votes_in(other, config))
            continue;
        if (other == node)
            continue;
        others++;
        knowing += other->status.commit_seq >= config->seq;
    }
    return others == config->count - 1 && knowing > 0 && votes_in(node, config);
}

/* Of three voters or more one disk, the leader's above all, may stay full. */
static const struct node *choose_full(struct world *world)
{
    struct rng *rng = &world->rng_faults;
    const struct node *leader = action_leader(world);
    const struct node *node = &world->nodes[rng_pick(rng, world->count)];

    if (leader != NULL && rng_chance(rng, 850))
        node = leader;
    return rng_chance(rng, 800) && is_dispensable(world, node) ? node : NULL;
}

static void fill_for_ever(struct world *world, const struct node *node)
{
    world->full_for_ever = node;
    world->nodes[node->index].full_until = UINT64_MAX;
    world->totals.full_for_ever++;
    world_trace(world, node, "its disk stays full");
}

/* Or of the leader that has just committed a configuration: it will never store
 * that it is. */
void heal_on_commit(struct world *world, const struct node *node)
{
    struct config newest, stored;

    if (!world->healing || world->full_for_ever != NULL ||
        world->gone_for_ever != NULL || node->status.role != CORE_ROLE_LEADER)
        return;
    core_configuration(node->core, &newest, &stored);
    if (newest.seq == stored.seq || node->status.commit_seq < newest.seq ||
        !rng_chance(&world->rng_faults, 500) || !is_dispensable(world, node))
        return;
    fill_for_ever(world, node);
    world->heal_from = world->sched.now;
}

/* Or one node stays away, and an operator removes its voter. */
static struct node *choose_gone(struct world *world)
{
    struct node *node =
        &world->nodes[rng_pick(&world->rng_faults, world->count)];

    return rng_chance(&world->rng_faults, 350) &&
                   world->net.nodes[node->index].up &&
                   is_dispensable(world, node)
               ? node
               : NULL;
}

void heal_begin(struct world *world)
{
    const struct node *full;
    struct node *gone;

    world_trace(world, NULL, "faults end");
    faults_end(world);
    gone = choose_gone(world);
    full = gone == NULL ? choose_full(world) : NULL;
    if (gone != NULL)
        remover_lose(world, gone);
    if (full != NULL)
        fill_for_ever(world, full);
    world->healing = true;
    world->heal_from = world->sched.now;
    look_again(world);
}

/* The operator gives those that fell silent for a good reason a new disk. */
static bool mend_silent(struct world *world, struct node *node)
{
    enum core_role role = node->status.role;
    bool foreign = role == CORE_ROLE_REFUSED &&
                   !uuid_equal(&node->status.group, &world->ledger.group);

    if (role != CORE_ROLE_QUARANTINED && !foreign)
        return false;
    if (role == CORE_ROLE_QUARANTINED && !node->tampered)
        return false;
    if (operator_is_foreign(world, node)) {
        operator_reset(world, node);
        return true;
    }
    world_crash(world, node, 50 * SIM_MS);
    world_wipe(world, node);
    return true;
}

/* Its disk is full, as it has found out, and stays so: others have to serve. */
static bool is_given_up(const struct world *world, const struct node *node)
{
    return node == world->full_for_ever && node->full;
}

/* Why a node is not where it should be; NULL when it is. */
static const char *node_lacks(struct world *world, const struct node *node,
                              const struct node *leader)
{
    const struct core_status *status = &node->status;
    const struct ledger *ledger = &world->ledger;

    if (node == world->gone_for_ever)
        return NULL;
    if (is_given_up(world, node))
        return status->role == CORE_ROLE_LEADER ? "leads with a full disk"
               : status->score != 0             ? "is offered with a full disk"
                                                : NULL;
    if (node->core == NULL)
        return "has no process";
    if (status->role != CORE_ROLE_LEADER && status->role != CORE_ROLE_FOLLOWER)
        return "has no leader";
    if (!uuid_equal(&status->leader, &leader->status.uuid) ||
        status->epoch != leader->status.epoch)
        return "follows another leader";
    if (status->applied_seq != leader->status.commit_seq)
        return "has not applied everything";
    if (status->state_digest != leader->status.state_digest)
        return "has another state";
    if (status->applied_seq < ledger->last)
        return "lacks committed entries";
    return NULL;
}

/* One that is gone for ever is replaced, if there is a spare one. */
static unsigned expected_voters(const struct world *world)
{
    unsigned left = world->count - (world->gone_for_ever != NULL);

    return world->voters < left ? world->voters : left;
}

static bool lacks(struct world *world, char *text, size_t room)
{
    const struct node *leader = action_leader(world);
    unsigned voters = 0, promoted = 0, expected = expected_voters(world);

    if (leader == NULL) {
        snprintf(text, room, "nobody leads; n1 is %s: %s",
                 world_role(world->nodes[0].status.role),
                 world->nodes[0].status.why == NULL
                     ? ""
                     : world->nodes[0].status.why);
        return true;
    }
    for (unsigned i = 0; i < world->count; i++) {
        const struct node *node = &world->nodes[i];
        const char *what = node_lacks(world, node, leader);
        if (what != NULL) {
            snprintf(text, room,
                     "n%u (%s, applied %" PRIu64 ", leader n%u at "
                     "%" PRIu64 ") %s: %s",
                     node->id, world_role(node->status.role),
                     node->status.applied_seq, leader->id,
                     leader->status.commit_seq, what,
                     node->status.why == NULL ? "" : node->status.why);
            return true;
        }
        /* A full one may not hold the configuration that names it. */
        voters += node->status.voter ||
                  (is_given_up(world, node) &&
                   config_find(&leader->config, &node->status.uuid) >= 0);
        promoted += !is_given_up(world, node) && node->status.promoted &&
                    node->status.writable;
    }
    if (leader->config.count != expected || voters != expected) {
        snprintf(text, room, "%u voters configured, %u there, %u expected",
                 leader->config.count, voters, expected);
        return true;
    }
    if (promoted == 0) {
        snprintf(text, room, "nobody takes writes");
        return true;
    }
    return false;
}

/* The last requests: a write where writes are taken, a read everywhere. */
static void probe(struct world *world)
{
    world->probe_at = world->sched.now;
    world->laws.probe_from = world->clients.count;
    for (unsigned i = 0; i < world->count; i++) {
        struct node *node = &world->nodes[i];
        if (is_given_up(world, node) || node == world->gone_for_ever)
            continue;
        if (node->status.writable && world->verdict.law == NULL)
            load_write(world, node);
        if (node->core != NULL && world->verdict.law == NULL)
            load_read(world, node);
    }
}

static bool probe_good(const struct world *world)
{
    for (size_t i = world->laws.probe_from; i < world->clients.count; i++)
        if (world->clients.ops[i].kind < OP_PROMOTE &&
            world->clients.ops[i].state != OP_OK)
            return false;
    return true;
}

static void fail_unanswered(struct world *world)
{
    for (size_t i = 0; i < world->clients.count; i++) {
        const struct op *op = &world->clients.ops[i];
        if (op->state != OP_OPEN)
            continue;
        verdict_fail(&world->verdict, "reply-once",
                     "n%u never answers request %zu (%s), asked at %" PRIu64
                     " ms; %zu are open",
                     op->node + 1, i + 1, clients_kind(op->kind),
                     op->issued_at / SIM_MS, world->clients.open);
        return;
    }
}

static void check_end(struct world *world)
{
    const struct ledger *ledger = &world->ledger;

    for (unsigned i = 0; i < world->count; i++) {
        const struct core_status *status = &world->nodes[i].status;
        if (is_given_up(world, &world->nodes[i]) ||
            &world->nodes[i] == world->gone_for_ever)
            continue;
        if (status->applied_seq < world->laws.acked_seq ||
            ledger_at(ledger, status->applied_seq) == NULL ||
            ledger_at(ledger, status->applied_seq)->hash !=
                status->applied_hash)
            verdict_fail(&world->verdict, "lost",
                         "n%u ends at %" PRIu64
                         " without what was acknowledged "
                         "up to %" PRIu64,
                         i + 1, status->applied_seq, world->laws.acked_seq);
    }
}

/* Of two voters, as the group was made or as many as are left of it, one gives up
 * its UUID, and nobody fences it: once all is well, since the other one has to
 * have been there. */
static bool lose_one_of_two(struct world *world)
{
    const struct config *config =
        ledger_config(&world->ledger, world->ledger.last);
    unsigned which = rng_pick(&world->rng_faults, 2);

    if (config == NULL || config->count != 2 || world->pair_lost ||
        !rng_chance(&world->rng_faults, 500))
        return false;
    struct node *node = &world->nodes[config->voters[which].node - 1];
    world->pair_lost = true;
    world_crash(world, node, 50 * SIM_MS);
    if (!disk_damage_log(&node->disk, &world->rng_faults))
        return false;
    ident_bury(&world->idents, &node->disk.image, node->index);
    world->totals.damaged_disks++;
    world_trace(world, node, "its log has lost acknowledged entries");
    world->heal_from = world->sched.now;
    world->probe_at = 0;
    return true;
}

void heal_look(struct world *world)
{
    bool late = world->sched.now > world->heal_from + HEAL_BOUND;
    char text[VERDICT_TEXT] = "";
    bool lacking;

    if (world->forcing) {
        world->forcing = false;
        operator_force(world);
    }
    for (unsigned i = 0; i < world->count; i++)
        if (mend_silent(world, &world->nodes[i]))
            world->probe_at = 0;
    remover_look(world);
    lacking = lacks(world, text, sizeof text);
    if (lacking)
        world->probe_at = 0;
    if (!lacking && world->probe_at != 0 && world->clients.open == 0) {
        if (probe_good(world)) {
            check_end(world);
            if (lose_one_of_two(world)) {
                look_again(world);
            } else if (operator_begins(world)) {
                world->forcing = true;
                sched_add(&world->sched,
                          rng_below(&world->rng_faults,
                                    world->left == NULL ? 6000 : 600000) *
                              SIM_US,
                          (struct sched_event){.kind = SCHED_HEAL});
            } else {
                world->finished = true;
            }
            return;
        }
        snprintf(text, sizeof text, "a last write or read is not answered OK");
        world->probe_at = 0;
    } else if (!lacking && world->probe_at == 0) {
        probe(world);
    }
    if (!late) {
        look_again(world);
        return;
    }
    if (!lacking && world->clients.open > 0)
        fail_unanswered(world);
    verdict_fail(&world->verdict, "serving", "%s", text);
}
