/* launch: into the background, and the word to whoever started us.
 *
 * WHAT
 *   The agent waits for the process that it started; the supervisor is that
 *   process' child, in a session of its own:
 *
 *     agent ---- waits for ----> first process ---- pipe ----> supervisor
 *                                exits 0             <- launch_ready
 *                                exits 1, the reason <- launch_failed, or
 *                                on stderr              it ended
 *
 *   In the foreground there is one process, and a reason goes to stderr.
 *
 * INVARIANTS
 *   The first process holds nothing (no socket, no lock) while it waits.
 *   Only the first word counts.
 */
#ifndef HOTWARM_SUPERVISE_LAUNCH_H
#define HOTWARM_SUPERVISE_LAUNCH_H

#include <stdbool.h>

struct launch {
    int pipe; /* -1: in the foreground, or the word was given */
    bool told;
};

/* Returns in the supervisor only: 0 or errno. */
int launch_detach(struct launch *launch);

void launch_ready(struct launch *launch);
void launch_failed(struct launch *launch, const char *reason);

#endif
