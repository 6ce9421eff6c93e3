/* lead: a leader of which only what concerns its voters is true.
 *
 * WHAT
 *   The core's state, made by hand: a leader of three voters, which have all of its
 *   log; one of them, LEAD_GONE, CPG does not list. Only the rooms that decide who
 *   votes are stepped, and what others would do is said: what was acknowledged,
 *   heard and committed, and how late it is.
 *
 * OWNERSHIP
 *   A test's set-up and tear-down: lead_begins, lead_ends.
 */
#ifndef HOTWARM_TESTS_UNIT_LEAD_H
#define HOTWARM_TESTS_UNIT_LEAD_H

#include "daemon/core/effects.h"
#include "daemon/core/state.h"

/* Nodes, and sample_uuid's numbers of the replicas there. */
enum { LEAD_SELF = 1, LEAD_OTHER, LEAD_GONE, LEAD_SPARE };

enum {
    LEAD_LAST = 3, /* the log's last entry at first, committed */
    LEAD_TIMEOUT_MS = 1000,
    LEAD_WRITE_MS = 10000
};

struct lead {
    struct core core;
    struct effects effects;
    uint64_t from_ns; /* lead_passes counts from here */
};

int lead_begins(void **state);
int lead_ends(void **state);

/* The row of that replica, made if there is none. */
struct peer *lead_peer(struct lead *lead, uint8_t number);

/* A replica that has acknowledged all up to LEAD_LAST. */
void lead_add_peer(struct lead *lead, uint8_t number);

/* CPG lists those nodes and no others. */
void lead_lists(struct lead *lead, unsigned count, const uint32_t *nodes);

/* A message of that one is delivered. */
void lead_hears(struct lead *lead, uint8_t number);

/* That one acknowledges all up to there. */
void lead_acknowledges(struct lead *lead, uint8_t number, uint64_t seq);

/* All of the log is committed, the configuration in force too. */
void lead_commits(struct lead *lead);

/* So many ms after from_ns. */
void lead_passes(struct lead *lead, uint64_t ms);

/* The rooms do what can be done now. */
void lead_settles(struct lead *lead);

uint64_t lead_last(const struct lead *lead);
bool lead_votes(const struct lead *lead, uint8_t number);

#endif
