/* keyspace: the keys, their values, and when they expire.
 *
 * WHAT
 *   A table of keys; those with an expiry are also in a heap, soonest first.
 *   Time is the group's clock (entry.h): it moves with entries alone, and
 *   keys that it has passed are gone before the entry is applied. So at one
 *   sequence every replica holds the same keys.
 *
 * INVARIANTS
 *   Equal contents have an equal digest and equal encoded bytes, whatever the
 *   order in which they came (tests/unit/test_keyspace.c).
 *
 * OWNERSHIP
 *   Keys and values are copied in. A struct key lives until it is deleted or
 *   expires; its value until it is set.
 *
 * NOT HERE
 *   Commands and their replies: command.h.
 */
#ifndef HOTWARM_CORE_KEYSPACE_H
#define HOTWARM_CORE_KEYSPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/cursor.h"
#include "lib/table.h"

enum key_type { KEY_STRING = 1 };

struct key {
    struct table_item item; /* item.key is `name` */
    enum key_type type;
    uint8_t *name;
    uint8_t *value;
    size_t value_len;
    uint64_t expires_ms; /* on the group's clock; 0: never */
    size_t heap_at;      /* place in the heap, when expires_ms is set */
    uint64_t digest;     /* what it adds to the key space's digest */
};

struct keyspace {
    struct table keys;
    struct key **heap;
    size_t heap_count;
    size_t heap_cap;
    uint64_t digest;
};

void keyspace_free(struct keyspace *keyspace);

/* The key of that name, or NULL. */
struct key *keyspace_find(const struct keyspace *keyspace, const void *name,
                          size_t len);

/* Sets a key to a string, making it if needed. `expires_ms` 0: never. */
struct key *keyspace_set(struct keyspace *keyspace, const void *name,
                         size_t name_len, const void *value, size_t value_len,
                         uint64_t expires_ms);

/* Changes only the expiry; 0 removes it. */
void keyspace_expire(struct keyspace *keyspace, struct key *key,
                     uint64_t expires_ms);

void keyspace_delete(struct keyspace *keyspace, struct key *key);

/* Deletes all keys whose expiry is at or before `clock_ms`. */
void keyspace_advance(struct keyspace *keyspace, uint64_t clock_ms);

/* The soonest expiry, 0 when no key has one. */
uint64_t keyspace_next_expiry(const struct keyspace *keyspace);

/* All keys, in ascending order of name. */
void keyspace_encode(struct buf *buf, const struct keyspace *keyspace);

/* 0 or RESULT_MALFORMED; then `keyspace` is empty. */
int keyspace_decode(struct cursor *cursor, struct keyspace *keyspace);

#endif
