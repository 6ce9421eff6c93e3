/* control: the control socket's own commands, read.
 *
 * WHAT
 *   HOTWARM …             is
 *
 *   PROMOTE, DEMOTE       what Pacemaker decided (CORE_PROMOTE, CORE_DEMOTE)
 *   STOP                  CORE_LEAVE
 *   TUNE KEY VALUE …      CORE_TUNE (tune.h)
 *   REMOVE-VOTER NODE     CORE_REMOVE_VOTER (core/removal.h)
 *
 * NOT HERE
 *   STATUS, which is no event: session.h. Whose socket it is: shell/server.h.
 */
#ifndef HOTWARM_DAEMON_CONTROL_H
#define HOTWARM_DAEMON_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/core/core.h"
#include "lib/buf.h"

/* Reads the words, the first of which is HOTWARM. True: `event` is to be stepped,
 * as that client's if it is CORE_CLIENT, and what `reply` then has, if anything,
 * is the answer. False: `reply` has an error. */
bool control_parse(const struct core_arg *argv, size_t argc,
                   struct core_event *event, struct buf *reply);

#endif
