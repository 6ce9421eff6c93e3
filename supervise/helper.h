/* helper: a program beside the daemon that is spoken with line by line.
 *
 * WHAT
 *   Starts it with a socket pair for standard input and output, hands its lines
 *   over and tells when it has ended. Standard error is /dev/null.
 *
 * INVARIANTS
 *   It ends with this process, and at the latest when the helper is freed.
 *   A line is given whole, printable, without its newline; one that is too long
 *   is cut.
 *
 * OWNERSHIP
 *   The helper is the caller's; callbacks may not free it. A line lives during
 *   the call.
 *
 * NOT HERE
 *   What is said: fencing.h. Programs that end by themselves: command.h.
 */
#ifndef HOTWARM_SUPERVISE_HELPER_H
#define HOTWARM_SUPERVISE_HELPER_H

#include <qb/qbloop.h>

#include "supervise/process.h"

#define HELPER_LINE_MAX 512

struct helper_calls {
    void (*line)(void *context, const char *line);
    void (*ended)(void *context, const struct process_end *end); /* once */
};

struct helper;

/* Starts `path`, without arguments. No callback is called before it returns. 0
 * or errno. */
int helper_start(qb_loop_t *loop, const char *path,
                 const struct helper_calls *calls, void *context,
                 struct helper **helper);

/* Kills it when it still runs. NULL is allowed. */
void helper_free(struct helper *helper);

/* Says a line (without newline). 0 or errno. */
int helper_say(const struct helper *helper, const char *line);

#endif
