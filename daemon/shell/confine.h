/* confine: what this process can no longer do, whoever makes it.
 *
 * WHAT
 *   For a daemon into which somebody broke with what he sent:
 *
 *      no new privileges   nothing that is executed gains any
 *      no core             no data of the group in a dump, none for a debugger of
 *                          the same user (RLIMIT_CORE, PR_SET_DUMPABLE)
 *      seccomp             only the system calls of the list in confine.c; not:
 *                          execute, trace, any socket but a Unix one, mount,
 *                          namespaces, kernel modules, keys, bpf
 *
 *   It holds for all threads and children (the writer, the child that writes a
 *   snapshot), and cannot be taken back.
 *
 *   A call that is not on the list fails with ENOSYS, and the kernel logs it
 *   (audit, type 1326). Not SIGSYS: a libc that was updated may try a newer call
 *   for what it did before, and a daemon that dies of that is an outage on every
 *   node at once. Not EPERM: on ENOSYS libc goes back to the older call; on EPERM
 *   it gives up. For an intruder it is all the same.
 *
 *   With sanitizers there is none of it: they ptrace their own process, and
 *   need to. Without libseccomp there is no filter.
 *
 * NOT HERE
 *   User, groups and capabilities: lib/privilege.h.
 */
#ifndef HOTWARM_SHELL_CONFINE_H
#define HOTWARM_SHELL_CONFINE_H

/* While there is one thread, and before any data is read. 0 or errno; on success
 * *what says what holds, for people. */
int confine(const char **what);

#endif
