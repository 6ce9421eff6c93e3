/* tune: HOTWARM TUNE, the settings that change while the replica runs.
 *
 * WHAT
 *   HOTWARM TUNE KEY VALUE [KEY VALUE …], in any order:
 *
 *      key             value
 *      preference      0 to 1000
 *      failback        never, delayed, always
 *      failback_delay  milliseconds, to a year
 *      maxlag          entries; 0: no limit
 *      promoted_max    1 to 16
 *
 *   What is not named keeps its default (core.h), so one command says all. The
 *   replica agent gives it at each start and reload-agent.
 */
#ifndef HOTWARM_DAEMON_TUNE_H
#define HOTWARM_DAEMON_TUNE_H

#include <stddef.h>

#include "daemon/core/core.h"
#include "lib/buf.h"

/* Reads the words behind "TUNE". 0; or EINVAL, and `reply` holds an error that
 * names the key, its value and what is allowed. */
int tune_parse(const struct core_arg *argv, size_t argc,
               struct core_tuning *tuning, struct buf *reply);

#endif
