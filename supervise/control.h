/* control: GROUP.sup, where the agent asks for a stop, and what it cannot know.
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
 *     started     the arguments of this program, a line each; then the line
 *                 "tuned TEXT", if there is such a text; then "ok"
 *     tuned TEXT  the daemon is about to be told TEXT. If it is not the first
 *                 one, scores that move are kept back (cluster.h)
 *     managed     "managed yes", "managed no" or "managed unknown", as Pacemaker
 *                 has it, then "ok"
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
#define CONTROL_LINE_MAX 300 /* a TUNE in it */

struct control_calls {
    void (*stop)(void *context, uint64_t grace_ms);
    void (*status)(void *context, struct buf *lines);
    void (*refresh)(void *context);
    void (*started)(void *context, struct buf *lines);
    void (*tuned)(void *context, const char *text);
    void (*managed)(void *context); /* then control_answer_managed */
};

struct control;

/* Serves the listening socket `fd`. 0 or errno. */
int control_open(qb_loop_t *loop, int fd, const struct control_calls *calls,
                 void *context, struct control **control);

/* "ok" to all who asked for a stop. */
void control_answer_stops(struct control *control);

/* To all who asked whether the resource is managed: "yes", "no", "unknown". */
void control_answer_managed(struct control *control, const char *answer);

/* Closes all connections. NULL is allowed. */
void control_close(struct control *control);

enum control_request {
    CONTROL_STOP,
    CONTROL_STATUS,
    CONTROL_REFRESH,
    CONTROL_STARTED,
    CONTROL_TUNED,
    CONTROL_MANAGED
};

/* What a line asks for; *rest is what follows "tuned". 0; or RESULT_MALFORMED. */
int control_parse(const char *line, enum control_request *request,
                  uint64_t *grace_ms, const char **rest);

#endif
