/* barrier: linearizable reads.
 *
 * WHAT
 *   Reads that wait together ask once: BARRIER. A voter whose whole log is the
 *   leader's, in the asker's epoch, answers with its last sequence. Once a
 *   majority has answered, every write acknowledged before the question is at
 *   or below the highest answer (majorities meet); when that is applied here,
 *   the reads are carried out.
 *
 *      asked    the reads of the round that is out
 *      waiting  those that came since; the next round
 *
 *   A read that cannot be carried out within write_timeout is refused: it
 *   changes nothing, so nothing is unknown about it.
 *
 * INVARIANTS
 *   A read's result is not older than any write acknowledged before it came
 *   (law fresh-read). The majority is that of the configuration at the highest
 *   answer. No lease, no clock.
 */
#ifndef HOTWARM_CORE_BARRIER_H
#define HOTWARM_CORE_BARRIER_H

#include "daemon/core/state.h"

void barrier_read(struct core *core, uint64_t request,
                  const struct core_arg *argv, size_t argc);

void barrier_on_barrier(struct core *core, const struct message *message);
void barrier_on_answer(struct core *core, const struct message *message,
                       struct peer *peer);

/* Refuses every waiting read. */
void barrier_end(struct core *core);

void barrier_settle(struct core *core);
uint64_t barrier_deadline(const struct core *core);

#endif
