/* rewind: a history that loses its end, because the replica that was forced lacks
 * it. What stood there has never been: clients were told of it, and the
 * administrator was told that they were.
 */
#ifndef HOTWARM_SIM_REWIND_H
#define HOTWARM_SIM_REWIND_H

#include "tests/sim/ledger.h"

/* The entry at `seq`, and with it all that the ledger knows, becomes the last. How
 * many writes that took effect are lost. */
uint64_t rewind_ledger(struct ledger *ledger, uint64_t seq);

#endif
