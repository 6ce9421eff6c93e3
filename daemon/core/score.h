/* score: how much this replica offers itself for promotion.
 *
 * WHAT
 *   Pacemaker promotes the replicas with the highest scores. Freshness comes
 *   first, preference second:
 *
 *      this replica                                       is offered
 *      silent, leaving, a learner                         no
 *      full disk, and the others there are enough         no
 *      replaced, and not demoted since (gate.h)           no
 *      leads, or holds all that its leader has            yes
 *      follows, more than maxlag entries behind           no
 *      anything else (has no leader, catches up …)        as it was before
 *
 *   Who is offered has SCORE_STANDING, and on top its preference, when
 *
 *      fewer than promoted_max promoted replicas are present, or
 *      failback is always, or
 *      failback is delayed, and it has been offered for failback_delay.
 *
 *   While it is cut off it cannot know, and stays with what it had.
 *
 *   So once as many are promoted as should be, all scores are equal again: the
 *   promoted one stays, and `pcs resource move --promoted` is not undone.
 *
 * NOT HERE
 *   Whether a promotion is possible: gate.h. How Pacemaker is told:
 *   supervise/cluster.h.
 */
#ifndef HOTWARM_CORE_SCORE_H
#define HOTWARM_CORE_SCORE_H

#include "daemon/core/state.h"

enum { SCORE_STANDING = 100 };

/* Gives SET_SCORE when it has changed. `silent`: for good (core.h). */
void score_settle(struct core *core, bool silent);
uint64_t score_deadline(const struct core *core);

#endif
