/* renew: a whole new state in the place of the one that is there.
 *
 * WHAT
 *   For a force (core/force.h), which brings P file and snapshot together. Of
 *   two renames a crash may see one; so the new files are put into a directory
 *   beside the old ones, and one rename of that directory is the switch:
 *
 *      renew_begin    next.new/           made, with an empty aside/ in it
 *                     next.new/snapshot   written, flushed
 *                     next.new/promise    written, flushed
 *                     next.new -> next    THE SWITCH: before it the old state
 *                                         is whole, and next.new is nobody's
 *      renew_finish   promise, snapshot, log-* -> next/aside/
 *                     next/snapshot -> snapshot
 *                     next/promise -> promise
 *                     next/aside -> aside-TIME-N
 *                     next/ removed
 *
 *   What begins with `next` there is finished by whoever opens the directory
 *   next (store_open), from wherever it was: old files are moved only while both
 *   new ones are still in next/, which the first one to leave it tells.
 *   Finishing makes nothing but renames and an unlink, for a full disk.
 *
 * INVARIANTS (tests/unit/test_renew.c, which dies at every call)
 *   store_open finds the old state whole or the new one, never parts of both.
 *   The old state is all in aside-TIME-N then, the P file too: moved back in the
 *   place of the new one, it is as it was.
 */
#ifndef HOTWARM_SHELL_RENEW_H
#define HOTWARM_SHELL_RENEW_H

#include <stdbool.h>

#include "lib/buf.h"

/* Up to the switch, and through it. `promise` and `snapshot`: the files' whole
 * content (file_frame). 0; or errno, and the old state is as it was, or, where it
 * failed behind the switch, renew_finish is still to be done. */
int renew_begin(int dir, const struct buf *promise, const struct buf *snapshot);

/* Was the switch made, and has renew_finish not come to its end? */
bool renew_is_begun(int dir);

/* Behind it. Does nothing where no switch was made but remove what was left of
 * one that did not come so far. 0 or errno; then it is to be called again. */
int renew_finish(int dir);

#endif
