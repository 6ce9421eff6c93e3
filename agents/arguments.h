/* arguments: what the resource's parameters make of a replica.
 *
 * WHAT
 *   Two texts:
 *
 *     arguments   what hotwarm-supervise is started with; for another one, it
 *                 has to be started anew
 *     tuning      HOTWARM TUNE, for what changes while the daemon runs
 *
 *   The supervisor remembers both (supervise/control.h, "started"), so that it
 *   can be seen whether a replica is as its parameters want it.
 *
 * NOT HERE
 *   What is done about it: replica.c.
 */
#ifndef HOTWARM_AGENTS_ARGUMENTS_H
#define HOTWARM_AGENTS_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "agents/instance.h"
#include "agents/replica_param.h"

enum {
    ARGUMENTS = 20, /* with room */
    ARGUMENT_BYTES = 320,
    ARGUMENTS_BYTES = ARGUMENTS * ARGUMENT_BYTES + INSTANCE_VERB_MAX
};

struct arguments {
    char text[ARGUMENTS][ARGUMENT_BYTES];
    char *argv[ARGUMENTS + 1];
    size_t count;
};

/* "" when it cannot be told. */
void arguments_state_dir(const struct ocf *ocf, char dir[REPLICA_DIR_BYTES]);

/* `argv` points into *arguments. */
void arguments_fill(const struct ocf *ocf, struct arguments *arguments);

void arguments_tuning(const struct ocf *ocf, char verb[INSTANCE_VERB_MAX]);

/* Whether one that was started with `lines` (the answer to "started") has to be
 * started anew; then *was and *wanted say for which argument. What only one of
 * the two knows is none: the programs may be of different versions. Nor is the
 * number of instances, nor that of voters where nobody set it: they follow the
 * number of nodes, and matter only where a group is created. */
bool arguments_differ(const struct ocf *ocf, const char *lines,
                      char was[ARGUMENT_BYTES], char wanted[ARGUMENT_BYTES]);

/* Whether one that answered `lines` was last told this. */
bool arguments_tuned(const char *lines, const char *verb);

#endif
