#include "daemon/core/membership.h"

#include "daemon/core/removal.h"
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

/* A learner, if there is a place. */
static bool membership_joins(const struct core *core, struct config *next)
{
    for (size_t i = 0; i < core->peers.count; i++) {
        const struct peer *peer = &core->peers.list[i];
        if (membership_caught_up(core, peer) &&
            membership_with(core, peer, next))
            return true;
    }
    return false;
}

/* Would that one acknowledge what comes next? */
static bool membership_goes_on(const struct core *core,
                               const struct voter *voter)
{
    const struct peer *peer = peers_find(&core->peers, &voter->uuid);

    if (core_is_me(core, &voter->uuid))
        return core->full == NULL;
    return peer != NULL && peer->present && !peer->leaving &&
           !peers_full(peer, core->now_ns);
}

/* Has a majority of these acknowledged all up to there, and is it there? */
static bool membership_has(const struct core *core, const struct config *next,
                           uint64_t seq)
{
    unsigned count = 0;

    for (unsigned i = 0; i < next->count; i++) {
        const struct peer *peer =
            peers_find(&core->peers, &next->voters[i].uuid);
        count += peer != NULL && peer->ack_epoch == core->view.epoch &&
                 peer->ack_seq >= seq &&
                 membership_goes_on(core, &next->voters[i]);
    }
    return count >= config_majority(next);
}

/* One whose node is gone (removal.h); a learner of another node that has caught
 * up takes its vote by the same entry. */
static bool membership_removes(const struct core *core, struct config *next)
{
    struct uuid gone;

    if (!removal_wants(core, &gone))
        return false;
    *next = core->config;
    config_remove(next, &gone);
    for (size_t i = 0; i < core->peers.count; i++) {
        const struct peer *peer = &core->peers.list[i];
        if (membership_caught_up(core, peer) &&
            config_find_node(next, peer->node) < 0 &&
            next->count < core->config.count &&
            next->count < core->options.expected_voters)
            config_add(next, &peer->uuid, peer->node);
    }
    return membership_has(core, next, core->removal.fresh);
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

static uint64_t membership_propose(struct core *core, const struct config *next)
{
    struct buf payload = {0};

    config_encode(&payload, next);
    struct entry entry = {
        .kind = ENTRY_CONFIG,
        .payload = payload.data,
        .length = (uint32_t)payload.len,
    };
    uint64_t seq = replicate_propose(core, &entry);
    buf_free(&payload);
    core->membership.pausing = false;
    core->counters.config_changes++;
    return seq;
}

void membership_settle(struct core *core)
{
    struct config next;

    if (core->role != CORE_ROLE_LEADER)
        return;
    bool removes = core->quorate && membership_removes(core, &next);
    core->membership.pausing =
        removes || (core->quorate && (membership_leaves(core, &next) ||
                                      membership_joins(core, &next)));
    if (!core->membership.pausing || !membership_quiet(core))
        return;
    /* Those that are left may be gone themselves since the fresh entry. */
    if (removes && !membership_has(core, &next, log_last(&core->log).seq))
        return;
    uint64_t seq = membership_propose(core, &next);
    if (removes)
        removal_on_proposed(core, seq);
}
