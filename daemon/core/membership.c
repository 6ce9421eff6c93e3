#include "daemon/core/membership.h"

#include "daemon/core/replicate.h"

/* Is that replica a learner here, that holds all that is committed? */
static bool membership_caught_up(const struct core *core,
                                 const struct peer *peer)
{
    return peer->present && !peer->leaving &&
           peer->ack_epoch == core->view.epoch &&
           peer->ack_seq >= core->commit_seq &&
           config_find(&core->config, &peer->uuid) < 0;
}

/* The configuration with that learner; false when it has no place there. */
static bool membership_with(const struct core *core, const struct peer *peer,
                            struct config *next)
{
    int place = config_find_node(&core->config, peer->node);

    *next = core->config;
    /* Of two voters the one that is gone cannot agree: pair.h. */
    if (place >= 0 && next->count == 2)
        return false;
    if (place >= 0) {
        struct uuid former = core->config.voters[place].uuid;
        const struct peer *old = peers_find(&core->peers, &former);
        if ((old != NULL && old->present) || core_is_me(core, &former))
            return false;
        config_remove(next, &former);
    } else if (next->count >= core->options.expected_voters) {
        return false;
    }
    return config_add(next, &peer->uuid, peer->node) == 0;
}

/* Of two voters one is being stopped: the other one alone. */
static bool membership_leaves(const struct core *core, struct config *next)
{
    *next = core->config;
    for (unsigned i = 0; next->count == 2 && !core->leaving && i < 2; i++) {
        const struct peer *peer =
            peers_find(&core->peers, &core->config.voters[i].uuid);
        if (peer != NULL && peer->present && peer->leaving &&
            !core_is_me(core, &peer->uuid))
            return config_remove(next, &peer->uuid);
    }
    return false;
}

static bool membership_wanted(const struct core *core, struct config *next)
{
    if (membership_leaves(core, next))
        return true;
    for (size_t i = 0; i < core->peers.count; i++) {
        const struct peer *peer = &core->peers.list[i];
        if (membership_caught_up(core, peer) &&
            membership_with(core, peer, next))
            return true;
    }
    return false;
}

/* Everything in the log is committed, this view's first entry too, and so is
 * the configuration in force. */
static bool membership_quiet(const struct core *core)
{
    uint64_t first = log_epoch_first(&core->log, core->view.epoch);

    return core->commit_seq == log_last(&core->log).seq &&
           core->commit_seq >= first &&
           core->config.seq == core->committed.seq;
}

void membership_settle(struct core *core)
{
    struct config next;

    if (core->role != CORE_ROLE_LEADER)
        return;
    core->membership.pausing =
        core->quorate && membership_wanted(core, &next);
    if (!core->membership.pausing || !membership_quiet(core))
        return;
    struct buf payload = {0};
    config_encode(&payload, &next);
    struct entry entry = {
        .kind = ENTRY_CONFIG,
        .payload = payload.data,
        .length = (uint32_t)payload.len,
    };
    replicate_propose(core, &entry);
    buf_free(&payload);
    core->membership.pausing = false;
    core->counters.config_changes++;
}
