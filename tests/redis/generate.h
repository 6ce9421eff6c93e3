/* generate: random calls, good and bad.
 *
 * WHAT
 *   A call of a random command of the table, with arguments of the kinds that
 *   it takes, drawn from small pools, so that calls meet; then, now and then,
 *   spoilt: one argument too few or too many, or another in the place of one.
 *   Names and fields hold any byte; options, numbers and cursors no NUL.
 *
 * OWNERSHIP
 *   A call's arguments live until the next generate_call on it.
 */
#ifndef HOTWARM_TESTS_REDIS_GENERATE_H
#define HOTWARM_TESTS_REDIS_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/core.h"
#include "lib/buf.h"

enum { GENERATE_ARGS = 32 };

struct call {
    struct core_arg argv[GENERATE_ARGS];
    size_t argc;
    struct buf bytes;
};

/* Ends the program if a command of the table is never called. */
void generate_check(void);

/* `*random` is the state, `clock_ms` what times are made around. */
void generate_call(struct call *call, uint64_t *random, uint64_t clock_ms);

void generate_free(struct call *call);

#endif
