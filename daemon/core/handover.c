#include "daemon/core/handover.h"

#include "daemon/core/barrier.h"
#include "daemon/core/forward.h"
#include "daemon/core/gate.h"
#include "daemon/core/pair.h"
#include "daemon/core/replicate.h"

enum { HANDOVER_REST = 4 }; /* leader_timeouts between two attempts */

static bool handover_may(const struct core *core, const struct peer *peer)
{
    return peer->present && !peer->leaving && !peers_full(peer, core->now_ns) &&
           !core_is_me(core, &peer->uuid) &&
           peer->ack_epoch == core->view.epoch &&
           config_find(&core->config, &peer->uuid) >= 0;
}

/* A quarantined one stays listed, and silent. The leader can tell, once its view
 * commits: whoever follows has acknowledged in it by then, or has just begun anew.
 * Another may have missed that. */
static bool handover_follows(const struct core *core, const struct peer *peer)
{
    uint64_t first = log_epoch_first(&core->log, core->view.epoch);

    return core->role != CORE_ROLE_LEADER ||
           peer->ack_epoch == core->view.epoch || first == 0 ||
           core->commit_seq < first;
}

/* CPG lists its node: it may have started again, and not have spoken since. One
 * whose disk is full as well is no help. */
static bool handover_is_there(const struct core *core,
                              const struct voter *voter)
{
    const struct peer *peer = peers_find(&core->peers, &voter->uuid);

    return peers_list_node(&core->peers, voter->node) &&
           (peer == NULL || !peer->present ||
            (!peer->leaving && !peers_full(peer, core->now_ns) &&
             handover_follows(core, peer)));
}

bool handover_steps_aside(const struct core *core)
{
    const struct config *config = &core->config;
    unsigned others = 0;

    if (core->full == NULL)
        return false;
    for (unsigned i = 0; i < config->count; i++)
        others += !core_is_me(core, &config->voters[i].uuid) &&
                  handover_is_there(core, &config->voters[i]);
    return others >= config_majority(config) && config->count > 0;
}

/* The disk takes no more, or does not keep up, and the others are enough. */
static bool handover_cannot_write(const struct core *core)
{
    unsigned others = 0;

    if (core->full == NULL && !core_is_ahead(core))
        return false;
    for (size_t i = 0; i < core->peers.count; i++)
        others += handover_may(core, &core->peers.list[i]);
    return others >= config_majority(&core->config);
}

/* The voter that should lead in our place, or NULL. */
static const struct peer *handover_heir(const struct core *core)
{
    const struct promotions *promotions = &core->machine.promotions;
    const struct peer *heir = NULL;

    if (core->leaving || handover_cannot_write(core)) {
        for (size_t i = 0; i < core->peers.count; i++) {
            const struct peer *peer = &core->peers.list[i];
            if (handover_may(core, peer) &&
                (heir == NULL || peer->ack_seq > heir->ack_seq))
                heir = peer;
        }
        return heir;
    }
    if (core->options.mode != CORE_WARM || promotions->count == 0)
        return NULL;
    heir = peers_find(&core->peers, &promotions->list[0].uuid);
    if (heir == NULL || !handover_may(core, heir) ||
        heir->run != promotions->list[0].run)
        return NULL;
    /* To begin with, it has to keep up with the others: one with a slow disk may
     * just have given the lead away for that, and intake would stand still until
     * it has caught up. */
    bool begun = core->now_ns < core->view.handover_retry_ns;
    return begun || heir->ack_seq >= core->commit_seq ? heir : NULL;
}

static void handover_say(struct core *core, const struct peer *heir)
{
    struct message message =
        core_message(core, WIRE_HANDOVER, core->view.epoch);

    message.to = heir->uuid;
    message.to_run = heir->run;
    /* The heir has to know that the voters are settled, or it needs those of the
     * configuration before as well. */
    replicate_tell_commit(core);
    core_multicast(core, &message);
    core->view.handover_said = true;
    core->counters.handovers++;
}

static void handover_lead(struct core *core)
{
    struct view *view = &core->view;
    const struct peer *heir = handover_heir(core);

    /* Not "known committed, and stored so": a full disk stores nothing. */
    if (heir == NULL || core->commit_seq < core->config.seq ||
        core->commit_seq < log_epoch_first(&core->log, view->epoch))
        return;
    if (core->now_ns >= view->handover_retry_ns) {
        uint64_t timeout = core->options.leader_timeout_ns;
        view->handover_ns = core->now_ns + timeout;
        view->handover_retry_ns = core->now_ns + HANDOVER_REST * timeout;
        view->handover_said = false;
    }
    if (core->now_ns < view->handover_ns && !view->handover_said &&
        heir->ack_seq == log_last(&core->log).seq)
        handover_say(core, heir);
}

void handover_leave(struct core *core)
{
    core->leaving = true;
    core->leaving_ns = core->now_ns + 2 * core->options.leader_timeout_ns;
    core->view.handover_retry_ns = core->now_ns;
    gate_demote(core);
}

static void handover_left(struct core *core)
{
    static const char reason[] = "stopped";

    core->role = CORE_ROLE_LEFT;
    core->why = reason;
    forward_end(core);
    barrier_end(core);
    effects_add_data(core->effects, EFFECT_LEAVE, reason, sizeof(reason) - 1);
}

void handover_settle(struct core *core)
{
    if (core->role == CORE_ROLE_LEADER && core->quorate)
        handover_lead(core);
    if (!core->leaving || core->role == CORE_ROLE_LEFT)
        return;
    bool waits = core->role == CORE_ROLE_LEADER ? handover_heir(core) != NULL
                                                : pair_is_kept(core);
    if (!waits || core->now_ns >= core->leaving_ns)
        handover_left(core);
}

uint64_t handover_deadline(const struct core *core)
{
    if (core->role == CORE_ROLE_LEADER && core->now_ns < core->view.handover_ns)
        return core->view.handover_ns; /* intake begins again */
    if (core->leaving && core->role != CORE_ROLE_LEFT)
        return core->leaving_ns;
    return STATE_NEVER;
}
