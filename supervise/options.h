/* options: what hotwarm-supervise is told on its command line.
 *
 * WHAT
 *   The resource's parameters, as the replica agent hands them over. What only
 *   the daemon needs is checked here as well: a mistake must be named before
 *   anything was made or started.
 *
 * OWNERSHIP
 *   Strings point into argv, the environment or static memory.
 *
 * NOT HERE
 *   Whether users, groups and directories exist: lib/places.h, main.c.
 */
#ifndef HOTWARM_SUPERVISE_OPTIONS_H
#define HOTWARM_SUPERVISE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIONS_GROUP_MAX 64
#define OPTIONS_RESOURCE_MAX 256

struct options {
    const char *group;
    const char *mode;
    unsigned expected_voters;
    unsigned instances; /* of the resource; 0: not known */
    const char *state_dir;
    const char *socket_group;
    uint64_t write_timeout_ms;
    uint32_t hang_timeout_ms;
    uint64_t max_memory;    /* bytes */
    uint64_t transfer_rate; /* bytes per second */
    const char *reads;
    const char *fencing;
    const char *listen;      /* NULL: nobody by TCP */
    const char *passwd_file; /* NULL as well */
    const char *resource; /* as in OCF_RESOURCE_INSTANCE */
    const char *node;     /* Pacemaker's name of this node; NULL: find out */
    const char *user;
    const char *daemon;
    const char *fencewatch;
    const char *run_dir;
    const char *tools_dir; /* searched for Pacemaker's tools first; or NULL */
    uint32_t score_interval_ms;
    uint32_t hold_ms;
    char **arguments; /* all of them, as they came; ends with NULL */
    bool foreground;
    bool help;
};

/* Reads argv. 0; or EINVAL with a sentence in `error` that names the option,
 * its value and what is allowed. With --help the rest is not asked for. */
int options_parse(struct options *options, int argc, char **argv, char *error,
                  size_t error_size);

/* The text for --help. Static. */
const char *options_usage(void);

#endif
