#include "daemon/core/removal.h"

#include <inttypes.h>

#include "daemon/core/replicate.h"

enum { REMOVAL_HELLO_MS = 2500 }; /* two HELLOs may be late */

static const char UNKNOWN[] =
    "-UNKNOWN it cannot be told whether the voter is removed; HOTWARM STATUS "
    "shows the voters\r\n";
static const char NOT_ENOUGH[] =
    "-ERR the voters that would be left do not acknowledge, so they could not "
    "go on; nothing was changed\r\n";
static const char UNDER_WAY[] =
    "-ERR a change of the voters is under way; ask again\r\n";

static void removal_answer(struct core *core, enum outcome outcome,
                           const char *text)
{
    core->removal.asked = false;
    core_reply_text(core, core->removal.request, outcome, text);
}

/* ---- what stands in the way ---- */

static void removal_name_voters(const struct core *core, struct buf *text)
{
    uint32_t last = 0;

    for (unsigned i = 0; i < core->config.count; i++) {
        uint32_t next = UINT32_MAX;
        for (unsigned at = 0; at < core->config.count; at++) {
            uint32_t node = core->config.voters[at].node;
            if (node > last && node < next)
                next = node;
        }
        buf_printf(text, " %" PRIu32, next);
        last = next;
    }
}

/* Has it been heard since the request, or just before? */
static bool removal_hears(const struct core *core, const struct uuid *uuid)
{
    const struct removal *removal = &core->removal;
    const struct peer *peer = peers_find(&core->peers, uuid);

    if (peer == NULL)
        return false;
    if (removal->asked && removal->first != 0 &&
        peer->ack_epoch == removal->epoch && peer->ack_seq >= removal->first)
        return true;
    return peer->present && peer->hello_ns != 0 &&
           core->now_ns < peer->hello_ns + REMOVAL_HELLO_MS * STATE_MS;
}

static bool removal_has_heir(const struct core *core, const struct voter *voter)
{
    for (size_t i = 0; i < core->peers.count; i++) {
        const struct peer *peer = &core->peers.list[i];
        if (peer->present && peer->node == voter->node &&
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
    if (removal_hears(core, &voter->uuid))
        return "-ERR this node is there: its voter answers\r\n";
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
        buf_printf(answer, "-ERR node %" PRIu32 " has no voter; voters:", node);
        removal_name_voters(core, answer);
        buf_printf(answer, "\r\n");
    }
    return answer->len > 0;
}

/* ---- the request ---- */

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
            .deadline_ns = core->now_ns + core->options.write_timeout_ns,
        };
    buf_free(&answer);
}

static bool removal_leads(const struct core *core)
{
    return core->role == CORE_ROLE_LEADER &&
           core->view.epoch == core->removal.epoch;
}

static uint64_t removal_stale_ns(const struct core *core)
{
    return core->removal.fresh_ns + core->options.leader_timeout_ns;
}

/* An acknowledgement that comes later may have waited here while this process
 * did, and whoever said it be gone since. So another entry is asked about. */
static void removal_say_fresh(struct core *core)
{
    struct removal *removal = &core->removal;
    struct entry entry = {.kind = ENTRY_NOOP};

    if (core_is_ahead(core))
        return;
    removal->fresh = replicate_propose(core, &entry);
    removal->fresh_ns = core->now_ns;
    if (removal->first != 0)
        return;
    removal->first = removal->fresh;
    removal->first_ns = core->now_ns;
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
        removal_answer(core, OUTCOME_REFUSED, NOT_ENOUGH);
    } else if (core->removal.fresh == 0 ||
               core->now_ns >= removal_stale_ns(core)) {
        removal_say_fresh(core);
    }
    buf_free(&answer);
}

/* It is proposed: has it been made? */
static void removal_follow(struct core *core)
{
    if (removal_leads(core) && core->commit_seq >= core->removal.changed)
        removal_answer(core, OUTCOME_OK, "+OK\r\n");
    else if (!removal_leads(core) || core->now_ns >= core->removal.deadline_ns)
        removal_answer(core, OUTCOME_UNKNOWN, UNKNOWN);
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
    return core->removal.first_ns + core->options.leader_timeout_ns;
}

bool removal_wants(const struct core *core, struct uuid *gone)
{
    const struct removal *removal = &core->removal;
    int place = config_find_node(&core->config, removal->node);

    if (!removal->asked || removal->fresh == 0 || removal->changed != 0 ||
        place < 0 || core->now_ns >= removal_stale_ns(core))
        return false;
    *gone = core->config.voters[place].uuid;
    return !peers_list_node(&core->peers, removal->node) ||
           core->now_ns >= removal_silent_ns(core);
}

void removal_on_proposed(struct core *core, uint64_t seq)
{
    core->removal.changed = seq;
}

uint64_t removal_deadline(const struct core *core)
{
    const struct removal *removal = &core->removal;

    if (!removal->asked)
        return STATE_NEVER;
    /* The first one is stale when the one that is named was silent for long
     * enough, so this is the time for both. */
    if (removal->fresh != 0 && removal->changed == 0 &&
        core->now_ns < removal_stale_ns(core) &&
        removal_stale_ns(core) < removal->deadline_ns)
        return removal_stale_ns(core);
    return removal->deadline_ns;
}

void removal_end(struct core *core)
{
    if (core->removal.asked && core->removal.changed == 0)
        removal_answer(core, OUTCOME_REFUSED,
                       "-CLUSTERDOWN this replica does not serve\r\n");
    else if (core->removal.asked)
        removal_answer(core, OUTCOME_UNKNOWN, UNKNOWN);
}
