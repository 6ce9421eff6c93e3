/* log: the replica's log, in memory, behind its snapshot.
 *
 * WHAT
 *      base                       last
 *       |  base+1 ... ... ... ...  |
 *       '-- a snapshot covers all up to here (or base is 0)
 *
 *   Every entry is held encoded, with its rolling hash and the number of the
 *   disk effect that wrote it, so that the log can say how far it is durable.
 *
 * INVARIANTS
 *   Sequences are without gaps; epochs never go down (log_append asserts).
 *   hash(n) is entry_hash(hash(n-1), bytes n) (tests/unit/test_core_log.c).
 *
 * OWNERSHIP
 *   Bytes are copied in; pointers given out live until that entry is cut or
 *   compacted.
 *
 * NOT HERE
 *   Whether an entry may be cut: replicate.c. Files: daemon/shell/store.c.
 */
#ifndef HOTWARM_CORE_LOG_H
#define HOTWARM_CORE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/entry.h"

/* A place in a history: what logs are compared by. */
struct log_point {
    uint64_t epoch;
    uint64_t seq;
    uint64_t hash;
};

struct log_item {
    struct entry entry; /* payload points into bytes */
    uint64_t hash;
    uint64_t op;
    uint8_t *bytes;
    size_t len;
};

struct log {
    struct log_point base;
    uint64_t base_op;
    struct log_item *items; /* items[head] is base.seq + 1 */
    size_t head;
    size_t count;
    size_t cap;
    size_t bytes;     /* encoded bytes of all items */
    uint64_t durable; /* the answer of log_durable, kept to move forward only */
};

void log_free(struct log *log);

/* Empties the log; what comes next follows `base`, itself written by `op`. */
void log_reset(struct log *log, const struct log_point *base, uint64_t op);

/* The last entry's place, or the base's. */
struct log_point log_last(const struct log *log);

/* Appends one encoded entry, whose seq must be last + 1; returns it. */
const struct log_item *log_append(struct log *log, const uint8_t *bytes,
                                  size_t len, uint64_t op);

/* The memory that it takes, about. */
size_t log_item_bytes(const struct log_item *item);

/* The entry at `seq`; NULL when it is not held. */
const struct log_item *log_at(const struct log *log, uint64_t seq);

/* The place of `seq`, which may be the base. False when it is not held. */
bool log_point_at(const struct log *log, uint64_t seq, struct log_point *point);

/* Drops all entries at or above `seq` (above the base). */
void log_cut(struct log *log, uint64_t seq);

/* Drops all entries at or below `seq`, which must be held. */
void log_compact(struct log *log, uint64_t seq);

/* The last sequence up to which everything was written by disk effects up to
 * `stored_op`; 0 when the base itself is not. */
uint64_t log_durable(struct log *log, uint64_t stored_op);

/* The sequence of the first entry of `epoch`: the base's own sequence when the
 * base is of that epoch (its first entry is then at or below); 0 if none. */
uint64_t log_epoch_first(const struct log *log, uint64_t epoch);

/* The order of logs: <0, 0, >0; by last epoch, then by sequence
 * (Raft, section 5.4.1). */
int log_compare(const struct log_point *a, const struct log_point *b);

#endif
