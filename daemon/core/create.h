/* create: the first start of a group.
 *
 * WHAT
 *   When `expected_voters` blank replicas, and none with data, are present and
 *   quorate, the one on the lowest node creates the group: it stores entry 1
 *   (CREATE), which holds the mode and the voters, and says HELLO. Whoever is
 *   blank and finds itself named in a HELLO makes the same entry from it.
 *   Every member that CPG lists is heard first, if it speaks within five seconds.
 *   A replica that had data and lost them (boot.h) counts as one with data:
 *   its group may live, and clients of an empty one would not be told.
 *
 *   The group's UUID is the XXH3-128 of that entry. So a HELLO proves that the
 *   entry made from it is the right one, and two creators that saw the same
 *   blank replicas make the same group, in whatever order and however often
 *   their messages arrive.
 *
 *   Two creators that saw different ones (more replicas than expected_voters,
 *   and a change of membership just then) make two groups. Only one of them
 *   may ever live, so the first view of a group takes READY from ALL voters
 *   that CREATE names (view_enough): two groups that share a voter cannot both
 *   have it. The other group, of which nobody holds more than entry 1, is
 *   dropped by its replicas, which are blank again:
 *
 *      holds at most entry 1, and hears …           drops its group when …
 *      a leader (APPEND) of another group           always
 *      HELLO of a group with a lower UUID           that names it and it never
 *                                                   voted in its own, or the
 *                                                   sender was to vote in it
 *
 *   A replica moves to lower group UUIDs only, so this ends; and a voter seen
 *   in a lower group never said READY in this one, which is therefore dead.
 *
 * INVARIANTS
 *   Only a blank replica ever takes entry 1 from a HELLO. One that is lost is
 *   never named in it.
 *   Any two sets of voters share one: expected_voters is more than half of all
 *   instances, or no group is made. A cluster that grows later may have more
 *   instances; its group is there already. Where the number is not known (a
 *   daemon that people start), it is theirs to see to.
 */
#ifndef HOTWARM_CORE_CREATE_H
#define HOTWARM_CORE_CREATE_H

#include "daemon/core/state.h"

/* The UUID of the group whose entry 1, encoded, those bytes are. */
struct uuid create_group(const uint8_t *bytes, size_t len);

/* A blank replica heard a HELLO: is it named a voter of that group? */
void create_on_hello(struct core *core, const struct message *message);

/* A message of another group came: is ours the one that must not live? */
void create_on_other_group(struct core *core, const struct message *message);

void create_settle(struct core *core);

#endif
