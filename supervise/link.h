/* link: the supervisor's end of the socket pair with the daemon.
 *
 * WHAT
 *   The messages of lib/link.h, read and written. Text from the daemon is
 *   stripped of control characters here, before it reaches a log, a terminal
 *   or the CIB.
 *
 * NOT HERE
 *   What they cause: life.h. Who holds the descriptor: child.h.
 */
#ifndef HOTWARM_SUPERVISE_LINK_H
#define HOTWARM_SUPERVISE_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "lib/link.h"

#define LINK_SCORE_MAX 1000000 /* Pacemaker's infinity */

enum link_kind {
    LINK_READY,
    LINK_ALIVE,
    LINK_SCORE,
    LINK_WHY,
    LINK_MARK,
    LINK_FAILED
};

struct link_message {
    enum link_kind kind;
    int score;               /* LINK_SCORE: 0 to LINK_SCORE_MAX */
    uint64_t mark;           /* LINK_MARK */
    uint32_t node;           /* LINK_MARK */
    char text[LINK_MAX + 1]; /* LINK_WHY, LINK_FAILED */
};

/* One packet. 0, or RESULT_MALFORMED. */
int link_parse(const void *bytes, size_t len, struct link_message *message);

/* The next message. 0; EAGAIN when there is none; EPIPE at the end of file;
 * RESULT_MALFORMED (the packet is gone; go on); or errno. */
int link_receive(int fd, struct link_message *message);

/* Asks the daemon to leave the group and end. 0 or errno. */
int link_stop(int fd);

/* Tells the daemon that Pacemaker has just confirmed the fencing of the node
 * with that Corosync id. 0 or errno. */
int link_fenced(int fd, uint32_t node);

/* The answer to that mark. 0 or errno. */
int link_marked(int fd, uint64_t mark);

#endif
