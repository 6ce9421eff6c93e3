/* laws_removal: voters that an operator has removed. */
#include <inttypes.h>

#include "tests/sim/laws.h"
#include "tests/sim/world.h"

/* The request under way at that process, NULL if there is none. A later one is
 * refused at once, so it is the first. */
static struct op *removal_at(struct world *world, const struct node *node)
{
    for (size_t i = world->clients.first_open; i < world->clients.count; i++) {
        struct op *op = &world->clients.ops[i];
        if (op->kind == OP_REMOVE && op->state == OP_OPEN &&
            op->node == node->index && op->life == node->life)
            return op;
    }
    return NULL;
}

/* Is it stored by a majority of those: the first entry after the request? */
static bool is_fresh(struct world *world, const struct node *node,
                     const struct op *op, const struct config *config)
{
    uint64_t seq = op->last_seq + 1, hash;
    struct entry entry;

    if (!core_entry(node->core, seq, &entry, &hash)) {
        const struct ledger_entry *known = ledger_at(&world->ledger, seq);
        if (known == NULL)
            return false;
        hash = known->hash;
    }
    return laws_majority_holds(world, config, seq, hash);
}

void laws_on_reconfigure(struct world *world, struct node *node,
                         const struct config *before)
{
    const struct config *newest = &node->config;
    struct op *op = removal_at(world, node);

    if (op == NULL || config_find_node(before, op->target) < 0 ||
        config_find_node(newest, op->target) >= 0)
        return;
    op->changed = newest->seq;
    if (before->count <= 2)
        verdict_fail(&world->verdict, "config",
                     "n%u removes n%u, one of %u voters, at an operator's word",
                     node->id, op->target, before->count);
    else if (!is_fresh(world, node, op, newest))
        verdict_fail(&world->verdict, "config",
                     "n%u removes n%u, and no majority of the %u voters that "
                     "are left has stored anything since that was asked for",
                     node->id, op->target, newest->count);
}

void laws_on_removal(struct world *world, const struct op *op,
                     enum outcome outcome)
{
    const struct config *config = ledger_config(&world->ledger, op->changed);

    if (outcome == OUTCOME_REFUSED) {
        world->totals.removals_refused++;
        if (op->changed != 0)
            verdict_fail(&world->verdict, "refused-applied",
                         "n%u refused to remove n%u, and has removed it",
                         op->node + 1, op->target);
    }
    if (outcome != OUTCOME_OK)
        return;
    world->totals.removals++;
    if (op->changed == 0 || op->changed > world->ledger.last ||
        config == NULL || config->seq != op->changed)
        verdict_fail(&world->verdict, "config",
                     "n%u calls n%u removed, which is not committed",
                     op->node + 1, op->target);
}
