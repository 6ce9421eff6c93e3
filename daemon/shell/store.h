/* store: the replica's files, written by one thread.
 *
 * WHAT
 *   Carries out the core's disk effects (core.h, "DISK EFFECTS") strictly in
 *   order, many appends per flush, and reports the last op that is durable
 *   through a descriptor for the loop.
 *
 *   STATE_DIR/
 *     group                the group's name, without a newline; so that
 *                          another group's daemon does not take the rest for
 *                          its own
 *     promise              the P file; replaced by rename
 *     snapshot             header, then the core's bytes; replaced by rename
 *     log-GEN-SEQ          entries from SEQ on; a new file every 4 MiB
 *     aside-TIME-N/        what a RESET, or a new state, moved away
 *     next/                a new state, where one is being brought (renew.h)
 *
 *   GEN (16 hex digits) is the snapshot's generation: INSTALL begins a new
 *   one, so that its one rename both brings the snapshot and ends the log.
 *
 *   promise, snapshot:  u32 magic | u32 version | u64 generation (0 in the P
 *                       file) | u64 length | bytes | u64 XXH3 of all before
 *   log:                records: u32 length of body | u8 type | body |
 *                       u64 XXH3 of all before, from `length` on, seeded
 *                       with the record's place in the file (so that a copy
 *                       of a log, stored as a value, holds no records)
 *                         type 1, entry: u64 rolling hash | encoded entry
 *                         type 2, mark:  u64 sequence: all up to here was flushed
 *
 *   Every batch begins with a mark. A mark of n stands behind entry n, so a
 *   cut (ftruncate) takes away every mark that it makes untrue.
 *
 * STATES of the writer
 *   works   -- ENOSPC, EDQUOT --> tries: keeps what it could not write, and
 *                                 tries again for about a second: a snapshot's
 *                                 child may use the last of it for a moment
 *   tries   -- room ------------> works
 *           -- none ------------> full: tries again every second
 *   full    -- room for 3 s ----> works; what is written meanwhile is reported
 *   each    -- any other error -> failed: never writes again. After EIO nobody
 *                                 knows what the disk holds: the next start
 *                                 reads it, and writes again what no mark
 *                                 calls flushed
 *
 * INVARIANTS
 *   A batch, all that one flush writes, never spans two files.
 *   Effects are carried out in their order but for one: without room a COMPACT
 *   overtakes what waits for it, unless that is a TRUNCATE, INSTALL or RESET.
 *
 * RECOVERY (store_open)
 *   A record that does not check out ends the log. Whether that is a torn tail
 *   or damage is not decided here: the core compares the log's end with the
 *   highest mark (boot.h). A log without the snapshot that it follows counts
 *   as one that ends below its mark, and a damaged snapshot as a lost one. What
 *   cannot be read at all is no damage: then the start fails.
 *   What may be acknowledged is neither cut nor taken for durable for want of
 *   room: the start waits. What was left half written (*.new) is removed.
 *
 * OWNERSHIP
 *   store_open's boot points into the store and lives until store_start.
 *
 * NOT HERE
 *   What the bytes mean: daemon/core. The lock on STATE_DIR: the supervisor.
 */
#ifndef HOTWARM_SHELL_STORE_H
#define HOTWARM_SHELL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/core.h"
#include "daemon/core/effects.h"

struct store;

/* Reads what is in `dir`, which must exist, and cuts a torn tail. *boot (all
 * but `fresh`) is for core_open. 0, errno, or RESULT_MALFORMED for a file that
 * is none of ours; `error` then says which and why, in at most error_size
 * bytes. */
int store_open(struct store **store, const char *dir, struct core_boot *boot,
               char *error, size_t error_size);

/* Between store_open and store_start: writes down whose directory this is, in
 * the file "group". 0; EEXIST when it holds another group's data, or errno; with
 * a sentence in `error`. */
int store_claim(const struct store *store, const struct core_boot *boot,
                const char *group, char *error, size_t error_size);

/* As store_claim, for who only looks: nothing is written. EEXIST also where the
 * file "group" names another group and there are no data. */
int store_is_of(const struct store *store, const char *group, char *error,
                size_t error_size);

/* In the place of store_start: this P file and this snapshot, with no log behind
 * it, in the place of all that is there, which is moved aside. 0; or errno with a
 * sentence in `error`: then the old state is whole, or the next store_open brings
 * the new one (renew.h). The store is then only good for store_aside and
 * store_close. */
int store_renew(struct store *store, const struct buf *promise,
                const struct buf *snapshot, char *error, size_t error_size);

/* The path of what was moved aside last. 0 or errno. */
int store_aside(const struct store *store, char *name, size_t size);

/* Starts the writer; boot's bytes are freed. 0 or errno. */
int store_start(struct store *store);

/* Takes a disk effect (PROMISE to RESET). Copies its bytes; never blocks. The
 * writer may begin it at once, and has to begin it after store_wake. */
void store_do(struct store *store, const struct effect *effect,
              const uint8_t *data);
void store_wake(struct store *store);

/* A descriptor that becomes readable when more is durable, when the disk is
 * full or no longer so, or on failure. */
int store_fd(const struct store *store);

/* All effects up to *op are durable. *full: there is no room for the next one,
 * which is tried again until there is, or was none a moment ago. 0, or errno if
 * a write failed in any other way: then no effect after *op will ever be
 * reported, and the process has to end; `error` says which file and why. Clears
 * the descriptor. */
int store_done(struct store *store, uint64_t *op, bool *full, char *error,
               size_t error_size);

/* For a forked child: writes `bytes` as the snapshot, durable. 0 or errno. */
int store_write_snapshot(const struct store *store, const void *bytes,
                         size_t len);

/* Reads part of the newest snapshot on disk, which may be newer or older than
 * the core thinks: *seq is its sequence. 0 or errno; *got may be less than
 * `len` at the end. */
int store_read_snapshot(const struct store *store, uint64_t offset,
                        uint8_t *bytes, size_t len, size_t *got, uint64_t *seq);

/* Waits for what is queued, but not for room on a full disk, ends the writer
 * and frees everything. */
void store_close(struct store *store);

#endif
