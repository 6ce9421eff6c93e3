#include "daemon/core/pair.h"

#include "daemon/core/view.h"

enum { PAIR_LEAVING_MS = 100 };

/* The other one of two voters, in the configuration in force; NULL when there
 * are not two, or this replica is none of them. */
static const struct voter *pair_other(const struct core *core)
{
    const struct config *config = &core->config;
    int self = config_find(config, &core->uuid);

    return config->count == 2 && self >= 0 ? &config->voters[1 - self] : NULL;
}

static bool pair_settled(const struct core *core)
{
    return core->config.seq == core->committed.seq &&
           core->commit_seq >= core->config.seq;
}

void pair_renew(struct core *core)
{
    const struct voter *other = pair_other(core);

    core->pair.mark++;
    core->pair.fenced = false;
    if (other == NULL || !core->options.fencing)
        return;
    struct effect *effect = effects_add(core->effects, EFFECT_FENCE_MARK);
    effect->seq = core->pair.mark;
    effect->node = other->node;
}

void pair_begin(struct core *core)
{
    core->pair.entered = false;
    core->pair.voted = 0;
}

void pair_vote(struct core *core, uint64_t epoch)
{
    core->pair.voted = epoch;
    pair_renew(core);
}

void pair_on_marked(struct core *core, uint64_t mark)
{
    if (mark > core->pair.marked)
        core->pair.marked = mark;
}

void pair_on_fenced(struct core *core, uint32_t node)
{
    const struct voter *other = pair_other(core);

    if (other != NULL && other->node == node &&
        core->pair.marked == core->pair.mark)
        core->pair.fenced = true;
}

/* Did a replica name this UUID as the one that it gave up? What says so is on its
 * disk, so it holds whenever the message comes. That another one merely speaks
 * from there holds not: it may be a late word of one before it. */
static bool pair_gave_up(const struct core *core, const struct voter *other)
{
    for (size_t i = 0; i < core->peers.count; i++) {
        if (uuid_equal(&core->peers.list[i].former, &other->uuid))
            return true;
    }
    return false;
}

bool pair_alone(const struct core *core)
{
    const struct voter *other = pair_other(core);

    return other != NULL && pair_settled(core) && core->pair.entered &&
           (core->pair.fenced || pair_gave_up(core, other));
}

const char *pair_lacks(const struct core *core)
{
    if (core->config.seq != core->committed.seq && core->config.count <= 2)
        return "the other voter is gone in the middle of a change of voters";
    if (pair_other(core) == NULL)
        return NULL;
    if (!core->pair.entered)
        return "the other voter was not there since this one started";
    if (!core->options.fencing)
        return "the other voter is gone; with fencing=none it is waited for";
    if (!pair_settled(core))
        return "the other voter is gone, and the voters are not settled yet";
    if (core->pair.marked != core->pair.mark)
        return "the other voter is gone, and fencing cannot be watched here";
    return "the other voter is gone; waits until its node is fenced";
}

bool pair_is_kept(const struct core *core)
{
    const struct voter *other = pair_other(core);

    if (other == NULL)
        return core->config.seq != core->committed.seq &&
               config_find(&core->committed, &core->uuid) >= 0 &&
               core->committed.count == 2;
    const struct peer *peer = peers_find(&core->peers, &other->uuid);
    return peer != NULL && peer->present && !peer->leaving;
}

/* The other one came back while this one led: until it has voted in a view, it
 * could not go on alone. */
static bool pair_wants_vote(const struct core *core)
{
    const struct voter *other = pair_other(core);

    if (other == NULL || core->role != CORE_ROLE_LEADER || !core->quorate ||
        !pair_settled(core) || core->leaving)
        return false;
    const struct peer *peer = peers_find(&core->peers, &other->uuid);
    return peer != NULL && peer->present && !peer->leaving &&
           peer->ack_epoch == core->view.epoch &&
           peer->ack_seq >= core->commit_seq &&
           (peer->ready_epoch != core->view.epoch ||
            peer->ready_run != peer->run);
}

/* It led already when the other one was lost: in this view nothing can be
 * committed any more. */
static bool pair_goes_alone(const struct core *core)
{
    return core->role == CORE_ROLE_LEADER && core->quorate && !core->leaving &&
           pair_alone(core);
}

/* A view that this replica voted for has begun here: its first entry, and with
 * it all before, are in the log. */
static void pair_enter(struct core *core)
{
    uint64_t epoch = core->view.epoch;
    uint64_t first = log_epoch_first(&core->log, epoch);

    if (epoch == 0 || core->pair.voted != epoch || first == 0 ||
        core->replicate.matched_seq < first)
        return;
    core->pair.voted = 0;
    core->pair.entered = true;
    pair_renew(core);
}

void pair_settle(struct core *core)
{
    pair_enter(core);
    if (pair_wants_vote(core)) {
        pair_renew(core); /* it is back: whatever is told late is over */
        view_campaign(core, core->view.promised + 1);
    } else if (pair_goes_alone(core)) {
        view_campaign(core, core->view.promised + 1);
    }
    if (core->leaving && core->role == CORE_ROLE_FOLLOWER &&
        pair_is_kept(core) && core->now_ns >= core->pair.leaving_ns) {
        view_say_hello(core);
        core->pair.leaving_ns = core->now_ns + PAIR_LEAVING_MS * STATE_MS;
    }
}

uint64_t pair_deadline(const struct core *core)
{
    if (core->leaving && core->role == CORE_ROLE_FOLLOWER && pair_is_kept(core))
        return core->pair.leaving_ns;
    return STATE_NEVER;
}
