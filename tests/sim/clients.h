/* clients: every request ever made, and what it may still mean.
 *
 * WHAT
 *   A session is one client's connection to one process; it may have several
 *   requests open. A request's number is its place in `ops`, plus one. Writes
 *   can be told apart in the log: a SET by its value "n2c17#145:…" (node,
 *   session, number in the session), an INCR by its key, which only its session
 *   counts up.
 *
 * INVARIANTS
 *   counted <= incr_ok + incr_maybe, for every session (law once).
 *
 * NOT HERE
 *   When clients ask what: load.h. What the answers must be: laws.h.
 */
#ifndef HOTWARM_SIM_CLIENTS_H
#define HOTWARM_SIM_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/core.h"

#define CLIENTS_KEYS 6 /* k0 to k5 are shared; counters come behind them */

enum op_kind {
    OP_SET = 1,
    OP_SET_EXPIRING, /* nobody reads it back: the digests tell */
    OP_INCR,
    OP_GET,
    OP_GET_LOCAL,
    OP_PROMOTE,
    OP_DEMOTE,
    OP_REMOVE,
    OP_LEAVE
};

enum op_state { OP_OPEN = 1, OP_OK, OP_REFUSED, OP_UNKNOWN, OP_DEAD };

struct op {
    enum op_kind kind;
    enum op_state state;
    unsigned node;
    uint32_t life;    /* of the process it was given to */
    unsigned session; /* index; of no meaning from OP_PROMOTE on */
    unsigned number;  /* in the session, from 1 */
    unsigned key;     /* index of a struct ledger_key */
    unsigned filler;  /* more bytes of the value */
    uint64_t issued_at;
    uint64_t acked_before; /* the newest acknowledged write when it was asked */
    uint64_t seq;          /* OK: the answer's */
    unsigned effects;      /* how often it took effect */
    uint32_t target;       /* OP_REMOVE: whose voter … */
    uint64_t last_seq;     /* … the end of the log when it was asked … */
    uint64_t changed;      /* … the configuration that came of it; 0: none */
};

struct session_state {
    unsigned node;
    uint32_t life;
    bool over;
    unsigned issued;
    unsigned open;
    unsigned applied_number; /* the newest SET that took effect */
    uint64_t answered_seq;   /* of the newest write answered OK, by number */
    unsigned answered_number;
    uint64_t counted; /* INCRs that took effect */
    uint64_t incr_ok;
    uint64_t incr_maybe; /* open, unknown or their process died */
};

struct clients {
    struct op *ops;
    size_t count;
    size_t cap;
    size_t open;       /* how many are OP_OPEN */
    size_t first_open; /* none below it is open */
    struct session_state *sessions;
    unsigned session_count;
    unsigned session_cap;
};

void clients_free(struct clients *clients);

unsigned clients_session(struct clients *clients, unsigned node, uint32_t life);

/* A new open request; its number (not index). */
uint64_t clients_issue(struct clients *clients, const struct op *op);

/* The request of that number, NULL if there never was one. */
struct op *clients_op(struct clients *clients, uint64_t request);

/* Settles an open request; counts it where it belongs. */
void clients_settle(struct clients *clients, struct op *op,
                    enum op_state state);

const char *clients_kind(enum op_kind kind);

/* The process is dead: its open requests will not be answered. */
void clients_lost(struct clients *clients, unsigned node, uint32_t life);

/* The value an OP_SET writes; length, without a NUL counted. */
#define CLIENTS_VALUE_MAX 2048
size_t clients_value(const struct clients *clients, const struct op *op,
                     char value[CLIENTS_VALUE_MAX]);

/* The request whose value this is; NULL if no client ever wrote it. */
struct op *clients_by_value(struct clients *clients, const uint8_t *value,
                            size_t len);

#endif
