/* command: one of Pacemaker's tools, run beside the loop.
 *
 * WHAT
 *   Forks and executes a program, keeps what it prints (bounded), gives it a
 *   deadline and tells how it ended. Nothing here waits.
 *
 * OWNERSHIP
 *   The command is the caller's until `done` was called or it was cancelled;
 *   then it frees itself. The result lives during the call of `done`.
 *
 * NOT HERE
 *   Which tools, and what they say: cluster.h.
 */
#ifndef HOTWARM_SUPERVISE_COMMAND_H
#define HOTWARM_SUPERVISE_COMMAND_H

#include <stdint.h>

#include <qb/qbloop.h>

#define COMMAND_OUTPUT_MAX 262144

enum command_keep { COMMAND_KEEP_OUTPUT, COMMAND_KEEP_ERRORS };

enum command_status {
    COMMAND_EXITED, /* code: its exit code */
    COMMAND_KILLED, /* code: the signal, not ours */
    COMMAND_LATE,   /* killed at its deadline */
    COMMAND_MISSING /* there is no such program */
};

struct command_result {
    enum command_status status;
    int code;
    const char *text; /* what was kept; never NULL */
};

struct command;

/* Starts argv[0], looked up in `tools_dir` (or NULL) and then in the system's
 * directories. `done` is called once, never from within this call. 0 or
 * errno. */
int command_start(qb_loop_t *loop, const char *tools_dir,
                  const char *const *argv, enum command_keep keep,
                  uint64_t limit_ms,
                  void (*done)(void *context,
                               const struct command_result *result),
                  void *context, struct command **command);

/* Kills it; `done` is not called any more. NULL is allowed. */
void command_cancel(struct command *command);

#endif
