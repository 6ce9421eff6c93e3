/* fencewatch: hotwarm-fencewatch, which tells what Pacemaker's fencer confirms.
 *
 * WHAT
 *   A process of its own, for libstonithd brings the whole of Pacemaker's
 *   libraries and its calls block. It opens the library at run time, connects to
 *   pacemaker-fenced and speaks with hotwarm-supervise line by line:
 *
 *      on standard input
 *        "mark N ID NAME"  watch the node with Corosync's id ID, which Pacemaker
 *                          calls NAME; and say when it is quiet there. It takes
 *                          the place of an earlier one, answered or not
 *      on standard output
 *        "marked N"        no fencing of that node is under way, as the local
 *                          fencer knows it, and what had been confirmed by then
 *                          has been told
 *        "fenced ID"       the fencer has just told of a successful `off` or
 *                          `reboot` of that node
 *        "note TEXT"       for the log
 *
 *   End of file on standard input ends it.
 *
 * STATES
 *   idle      no mark yet: no connection
 *   asking    a mark is not answered: a new connection, then the history, every
 *             FENCEWATCH_ASK_MS
 *   watching  it is answered; the connection stays, and if it is lost there is
 *             a new one
 *
 *   Without a connection: tried again, after FENCEWATCH_RETRY_MIN_MS doubling up
 *   to FENCEWATCH_RETRY_MAX_MS.
 *
 * INVARIANTS
 *   Only notifications count, never the history: it does not tell which loss an
 *   operation was for, and a clean-up erases it. tests/lab/pair.
 *
 *   Behind "marked N" there is no "fenced" of an operation that the fencer knew
 *   of when N was asked. What was pending then is waited for. What was completed
 *   then was notified before the connection was made, for each attempt makes its
 *   own: nothing of the past is queued for it. What is completed between the
 *   registration and the history's answer was notified before that answer was
 *   sent, and is read before "marked N" is said.
 *
 *   A lost connection takes no answer back. Notifications that were missed meant
 *   a confirmation that is not told: the survivor stays frozen, which is safe.
 *   And none can come too late: a new connection is told only of what is
 *   completed after it was made. So there is no word for it. An attempt may
 *   therefore close its connection as well: before its answer nothing counts.
 *
 *   A fencer that was just started does not know what other nodes asked for
 *   before; Pacemaker tells it within seconds. Until then "quiet" is as much as
 *   it knows. That matters only to clusters of three and more nodes (with two,
 *   the other one is the node itself).
 *
 * NOT HERE
 *   Which name a node has, restarts: fencing.h. What it is good for:
 *   daemon/core/pair.h.
 */
#ifndef HOTWARM_SUPERVISE_FENCEWATCH_H
#define HOTWARM_SUPERVISE_FENCEWATCH_H

#define FENCEWATCH_ASK_MS 500
#define FENCEWATCH_RETRY_MIN_MS 250
#define FENCEWATCH_RETRY_MAX_MS 5000

#define FENCEWATCH_LINE_MAX 512 /* with its newline */
#define FENCEWATCH_NAME_MAX 255

/* Exit codes. */
#define FENCEWATCH_FAILED 1
#define FENCEWATCH_NO_LIBRARY 3 /* no use in starting it again */

#endif
