/* rng: xoshiro256** (Blackman and Vigna, public domain). */
#include "tests/sim/rng.h"

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15ull);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t value, unsigned by)
{
    return (value << by) | (value >> (64 - by));
}

struct rng rng_make(uint64_t seed, uint64_t stream)
{
    struct rng rng;
    uint64_t state = seed * 0xd1342543de82ef95ull + stream;

    for (unsigned i = 0; i < 4; i++)
        rng.state[i] = splitmix(&state);
    return rng;
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *rng, uint64_t limit)
{
    uint64_t draw = rng_next(rng);

    return limit == 0 ? 0 : draw % limit;
}

uint64_t rng_range(struct rng *rng, uint64_t low, uint64_t high)
{
    return low + rng_below(rng, high - low + 1);
}

unsigned rng_pick(struct rng *rng, unsigned count)
{
    return (unsigned)rng_below(rng, count);
}

bool rng_chance(struct rng *rng, unsigned permille)
{
    return rng_below(rng, 1000) < permille;
}
