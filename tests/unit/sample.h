/* sample: repeatable values for the tests. */
#ifndef HOTWARM_TESTS_UNIT_SAMPLE_H
#define HOTWARM_TESTS_UNIT_SAMPLE_H

#include <stdint.h>
#include <string.h>

#include "lib/uuid.h"

/* xorshift64*. `*state` is the seed, not 0. */
static inline uint64_t sample_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

/* 0 to limit - 1. */
static inline uint64_t sample_below(uint64_t *state, uint64_t limit)
{
    return (sample_random(state) >> 11) % limit;
}

/* UUIDs in the order of `number` (above 0), equal in their first 15 bytes. */
static inline struct uuid sample_uuid(uint8_t number)
{
    struct uuid uuid;

    memset(uuid.bytes, 0x5a, sizeof(uuid.bytes));
    uuid.bytes[15] = number;
    return uuid;
}

#endif
