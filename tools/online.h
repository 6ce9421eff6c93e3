/* online: what the running daemon is asked, on its control socket.
 */
#ifndef HOTWARM_TOOLS_ONLINE_H
#define HOTWARM_TOOLS_ONLINE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/ctl.h"
#include "tools/command.h"

/* One command of `argc` words, answered within `wait_ms`. 0, and *reply
 * (freeReplyObject), which is no error; ENOENT or ECONNREFUSED: none runs, and
 * nothing was said; else it was said what is wrong, an error of the daemon's own
 * too. */
int online_ask(const struct call *call, uint64_t wait_ms, size_t argc,
               const char *const *words, struct redisReply **reply);

#endif
