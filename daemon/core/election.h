/* election: which waiting replica asks for the lead, and when.
 *
 * WHAT
 *   From the HELLOs of a majority every waiting voter ranks the same list: the
 *   best log first, then the promoted replica, then the lowest node. The first
 *   asks at once; the next asks if nothing came of that, ELECTION_STEP_MS
 *   later per rank, doubling with every failed attempt. A wrong guess here
 *   costs time, never safety: that is view.c's.
 */
#ifndef HOTWARM_CORE_ELECTION_H
#define HOTWARM_CORE_ELECTION_H

#include "daemon/core/state.h"

void election_settle(struct core *core);
uint64_t election_deadline(const struct core *core);

#endif
