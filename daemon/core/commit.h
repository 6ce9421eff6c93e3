/* commit: acknowledged, committed, applied.
 *
 * WHAT
 *      appended ---> durable ---> ACK ---> committed ---> applied
 *      (log)         (STORED)              (majority)     (machine)
 *
 *   Every replica counts the ACKs for itself: an entry is committed once the
 *   ACKs of a majority of the voters in force at it, all in one epoch, cover
 *   both it and that epoch's first entry (Raft, section 5.4.2: older entries
 *   are committed only together with one of the leader's own epoch).
 *
 * INVARIANTS
 *   An ACK covers only what is durable here AND equal to the leader's log, and
 *   is said only when the promise of its epoch is durable and Corosync says
 *   quorate (law durable).
 */
#ifndef HOTWARM_CORE_COMMIT_H
#define HOTWARM_CORE_COMMIT_H

#include "daemon/core/state.h"

void commit_on_ack(struct core *core, const struct message *message,
                   struct peer *peer);

void commit_settle(struct core *core);

/* Is the configuration in force committed, though not yet stored so? */
bool commit_knows_config(const struct core *core);

/* Another replica says that this configuration is committed. */
void commit_on_settled(struct core *core, const struct config *config);

/* The disk has reached core->stored_op: so far the log is durable, and a committed configuration that is now
 * stored as such is known committed. */
void commit_on_stored(struct core *core);

#endif
