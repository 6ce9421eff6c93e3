/* removal: an administrator removes the voter of a node that is gone.
 *
 * WHAT
 *   HOTWARM REMOVE-VOTER, asked of the leader. A voter whose node never comes
 *   back goes on to count: of three, both others are needed for everything.
 *   Once a learner has its vote, one may be lost again.
 *
 *      asked --> NOOP, the fresh entry --> a majority of the voters that would
 *      be left acknowledges it --> no new writes, all committed --> the same
 *      majority acknowledges all --> CONFIG --> committed: OK
 *
 *   Who is alive is not asked of CPG: it lists what hangs, and what is long
 *   dead (Corosync's issue 828). To remove one of three while another one hangs
 *   would stop the group for good. So both sides have to show it: those that
 *   are left by acknowledging what was appended after the request, and all of
 *   the log just before the change; the one that is named by silence, while it
 *   is listed for leader_timeout. What is not acknowledged in that time is
 *   appended anew: a leader that was stopped finds old words in its queue.
 *
 *   Refused, with nothing changed: at a replica that does not lead (the answer
 *   names the node that does), leaves, or hands over; while another change is
 *   under way; for the leader itself, for one that is heard, for one whose node
 *   has a new replica (which takes that vote, membership.h); and of two voters,
 *   for what one may do alone is decided by fencing (pair.h).
 *
 *   Answered within write_timeout. Once the change is proposed, and this
 *   replica leads no more or the time is over, it is unknown whether it will be
 *   made.
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
