/* fresh: is a word of another replica new?
 *
 * WHAT
 *   A leader that was stopped finds old words in its queue, of replicas that may
 *   be gone since, with their disks. Where it matters that they are alive, the
 *   leader appends an entry (NOOP), and for leader_timeout an acknowledgement of
 *   that one counts.
 */
#ifndef HOTWARM_CORE_FRESH_H
#define HOTWARM_CORE_FRESH_H

#include "daemon/core/state.h"

/* LEADER: appends one; unless its disk is full or far behind: then nothing. */
void fresh_say(struct core *core, struct fresh *fresh);

/* Was it appended in this epoch, not longer ago than leader_timeout? */
bool fresh_holds(const struct core *core, const struct fresh *fresh);

/* When it holds no more. */
uint64_t fresh_until_ns(const struct core *core, const struct fresh *fresh);

#endif
