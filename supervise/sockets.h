/* sockets: where clients, agents and tools find this group.
 *
 * WHAT
 *   RUN_DIR/GROUP.sock   0660 root:socket_group   data; the daemon's
 *   RUN_DIR/GROUP.ctl    0660 root:haclient       control; the daemon's
 *                        (root:root where there is no haclient)
 *   RUN_DIR/GROUP.sup    0600 root:root           the supervisor's own
 *   RUN_DIR/RESOURCE.rsc                          a link to GROUP/STATE_DIR:
 *                        what Pacemaker's resource was started as, for the
 *                        agent, which is not always given the parameters
 *
 *   All are stream sockets, listening, not blocking. Access is by their modes,
 *   which are set before anyone could connect. With --listen there is one by TCP
 *   besides, the daemon's, whose clients give the password of --passwd-file: the
 *   daemon gets that file open, for it may not be its to open.
 *
 * INVARIANTS
 *   Called with the state directory's lock held: what is found in place of a
 *   socket is stale and is removed. Except where somebody answers on
 *   GROUP.sup: that is another state directory's group of the same name.
 *
 * OWNERSHIP
 *   Descriptors are the struct's; sockets_hand_over closes those of the
 *   daemon, so that clients of a dead daemon are refused at once.
 */
#ifndef HOTWARM_SUPERVISE_SOCKETS_H
#define HOTWARM_SUPERVISE_SOCKETS_H

#include <limits.h>
#include <stddef.h>
#include <sys/un.h>

enum sockets_kind { SOCKETS_DATA, SOCKETS_CONTROL, SOCKETS_SUPERVISOR };

enum { SOCKETS_COUNT = 3 };

struct sockets {
    int fds[SOCKETS_COUNT]; /* -1: none */
    int tcp;                /* -1: none … */
    int secret;             /* … then this neither: the open password file */
    char paths[SOCKETS_COUNT][sizeof(((struct sockaddr_un *)0)->sun_path)];
    char link[PATH_MAX]; /* RESOURCE.rsc; "": none yet */
};

/* 0; EADDRINUSE when that group runs from elsewhere; or errno; with a sentence
 * in `error`. On failure nothing of ours is left. */
int sockets_make(struct sockets *sockets, const char *run_dir,
                 const char *group, const char *socket_group, char *error,
                 size_t error_size);

/* Listens by TCP. 0; or errno with a sentence in `error`. */
int sockets_open_tcp(struct sockets *sockets, const char *listen,
                     const char *passwd_file, char *error, size_t error_size);

/* Makes RESOURCE.rsc, in place of one that an earlier life left. `state_dir` is
 * absolute. 0; or errno with a sentence in `error`. */
int sockets_link(struct sockets *sockets, const char *run_dir,
                 const char *resource, const char *group, const char *state_dir,
                 char *error, size_t error_size);

/* Closes our copies of the daemon's sockets. */
void sockets_hand_over(struct sockets *sockets);

/* Removes them from RUN_DIR and closes what is open. While the lock is held. */
void sockets_remove(struct sockets *sockets);

#endif
