/* removal: an administrator removes the voter of a node that is gone.
 *
 * WHAT
 *   HOTWARM REMOVE-VOTER, asked of the leader. A voter whose node never comes
 *   back goes on to count: of three, both others are needed for everything.
 *   Once a learner has its vote, one may be lost again.
 *
 *      asked --> NOOP, the first entry --> a majority of the voters that would be
 *      left acknowledges it --> no new writes, all committed --> the same
 *      majority acknowledges all --> CONFIG --> committed --> NOOP --> committed:
 *      OK
 *
 *   Who is alive is not asked of CPG: it lists what hangs, and what is long
 *   dead (Corosync's issue 828). To remove one of three while another one hangs
 *   would stop the group for good. So both sides have to show it: those that
 *   are left by acknowledging what was appended after the request, and all of
 *   the log just before the change, by a word that is new (fresh.h); the one
 *   that is named by silence, while it is listed for leader_timeout from where
 *   another voter has acknowledged the first entry. A learner that follows the
 *   log is waited for, to take the vote by the same entry, until it has missed
 *   one of those entries.
 *
 *   The last NOOP tells those that are left that the change is committed. If the
 *   leader died before they knew, they would still need the one that is gone.
 *
 *   Refused, with nothing changed: at a replica that does not lead (the answer
 *   names the node that does), leaves, or hands over; while another change is
 *   under way; for the leader itself, for one that is heard, for one whose node
 *   has a new replica that is heard (which takes that vote, membership.h); and
 *   of two voters, for what one may do alone is decided by fencing (pair.h).
 *
 *   Answered within write_timeout, or five times leader_timeout if that is
 *   longer. Once the change is proposed, and another replica leads or the time is
 *   over, it is unknown whether it will be made.
 *
 * INVARIANTS
 *   A voter is removed only when a majority of those that are left has stored
 *   an entry that was appended after the request (law config).
 *   Refused is never removed by that request (law refused-applied).
 *
 * NOT HERE
 *   The change itself, and when a configuration may be proposed: membership.h.
 */
#ifndef HOTWARM_CORE_REMOVAL_H
#define HOTWARM_CORE_REMOVAL_H

#include "daemon/core/state.h"

/* CORE_REMOVE_VOTER. REPLY follows, now or later. */
void removal_ask(struct core *core, uint64_t request, uint32_t node);

/* Is a voter to be removed, as far as that one is concerned: which one? */
bool removal_wants(const struct core *core, struct uuid *gone);

/* The configuration without it was appended at `seq`. */
void removal_on_proposed(struct core *core, uint64_t seq);

/* Before membership_settle, which does what is wanted. */
void removal_settle(struct core *core);
uint64_t removal_deadline(const struct core *core);

/* This replica is silent from here on. */
void removal_end(struct core *core);

#endif
