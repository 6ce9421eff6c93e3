/* offline: what is done to a replica's disk while no daemon runs on it.
 *
 * WHAT
 *   Another end of hotwarmd: it reads the disk as a start does, which means that
 *   a torn tail is cut and what was begun is finished, does one thing, says what
 *   is there then, and ends. Started by the tool hotwarm, as the daemon's user,
 *   with a descriptor of STATE_DIR/lock.
 *
 *      status   nothing else
 *      force    core/force.h, by store_renew
 *      reset    the replica gives up what it holds, in the steps in which one does
 *               whose disk is damaged (boot.h): so it is lost then, not blank
 *
 *   On standard output, lines as of HOTWARM STATUS, "key:value" ended by CR LF:
 *
 *      group uuid former lost run promised     as HOTWARM STATUS
 *      group_uuid last_epoch last_seq commit_seq voter voters    so, too
 *      last_hash  the log's rolling hash at its end: equal logs, equal hash
 *      others     the nodes of the voters but this one
 *      refuses    why it cannot be forced, after "it"; empty: it can
 *      holds      1: there is something for a reset to move aside
 *      aside      where the old state is; after force and reset
 */
#ifndef HOTWARM_DAEMON_OFFLINE_H
#define HOTWARM_DAEMON_OFFLINE_H

#include "daemon/options.h"

/* The exit status: 0; or 1 with a line on standard error, and nothing was
 * changed but what a start changes, or what a start finishes. */
int offline_run(const struct options *options);

#endif
