/* disk: one node's state directory, and what a crash leaves of it.
 *
 * WHAT
 *   Effects with an `op` queue up; a writer finishes them strictly in order.
 *   What is finished is the image. A crash keeps the image plus a random first
 *   part of the queue. A snapshot is written beside the queue.
 *
 *      disk_enqueue -> queue -> disk_finish -> image -> disk_boot
 *
 * INVARIANTS
 *   op counts up by one; an APPEND stands right behind what the queue holds
 *   before it (law "disk": disk_enqueue says what is wrong).
 *   The image's hashes are computed here, from the bytes.
 *
 * OWNERSHIP
 *   Copies everything. disk_boot's pointers live until the next disk_finish.
 *
 * NOT HERE
 *   When the writer is done and when the disk dies: world.c, faults.
 */
#ifndef HOTWARM_SIM_DISK_H
#define HOTWARM_SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/core.h"
#include "daemon/core/effects.h"
#include "tests/sim/rng.h"

struct disk_record {
    uint64_t seq;
    uint64_t hash;
    uint8_t *data;
    size_t len;
};

/* What is durable. */
struct disk_image {
    uint8_t *promise; /* NULL: no P file */
    size_t promise_len;
    struct uuid uuid; /* as the P file says; none without one */
    uint64_t run;
    struct uuid group;
    uint64_t promised;
    uint64_t config_seq; /* the newest configuration known committed */
    uint8_t *snapshot;   /* NULL: none */
    size_t snapshot_len;
    uint64_t snapshot_seq;
    uint64_t snapshot_hash;
    struct disk_record *records;
    size_t head; /* records[head] is the first still there */
    size_t count;
    size_t cap;
    size_t bytes; /* of the records */
    uint64_t
        base_seq; /* the record before the first, dropped or in a snapshot */
    uint64_t base_hash;
    uint64_t mark; /* the log's flushed mark */
};

struct disk_op {
    enum effect_kind kind;
    uint64_t op;
    uint64_t seq;
    uint64_t hash; /* APPEND: as the core says */
    uint8_t *data;
    size_t len;
};

struct disk {
    struct disk_image image;
    struct disk_op *ops;
    size_t head;
    size_t count;
    size_t cap;
    size_t queued;      /* bytes of entries in the queue */
    uint64_t last_op;   /* given */
    uint64_t stored_op; /* finished */
    uint64_t next_seq;  /* where the next APPEND has to stand */
    bool mismatch;      /* an APPEND's hash was not that of its bytes */
    uint8_t *writing;   /* a snapshot on its way; NULL: none */
    size_t writing_len;
    uint64_t writing_seq;
};

void disk_free(struct disk *disk);
void disk_image_free(struct disk_image *image);

/* Queues a disk effect. NULL, or what is wrong with it. */
const char *disk_enqueue(struct disk *disk, const struct effect *effect,
                         const uint8_t *data);

/* Finishes the first `count` of the queue. A RESET moves the old image to
 * `*aside`, which must be empty, and stops there. How many were finished. */
size_t disk_finish(struct disk *disk, size_t count, struct disk_image *aside);

/* Begins a snapshot's file with these bytes. NULL, or what is wrong. */
const char *disk_snapshot(struct disk *disk, uint64_t seq, const uint8_t *data,
                          size_t len);

/* The snapshot's file is whole (`ok`) or was given up. Its seq. */
uint64_t disk_snapshot_done(struct disk *disk, bool ok);

/* The process is dead: the queue and a half-written snapshot are gone. */
void disk_crash(struct disk *disk);

/* What a process that starts now finds. *records is the caller's to free. */
void disk_boot(struct disk *disk, struct rng *rng, struct core_boot *boot,
               struct core_record **records);

/* True if entry (seq, hash) is in the log, or below a snapshot. */
bool disk_holds(const struct disk_image *image, uint64_t seq, uint64_t hash);

/* The last sequence in log or snapshot. */
uint64_t disk_last(const struct disk_image *image);

/* Faults. Cut the log so that it ends below its mark; false if it cannot. */
bool disk_damage_log(struct disk *disk, struct rng *rng);
void disk_lose_promise(struct disk *disk);
/* Changes the hash that the snapshot records; false without a snapshot.
 * Consistently: the log behind it is chained to that hash. */
bool disk_tamper(struct disk *disk, bool consistently);
/* A new state in the place of the old one (daemon/shell/renew.h). */
void disk_renew(struct disk *disk, const struct buf *promise,
                const struct buf *snapshot);
/* A new, empty disk; the old image goes to `*aside`. */
void disk_wipe(struct disk *disk, struct disk_image *aside);

#endif
