/* instance: a group's hotwarmd on this node, seen from outside.
 *
 * WHAT
 *   Whether it runs, what it says, and how to end it. Two witnesses, neither of
 *   them a pid file:
 *
 *      GROUP.ctl answers        it runs, and this is its state
 *      STATE_DIR/lock is held   something of it runs
 *
 * STATES (enum instance_state)
 *
 *      GROUP.ctl          lock       state
 *      answers            any        RUNNING
 *      answers nonsense   any        BROKEN
 *      nobody listens     free       STOPPED
 *      nobody listens     held       waits for a change, then SILENT
 *      listens, is mute   any        waits for an answer, then SILENT
 *
 * INVARIANTS (tests/ocf/run-faults)
 *   Looking forks nothing and touches the lock only when nobody listens.
 *   What is killed was first bound to a descriptor, and only then, with that
 *   descriptor in hand, seen to hold the lock or to serve GROUP.sup: a pid that
 *   was given to another program in between is not hit.
 *
 * NOT HERE
 *   Exit codes: replica.c. Starting: launch.h.
 */
#ifndef HOTWARM_AGENTS_INSTANCE_H
#define HOTWARM_AGENTS_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/ctl.h"

enum {
    INSTANCE_PATH_MAX = 512,
    INSTANCE_WHY_MAX = 1024,
    INSTANCE_VERB_MAX = 256
};

struct instance {
    char control[INSTANCE_PATH_MAX];
    char supervisor[INSTANCE_PATH_MAX];
    char lock[INSTANCE_PATH_MAX]; /* "": not known */
};

enum instance_state {
    INSTANCE_RUNNING = 1,
    INSTANCE_STOPPED,
    INSTANCE_SILENT,
    INSTANCE_BROKEN
};

/* `state_dir` may be NULL: then the lock is not known, and not looked at. */
void instance_init(struct instance *instance, const char *run_dir,
                   const char *group, const char *state_dir);

/* As instance_init, of what `resource` was last started as here, which
 * hotwarm-supervise left in RESOURCE.rsc. False when nothing is left. */
bool instance_recall(struct instance *instance, const char *run_dir,
                     const char *resource);

/* What it is now; waits, up to the deadline, where the table says so. For
 * RUNNING, *status is to be freed by the caller; for SILENT and BROKEN `why`
 * says what was seen. */
enum instance_state instance_look(const struct instance *instance,
                                  uint64_t deadline_ms,
                                  struct ctl_status *status,
                                  char why[INSTANCE_WHY_MAX]);

/* Whether somebody holds the lock. False too when that cannot be told. */
bool instance_locked(const struct instance *instance);

/* Sends "HOTWARM <verb>", its words parted by single blanks, and waits for the
 * answer. RUNNING: it said +OK. BROKEN: it refused, or answered nonsense; `why`
 * is what it said. SILENT: no answer by the deadline. STOPPED: nobody listens,
 * or it closed. */
enum instance_state instance_tell(const struct instance *instance,
                                  const char *verb, uint64_t deadline_ms,
                                  char why[INSTANCE_WHY_MAX]);

/* What the supervisor says to `line` (with its end; supervise/control.h). False
 * when that did not come, or not all of it by the deadline, or is an error. */
bool instance_ask_supervisor(const struct instance *instance, const char *line,
                             uint64_t deadline_ms, char *text, size_t size);

/* Has Pacemaker told the promotion score again, for it may have forgotten it.
 * Does not wait. */
void instance_refresh(const struct instance *instance);

/* Waits until Pacemaker has the promotion score that the replica wants, or it
 * wants none. False when that was not so by the deadline, or cannot be told. */
bool instance_await_score(const struct instance *instance,
                          uint64_t deadline_ms);

/* Ends it: asks the supervisor; kills what is left at `kill_ms`. True once
 * nothing runs; *killed tells whether force was needed. On false, `why`. */
bool instance_stop(const struct instance *instance, uint64_t kill_ms,
                   uint64_t deadline_ms, bool *killed,
                   char why[INSTANCE_WHY_MAX]);

#endif
