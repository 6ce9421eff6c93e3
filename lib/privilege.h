/* privilege: from root to the daemon's user, for good.
 *
 * INVARIANTS
 *   After privilege_drop: no supplementary group, all user and group ids the
 *   given ones, no capability in any set, no way back (no_new_privs).
 *   tests/supervise/run reads them from /proc.
 */
#ifndef HOTWARM_LIB_PRIVILEGE_H
#define HOTWARM_LIB_PRIVILEGE_H

#include <sys/types.h>

/* For a process with one thread, before exec. 0, or errno: then the process
 * must end, for it may be half way. EPERM also when root could be had back. */
int privilege_drop(uid_t uid, gid_t gid);

#endif
