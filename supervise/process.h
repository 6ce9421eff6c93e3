/* process: a child process, known by descriptor.
 *
 * WHAT
 *   A pidfd names one process for ever; a pid names whoever has it now. The
 *   pid is kept for people (logs, status) and never used to send a signal.
 *
 * INVARIANTS
 *   Nobody else reaps: SIGCHLD has its default action (main.c), and waitid is
 *   called by descriptor.
 *
 * OWNERSHIP
 *   The descriptor is the struct's until process_release.
 */
#ifndef HOTWARM_SUPERVISE_PROCESS_H
#define HOTWARM_SUPERVISE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process {
    pid_t pid;
    int fd; /* readable once it has ended; -1: none */
};

struct process_end {
    bool signalled;
    int code; /* exit code, or signal */
};

/* Forks. The child has default signal actions, no blocked signal and a process
 * group of its own, dies with this process, runs `run` and ends with what it
 * returns. 0 or errno. */
int process_start(struct process *process, int (*run)(void *context),
                  void *context);

/* In the child: to be killed when the parent ends. Has to be called again
 * after a change of user, which undoes it (prctl(2)). Does not return when the
 * parent has already ended. */
void process_die_with(pid_t parent);

/* 0 or errno; ESRCH when it has ended. */
int process_signal(const struct process *process, int signal);

/* Takes its end. 0; EAGAIN while it runs; or errno. */
int process_reap(const struct process *process, struct process_end *end);

void process_release(struct process *process);

/* "exit code 3" or "signal 9 (Killed)" into `text`; returns it. */
const char *process_end_text(const struct process_end *end, char *text,
                             size_t size);

#endif
