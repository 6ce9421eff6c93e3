#include "daemon/core/election.h"

#include "daemon/core/pair.h"
#include "daemon/core/rival.h"
#include "daemon/core/view.h"

enum {
    ELECTION_STEP_MS = 200,
    ELECTION_DOUBLINGS = 4,
    ELECTION_HELLO_FRESH_MS = 2500 /* two HELLOs may be late */
};

/* A full disk takes no promise, so its replica's vote cannot be had; and it says
 * HELLO also while it follows. */
static bool peer_waits(const struct peer *peer, uint64_t since_ns)
{
    return peer->hello && !peer->leads && !peer->full && peer->present &&
           peer->hello_ns >= since_ns;
}

static uint64_t election_since(const struct core *core)
{
    uint64_t fresh = ELECTION_HELLO_FRESH_MS * STATE_MS;

    return core->now_ns > fresh ? core->now_ns - fresh : 0;
}

static bool election_is_voter(const struct core *core, const struct uuid *uuid)
{
    return config_find(&core->config, uuid) >= 0 ||
           config_find(&core->committed, uuid) >= 0;
}

/* True when `a` goes before `b`. */
static bool election_before(const struct peer *a, const struct peer *b)
{
    int order = log_compare(&a->last, &b->last);

    if (order != 0)
        return order > 0;
    if (a->promoted != b->promoted)
        return a->promoted;
    return a->node < b->node;
}

/* Why it cannot ask for the lead; NULL when it can. */
static const char *election_lacks(const struct core *core)
{
    uint64_t since = election_since(core);
    const struct peer *self = peers_find(&core->peers, &core->uuid);

    if (core->leaving)
        return "is being stopped";
    if (!core->quorate)
        return "Corosync has no quorum here";
    if (core->full != NULL)
        return core->full;
    if (!election_is_voter(core, &core->uuid))
        return "is no voter; waits for a leader";
    if (self == NULL || !peer_waits(self, since))
        return core->why; /* its own HELLO has not come back yet */
    if (view_enough(core, peer_waits, since))
        return NULL;
    struct uuid rival = rival_heard(core);
    if (!uuid_is_none(&rival))
        return "another group lives under this name";
    if (pair_lacks(core) != NULL)
        return pair_lacks(core);
    return log_last(&core->log).seq <= 1
               ? "waits for all voters that the group was created with"
               : "waits for a majority of the voters";
}

/* How many waiting voters go before this replica; -1 when it cannot ask. */
static int election_rank(const struct core *core)
{
    uint64_t since = election_since(core);
    const struct peer *self = peers_find(&core->peers, &core->uuid);
    int rank = 0;

    if (election_lacks(core) != NULL)
        return -1;
    for (size_t i = 0; i < core->peers.count; i++) {
        const struct peer *peer = &core->peers.list[i];
        if (peer != self && peer_waits(peer, since) &&
            election_is_voter(core, &peer->uuid) && election_before(peer, self))
            rank++;
    }
    return rank;
}

static uint64_t election_wait_ns(const struct core *core, int rank)
{
    unsigned attempt = core->view.attempt;
    unsigned doublings =
        attempt < ELECTION_DOUBLINGS ? attempt : ELECTION_DOUBLINGS;
    unsigned steps = (unsigned)rank + (attempt > 0 ? 1 : 0);

    return (uint64_t)(steps << doublings) * ELECTION_STEP_MS * STATE_MS;
}

static uint64_t election_highest_promise(const struct core *core)
{
    uint64_t highest = core->view.promised;

    for (size_t i = 0; i < core->peers.count; i++) {
        const struct peer *peer = &core->peers.list[i];
        if (peer->hello && peer->promised > highest)
            highest = peer->promised;
    }
    return highest;
}

void election_settle(struct core *core)
{
    const char *lacks = election_lacks(core);
    int rank = election_rank(core);

    if (lacks != NULL) {
        core->why = lacks;
        core->view.ranked_ns = 0;
        return;
    }
    if (core->view.ranked_ns == 0)
        core->view.ranked_ns = core->now_ns;
    if (core->now_ns >= core->view.ranked_ns + election_wait_ns(core, rank))
        view_campaign(core, election_highest_promise(core) + 1);
}

uint64_t election_deadline(const struct core *core)
{
    int rank = election_rank(core);

    if (rank < 0 || core->view.ranked_ns == 0)
        return STATE_NEVER;
    return core->view.ranked_ns + election_wait_ns(core, rank);
}
