/* segment: the log's files and the places of its entries in them.
 *
 * WHAT
 *   The log as a row of files (store.h has the format), each with the offset
 *   of every entry, so that a cut or a drop needs no reading.
 *
 *      log-GEN-1            log-GEN-900           log-GEN-1702
 *      [mark|1|2|...|899]   [mark|900|...|1701]   [mark|1702|...   <- appended
 *
 * INVARIANTS
 *   segments_append only adds to memory; nothing is on disk before
 *   segments_flush returns 0.
 *
 * OWNERSHIP
 *   Used by one thread at a time: the opener's, then the writer's.
 */
#ifndef HOTWARM_SHELL_SEGMENT_H
#define HOTWARM_SHELL_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

enum { SEGMENT_NAME = 64 };

struct segment {
    uint64_t first;    /* sequence of its first entry */
    uint64_t *offsets; /* of entry first + i */
    size_t count, cap;
    uint64_t size; /* bytes, the unflushed too */
};

struct segments {
    int dir;
    uint64_t generation;
    struct segment *list; /* ascending */
    size_t count, cap;
    int fd;            /* the last segment, open for appending; -1: none */
    struct buf batch;  /* records not yet written */
    uint64_t next_seq; /* of the next entry; 0: whatever comes first */
    uint64_t mark;     /* all up to here was flushed */
    bool marked;       /* the batch has its mark */
    char file[SEGMENT_NAME]; /* the last one that was opened, for reasons */
};

/* What segments_load gives for each entry: bytes live only during the call.
 * 0 to go on; anything else ends the load with that result. */
struct segments_reader {
    int (*entry)(void *context, uint64_t hash, const uint8_t *bytes,
                 size_t len);
    void *context;
};

/* Reads all segments of `generation` in order. A record that does not check
 * out ends the log there. *mark is the highest mark found anywhere; if the log
 * reaches it, what is behind the bad record is a torn tail and is cut off.
 * Segments of older generations are deleted; if there are newer ones, whose
 * snapshot is lost, *mark is UINT64_MAX. What was read above the mark is
 * written again and flushed; on a full disk this waits for room. 0 or errno, and
 * then `file` may name the file. */
int segments_load(struct segments *segments, int dir, uint64_t generation,
                  const struct segments_reader *reader, uint64_t *mark);

/* Adds one entry to the batch. */
void segments_append(struct segments *segments, uint64_t seq, uint64_t hash,
                     const uint8_t *bytes, size_t len);

/* Writes the batch and flushes it. 0 or errno. This and what follows may be
 * called again, with the same arguments, when there was no room (file.h). */
int segments_flush(struct segments *segments);

/* Adds and flushes a mark alone, if there is anything to mark. 0 or errno. */
int segments_mark(struct segments *segments);

/* Removes all entries at or above `seq`, durably. 0 or errno. */
int segments_cut(struct segments *segments, uint64_t seq);

/* Deletes the files whose entries are all at or below `seq`. 0 or errno. */
int segments_drop(struct segments *segments, uint64_t seq);

/* Deletes every file and begins another generation. 0 or errno. */
int segments_restart(struct segments *segments, uint64_t generation);

void segments_close(struct segments *segments);

#endif
