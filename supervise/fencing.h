/* fencing: what Pacemaker confirms of fencing, for the daemon.
 *
 * WHAT
 *   Passes the daemon's marks to hotwarm-fencewatch (fencewatch.h) and what that
 *   says to the daemon:
 *
 *     daemon     "mark N ID"           the newest counts
 *     crm_node   -N ID                 Pacemaker's own name of that node, anew
 *                                      for each mark
 *     watcher    "mark N ID NAME"
 *                "marked N", "fenced ID"
 *     daemon     "marked N", "fenced ID"
 *
 *   The watcher is started with the first mark. When it ends it is started again
 *   after FENCING_RETRY_MIN_MS, doubling up to FENCING_RETRY_MAX_MS until it
 *   answers a mark, and is told the newest mark again. One that cannot open
 *   Pacemaker's library stays away.
 *
 * INVARIANTS
 *   Nothing of this can make the daemon fail: without a watcher no mark is
 *   answered, and a survivor of two stays frozen.
 *   All: tests/supervise/run.
 *
 * NOT HERE
 *   What makes an answer true: fencewatch.h. The link: link.h.
 */
#ifndef HOTWARM_SUPERVISE_FENCING_H
#define HOTWARM_SUPERVISE_FENCING_H

#include <stdint.h>

#include <qb/qbloop.h>

#include "supervise/options.h"

#define FENCING_RETRY_MIN_MS 250
#define FENCING_RETRY_MAX_MS 10000
#define FENCING_COMMAND_MS 10000 /* crm_node */

struct fencing_calls {
    void (*marked)(void *context, uint64_t mark);
    void (*fenced)(void *context, uint32_t node);
};

struct fencing;

/* `options` must outlive it. Never NULL. */
struct fencing *fencing_new(qb_loop_t *loop, const struct options *options,
                            const struct fencing_calls *calls, void *context);

/* Ends the watcher. NULL is allowed. */
void fencing_free(struct fencing *fencing);

void fencing_mark(struct fencing *fencing, uint64_t mark, uint32_t node);

/* Nothing is watched any more: the daemon is gone. */
void fencing_end(struct fencing *fencing);

/* What a line of the watcher says: "note TEXT", "marked N", "fenced ID". 0, or
 * RESULT_MALFORMED. */
enum fencing_word { FENCING_NOTE, FENCING_MARKED, FENCING_FENCED };
int fencing_parse(const char *line, enum fencing_word *word, uint64_t *number);

#endif
