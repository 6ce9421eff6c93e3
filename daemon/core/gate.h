/* gate: whether this replica takes writes now.
 *
 * WHAT
 *   Pacemaker wants a replica promoted or not; the log says whose promotion
 *   is valid (promotion.h). The gate is open only while both say yes:
 *
 *      CORE_PROMOTE -> wanted -> PROMOTE entry applied -> open (token)
 *      CORE_DEMOTE  -> closed at once -> DEMOTE entry, when it can be
 *      another PROMOTE applied (warm), snapshot without us -> closed, replaced
 *
 *   A replaced one has closed by itself: Pacemaker may go on to believe in it for
 *   ever, for its executor tells a monitor's result only when it changes, and that
 *   one message can be lost where two halves of a cluster meet. So it is not
 *   offered (score.h) until Pacemaker has demoted it, which says that it knows.
 *
 *   One PROMOTE or DEMOTE of ours is out at a time. A PROMOTE is proposed once
 *   and forwarded under one number, so it never stands in the log twice.
 *
 * INVARIANTS
 *   Closing needs nobody. A closed gate is opened only by a promotion whose
 *   entry was applied after it was wanted.
 */
#ifndef HOTWARM_CORE_GATE_H
#define HOTWARM_CORE_GATE_H

#include "daemon/core/state.h"

void gate_promote(struct core *core, uint64_t request);
void gate_demote(struct core *core);

/* An entry was applied: is our promotion still valid? */
void gate_on_applied(struct core *core, const struct entry *entry);

/* Our own PROMOTE or DEMOTE was applied. */
void gate_on_result(struct core *core, const struct entry *entry,
                    enum outcome outcome);

void gate_on_installed(struct core *core);

/* The run is over, or this replica is. */
void gate_end(struct core *core, enum outcome outcome, const char *text);

void gate_settle(struct core *core);

#endif
