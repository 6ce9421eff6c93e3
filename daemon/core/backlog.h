/* backlog: what was given to the disk and is not yet known stored.
 *
 * WHAT
 *   The bytes of the disk effects above the last STORED, whatever has become of
 *   their entries since: one that is cut still stands in the writer's queue.
 *
 * INVARIANTS
 *   `bytes` is the sum of the list (tests/unit/test_backlog.c).
 *
 * NOT HERE
 *   Which entries are durable: log.h. What is done about it: core_is_ahead.
 */
#ifndef HOTWARM_CORE_BACKLOG_H
#define HOTWARM_CORE_BACKLOG_H

#include <stddef.h>
#include <stdint.h>

struct backlog_effect {
    uint64_t op;
    size_t len;
};

struct backlog {
    struct backlog_effect *list; /* ascending by op, from head */
    size_t head, count, cap;
    size_t bytes;
};

void backlog_free(struct backlog *backlog);

/* One more disk effect: `op` is above all before it. */
void backlog_add(struct backlog *backlog, uint64_t op, size_t len);

/* All up to `op` are stored. */
void backlog_stored(struct backlog *backlog, uint64_t op);

#endif
