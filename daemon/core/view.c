#include "daemon/core/view.h"

#include <string.h>

#include "daemon/core/commit.h"
#include "daemon/core/create.h"
#include "daemon/core/election.h"
#include "daemon/core/forward.h"
#include "daemon/core/pair.h"
#include "daemon/core/replicate.h"
#include "daemon/core/rival.h"

enum { VIEW_HELLO_MS = 1000 };

static void view_forget_leader(struct core *core)
{
    struct view *view = &core->view;

    view->epoch = 0;
    memset(&view->leader, 0, sizeof(view->leader));
    view->leader_run = 0;
    memset(&view->leader_member, 0, sizeof(view->leader_member));
    view->alone = false;
    view->said = false;
    view->handover_ns = 0;
}

void view_wait(struct core *core, const char *why)
{
    struct view *view = &core->view;

    core->role =
        uuid_is_none(&core->group) ? CORE_ROLE_BLANK : CORE_ROLE_WAITING;
    core->why = why;
    view_forget_leader(core);
    replicate_reset(core);
    view->hello_ns = core->now_ns;
    view->ranked_ns = 0;
}

bool view_is_leader(const struct core *core, const struct message *message)
{
    return message->epoch == core->view.epoch &&
           message->run == core->view.leader_run &&
           uuid_equal(&message->sender, &core->view.leader);
}

bool view_takes(const struct core *core)
{
    return core->role == CORE_ROLE_LEADER &&
           core->now_ns >= core->view.handover_ns &&
           !core->membership.pausing && !core_is_ahead(core);
}

/* ---- candidates ---- */

void view_campaign(struct core *core, uint64_t epoch)
{
    struct view *view = &core->view;

    view_forget_leader(core);
    replicate_reset(core);
    peers_forget_view(&core->peers);
    core->role = CORE_ROLE_CANDIDATE;
    core->why = "asks for the lead";
    view->promised = epoch;
    view->leader = core->uuid;
    view->leader_run = core->run;
    view->deadline_ns = core->now_ns + core->options.leader_timeout_ns;
    view->attempt++;
    core_promise(core);
}

bool view_enough(const struct core *core,
                 bool (*test)(const struct peer *peer, uint64_t argument),
                 uint64_t argument)
{
    if (log_last(&core->log).seq <= 1)
        return core->config.count > 0 &&
               peers_count(&core->peers, &core->config, test, argument) ==
                   core->config.count;
    if (core_majority(core, test, argument))
        return true;
    const struct peer *self = peers_find(&core->peers, &core->uuid);
    return pair_alone(core) && self != NULL && test(self, argument);
}

static bool peer_is_ready(const struct peer *peer, uint64_t epoch)
{
    return peer->ready_epoch == epoch;
}

static void view_lead(struct core *core)
{
    struct view *view = &core->view;

    core->role = CORE_ROLE_LEADER;
    core->why = "";
    view->alone = !core_majority(core, peer_is_ready, view->promised);
    view->epoch = view->promised;
    view->attempt = 0;
    view->heard_ns = core->now_ns;
    view->handover_retry_ns = core->now_ns;
    core->counters.views++;
    pair_vote(core, view->epoch);
    replicate_lead(core);
    forward_rewind(core);
}

static void candidate_settle(struct core *core)
{
    struct view *view = &core->view;

    if (core->stored_op < view->promise_op || !core->quorate)
        return;
    if (!view->said) {
        struct message message = core_message(core, WIRE_VIEW, view->promised);
        message.point = log_last(&core->log);
        core_multicast(core, &message);
        view->said = true;
        struct peer *self = peers_find(&core->peers, &core->uuid);
        if (self != NULL)
            self->ready_epoch = view->promised;
    }
    if (view_enough(core, peer_is_ready, view->promised))
        view_lead(core);
}

void view_on_ready(struct core *core, const struct message *message,
                   struct peer *peer)
{
    if (core->role != CORE_ROLE_CANDIDATE ||
        message->epoch != core->view.promised ||
        !core_is_me(core, &message->to) || message->to_run != core->run)
        return;
    peer->ready_epoch = message->epoch;
    peer->ready_run = message->run;
}

void view_on_handover(struct core *core, const struct message *message)
{
    if (core->role == CORE_ROLE_FOLLOWER && core->quorate && !core->leaving &&
        core->full == NULL && view_is_leader(core, message) &&
        core_is_me(core, &message->to) && message->to_run == core->run &&
        core_is_voter(core))
        view_campaign(core, core->view.promised + 1);
}

/* ---- voters ---- */

/* May that candidate lead, by our log? (Raft, section 5.4.1.) Two logs that
 * end at one place must also be one history. */
static bool view_agrees(const struct core *core, const struct log_point *theirs)
{
    struct log_point own = log_last(&core->log);
    int order = log_compare(theirs, &own);

    return order > 0 || (order == 0 && theirs->hash == own.hash);
}

void view_on_view(struct core *core, const struct message *message,
                  struct core_member from)
{
    struct view *view = &core->view;

    if (message->epoch <= view->promised || !core->quorate)
        return;
    if (!view_agrees(core, &message->point))
        return;
    view_forget_leader(core);
    replicate_reset(core);
    peers_forget_view(&core->peers);
    core->role = CORE_ROLE_VOTED;
    core->why = "waits for the leader it voted for";
    view->promised = message->epoch;
    view->leader = message->sender;
    view->leader_run = message->run;
    view->leader_member = from;
    view->deadline_ns = core->now_ns + core->options.leader_timeout_ns;
    pair_vote(core, message->epoch);
    core_promise(core);
}

static void voted_settle(struct core *core)
{
    struct view *view = &core->view;

    if (view->said || core->stored_op < view->promise_op || !core->quorate)
        return;
    struct message message = core_message(core, WIRE_READY, view->promised);
    message.to = view->leader;
    message.to_run = view->leader_run;
    core_multicast(core, &message);
    view->said = true;
}

/* ---- followers ---- */

void view_follow(struct core *core, const struct message *message,
                 struct core_member from)
{
    struct view *view = &core->view;
    bool promise = message->epoch > view->promised;

    view_forget_leader(core);
    replicate_reset(core);
    peers_forget_view(&core->peers);
    if (uuid_is_none(&core->group)) {
        core->group = message->group;
        core->machine.group = message->group;
        promise = true;
    }
    core->role = CORE_ROLE_FOLLOWER;
    core->why = "";
    view->promised = message->epoch;
    view->epoch = message->epoch;
    view->leader = message->sender;
    view->leader_run = message->run;
    view->leader_member = from;
    view->heard_ns = core->now_ns;
    view->attempt = 0;
    pair_renew(core);
    if (promise)
        core_promise(core);
    forward_rewind(core);
}

void view_on_hello(struct core *core, const struct message *message,
                   struct peer *peer)
{
    peer->hello = true;
    peer->hello_ns = core->now_ns;
    peer->group = message->group;
    peer->promised = message->epoch;
    peer->last = message->point;
    peer->promoted = (message->flags & WIRE_PROMOTED) != 0;
    peer->lost = (message->flags & WIRE_LOST) != 0;
    peer->leaving = (message->flags & WIRE_LEAVING) != 0;
    peer->leads = (message->flags & WIRE_LEADS) != 0;
    peer->full = (message->flags & WIRE_FULL) != 0;
    peer->former = message->former;
    if ((message->flags & WIRE_SETTLED) != 0)
        commit_on_settled(core, &message->config);
    if (core->role != CORE_ROLE_LEADER || peer->leads ||
        core_is_me(core, &message->sender))
        return;
    /* Who promised more cannot hear this leader: lead above that. */
    if (message->epoch > core->view.promised && core->quorate)
        view_campaign(core, message->epoch + 1);
    else
        core->replicate.heartbeat_ns = core->now_ns;
}

void view_on_members(struct core *core)
{
    const struct view *view = &core->view;

    core->view.members_ns = core->now_ns;
    core->view.hello_ns = core->now_ns;
    if (core->role != CORE_ROLE_FOLLOWER && core->role != CORE_ROLE_VOTED)
        return;
    for (size_t i = 0; i < core->peers.member_count; i++) {
        const struct core_member *member = &core->peers.members[i];
        if (member->node == view->leader_member.node &&
            member->pid == view->leader_member.pid)
            return;
    }
    view_wait(core, "its leader left");
}

/* ---- time ---- */

void view_on_tick(struct core *core)
{
    const struct view *view = &core->view;

    if ((core->role == CORE_ROLE_VOTED || core->role == CORE_ROLE_CANDIDATE) &&
        core->now_ns >= view->deadline_ns)
        view_wait(core, "an election came to nothing");
    else if (core->role == CORE_ROLE_FOLLOWER &&
             core->now_ns >= view->heard_ns + core->options.leader_timeout_ns)
        view_wait(core, "its leader is silent");
}

void view_say_hello(struct core *core)
{
    struct message message =
        core_message(core, WIRE_HELLO, core->view.promised);

    message.point = log_last(&core->log);
    message.flags = core->options.mode == CORE_HOT ? WIRE_MODE_HOT : 0;
    if (core->gate.token != 0)
        message.flags |= WIRE_PROMOTED;
    if (core->lost)
        message.flags |= WIRE_LOST;
    if (core->leaving)
        message.flags |= WIRE_LEAVING;
    if (core->config.seq == core->committed.seq || commit_knows_config(core))
        message.flags |= WIRE_SETTLED;
    if (core->role == CORE_ROLE_LEADER)
        message.flags |= WIRE_LEADS;
    core->view.full_said = core->full != NULL;
    if (core->view.full_said)
        message.flags |= WIRE_FULL;
    message.former = core->former;
    message.config = core->config;
    core_multicast(core, &message);
    core->view.hello_ns = core->now_ns + VIEW_HELLO_MS * STATE_MS;
}

/* Who has a leader says HELLO too while its disk is full, and once when it has
 * room again: nobody gives such a one the lead, or counts on it. Not a leader that
 * cannot commit: what leads and says HELLO is a group that serves (rival.h). */
static bool view_tells_full(const struct core *core)
{
    return (core->role == CORE_ROLE_FOLLOWER || view_can_commit(core)) &&
           (core->full != NULL || core->view.full_said);
}

void view_settle(struct core *core)
{
    if (view_tells_full(core) &&
        (core->view.full_said != (core->full != NULL) ||
         core->now_ns >= core->view.hello_ns))
        view_say_hello(core);
    if (core->stored_op < core->view.promise_op)
        return;
    if (core->role == CORE_ROLE_OFFLINE && core->connected && core->run != 0)
        view_wait(core, "has just started");
    if (core->role == CORE_ROLE_WAITING || core->role == CORE_ROLE_BLANK) {
        if (core->now_ns >= core->view.hello_ns)
            view_say_hello(core);
        if (core->role == CORE_ROLE_BLANK)
            create_settle(core);
        else
            election_settle(core);
    }
    if (core->role == CORE_ROLE_CANDIDATE)
        candidate_settle(core);
    if (core->role == CORE_ROLE_VOTED)
        voted_settle(core);
}

static bool peer_is_present(const struct peer *peer, uint64_t unused)
{
    (void)unused;
    return peer->present;
}

static const char *leader_lacks(const struct core *core)
{
    if (core_majority(core, peer_is_present, 0))
        return "";
    const char *lacks = pair_lacks(core);
    return lacks != NULL ? lacks : "waits for a majority of the voters";
}

bool view_can_commit(const struct core *core)
{
    return core->role == CORE_ROLE_LEADER && core->quorate &&
           leader_lacks(core)[0] == '\0';
}

void view_explain(struct core *core)
{
    if (core->role != CORE_ROLE_LEADER && core->role != CORE_ROLE_FOLLOWER)
        return;
    if (!core->quorate)
        core->why = "Corosync has no quorum here";
    else if (rival_prevails(core))
        core->why = "another group lives under this name, with at least as "
                    "many voters";
    else if (core->gate.replaced)
        core->why = "its promotion was replaced; Pacemaker has to demote it";
    else
        core->why = core->role == CORE_ROLE_LEADER ? leader_lacks(core) : "";
}

uint64_t view_deadline(const struct core *core)
{
    if (core->stored_op < core->view.promise_op &&
        core->role != CORE_ROLE_FOLLOWER)
        return STATE_NEVER; /* STORED comes first */
    switch (core->role) {
    case CORE_ROLE_BLANK:
        return core->view.hello_ns;
    case CORE_ROLE_WAITING: {
        uint64_t election = election_deadline(core);
        return election < core->view.hello_ns ? election : core->view.hello_ns;
    }
    case CORE_ROLE_VOTED:
    case CORE_ROLE_CANDIDATE:
        return core->view.deadline_ns;
    case CORE_ROLE_FOLLOWER: {
        uint64_t silent = core->view.heard_ns + core->options.leader_timeout_ns;
        return view_tells_full(core) && core->view.hello_ns < silent
                   ? core->view.hello_ns
                   : silent;
    }
    case CORE_ROLE_LEADER:
        return view_tells_full(core) ? core->view.hello_ns : STATE_NEVER;
    default:
        return STATE_NEVER;
    }
}
