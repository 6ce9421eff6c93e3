/* rival: another group that lives under the same name.
 *
 * WHAT
 *   Two groups of one name are an administrator's accident: a state directory
 *   brought in from elsewhere, a group made again while the old one was away.
 *   Each has its majority, and each ignores the other's messages; but clients
 *   know the name alone, and would write half of their data into each.
 *
 *   So the group that has fewer voters takes no writes and offers no promotion
 *   while the other one's leader is heard; of two equal ones, neither does. What
 *   they hold stays as it is, on disk and readable, until an administrator has
 *   removed one of them.
 *
 *      leader A   APPEND -->  leader B hears a rival: HELLO{leads, B's voters}
 *      HELLO{leads, A's voters}  <--  leader A hears one, too
 *
 *   Only HELLO tells how many voters there are, and a leader that could commit
 *   nothing (no quorum, no majority) does not say it: who cannot serve stands in
 *   nobody's way. While two leaders hear each other, each says it once a second.
 *
 * NOT HERE
 *   A group that nobody has more of than its first entry is dropped: create.h.
 */
#ifndef HOTWARM_CORE_RIVAL_H
#define HOTWARM_CORE_RIVAL_H

#include "daemon/core/state.h"

/* A message of another group than ours came. */
void rival_on_message(struct core *core, const struct message *message);

/* The group whose leader was heard lately; none. */
struct uuid rival_heard(const struct core *core);

/* Does this group have to stand back? */
bool rival_prevails(const struct core *core);

/* As leader, answers a rival with HELLO. */
void rival_settle(struct core *core);
uint64_t rival_deadline(const struct core *core);

#endif
