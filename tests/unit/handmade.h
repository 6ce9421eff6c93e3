/* handmade: what a replica's disk held, made by hand for core_open.
 *
 * WHAT
 *   The P file is written here a second time, after boot.h, so that the
 *   core's own writing and reading are not merely compared with each other.
 *
 * OWNERSHIP
 *   handmade_free ends what the others made; a zeroed struct is a blank disk.
 */
#ifndef HOTWARM_TESTS_UNIT_HANDMADE_H
#define HOTWARM_TESTS_UNIT_HANDMADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/core.h"
#include "daemon/core/log.h"
#include "lib/buf.h"

/* sample_uuid's numbers for those of the sample, and for core_boot's fresh. */
enum {
    HANDMADE_OWN = 1,
    HANDMADE_FORMER = 2,
    HANDMADE_FRESH = 9
};

enum { HANDMADE_RECORDS_MAX = 16 };

struct handmade_promise {
    struct uuid uuid, former, group;
    bool lost, resetting;
    uint64_t run, promised;
    struct config committed;
};

struct handmade {
    struct buf promise, snapshot;
    struct buf encoded[HANDMADE_RECORDS_MAX];
    struct core_record records[HANDMADE_RECORDS_MAX];
    size_t count;
    uint64_t flushed;
};

/* Voters 1 to `count`, on nodes of the same number. */
struct config handmade_voters(uint64_t seq, uint8_t count);

/* The group of all logs that are made here: the hash of their entry 1. */
struct uuid handmade_group(void);

/* Run 41, promise 17, three voters. */
struct handmade_promise handmade_sample(void);

void handmade_promise(struct buf *buf, const struct handmade_promise *promise);

/* A P file as the sample, entries 1 to `last`, all flushed. */
void handmade_begin(struct handmade *disk, uint64_t last);

/* One more record, behind one whose hash is `previous`. */
void handmade_add(struct handmade *disk, const struct entry *entry,
                  uint64_t previous);

/* Two more: a replica is promoted, and sets the key "k". */
void handmade_add_write(struct handmade *disk, const char *value);

/* The records `first` to `last` of this log: CREATE with three voters, then
 * NOOPs, in epoch 1 up to entry 3, then in epoch 5. The place of entry
 * `point_seq` in it, which need not be on the disk. */
struct log_point handmade_fill(struct handmade *disk, uint64_t first,
                               uint64_t last, uint64_t point_seq);

/* A snapshot of three voters and no key. */
void handmade_snapshot(struct handmade *disk, struct log_point at);

/* core_open's result. */
int handmade_open(const struct handmade *disk, struct core **core);

void handmade_free(struct handmade *disk);

#endif
