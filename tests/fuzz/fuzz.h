/* fuzz: what every fuzz target is made of.
 *
 * WHAT
 *   A target is one file, fuzz_NAME.c, that gives LLVMFuzzerTestOneInput, and,
 *   where a checksum or a length would keep random bytes out, a custom mutator.
 *   It is linked with libFuzzer (configure --enable-fuzzing, clang), which makes
 *   inputs, or with replay.c, which gives it the ones that it is told:
 *
 *      corpus/NAME     -> replay.c  -.
 *                                     >-> fuzz_NAME.c -> our code
 *      tests/fuzz/run  -> libFuzzer -'
 *
 * INVARIANTS
 *   An input gives the same run each time, whatever ran before: nothing is kept
 *   from one to the next, no clock is read.
 *   What is broken aborts, with the place on standard error.
 */
#ifndef HOTWARM_TESTS_FUZZ_FUZZ_H
#define HOTWARM_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/cursor.h"

/* libFuzzer's names. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned seed);

#define fuzz_check(claim)                                                      \
    do {                                                                       \
        if (!(claim)) {                                                        \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__,         \
                    #claim);                                                   \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* Up to `len` of the bytes that are left; *got: how many. */
static inline const uint8_t *fuzz_take(struct cursor *input, size_t len,
                                       size_t *got)
{
    size_t left = cursor_left(input);

    *got = len < left ? len : left;
    return cursor_bytes(input, *got);
}

/* A number from 0 to limit - 1; 0 when nothing is left. */
static inline size_t fuzz_below(struct cursor *input, size_t limit)
{
    return cursor_left(input) == 0 ? 0 : cursor_u8(input) % limit;
}

#endif
