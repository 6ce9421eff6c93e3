/* replica: one core on a disk in memory, watched at every step.
 *
 * WHAT
 *   Carries out the disk's effects at once (when they count as durable is the
 *   caller's choice: STORED), and holds the core to its contract.
 *
 * INVARIANTS (each is checked; a breach aborts)
 *   Disk effects are numbered without a gap; appended entries follow each other
 *   by sequence and by hash.
 *   Nothing at or below the commit point is cut or changed, and neither it nor
 *   what is applied goes back.
 *   Every request is answered once at most, a command with one RESP value.
 *   A message that wire_decode refuses causes nothing.
 *   Whatever it stored, it can open again.
 *
 * OWNERSHIP
 *   `effects` are those of the last step.
 */
#ifndef HOTWARM_TESTS_FUZZ_REPLICA_H
#define HOTWARM_TESTS_FUZZ_REPLICA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/core.h"
#include "lib/buf.h"

enum { REPLICA_REQUESTS = 1024 };

struct replica {
    struct core *core;
    struct core_options options;
    struct uuid fresh;
    struct effects effects;
    uint64_t op; /* of the last disk effect */
    /* the disk */
    struct buf promise, snapshot;
    struct replica_record {
        struct buf data;
        uint64_t seq, hash;
    } * records;
    size_t count;
    /* what was committed after the last step, as far as the log held it */
    struct replica_committed {
        uint64_t seq, hash;
    } * committed;
    size_t committed_count;
    uint64_t commit_seq, applied_seq;
    /* requests: 1 and up */
    uint64_t last_request;
    uint8_t asked[REPLICA_REQUESTS]; /* 1: waits; 2: answered */
};

/* A zeroed struct with `options` and `fresh` set becomes a blank replica. */
void replica_open(struct replica *replica);
void replica_close(struct replica *replica);

/* Its process ends, and another starts on what was stored. */
void replica_reopen(struct replica *replica);

/* A CLIENT event gets the next request's number. */
void replica_step(struct replica *replica, struct core_event *event);

/* The same, of a step that was checked when it was done before: replica_check
 * is to be called before one that was not. */
void replica_repeat(struct replica *replica, struct core_event *event);
void replica_check(struct replica *replica);

/* What a READ effect asks for. `event` points into the replica's snapshot. */
void replica_read(const struct replica *replica, const struct effect *effect,
                  struct core_event *event);

#endif
