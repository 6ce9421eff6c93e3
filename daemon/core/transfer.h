/* transfer: snapshots, out of this replica and into it.
 *
 * WHAT
 *   A replica whose log begins after what another needs cannot send entries;
 *   the state itself goes, in chunks that the receiver asks for one by one:
 *
 *      leader    OFFER{snapshot} --.
 *      receiver                    '--> PULL{donor, snapshot, offset} --.
 *      donor                         .------------ CHUNK{snapshot, offset}
 *      receiver  PULL the next  <----'   ...   last chunk: install
 *
 *   A chunk names its snapshot, so it may come from anyone who has the same,
 *   and outlives views. A donor that is silent is replaced by the next.
 *
 * INVARIANTS
 *   A snapshot is installed whole, decoded first, and only if it is beyond
 *   what is committed here (law one-history).
 *   SNAPSHOT and INSTALL never overlap, so the newer always wins on disk.
 */
#ifndef HOTWARM_CORE_TRANSFER_H
#define HOTWARM_CORE_TRANSFER_H

#include "daemon/core/state.h"

/* LEADER: answers a FETCH from before the log's base. */
void transfer_offer(struct core *core, const struct message *fetch);

/* Somebody was sent what it lacks: the log that it needs next is kept for a
 * while, as long as that is not too much. */
void transfer_serve(struct core *core);

void transfer_on_offer(struct core *core, const struct message *message);
void transfer_on_pull(struct core *core, const struct message *message);
void transfer_on_chunk(struct core *core, const struct message *message);
void transfer_on_read_done(struct core *core, const struct core_event *event);
void transfer_on_snapshot_done(struct core *core,
                               const struct core_event *event);

/* Asks for a snapshot of this replica when enough log has been applied. */
void transfer_snapshot_due(struct core *core);

void transfer_end(struct core *core);

void transfer_settle(struct core *core);
uint64_t transfer_deadline(const struct core *core);

#endif
