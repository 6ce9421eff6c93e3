/* laws: what must hold after every step, checked from outside the core.
 *
 * WHAT
 *   law            broken when
 *   durable        an entry is called committed though no majority of the
 *                  voters in force there has it on disk
 *   stale-leader   a leader lacks an entry committed in an earlier view
 *   lost           at the end a serving replica lacks a committed entry
 *   one-history    two replicas have different entries or states at one place
 *   one-leader     an epoch had two leaders
 *   minority       a leader without a majority of durable promises
 *   stale-primary  a write without a valid promotion was acknowledged, or a
 *                  replica thinks that a revoked promotion is valid
 *   promotion      a promotion was refused, as behind another one, though none
 *                  was granted since it was asked for; or was granted, and its
 *                  replica does not know
 *   config         a voter was removed at an operator's word though no majority
 *                  of those that are left has stored an entry that came after
 *                  it, or though there were two; or was called removed and is
 *                  not; more in ledger.h
 *   once, refused-applied, session-order   (in ledger.h)
 *   fresh-read     a read missed a write acknowledged before it, or lied
 *   own-vote       a promise went down; a UUID or run was used twice; a message
 *                  was sent before its run was durable
 *   reply-once     an answer to nothing, or a second one, or none at the end
 *   quarantine     a replica fell silent though nothing was wrong with its disk
 *   bounded        a queue or a log grew without bound, or events stormed
 *   disk           disk effects that make no sense
 *   serving        all was well again, and it did not serve (heal.h); or one of
 *                  two voters was free to go on alone, and did not
 *
 * INVARIANTS
 *   Work per step is bounded by what changed in that step.
 */
#ifndef HOTWARM_SIM_LAWS_H
#define HOTWARM_SIM_LAWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/core.h"
#include "daemon/core/effects.h"

struct world;
struct node;
struct op;

#define LAWS_QUEUE_MAX 200        /* messages waiting to be ordered */
#define LAWS_LOG_MAX (64u * 1024) /* bytes of the log on disk */
#define LAWS_BEYOND_AHEAD 4096 /* an entry, and a leader's own */
#define LAWS_STEPS_PER_SECOND 20000
#define LAWS_ALONE_BOUND (15 * SIM_S)

struct laws_leader {
    uint64_t epoch;
    struct uuid uuid;
    uint64_t run;
    uint64_t alone_seq; /* rightly alone, of two: its first entry; else 0 */
};

struct laws {
    struct laws_leader *leaders;
    size_t leader_count;
    uint64_t acked_seq; /* the newest write acknowledged to anybody */
    size_t probe_from;  /* the first request of the end's probe */
    uint64_t second;    /* event storms: the second, and its steps */
    uint64_t second_steps;
};

/* Per process. */
struct laws_node {
    uint64_t commit_seen; /* checked up to there */
    uint64_t applied_seen;
    uint64_t led_epoch;  /* the newest epoch it was seen to lead */
    uint64_t free_since; /* it may lead alone, and nothing hinders it; 0: not */
    uint64_t promote_from; /* the promotion it was asked for, and has not got
                              yet, was decided on a state at or above that
                              sequence, plus one; 0: it was not */
    uint64_t renewed_at;   /* it last voted, entered a view, or appended a
                            configuration then */
};

void laws_free(struct laws *laws);

/* A process has opened its disk; status is filled in. */
void laws_on_boot(struct world *world, struct node *node);

/* A step is done; `before` is the status before it. Its effects are not yet
 * carried out. */
void laws_on_step(struct world *world, struct node *node,
                  const struct core_status *before);

/* It is asked for a promotion, on the state that it has now. */
void laws_on_promote(struct node *node);

void laws_on_multicast(struct world *world, struct node *node);
void laws_on_reply(struct world *world, struct node *node,
                   const struct effect *effect, const uint8_t *data);

/* An APPEND effect's entry. */
void laws_on_append(struct world *world, struct node *node, const uint8_t *data,
                    size_t len);

/* An operator asked for a voter's removal, and is answered so. */
void laws_on_removal(struct world *world, const struct op *op,
                     enum outcome outcome);

/* A CONFIG was appended in the place of that configuration. */
void laws_on_reconfigure(struct world *world, struct node *node,
                         const struct config *before);

/* Have the disks of a majority of these that entry? */
bool laws_majority_holds(struct world *world, const struct config *config,
                         uint64_t seq, uint64_t hash);

/* Something became durable. */
void laws_on_stored(struct world *world, struct node *node);

#endif
