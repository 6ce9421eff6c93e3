/* places: the directories, and the lock that says what runs.
 *
 * WHAT
 *   RUN_DIR          0755 root: sockets. Nobody else may write there, or
 *                    clients could be given somebody else's socket.
 *   STATE_DIR        0700, the daemon's user: the group's data
 *   STATE_DIR/lock   flock, held by the supervisor and, inherited, by the
 *                    daemon: taken means that one of the two lives. The pid
 *                    inside is for people.
 *
 *   A missing directory is made; its parent must exist. What exists is never
 *   given to another owner, and no symbolic link is followed: the daemon's user
 *   may change what is in STATE_DIR, and perhaps beside it, at any moment.
 *
 * OWNERSHIP
 *   The lock's descriptor is the caller's. Closing the last copy releases it.
 */
#ifndef HOTWARM_LIB_PLACES_H
#define HOTWARM_LIB_PLACES_H

#include <stddef.h>
#include <sys/types.h>

struct account {
    uid_t uid;
    gid_t gid;
};

/* The daemon's user. 0; or errno with a sentence in `error` when there is none
 * of that name or it is one that may do too much (uid 0, gid 0, primary group
 * haclient). */
int places_account(const char *user, struct account *account, char *error,
                   size_t error_size);

/* Make and check. 0; or errno with a sentence in `error`. *fd is the directory
 * that was checked, whatever stands at its path by then. */
int places_run_dir(const char *path, char *error, size_t error_size);
int places_state_dir(const char *path, const struct account *owner, int *fd,
                     char *error, size_t error_size);

/* Takes the lock in the directory `dir`, whose path is for people. 0 and *fd;
 * EWOULDBLOCK when it is taken; or errno; with a sentence in `error`. */
int places_lock(const char *state_dir, int dir, int *fd, char *error,
                size_t error_size);

/* Writes this process' pid into the lock file. */
void places_sign(int lock_fd);

#endif
