/* launch: a program that makes itself a daemon, and what it says if it cannot.
 *
 * WHAT
 *   The one place of the agents that forks. The program gets /dev/null as
 *   input and output, a pipe as standard error, and no other descriptor. It
 *   must end by itself once its daemon is on its own.
 *
 *      launch_start --> launch_poll ... launch_poll --> launch_end
 *
 * OWNERSHIP
 *   launch_end closes what launch_start opened. It does not kill: a program
 *   that still runs goes on, as a child of init.
 */
#ifndef HOTWARM_AGENTS_LAUNCH_H
#define HOTWARM_AGENTS_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

enum { LAUNCH_LINE_MAX = 256 };

struct launch {
    pid_t pid;
    int errors; /* the pipe; -1: not open */
    bool ended; /* the program, not its daemon */
    int status; /* its exit code; 128 + signal */
    bool fresh; /* the next byte begins a line */
    size_t len;
    char line[LAUNCH_LINE_MAX]; /* its last line that is not empty, cut */
};

/* 0, or the errno of what failed; then launch_end need not be called. */
int launch_start(struct launch *launch, char *const *argv);

/* Waits up to `ms` for the program's end; reads what it said. */
void launch_poll(struct launch *launch, int ms);

void launch_end(struct launch *launch);

#endif
