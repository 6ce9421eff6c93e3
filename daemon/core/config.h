/* config: who votes.
 *
 * WHAT
 *   A configuration is a set of voters, each a replica's UUID and the cluster
 *   node it runs on. At most CONFIG_MAX of them, in ascending order of UUID.
 *   `seq` is the sequence of the entry that brought it.
 *
 *   A configuration is in force as soon as its entry is appended. Until that
 *   entry is known committed, every majority means a majority of the old AND
 *   of the new voters (a joint majority; Ongaro, "Consensus: bridging theory
 *   and practice", section 4.3, with both sets kept in the log's owner).
 *
 * NOT HERE
 *   When a configuration may be proposed: membership.h.
 */
#ifndef HOTWARM_CORE_CONFIG_H
#define HOTWARM_CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/cursor.h"
#include "lib/uuid.h"

#define CONFIG_MAX 16

struct voter {
    struct uuid uuid;
    uint32_t node;
};

struct config {
    uint64_t seq; /* 0: no configuration */
    unsigned count;
    struct voter voters[CONFIG_MAX];
};

/* Index of `uuid` in `config`, or -1. */
int config_find(const struct config *config, const struct uuid *uuid);

/* Index of the voter on cluster node `node`, or -1. */
int config_find_node(const struct config *config, uint32_t node);

/* Adds in order. 0, RESULT_TOO_LARGE, or RESULT_MISMATCH when present. */
int config_add(struct config *config, const struct uuid *uuid, uint32_t node);

/* Removes if present; true if it was. */
bool config_remove(struct config *config, const struct uuid *uuid);

/* The same voters at the same sequence. */
bool config_equal(const struct config *a, const struct config *b);

/* The voters' nodes, ascending, with blanks between them; but for that voter's, if
 * it is not NULL. For people. */
void config_print_nodes(const struct config *config, const struct uuid *but,
                        struct buf *text);

/* How many make a majority: floor(count / 2) + 1. */
unsigned config_majority(const struct config *config);

/* Without `seq`: u8 count, then uuid and u32 node each. */
void config_encode(struct buf *buf, const struct config *config);

/* 0 or RESULT_MALFORMED (short, too many, not ascending). seq is set to 0. */
int config_decode(struct cursor *cursor, struct config *config);

#endif
