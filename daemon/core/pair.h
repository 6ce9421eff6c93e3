/* pair: a group of two voters, of whom one is gone.
 *
 * WHAT
 *   Two voters: a majority is both. So one that leaves in order is removed
 *   before it goes, and one that was lost is removed by the other alone, once
 *   it is certain that it does nothing any more:
 *
 *      clean stop   the leaver says so (HELLO with WIRE_LEAVING) until the
 *                   other one, as leader, has removed it by a CONFIG that both
 *                   acknowledged
 *      loss         the survivor waits (law minority) until the lost one gave up
 *                   its UUID (its HELLO names it as `former`), or its node was
 *                   fenced; then it may lead by its own vote alone. The first
 *                   entry of that view is the CONFIG without the lost one, which
 *                   it commits alone
 *
 *   The lost one comes back as a learner, and becomes a voter again.
 *
 *   A confirmation counts for one loss. It must be of a fencing that began after
 *   the survivor last voted for another's view, entered a view, or changed its
 *   configuration (appended, cut, or installed with a snapshot): at each of these
 *   pair_renew makes a mark, and the shell answers it (CORE_MARKED) when all that
 *   was known of fencing by then has been told. What is confirmed before that
 *   answer is not counted.
 *
 *   And the survivor must, in this run, have entered a view that it voted for,
 *   and hold that view's first entry: only then is its log the leader's, and the
 *   configuration in it the newest. A replica that started alone, or has only
 *   just heard of the other one, may be the one that was removed.
 *
 * INVARIANTS
 *   Two voters never both act on a confirmation of the other's fencing (laws
 *   one-leader, durable; tests/sim with two voters).
 *
 * NOT HERE
 *   How a fencing is confirmed: supervise/. More than two voters: a majority
 *   is needed, fencing or not.
 */
#ifndef HOTWARM_CORE_PAIR_H
#define HOTWARM_CORE_PAIR_H

#include "daemon/core/state.h"

/* A new run: nothing was entered in it. */
void pair_begin(struct core *core);

/* What was confirmed so far counts no more. */
void pair_renew(struct core *core);

/* This replica votes in that epoch, for itself or another. Renews, too. */
void pair_vote(struct core *core, uint64_t epoch);

void pair_on_marked(struct core *core, uint64_t mark);
void pair_on_fenced(struct core *core, uint32_t node);

/* May this replica lead by its own vote alone? */
bool pair_alone(const struct core *core);

/* Why a survivor still waits; NULL when this is no survivor of two. */
const char *pair_lacks(const struct core *core);

/* Is this replica, which is leaving, still to be removed by the other one? */
bool pair_is_kept(const struct core *core);

/* Notes that a view was entered; says again that it leaves; as leader, has the
 * other one vote, or begins a view alone. */
void pair_settle(struct core *core);
uint64_t pair_deadline(const struct core *core);

#endif
