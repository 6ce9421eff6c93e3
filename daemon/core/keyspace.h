/* keyspace: the keys, their values, and when they expire.
 *
 * WHAT
 *   A table of keys; those with an expiry are also in a heap, soonest first.
 *   Time is the group's clock (entry.h): it moves with entries alone, and
 *   keys that it has passed are gone before the entry is applied. So at one
 *   sequence every replica holds the same keys.
 *
 *   Encoded: u64 count, then the keys in ascending order of name, each
 *      u8 type | u64 expires_ms | blob name | by type:
 *      string: blob value
 *      hash:   u64 count | count of (blob field, blob value), in their order
 *
 * INVARIANTS
 *   Equal contents have an equal digest, equal `bytes` and equal encoded
 *   bytes, whatever the order in which they came; a hash's order of fields is
 *   part of its contents (tests/unit/test_keyspace.c).
 *   No hash is empty, but between keyspace_hash and the first field.
 *
 * OWNERSHIP
 *   Names and values are copied in. A struct key lives until it is deleted,
 *   renamed or expires; its value until it is set.
 *
 * NOT HERE
 *   Commands and their replies: command.h. A hash's own order: fields.h.
 */
#ifndef HOTWARM_CORE_KEYSPACE_H
#define HOTWARM_CORE_KEYSPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/fields.h"
#include "lib/buf.h"
#include "lib/cursor.h"
#include "lib/table.h"

/* What a string may grow to: Redis' own default. One command brings less. */
#define KEYSPACE_STRING_MAX (512u * 1024u * 1024u)

/* In snapshots: never renumbered. */
enum key_type { KEY_STRING = 1, KEY_HASH = 2 };

struct key {
    struct table_item item; /* item.key is `name` */
    enum key_type type;
    union {
        struct { /* KEY_STRING */
            uint8_t *value;
            size_t value_len;
            size_t value_cap;
            uint64_t value_digest; /* of the whole blocks in front */
        };
        struct fields fields; /* KEY_HASH */
    };
    uint64_t expires_ms; /* on the group's clock; 0: never */
    size_t heap_at;      /* place in the heap, when expires_ms is set */
    uint64_t digest;     /* what it adds to the key space's digest */
    size_t bytes;        /* and to its bytes */
    uint8_t name[];
};

struct keyspace {
    struct table keys;
    struct key **heap;
    size_t heap_count;
    size_t heap_cap;
    uint64_t digest;
    size_t bytes; /* memory used, about, by what the keys are alone */
};

void keyspace_free(struct keyspace *keyspace);

/* The key of that name, or NULL. */
struct key *keyspace_find(const struct keyspace *keyspace, const void *name,
                          size_t len);

/* Sets a key to a string, making it if needed, whatever it was. `expires_ms`
 * 0: never. */
struct key *keyspace_set(struct keyspace *keyspace, const void *name,
                         size_t name_len, const void *value, size_t value_len,
                         uint64_t expires_ms);

/* Adds to the end of a string, whose expiry stays. The caller has compared the
 * sum with KEYSPACE_STRING_MAX. */
void keyspace_append(struct keyspace *keyspace, struct key *key,
                     const void *bytes, size_t len);

/* The key of that name, which is a hash; where there is none, a new and empty
 * one, for the caller to fill at once. */
struct key *keyspace_hash(struct keyspace *keyspace, const void *name,
                          size_t len);

/* Sets a field of a hash; true if it is new. */
bool keyspace_field_set(struct keyspace *keyspace, struct key *key,
                        const void *name, size_t name_len, const void *value,
                        size_t value_len);

/* Removes a field of a hash, and with the last one the key: then false. */
bool keyspace_field_remove(struct keyspace *keyspace, struct key *key,
                           struct field *field);

/* Changes only the expiry; 0 removes it. */
void keyspace_expire(struct keyspace *keyspace, struct key *key,
                     uint64_t expires_ms);

/* Gives a key and its expiry another name, in the place of what had it. `key`
 * is gone; the one that is there now. */
struct key *keyspace_rename(struct keyspace *keyspace, struct key *key,
                            const void *name, size_t len);

void keyspace_delete(struct keyspace *keyspace, struct key *key);

/* Deletes all keys whose expiry is at or before `clock_ms`. */
void keyspace_advance(struct keyspace *keyspace, uint64_t clock_ms);

/* The soonest expiry, 0 when no key has one. */
uint64_t keyspace_next_expiry(const struct keyspace *keyspace);

void keyspace_encode(struct buf *buf, const struct keyspace *keyspace);

/* 0 or RESULT_MALFORMED; then `keyspace` is empty. */
int keyspace_decode(struct cursor *cursor, struct keyspace *keyspace);

#endif
