/* removal: an administrator removes the voter of a node that is gone.
 *
 * WHAT
 *   HOTWARM REMOVE-VOTER, asked of the leader. A voter whose node never comes
 *   back makes every majority one of fewer that can be lost; without its vote
 *   the others, or a learner in its place, count anew.
 *
 *      asked --> NOOP, the fresh entry --> a majority of the voters that would
 *      be left acknowledges it --> no new writes, all committed --> the same
 *      majority acknowledges all --> CONFIG --> committed: OK
 *
 *   Who is alive is not asked of CPG. It lists what hangs, and what is long dead
 *   (Corosync's issue 828); and a voter that was removed while one of those that
 *   are left hangs stops the group for good. So both sides have to show it: those
 *   that are left by an acknowledgement of what was appended after the request,
 *   once more just before the change; and the one that is named by silence.
 *   Listed it has to be silent for leader_timeout; not listed, it is at once.
 *
 *   Refused, with nothing changed: at a replica that does not lead (the answer
 *   names the node that does), leaves, or hands over; while another change is
 *   under way; for the leader itself, for one that is heard, for one whose node
 *   has a new replica (which takes that vote, membership.h); and of two voters,
 *   for what one may do alone is decided by fencing (pair.h).
 *
 *   Answered within write_timeout: once the change is proposed, and this replica
 *   leads no more or the time is over, it is unknown whether it will be made.
 *
 * INVARIANTS
 *   A voter is removed only when a majority of those that are left has stored an
 *   entry that was appended after the request (law config).
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

/* Is a voter to be removed, as far as that one is concerned? Then it is `gone`. */
bool removal_wants(const struct core *core, struct uuid *gone);

/* The configuration without it was appended at `seq`. */
void removal_on_proposed(struct core *core, uint64_t seq);

/* Before membership_settle, which does what is wanted. */
void removal_settle(struct core *core);
uint64_t removal_deadline(const struct core *core);

/* This replica is silent from here on. */
void removal_end(struct core *core);

#endif
