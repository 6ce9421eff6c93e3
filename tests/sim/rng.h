/* rng: the simulator's only source of chance.
 *
 * WHAT
 *   xoshiro256** seeded by splitmix64. Every part of the simulated world draws
 *   from a stream of its own (rng_fork), so that one draw more in the load does
 *   not shift every fault of the seed.
 *
 * INVARIANTS
 *   The same seed and stream give the same numbers on every machine.
 */
#ifndef HOTWARM_SIM_RNG_H
#define HOTWARM_SIM_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t state[4];
};

/* Streams of one seed differ by `stream`. */
struct rng rng_make(uint64_t seed, uint64_t stream);

uint64_t rng_next(struct rng *rng);

/* 0 to `limit` - 1; 0 when limit is 0. */
uint64_t rng_below(struct rng *rng, uint64_t limit);

/* `low` to `high`, both included. */
uint64_t rng_range(struct rng *rng, uint64_t low, uint64_t high);

/* An index below a small count. */
unsigned rng_pick(struct rng *rng, unsigned count);

/* True in `permille` of 1000 draws. */
bool rng_chance(struct rng *rng, unsigned permille);

#endif
