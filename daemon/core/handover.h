/* handover: the lead goes where it serves best.
 *
 * WHAT
 *   In a warm group the promoted replica should lead: its writes then save a
 *   hop; it gets the lead once it keeps up with what is committed. A leader that
 *   leaves, or cannot write while a majority of the others can, gives the lead to
 *   any voter that holds its whole log and whose disk is not full. It stops
 *   taking writes, waits until the heir has acknowledged everything, says
 *   HANDOVER, and the heir asks for the next epoch (Ongaro, "Consensus: bridging
 *   theory and practice", section 3.10). If nothing comes of it within
 *   leader_timeout, it goes on leading.
 */
#ifndef HOTWARM_CORE_HANDOVER_H
#define HOTWARM_CORE_HANDOVER_H

#include "daemon/core/state.h"

/* Pacemaker stops this replica: LEAVE follows, at the latest after two
 * leader_timeouts. */
void handover_leave(struct core *core);

/* The disk is full, and the other voters that are there are enough without this
 * one: whatever is wanted of it, they do it better. */
bool handover_steps_aside(const struct core *core);

void handover_settle(struct core *core);
uint64_t handover_deadline(const struct core *core);

#endif
