/* replica_param: what the user may set of a replica.
 *
 * WHAT
 *   The replica agent's parameters, by their place in the table. All are the
 *   resource's; there is no configuration file.
 *
 * NOT HERE
 *   What they cause: replica.c, and where hotwarmd is told (launching).
 */
#ifndef HOTWARM_AGENTS_REPLICA_PARAM_H
#define HOTWARM_AGENTS_REPLICA_PARAM_H

#include "lib/ocf.h"

/* A state directory's path, with its NUL. */
enum { REPLICA_VOTERS_MAX = 16, REPLICA_DIR_BYTES = 256 };

/* preferred_nodes, with its NUL. */
enum { REPLICA_NODES_BYTES = 1024 };

enum replica_param {
    REPLICA_GROUP,
    REPLICA_MODE,
    REPLICA_EXPECTED_VOTERS,
    REPLICA_PREFERRED_NODES,
    REPLICA_FAILBACK,
    REPLICA_FAILBACK_DELAY,
    REPLICA_MAXLAG,
    REPLICA_READS,
    REPLICA_FENCING,
    REPLICA_SOCKET_GROUP,
    REPLICA_LISTEN,
    REPLICA_PASSWD_FILE,
    REPLICA_STATE_DIR,
    REPLICA_MAX_MEMORY,
    REPLICA_TRANSFER_RATE,
    REPLICA_WRITE_TIMEOUT,
    REPLICA_HANG_TIMEOUT,
    REPLICA_PARAMS
};

extern const struct ocf_param replica_params[REPLICA_PARAMS];

#endif
