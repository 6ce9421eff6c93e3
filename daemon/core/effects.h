/* effects: what one core_step wants done.
 *
 * WHAT
 *   A list in the order in which the shell has to begin them. Bytes live in
 *   one arena, so that a step allocates little.
 *
 * OWNERSHIP
 *   effects_data's pointer lives until the next core_step or effects_reset on
 *   the same list. A zeroed struct is an empty list.
 */
#ifndef HOTWARM_CORE_EFFECTS_H
#define HOTWARM_CORE_EFFECTS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

enum effect_kind {
    EFFECT_MULTICAST = 1, /* data */
    EFFECT_PROMISE,       /* op, data */
    EFFECT_APPEND,        /* op, seq, hash, data */
    EFFECT_TRUNCATE,      /* op, seq */
    EFFECT_INSTALL,       /* op, seq, data */
    EFFECT_COMPACT,       /* op, seq */
    EFFECT_RESET,         /* op */
    EFFECT_SNAPSHOT,      /* seq */
    EFFECT_READ,          /* offset, length */
    EFFECT_REPLY,         /* request, outcome, seq, data (RESP) */
    EFFECT_SET_TIMER,     /* at_ns: when TICK is due; replaces the one before */
    EFFECT_SET_SCORE,     /* score: Pacemaker's promotion score; 0 removes it */
    EFFECT_FENCE_MARK,    /* seq, node: MARKED{seq} is due once everything known
                             of that node's fencing has been told */
    EFFECT_LEAVE          /* data: the reason, text */
};

enum outcome {
    OUTCOME_OK = 1,   /* done (a command's own error is "done" too) */
    OUTCOME_REFUSED,  /* not done, and never will be */
    OUTCOME_UNKNOWN   /* it cannot be told whether it will be done */
};

struct effect {
    enum effect_kind kind;
    uint64_t op;
    uint64_t seq; /* for REPLY: the write's entry, or the state a read saw */
    uint64_t hash;
    uint64_t offset;
    uint64_t length;
    uint64_t request;
    uint64_t at_ns;
    enum outcome outcome;
    int score;
    uint32_t node;
    size_t data_at; /* in the arena */
    size_t data_len;
};

struct effects {
    struct effect *list;
    size_t count;
    size_t cap;
    struct buf arena;
};

void effects_free(struct effects *effects);
void effects_reset(struct effects *effects);

/* A new, zeroed effect of that kind at the end; valid until the next add. */
struct effect *effects_add(struct effects *effects, enum effect_kind kind);

/* The same, with a copy of `len` bytes. */
struct effect *effects_add_data(struct effects *effects, enum effect_kind kind,
                                const void *data, size_t len);

/* NULL when it has none. */
const uint8_t *effects_data(const struct effects *effects,
                            const struct effect *effect);

#endif
