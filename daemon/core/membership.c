#include "daemon/core/membership.h"

#include "daemon/core/fresh.h"
#include "daemon/core/removal.h"
#include "daemon/core/replicate.h"

/* Is that replica a learner here, whose log is aligned with ours? */
static bool membership_is_learner(const struct core *core,
                                  const struct peer *peer)
{
    return peer->present && !peer->leaving &&
           peer->ack_epoch == core->view.epoch &&
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

/* A learner that holds all that is committed, if there is a place. */
static bool membership_joins(const struct core *core, struct config *next)
{
    for (size_t i = 0; i < core->peers.count; i++) {
        const struct peer *peer = &core->peers.list[i];
        if (membership_is_learner(core, peer) &&
            peer->ack_seq >= core->commit_seq &&
            membership_with(core, peer, next))
            return true;
    }
    return false;
}

/* ---- whose word is new ---- */

/* Has that one acknowledged all up to there, and would it what comes next? */
static bool membership_goes_on(const struct core *core,
                               const struct uuid *uuid, uint64_t seq)
{
    const struct peer *peer = peers_find(&core->peers, uuid);

    if (peer == NULL || peer->ack_epoch != core->view.epoch ||
        peer->ack_seq < seq)
        return false;
    if (core_is_me(core, uuid))
        return core->full == NULL;
    return peer->present && !peer->leaving && !peers_full(peer, core->now_ns);
}

/* Does a majority of these go on from there, and everyone who is new? */
static bool membership_has(const struct core *core, const struct config *next,
                           uint64_t seq)
{
    unsigned count = 0;

    for (unsigned i = 0; i < next->count; i++) {
        const struct uuid *uuid = &next->voters[i].uuid;
        bool goes_on = membership_goes_on(core, uuid, seq);
        if (!goes_on && config_find(&core->config, uuid) < 0)
            return false;
        count += goes_on;
    }
    return count >= config_majority(next);
}

/* One voter alone is to become two, which need each other from then on: was the
 * other one's word given just now? */
static bool membership_is_answered(struct core *core, const struct config *next)
{
    struct fresh *fresh = &core->membership.fresh;

    if (core->config.count != 1)
        return true;
    if (fresh_holds(core, fresh))
        return membership_has(core, next, fresh->seq);
    fresh_say(core, fresh);
    return false;
}

/* ---- a removal ---- */

/* Could that one take the vote, being a learner of another node? */
static bool membership_may_take(const struct core *core,
                                const struct config *next,
                                const struct peer *peer)
{
    return membership_is_learner(core, peer) &&
           config_find_node(next, peer->node) < 0 &&
           next->count < core->config.count &&
           next->count < core->options.expected_voters;
}

/* One whose node is gone (removal.h); a learner takes its vote by the same
 * entry. One that follows is waited for: its word may be under way. */
static bool membership_removes(const struct core *core, struct config *next)
{
    const struct removal *removal = &core->removal;
    struct uuid gone;

    if (!removal_wants(core, &gone))
        return false;
    *next = core->config;
    config_remove(next, &gone);
    for (size_t i = 0; i < core->peers.count; i++) {
        const struct peer *peer = &core->peers.list[i];
        if (!membership_may_take(core, next, peer))
            continue;
        if (membership_goes_on(core, &peer->uuid, removal->fresh.seq))
            config_add(next, &peer->uuid, peer->node);
        else if (peer->ack_seq >= removal->before)
            return false;
    }
    return membership_has(core, next, removal->fresh.seq);
}

/* ---- the change ---- */

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
                                      (membership_joins(core, &next) &&
                                       membership_is_answered(core, &next))));
    if (!core->membership.pausing || !membership_quiet(core))
        return;
    /* Those that are left may be gone themselves since the fresh entry. */
    if (removes && !membership_has(core, &next, log_last(&core->log).seq))
        return;
    uint64_t seq = membership_propose(core, &next);
    if (removes)
        removal_on_proposed(core, seq);
}
