/* real: a connection to the redis-server, and its clock.
 *
 * WHAT
 *   One call at a time. Whatever fails ends the program with a message: there
 *   is nothing to compare with then.
 */
#ifndef HOTWARM_TESTS_REDIS_REAL_H
#define HOTWARM_TESTS_REDIS_REAL_H

#include "daemon/core/core.h"
#include "lib/buf.h"

struct real {
    int fd;
    uint64_t *clock_us;
};

void real_open(struct real *real, const char *socket, const char *clock);
void real_close(struct real *real);

void real_clock(struct real *real, uint64_t clock_ms);

/* The reply's bytes take the place of what is in `reply`. */
void real_call(struct real *real, const struct core_arg *argv, size_t argc,
               struct buf *reply);

#endif
