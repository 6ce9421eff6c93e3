/* force: one replica of a group whose majority is gone for good goes on alone.
 *
 * WHAT
 *   An administrator's decision (hotwarm force), made on the disk of a replica
 *   that does not run. What comes of it is a new group:
 *
 *      all entries of this log     count as committed, for they may have been
 *                                  acknowledged
 *      one more, CONFIG            in an epoch above all that this replica
 *                                  promised: it is the only voter
 *      the group's UUID            a new one, that tells the old one
 *
 *   written as a snapshot with nothing behind it, and a P file that names it.
 *   From there on nothing is special: it starts as the one voter of its group,
 *   and others join as learners. It keeps its own UUID, and counts its runs on:
 *   what tells its messages from those to its old group is the group's UUID in
 *   each of them, and its clients' numbers go on behind those in the log.
 *
 *   A forced group's UUID tells what it was forced out of:
 *
 *      5 bytes    family: hash of the UUID of the group that it began with
 *      3 x 3      what each force since is called, 0: none more; hash of a fresh
 *                 random UUID, so that replicas which are forced apart, or one
 *                 disk that is forced twice, make two groups
 *      2 bytes    hash of all before
 *
 *   Numbers are big-endian. A fourth force in a row begins a family.
 *
 *   So a replica of the old group that comes back knows it: it is refused, with
 *   all that it holds left as it is. Groups of which neither was forced out of
 *   the other are rivals (rival.h): two that were forced apart, what came of
 *   them, and one that was forced four times with one that led there.
 *
 * NOT HERE
 *   The files: daemon/shell/renew.h. Asking the administrator: tools/.
 */
#ifndef HOTWARM_CORE_FORCE_H
#define HOTWARM_CORE_FORCE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/uuid.h"

struct core;
struct message;

/* Why a replica, opened and not stepped, cannot be forced; NULL: it can. Static
 * text that follows "it …". A learner needs core_options.node, which is else not
 * used. */
const char *force_refuses(const struct core *core);

/* Makes the new state of one that can be forced: what its P file and its
 * snapshot are to hold; `fresh` is a new random UUID. The core is then only good for core_status,
 * core_configuration and core_close. */
void force_make(struct core *core, const struct uuid *fresh,
                struct buf *promise, struct buf *snapshot);

/* The UUID of the group that is forced out of `group`. `fresh`: random. */
struct uuid force_group(const struct uuid *group, const struct uuid *fresh);

/* Was `later` forced, directly or not, out of `group`? */
bool force_is_later(const struct uuid *later, const struct uuid *group);

/* A message of another group: of one that was forced out of ours? Then this
 * replica is refused. Or of one that ours was forced out of? Then it is told. */
void force_on_message(struct core *core, const struct message *message);

#endif
