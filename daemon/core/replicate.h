/* replicate: the leader's entries, out to everyone's log.
 *
 * WHAT
 *   LEADER     numbers entries, appends them to its own log and multicasts
 *              them behind the place (sequence, hash) they follow. One APPEND
 *              is in flight at a time: what comes meanwhile goes in the next,
 *              so batches grow with the load and the send queue is bounded.
 *   FOLLOWER   appends behind an equal hash, cutting what differs; whatever it
 *              lacks it asks for from the last place it is sure of (FETCH).
 *
 *      leader   | 1 2 3 4 5 6 7 |      APPEND{(5,h5), 6 7}
 *      follower | 1 2 3 4 5 x   |  ->  5 has hash h5: x is cut, 6 7 appended
 *      follower | 1 2 3         |  ->  a gap: FETCH{(3,h3)}
 *
 * INVARIANTS
 *   Nothing at or below the commit point is ever cut: the replica quarantines
 *   itself instead (law quarantine).
 *   An entry already held and equal is never cut, so late, doubled and
 *   reordered APPENDs do no harm (law durable).
 *
 * NOT HERE
 *   Acknowledgement, commit and apply: commit.h.
 */
#ifndef HOTWARM_CORE_REPLICATE_H
#define HOTWARM_CORE_REPLICATE_H

#include "daemon/core/state.h"

/* A new view, or none: forgets what was matched and acknowledged. */
void replicate_reset(struct core *core);

/* This replica has just become leader: appends the view's first entry. */
void replicate_lead(struct core *core);

/* Appends one encoded entry, whose sequence is the log's next, to log and disk.
 * Keeps the configurations in step. */
void replicate_store(struct core *core, const uint8_t *bytes, size_t len);

/* LEADER: numbers a new entry and appends it. Of `entry`, kind, origin, run,
 * number, token and payload are taken. Its sequence. */
uint64_t replicate_propose(struct core *core, const struct entry *entry);

/* The group's clock as the leader has it now, in ms. */
uint64_t replicate_clock_ms(const struct core *core);

/* LEADER: tells all what is committed, now. */
void replicate_tell_commit(struct core *core);

void replicate_on_append(struct core *core, const struct message *message,
                         struct core_member from);
void replicate_on_fetch(struct core *core, const struct message *message);

void replicate_settle(struct core *core);
uint64_t replicate_deadline(const struct core *core);

#endif
