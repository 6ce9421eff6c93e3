/* peers: what has been heard of each replica, oneself included.
 *
 * WHAT
 *   One row per replica UUID, filled from messages. Membership (which of them
 *   CPG lists now) is a hint here: it starts and ends waiting, it decides
 *   nothing.
 *
 * INVARIANTS
 *   Nothing in a row is a promise of durability but `ack_*`, which only an ACK
 *   sets, and `ready_epoch`, which only a READY to this run sets.
 *
 * NOT HERE
 *   Who votes: config.h. What is counted: view.c, replicate.c, barrier.c.
 */
#ifndef HOTWARM_CORE_PEERS_H
#define HOTWARM_CORE_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/config.h"
#include "daemon/core/core.h"
#include "daemon/core/log.h"
#include "daemon/core/wire.h"

struct peer {
    struct uuid uuid;
    uint32_t node;
    uint64_t run;              /* the newest heard of */
    struct core_member member; /* where that run speaks from */
    bool present;              /* CPG lists that member */
    uint64_t heard_ns;         /* when the last message of it was delivered */

    bool hello; /* it said HELLO, and has not been seen with a leader since */
    uint64_t hello_ns;
    struct uuid group; /* as its HELLO said; none: it is blank */
    uint64_t promised;
    struct log_point last;
    bool promoted;
    bool lost;
    bool leaving;
    bool leads;
    bool full; /* said again and again while it is so: peers_full */
    struct uuid former;

    uint64_t ack_epoch; /* durable in this epoch … */
    uint64_t ack_seq;   /* … up to here */
    uint64_t ready_epoch;
    uint64_t ready_run;
    uint64_t answer_id; /* the barrier it answered last, and its log's end */
    uint64_t answer_seq;
};

struct peers {
    struct peer *list;
    size_t count;
    struct core_member *members; /* CPG's newest list */
    size_t member_count;
};

void peers_free(struct peers *peers);

struct peer *peers_find(const struct peers *peers, const struct uuid *uuid);

/* The same, made if there is none. The row lives until the next call. */
struct peer *peers_row(struct peers *peers, const struct uuid *uuid);

/* The row of the message's sender, made or brought up to date. NULL when the
 * message is of an older run than the newest heard of. The row lives until
 * the next call. */
struct peer *peers_hear(struct peers *peers, const struct message *message,
                        struct core_member from, uint64_t now_ns);

/* Takes CPG's newest membership. Rows of members that left stay, not present
 * and without a HELLO. */
void peers_set_members(struct peers *peers, const struct core_member *list,
                       size_t count);

/* Is its disk full, by what it said lately? */
bool peers_full(const struct peer *peer, uint64_t now_ns);

/* Does CPG list any member of that node? */
bool peers_list_node(const struct peers *peers, uint32_t node);

/* Forgets every HELLO (a leader is known), every ack, ready and answer. */
void peers_forget_view(struct peers *peers);

/* How many voters of `config` have a row that passes `test`. */
unsigned peers_count(const struct peers *peers, const struct config *config,
                     bool (*test)(const struct peer *peer, uint64_t argument),
                     uint64_t argument);

/* True when a majority of the voters of `config` has a row that passes `test`.
 * False for an empty configuration. */
bool peers_majority(const struct peers *peers, const struct config *config,
                    bool (*test)(const struct peer *peer, uint64_t argument),
                    uint64_t argument);

#endif
