/* holders: the processes that hold a lock file.
 *
 * WHAT
 *   flock(2)'s lock belongs to the open file, which a child inherits, so that
 *   the number in /proc/locks may be of a process that has ended. Those that
 *   still have it are found through /proc/PID/fd and /proc/PID/fdinfo.
 *
 * INVARIANTS (tests/ocf/run-faults)
 *   A process is signalled through a descriptor that was opened before the
 *   lock was seen in its hands. Never oneself.
 *   The daemon's user may put anything in the place of the lock file: no link is
 *   followed, neither to it nor to its directory, and only a plain file of one
 *   name is it. Else this would end whoever holds any lock on this machine.
 */
#ifndef HOTWARM_AGENTS_HOLDERS_H
#define HOTWARM_AGENTS_HOLDERS_H

#include <stddef.h>

/* Opens the lock file at `path`, an absolute path, to look at. -1: there is none,
 * or it is something else. */
int holders_open(const char *path);

/* SIGKILL to each process that has an exclusive lock on the file at `path`, an absolute
 * path. How many; `names` (may be NULL) becomes a list "PID (NAME) ..." of
 * them, with their state if they are in an uninterruptible sleep. */
unsigned holders_kill(const char *path, char *names, size_t size);

#endif
