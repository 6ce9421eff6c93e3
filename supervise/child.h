/* child: the daemon, from its exec to its end.
 *
 * WHAT
 *   Starts hotwarmd as its own user and watches it in three ways:
 *
 *     its process descriptor   the end of the process, at once
 *     the link                 what it says (lib/link.h)
 *     silence                  no "alive" for hang_timeout_ms, once it has
 *                              said "ready" (before that it reads its disk,
 *                              as long as that takes)
 *
 *   What the daemon inherits, and nothing else:
 *
 *     0-2  /dev/null, or the supervisor's own with keep_output
 *     3    the data socket, listening
 *     4    the control socket, listening
 *     5    its end of the link
 *     6    the lock on the state directory, only to hold it
 *     7    with --listen: its TCP socket, listening
 *     8    with --listen: the password file, open
 *
 * INVARIANTS
 *   The daemon ends when the supervisor does (parent death signal).
 *   Silence is counted in ticks of this process, and each tick counts for at
 *   most two: when supervisor and daemon were stopped together, the daemon is
 *   not blamed. What lies unread on the link is read before anyone is blamed.
 *   Both: tests/supervise/run.
 *
 * OWNERSHIP
 *   The child is the caller's; callbacks may not free it.
 *
 * NOT HERE
 *   What any of it causes: life.h. The user's rights: lib/privilege.h.
 */
#ifndef HOTWARM_SUPERVISE_CHILD_H
#define HOTWARM_SUPERVISE_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <qb/qbloop.h>

#include "supervise/link.h"
#include "supervise/options.h"
#include "supervise/process.h"

#define CHILD_FAREWELL_MS 5000 /* from closing the link to SIGKILL */

struct child_settings {
    const struct options *options;
    uid_t uid;
    gid_t gid;
    int data_fd; /* the caller's; may be closed after child_start */
    int control_fd;
    int tcp_fd; /* -1: none; nor is there a secret_fd then */
    int secret_fd;
    int lock_fd;
    bool keep_output;
};

struct child_calls {
    void (*said)(void *context, const struct link_message *message);
    void (*silent)(void *context);                               /* once */
    void (*ended)(void *context, const struct process_end *end); /* once */
};

struct child;

/* Starts it. 0 or errno. That it cannot be executed is told as LINK_FAILED. No
 * callback is called before it returns. */
int child_start(qb_loop_t *loop, const struct child_settings *settings,
                const struct child_calls *calls, void *context,
                struct child **child);

/* Kills it when it still runs, without waiting. NULL is allowed. */
void child_free(struct child *child);

/* "stop" on the link. 0 or errno. */
int child_stop(struct child *child);

/* "fenced NODE" and "marked N" on the link. 0 or errno. */
int child_fenced(struct child *child, uint32_t node);
int child_marked(struct child *child, uint64_t mark);

/* SIGKILL, by descriptor; nothing when it has ended. */
void child_kill(struct child *child);

bool child_running(const struct child *child);

/* For people only. */
pid_t child_pid(const struct child *child);

/* Milliseconds since the last "alive" (or "ready", or the start). */
uint64_t child_alive_age_ms(const struct child *child);

#endif
