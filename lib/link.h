/* link: what hotwarmd and hotwarm-supervise say to each other.
 *
 * WHAT
 *   A socket pair (SOCK_SEQPACKET), one message a packet, plain text, at most
 *   LINK_MAX bytes, no closing newline:
 *
 *      daemon to supervisor
 *        "ready"          its disk is validated and it answers on its sockets
 *        "alive"          the loop turned; every LINK_ALIVE_MS
 *        "score N"        Pacemaker's promotion score for this node; 0: remove
 *        "why TEXT"       why it does not serve; empty: it does
 *        "mark N NODE"    tell all that is known of this node's fencing, then
 *                         say "marked N" (NODE: Corosync's node id)
 *        "failed TEXT"    it is about to end because of TEXT
 *      supervisor to daemon
 *        "stop"           leave the group, then exit with 0
 *        "fenced NODE"    Pacemaker has just confirmed that this node was fenced
 *        "marked N"       to "mark N", once no fencing of that node is under way
 *
 *   End of file means that the other one is gone: the daemon then ends at
 *   once; the supervisor reaps its child.
 *
 *   Processes, and what each inherits:
 *
 *      agent (start) -> hotwarm-supervise (root, own session)
 *                          |  flock on STATE_DIR/lock, held by both
 *                          |  /run/hotwarm/GROUP.sock  data     fd --data-fd
 *                          |  /run/hotwarm/GROUP.ctl   control  fd --control-fd
 *                          |  /run/hotwarm/GROUP.sup   the supervisor's own
 *                          |  the TCP socket, the password file: fd --tcp-fd, --secret-fd
 *                          |-> hotwarmd (user hotwarm)          fd --link-fd
 *                          '-> hotwarm-fencewatch (root), with fencing=required
 */
#ifndef HOTWARM_LIB_LINK_H
#define HOTWARM_LIB_LINK_H

#define LINK_MAX 512
#define LINK_ALIVE_MS 1000

#endif
