/* control: GROUP.sup, where the agent asks for a stop.
 *
 * WHAT
 *   Line protocol, one request per connection, for root (the socket's mode):
 *
 *     stop [MS]   ends the daemon: asks it to leave, kills it after MS
 *                 milliseconds (default CONTROL_GRACE_MS), removes the score;
 *                 answered when all of that is done. Asked twice, the earlier
 *                 deadline holds and both are answered.
 *     status      lines "name value", then "ok":
 *                 supervisor_pid, pid (-1: ended), ready, stopping,
 *                 alive_age_ms, score (-1: none yet), score_set, why
 *     refresh     sets the score again, because somebody found it missing
 *
 *   Answers end in the line "ok", or are one line "error TEXT". End of file
 *   without either: the supervisor has ended; the lock on the state directory
 *   then tells what still runs.
 *
 * OWNERSHIP
 *   Connections are control's. The listening socket is the caller's.
 *
 * NOT HERE
 *   Carrying it out: life.h.
 */
#ifndef HOTWARM_SUPERVISE_CONTROL_H
#define HOTWARM_SUPERVISE_CONTROL_H

#include <stdint.h>

#include <qb/qbloop.h>

#include "lib/buf.h"

#define CONTROL_GRACE_MS 20000
#define CONTROL_GRACE_MAX_MS 3600000
#define CONTROL_LINE_MAX 64

struct control_calls {
    void (*stop)(void *context, uint64_t grace_ms);
    void (*status)(void *context, struct buf *lines);
    void (*refresh)(void *context);
};

struct control;

/* Serves the listening socket `fd`. 0 or errno. */
int control_open(qb_loop_t *loop, int fd, const struct control_calls *calls,
                 void *context, struct control **control);

/* "ok" to all who asked for a stop. */
void control_answer_stops(struct control *control);

/* Closes all connections. NULL is allowed. */
void control_close(struct control *control);

/* What a line asks for. 0; or RESULT_MALFORMED. */
enum control_request { CONTROL_STOP, CONTROL_STATUS, CONTROL_REFRESH };
int control_parse(const char *line, enum control_request *request,
                  uint64_t *grace_ms);

#endif
