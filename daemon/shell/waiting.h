/* waiting: the disk effects that the store has not carried out yet, in their
 * order.
 *
 * OWNERSHIP
 *   Each effect has its own copy of its bytes, until waiting_free.
 */
#ifndef HOTWARM_SHELL_WAITING_H
#define HOTWARM_SHELL_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/core.h"

struct waiting_op {
    enum effect_kind kind;
    uint64_t op;
    uint64_t seq;
    uint64_t hash;
    uint8_t *data;
    size_t len;
};

struct waiting {
    struct waiting_op *list;
    size_t count, cap;
};

/* Adds the effect, with a copy of its `data`. */
void waiting_add(struct waiting *waiting, const struct effect *effect,
                 const uint8_t *data);

/* *seq: of the last COMPACT from `at` on; untouched if there is none. False, and
 * no further, at what no COMPACT may overtake: a TRUNCATE, INSTALL or RESET,
 * since the snapshot that it follows may be of what that makes. */
bool waiting_compacts(const struct waiting *waiting, size_t at, uint64_t *seq);

void waiting_free(struct waiting *waiting);

#endif
