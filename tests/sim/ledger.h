/* ledger: the group's one history, and an independent model of it.
 *
 * WHAT
 *   The ledger grows by the entries that any replica calls committed, in order,
 *   and works out alone what they mean: who votes, whose promotion is valid at
 *   which place, which writes take effect and what they answer. What replicas
 *   and clients see is held against it.
 *
 * INVARIANTS (laws checked here, as entries come in)
 *   config       one voter added, removed or replaced at a time; CREATE first
 *   once         a write takes effect once; (origin, run, number) rise
 *   refused-applied, session-order
 *
 * NOT HERE
 *   Whether an entry was rightly called committed: laws.h.
 */
#ifndef HOTWARM_SIM_LEDGER_H
#define HOTWARM_SIM_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/config.h"
#include "daemon/core/core.h"
#include "daemon/core/entry.h"
#include "tests/sim/clients.h"
#include "tests/sim/verdict.h"

struct ledger_entry {
    uint64_t hash;
    uint64_t epoch;
    uint64_t commit_epoch; /* of the view that committed it, or later */
    uint64_t digest;       /* of the state there, once a replica said */
    bool digest_known;
    bool effective; /* a write or promotion that took effect */
    bool claimed;   /* an INCR that was answered */
    enum entry_kind kind;
    uint64_t op; /* a client's request number; 0: none of a SET's */
    unsigned key;
    int64_t number;     /* an INCR's answer */
    struct uuid origin; /* who forwarded it, in which run … */
    uint64_t run;
    uint64_t forwarded; /* … with which number; 0: the leader's own */
};

struct ledger_version {
    uint64_t seq;
    uint64_t op;    /* a SET's request */
    int64_t number; /* or a counter's value */
};

struct ledger_key {
    struct ledger_version *versions;
    size_t count;
};

struct ledger_token {
    uint64_t token;
    uint64_t revoked; /* the sequence that did; 0: valid */
    struct uuid uuid;
    uint64_t run;
};

struct ledger_origin {
    struct uuid uuid;
    uint64_t run;
    uint64_t number;
};

struct ledger {
    struct clients *clients;
    struct verdict *verdict;
    enum core_mode mode;
    struct uuid group;
    bool forced;  /* a replica was, and this is its group */
    bool forcing; /* its entries, that nobody had committed, are being taken */
    struct ledger_entry *entries; /* entries[seq]; 0 is not used */
    uint64_t last;
    size_t cap;
    struct config *configs;
    size_t config_count;
    struct ledger_token *tokens;
    size_t token_count;
    struct ledger_key *keys;
    size_t key_count;
    struct ledger_origin *origins;
    size_t origin_count;
};

void ledger_free(struct ledger *ledger);

/* Takes the next entry into the history. */
void ledger_extend(struct ledger *ledger, const struct entry *entry,
                   uint64_t hash, uint64_t commit_epoch);

/* Takes the entry with which a replica was forced: it may change any number of
 * voters. From here on it is that group's history. */
void ledger_force(struct ledger *ledger, const struct entry *entry,
                  uint64_t hash, const struct uuid *group);

/* NULL when there is none yet at `seq`. */
const struct ledger_entry *ledger_at(const struct ledger *ledger, uint64_t seq);

/* The newest configuration at or below `seq`, NULL if none. */
const struct config *ledger_config(const struct ledger *ledger, uint64_t seq);

bool ledger_token_valid(const struct ledger *ledger, uint64_t token,
                        uint64_t seq);

/* The valid promotion of that run at `seq`; 0: none. */
uint64_t ledger_token_of(const struct ledger *ledger, const struct uuid *uuid,
                         uint64_t run, uint64_t seq);

/* The last promotion granted up to `seq`, valid or not; 0: none. */
uint64_t ledger_last_token(const struct ledger *ledger, uint64_t seq);

/* The key's value after `seq`; NULL: it does not exist then. */
const struct ledger_version *ledger_value(const struct ledger *ledger,
                                          unsigned key, uint64_t seq);

/* The last entry that a leader of `epoch` must hold; 0 if none. */
uint64_t ledger_before_epoch(const struct ledger *ledger, uint64_t epoch);

#endif
