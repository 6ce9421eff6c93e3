/* membership: who becomes a voter, decided by the leader.
 *
 * WHAT
 *   A learner that has caught up becomes a voter: in the place of the voter of
 *   its own cluster node, if that one's UUID is gone (its disk was replaced),
 *   or as one more while there are fewer than expected_voters. One of two voters
 *   that is being stopped is removed (pair.h), and so is one whose node is gone
 *   for good, when an administrator says so (removal.h); a learner may take its
 *   vote by the same entry. One voter at a time, one entry each:
 *
 *      change wanted -> no new writes -> all committed -> CONFIG -> committed
 *
 *   A configuration may be appended only when everything before it is
 *   committed and the one before it is known, and stored, as committed (the
 *   correction to Raft's single-server changes; Ongaro on raft-dev, 2015).
 *
 *   Where the group can go on only with those that a change leaves or adds, their
 *   word has to be new (fresh.h).
 *
 * INVARIANTS
 *   At most one configuration of a log is not committed (law config).
 *   A leader never removes itself.
 */
#ifndef HOTWARM_CORE_MEMBERSHIP_H
#define HOTWARM_CORE_MEMBERSHIP_H

#include "daemon/core/state.h"

void membership_settle(struct core *core);

#endif
