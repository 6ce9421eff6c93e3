/* entry: one record of the replicated log.
 *
 * WHAT
 *   An entry keeps its epoch and sequence for ever. The hash rolls: it covers
 *   the entry's encoded bytes and the hash of the entry before, so two logs
 *   with an equal hash at one sequence are equal up to there.
 *
 *      hash(0) = 0
 *      hash(n) = XXH3-64(encoded entry n, seed = hash(n-1))
 *
 *   The encoding below is both the wire's and the disk's (little-endian):
 *
 *      u64 epoch | u64 seq | u64 clock_ms | u8 kind | uuid origin | u64 run |
 *      u64 number | u64 token | u32 length | payload
 *
 *   `clock_ms` is the group's clock: the leader's proposal, never less than
 *   the entry before, at most INT64_MAX. Time in the state moves with it
 *   alone.
 *   `origin`, `run` and `number` name the forwarded write (all 0 for what the
 *   leader adds itself); `token` is the promotion it was accepted under.
 *
 * OWNERSHIP
 *   `payload` is borrowed from whatever the entry was decoded from, or from
 *   the log that holds it.
 */
#ifndef HOTWARM_CORE_ENTRY_H
#define HOTWARM_CORE_ENTRY_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/cursor.h"
#include "lib/uuid.h"

/* Encoded bytes of an entry without its payload. */
#define ENTRY_HEADER_SIZE 69

enum entry_kind {
    ENTRY_NOOP = 1,    /* a view's first entry; also a forward its client gave up */
    ENTRY_CREATE = 2,  /* entry 1: mode and first configuration */
    ENTRY_CONFIG = 3,  /* a new set of voters (config.h) */
    ENTRY_WRITE = 4,   /* a command of the key space */
    ENTRY_PROMOTE = 5, /* promotion.h */
    ENTRY_DEMOTE = 6,
    ENTRY_CLOCK = 7 /* nothing but its clock_ms */
};

struct entry {
    uint64_t epoch;
    uint64_t seq;
    uint64_t clock_ms;
    enum entry_kind kind;
    struct uuid origin;
    uint64_t run;
    uint64_t number;
    uint64_t token;
    const uint8_t *payload;
    uint32_t length;
};

/* Appends the encoding of `entry` to `buf`. */
void entry_encode(struct buf *buf, const struct entry *entry);

/* Reads one entry; payload points into the cursor's bytes. 0 or
 * RESULT_MALFORMED (short, unknown kind). */
int entry_decode(struct cursor *cursor, struct entry *entry);

/* The rolling hash of an entry whose encoding is `len` bytes at `encoded`. */
uint64_t entry_hash(uint64_t previous, const uint8_t *encoded, size_t len);

#endif
