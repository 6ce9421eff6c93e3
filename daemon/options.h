/* options: what hotwarmd is told on its command line.
 *
 * WHAT
 *   Everything hotwarmd is told; there is no configuration file. In a cluster
 *   the supervisor gives these (lib/link.h); --standalone is for people; --offline
 *   is what the tool hotwarm gives (offline.h).
 */
#ifndef HOTWARM_DAEMON_OPTIONS_H
#define HOTWARM_DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/core.h"

#define OPTIONS_INSTANCES_MAX 10000

enum options_offline {
    OPTIONS_ONLINE = 0,
    OPTIONS_OFFLINE_STATUS,
    OPTIONS_OFFLINE_FORCE,
    OPTIONS_OFFLINE_RESET
};

struct options {
    const char *group;
    const char *state_dir;
    const char *socket_dir; /* --standalone makes GROUP.sock and GROUP.ctl there */
    enum core_mode mode;
    unsigned expected_voters;
    unsigned instances; /* of the resource; 0: not known */
    uint64_t write_timeout_ms;
    uint64_t max_memory;
    uint64_t transfer_rate;
    bool reads_local;
    bool fencing; /* two voters: go on when the other one was fenced */
    bool standalone;
    enum options_offline offline; /* all that it is to do, to the disk alone */
    bool verbose;
    const char *listen; /* --standalone makes tcp_fd and secret_fd of these; NULL */
    const char *passwd_file;
    int data_fd; /* -1: not given */
    int control_fd;
    int link_fd;
    int tcp_fd;    /* listening; for its clients … */
    int secret_fd; /* … this file has the password */
    int lock_fd; /* of STATE_DIR/lock, with an offline action */
};

/* 0; or EINVAL with a sentence in `error` that names the option, its value and
 * what is allowed. */
int options_parse(struct options *options, int argc, char **argv, char *error,
                  size_t error_size);

#endif
