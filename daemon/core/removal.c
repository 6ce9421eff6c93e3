#include "daemon/core/removal.h"

#include <inttypes.h>

#include "daemon/core/fresh.h"
#include "daemon/core/replicate.h"

enum {
    REMOVAL_HEARD_MS = 2500, /* two HELLOs may be late */
    REMOVAL_TIMEOUTS = 5     /* a learner may be lost in the second */
};

static const char UNKNOWN[] =
    "-UNKNOWN it cannot be told whether the voter is removed; HOTWARM STATUS "
    "shows the voters\r\n";
static const char NOT_ENOUGH[] =
    "-ERR the voters that would be left do not acknowledge, so they could not "
    "go on; nothing was changed\r\n";
static const char BEHIND[] =
    "-ERR this replica's disk is full or far behind; nothing was changed\r\n";
static const char UNDER_WAY[] =
    "-ERR a change of the voters is under way; ask again\r\n";

static void removal_answer(struct core *core, enum outcome outcome,
                           const char *text)
{
    core->removal.asked = false;
    core->counters.unknown += outcome == OUTCOME_UNKNOWN;
    core_reply_text(core, core->removal.request, outcome, text);
}

/* ---- what stands in the way ---- */

/* Has it said anything since the request, or just before it? */
static bool removal_hears(const struct core *core, const struct peer *peer)
{
    const struct removal *removal = &core->removal;

    if (peer == NULL || peer->heard_ns == 0)
        return false;
    return (removal->asked && peer->heard_ns > removal->asked_ns) ||
           (peer->present &&
            core->now_ns < peer->heard_ns + REMOVAL_HEARD_MS * STATE_MS);
}

static bool removal_has_heir(const struct core *core, const struct voter *voter)
{
    for (size_t i = 0; i < core->peers.count; i++) {
        const struct peer *peer = &core->peers.list[i];
        if (peer->node == voter->node && removal_hears(core, peer) &&
            !uuid_equal(&peer->uuid, &voter->uuid))
            return true;
    }
    return false;
}

/* Why this replica removes nobody now; NULL when it may. */
static const char *removal_hinders(const struct core *core)
{
    if (core->leaving)
        return "-ERR this replica is being stopped; ask the one that leads "
               "then\r\n";
    if (core->now_ns < core->view.handover_ns)
        return "-ERR the lead is being given to another replica; ask again\r\n";
    if (!core->quorate)
        return "-ERR Corosync has no quorum here\r\n";
    if (core->config.seq != core->committed.seq)
        return UNDER_WAY;
    return NULL;
}

/* Why this one is not removed; NULL when it may be. */
static const char *removal_protects(const struct core *core,
                                    const struct voter *voter)
{
    if (core_is_me(core, &voter->uuid))
        return "-ERR a leader does not remove itself; stop this replica, and "
               "ask the one that leads then\r\n";
    if (core->config.count <= 2)
        return "-ERR of two voters none is removed so: the other one would go "
               "on alone, which needs a confirmed fencing\r\n";
    if (removal_has_heir(core, voter))
        return "-ERR this node has a new replica, which takes the vote once it "
               "has caught up\r\n";
    if (removal_hears(core, peers_find(&core->peers, &voter->uuid)))
        return "-ERR this node is there: its voter was heard just now\r\n";
    return NULL;
}

/* Why it cannot be done, as an answer; false when nothing stands in the way. */
static bool removal_refuses(const struct core *core, uint32_t node,
                            struct buf *answer)
{
    int place = config_find_node(&core->config, node);
    const char *why = removal_hinders(core);

    if (why == NULL && place >= 0)
        why = removal_protects(core, &core->config.voters[place]);
    if (core->role == CORE_ROLE_FOLLOWER) {
        buf_printf(answer, "-ERR node %" PRIu32 " leads; ask there\r\n",
                   core->view.leader_member.node);
    } else if (core->role != CORE_ROLE_LEADER) {
        buf_printf(answer, "-ERR no leader is known here\r\n");
    } else if (why != NULL) {
        buf_printf(answer, "%s", why);
    } else if (place < 0) {
        buf_printf(answer,
                   "-ERR node %" PRIu32 " has no voter; voters: ", node);
        config_print_nodes(&core->config, NULL, answer);
        buf_printf(answer, "\r\n");
    }
    return answer->len > 0;
}

/* ---- the request ---- */

static uint64_t removal_patience(const struct core *core)
{
    const struct core_options *options = &core->options;
    uint64_t least = REMOVAL_TIMEOUTS * options->leader_timeout_ns;

    return options->write_timeout_ns > least ? options->write_timeout_ns
                                             : least;
}

void removal_ask(struct core *core, uint64_t request, uint32_t node)
{
    struct buf answer = {0};

    if (removal_refuses(core, node, &answer))
        core_reply(core, request, OUTCOME_REFUSED, 0, answer.data, answer.len);
    else if (core->removal.asked || core->membership.pausing)
        core_reply_text(core, request, OUTCOME_REFUSED, UNDER_WAY);
    else
        core->removal = (struct removal){
            .asked = true,
            .request = request,
            .node = node,
            .epoch = core->view.epoch,
            .asked_ns = core->now_ns,
            .deadline_ns = core->now_ns + removal_patience(core),
        };
    buf_free(&answer);
}

static bool removal_leads(const struct core *core)
{
    return core->role == CORE_ROLE_LEADER &&
           core->view.epoch == core->removal.epoch;
}

/* One of those that would be left has acknowledged the first entry: from now on
 * the one that is named has had the time to. */
static bool removal_is_answered(const struct core *core)
{
    for (unsigned i = 0; i < core->config.count; i++) {
        const struct voter *voter = &core->config.voters[i];
        const struct peer *peer = peers_find(&core->peers, &voter->uuid);
        if (peer != NULL && voter->node != core->removal.node &&
            !core_is_me(core, &voter->uuid) &&
            peer->ack_epoch == core->view.epoch &&
            peer->ack_seq >= core->removal.first)
            return true;
    }
    return false;
}

static void removal_look(struct core *core)
{
    struct removal *removal = &core->removal;

    if (!fresh_holds(core, &removal->fresh)) {
        removal->before = removal->fresh.seq;
        fresh_say(core, &removal->fresh);
    }
    if (removal->first == 0)
        removal->first = removal->fresh.seq;
    if (removal->first != 0 && removal->answered_ns == 0 &&
        removal_is_answered(core))
        removal->answered_ns = core->now_ns;
}

/* Nothing is proposed yet: may it still be? */
static void removal_prepare(struct core *core)
{
    struct buf answer = {0};

    if (removal_refuses(core, core->removal.node, &answer)) {
        buf_u8(&answer, '\0');
        removal_answer(core, OUTCOME_REFUSED, (const char *)answer.data);
    } else if (!removal_leads(core)) {
        removal_answer(core, OUTCOME_REFUSED,
                       "-ERR the lead has changed meanwhile; ask again\r\n");
    } else if (core->now_ns >= core->removal.deadline_ns) {
        removal_answer(core, OUTCOME_REFUSED,
                       core->removal.first == 0 ? BEHIND : NOT_ENOUGH);
    } else {
        removal_look(core);
    }
    buf_free(&answer);
}

/* It is proposed: has it been made, and do those that are left know? Before that
 * they might need the one that was removed, if this one died. Two that are left
 * may vote anew first (pair.h), for the same leader. */
static void removal_follow(struct core *core)
{
    struct removal *removal = &core->removal;
    struct entry entry = {.kind = ENTRY_NOOP};

    if (core->role == CORE_ROLE_FOLLOWER ||
        core->now_ns >= removal->deadline_ns)
        removal_answer(core, OUTCOME_UNKNOWN, UNKNOWN);
    else if (core->role != CORE_ROLE_LEADER ||
             config_find_node(&core->committed, removal->node) >= 0)
        return;
    else if (removal->known != 0 && removal->epoch == core->view.epoch &&
             core->commit_seq >= removal->known)
        removal_answer(core, OUTCOME_OK, "+OK\r\n");
    else if ((removal->known == 0 || removal->epoch != core->view.epoch) &&
             !core_is_ahead(core)) {
        removal->epoch = core->view.epoch;
        removal->known = replicate_propose(core, &entry);
    }
}

void removal_settle(struct core *core)
{
    if (core->removal.asked && core->removal.changed == 0)
        removal_prepare(core);
    else if (core->removal.asked)
        removal_follow(core);
}

static uint64_t removal_silent_ns(const struct core *core)
{
    return core->removal.answered_ns + core->options.leader_timeout_ns;
}

bool removal_wants(const struct core *core, struct uuid *gone)
{
    const struct removal *removal = &core->removal;
    int place = config_find_node(&core->config, removal->node);

    if (!removal->asked || removal->changed != 0 || place < 0 ||
        !fresh_holds(core, &removal->fresh))
        return false;
    *gone = core->config.voters[place].uuid;
    return !peers_list_node(&core->peers, removal->node) ||
           (removal->answered_ns != 0 &&
            core->now_ns >= removal_silent_ns(core));
}

void removal_on_proposed(struct core *core, uint64_t seq)
{
    core->removal.changed = seq;
}

static uint64_t removal_next(const struct core *core, uint64_t found,
                             uint64_t at_ns)
{
    return at_ns > core->now_ns && at_ns < found ? at_ns : found;
}

uint64_t removal_deadline(const struct core *core)
{
    const struct removal *removal = &core->removal;
    uint64_t found = removal->deadline_ns;

    if (!removal->asked)
        return STATE_NEVER;
    if (removal->changed != 0)
        return found;
    if (removal->fresh.seq != 0)
        found =
            removal_next(core, found, fresh_until_ns(core, &removal->fresh));
    if (removal->answered_ns != 0)
        found = removal_next(core, found, removal_silent_ns(core));
    return found;
}

void removal_end(struct core *core)
{
    if (core->removal.asked && core->removal.changed == 0)
        removal_answer(
            core, OUTCOME_REFUSED,
            "-ERR this replica does not serve; nothing was changed\r\n");
    else if (core->removal.asked)
        removal_answer(core, OUTCOME_UNKNOWN, UNKNOWN);
}
