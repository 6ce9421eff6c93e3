#include "daemon/shell/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <xxhash.h>

#include "daemon/core/entry.h"
#include "daemon/shell/file.h"
#include "lib/cursor.h"
#include "lib/log.h"
#include "lib/mem.h"

enum {
    SEGMENT_MAX = 4 * 1024 * 1024,
    LOAD_TRY_MS = 100, /* a full disk is tried again after this */
    RECORD_ENTRY = 1,
    RECORD_MARK = 2,
    RECORD_FRAME = 4 + 1 + 8, /* a record without its body */
    RECORD_MARK_SIZE = RECORD_FRAME + 8
};

static void segment_name(char name[SEGMENT_NAME], uint64_t generation,
                         uint64_t first)
{
    snprintf(name, SEGMENT_NAME, "log-%016" PRIx64 "-%020" PRIu64, generation,
             first);
}

/* ---- the list ---- */

static struct segment *segments_last(struct segments *segments)
{
    return segments->count == 0 ? NULL : &segments->list[segments->count - 1];
}

static struct segment *segments_push(struct segments *segments, uint64_t first)
{
    if (segments->count == segments->cap) {
        segments->cap = segments->cap == 0 ? 8 : segments->cap * 2;
        segments->list =
            mem_realloc(segments->list, segments->cap, sizeof(*segments->list));
    }
    struct segment *segment = &segments->list[segments->count++];
    memset(segment, 0, sizeof(*segment));
    segment->first = first;
    return segment;
}

static void segment_push_offset(struct segment *segment, uint64_t offset)
{
    if (segment->count == segment->cap) {
        segment->cap = segment->cap == 0 ? 256 : segment->cap * 2;
        segment->offsets = mem_realloc(segment->offsets, segment->cap,
                                       sizeof(*segment->offsets));
    }
    segment->offsets[segment->count++] = offset;
}

static void segments_remove_at(struct segments *segments, size_t at)
{
    free(segments->list[at].offsets);
    segments->count--;
    memmove(&segments->list[at], &segments->list[at + 1],
            (segments->count - at) * sizeof(*segments->list));
}

/* The file goes first: one that is still there when its row is gone would be
 * read at the next start. */
static int segments_unlink_at(struct segments *segments, size_t at)
{
    char name[SEGMENT_NAME];

    segment_name(name, segments->generation, segments->list[at].first);
    if (unlinkat(segments->dir, name, 0) < 0 && errno != ENOENT)
        return errno;
    segments_remove_at(segments, at);
    return 0;
}

static void segments_close_last(struct segments *segments)
{
    if (segments->fd >= 0)
        close(segments->fd);
    segments->fd = -1;
}

static int segments_open_last(struct segments *segments)
{
    const struct segment *last = segments_last(segments);

    segments_close_last(segments);
    if (last == NULL)
        return 0;
    segment_name(segments->file, segments->generation, last->first);
    segments->fd = openat(segments->dir, segments->file,
                          O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return segments->fd < 0 ? errno : 0;
}

/* ---- records ---- */

static void record_begin(struct buf *out, uint8_t type, size_t body_len)
{
    buf_u32(out, (uint32_t)body_len);
    buf_u8(out, type);
}

/* `place`: where in the file it begins. */
static void record_end(struct buf *out, size_t from, uint64_t place)
{
    buf_u64(out,
            XXH3_64bits_withSeed(out->data + from, out->len - from, place));
}

static void record_mark(struct buf *out, uint64_t seq, uint64_t place)
{
    size_t from = out->len;

    record_begin(out, RECORD_MARK, sizeof(seq));
    buf_u64(out, seq);
    record_end(out, from, place);
}

/* The next record of a file from its beginning; false at the end or where it
 * does not check out. */
static bool record_next(struct cursor *cursor, uint8_t *type,
                        struct cursor *body)
{
    size_t place = cursor->pos;
    const uint8_t *from = cursor->data + place;
    size_t length = cursor_u32(cursor);

    *type = cursor_u8(cursor);
    const uint8_t *bytes = cursor_bytes(cursor, length);
    size_t covered = (size_t)(cursor->data + cursor->pos - from);
    uint64_t checksum = cursor_u64(cursor);
    if (cursor->bad || checksum != XXH3_64bits_withSeed(from, covered, place))
        return false;
    *body = cursor_make(bytes, length);
    return true;
}

/* ---- loading ---- */

static int load_entry(struct segments *segments, struct segment *segment,
                      struct cursor *body, uint64_t offset,
                      const struct segments_reader *reader)
{
    uint64_t hash = cursor_u64(body);
    size_t len = cursor_left(body);
    const uint8_t *bytes = cursor_bytes(body, len);
    struct cursor cursor = cursor_make(bytes, len);
    struct entry entry;

    if (body->bad || entry_decode(&cursor, &entry) != 0 ||
        !cursor_done(&cursor) ||
        (segments->next_seq != 0 && entry.seq != segments->next_seq))
        return EBADMSG;
    segment_push_offset(segment, offset);
    segments->next_seq = entry.seq + 1;
    return reader->entry(reader->context, hash, bytes, len);
}

/* Behind a record that does not check out: the marks that still do. A torn
 * write has none above what it follows; a flipped bit has them. */
static void load_later_marks(const struct buf *bytes, size_t from,
                             uint64_t *mark)
{
    struct cursor body;
    uint8_t type = 0;

    for (size_t at = from; at + RECORD_MARK_SIZE <= bytes->len; at++) {
        struct cursor cursor = cursor_make(bytes->data, at + RECORD_MARK_SIZE);
        cursor.pos = at;
        if (bytes->data[at + 4] != RECORD_MARK ||
            !record_next(&cursor, &type, &body) ||
            cursor_left(&body) != sizeof(*mark))
            continue;
        uint64_t seq = cursor_u64(&body);
        *mark = seq > *mark ? seq : *mark;
    }
}

/* Reads one file, and leaves it in the batch; *whole is false when it ends in
 * something else than its last record, and then segment->size is where that
 * begins. */
static int load_segment(struct segments *segments, struct segment *segment,
                        const struct segments_reader *reader, uint64_t *mark,
                        bool *whole)
{
    struct buf *bytes = &segments->batch;
    struct cursor body;
    uint8_t type = 0;

    segment_name(segments->file, segments->generation, segment->first);
    int rc = file_read(segments->dir, segments->file, bytes);
    struct cursor cursor = cursor_make(bytes->data, bytes->len);
    while (rc == 0 && cursor_left(&cursor) > 0) {
        uint64_t offset = cursor.pos;
        if (!record_next(&cursor, &type, &body))
            break;
        if (type == RECORD_ENTRY)
            rc = load_entry(segments, segment, &body, offset, reader);
        else if (type == RECORD_MARK) {
            uint64_t seq = cursor_u64(&body);
            *mark = seq > *mark ? seq : *mark;
        }
        if (rc == 0)
            segment->size = cursor.pos;
    }
    if (rc == EBADMSG)
        rc = 0; /* a record of something else: the log ends before it */
    *whole = segment->size == bytes->len;
    if (rc == 0 && !*whole)
        load_later_marks(bytes, (size_t)segment->size, mark);
    return rc;
}

static int compare_firsts(const void *a, const void *b)
{
    const struct segment *left = a, *right = b;

    return left->first < right->first ? -1 : left->first > right->first;
}

struct segments_listing {
    struct segments *segments;
    bool newer; /* there are files of a newer generation */
};

static int segments_list_one(void *context, const char *item)
{
    struct segments_listing *listing = context;
    struct segments *segments = listing->segments;
    uint64_t generation, first;
    char name[SEGMENT_NAME];

    if (sscanf(item, "log-%" SCNx64 "-%" SCNu64, &generation, &first) != 2)
        return 0;
    segment_name(name, generation, first);
    if (strcmp(name, item) != 0)
        return 0;
    if (generation == segments->generation)
        segments_push(segments, first);
    else if (generation > segments->generation)
        listing->newer = true;
    else
        unlinkat(segments->dir, name, 0);
    return 0;
}

/* The files of this generation, in order; those of older ones are deleted.
 * *newer: there are some of a newer one, so its snapshot is lost. */
static int segments_list(struct segments *segments, bool *newer)
{
    struct segments_listing listing = {.segments = segments};
    int rc = file_each(segments->dir, segments_list_one, &listing);

    *newer = listing.newer;
    if (segments->count > 1)
        qsort(segments->list, segments->count, sizeof(*segments->list),
              compare_firsts);
    return rc;
}

/* Takes the last file away, durably, before anything in front of it changes:
 * one that came back after a loss of power would hold a mark of what is gone,
 * which reads as damage. */
static int segments_unlink_last(struct segments *segments)
{
    int rc = segments_unlink_at(segments, segments->count - 1);

    if (rc == 0 && fsync(segments->dir) < 0)
        rc = errno;
    return rc;
}

/* Ends the log at the end of segment `at`. */
static int segments_end_at(struct segments *segments, size_t at)
{
    char name[SEGMENT_NAME];
    int rc = 0;

    while (rc == 0 && segments->count > at + 1)
        rc = segments_unlink_last(segments);
    if (rc == 0 && fsync(segments->dir) < 0)
        rc = errno;
    if (rc != 0)
        return rc;
    segment_name(name, segments->generation, segments->list[at].first);
    int fd = openat(segments->dir, name, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    if (ftruncate(fd, (off_t)segments->list[at].size) < 0 || fsync(fd) < 0)
        rc = errno;
    close(fd);
    return rc;
}

/* What comes behind all that was read; where nothing was, all before the first
 * file was dropped. */
static uint64_t segments_end(const struct segments *segments)
{
    return segments->next_seq != 0 ? segments->next_seq
                                   : segments->list[0].first;
}

/* Segment `at` ends in something else than a record. A torn tail is cut; where
 * flushed records are missing everything stays as it is, for the core gives the
 * whole disk up (boot.h). A further file was begun only when all before it was
 * flushed. */
static int segments_end_early(struct segments *segments, size_t at,
                              uint64_t *mark)
{
    if (at + 1 < segments->count && segments->list[at + 1].first > *mark + 1)
        *mark = segments->list[at + 1].first - 1;
    if (*mark >= segments_end(segments))
        return 0;
    return segments_end_at(segments, at);
}

/* Where in the last file, which the batch holds, that begins of which no mark
 * says that it was flushed: counted from the log's end, for what a crash left
 * behind may be empty, and its name lie. */
static uint64_t segments_unmarked(const struct segments *segments)
{
    const struct segment *last = &segments->list[segments->count - 1];
    uint64_t unmarked = segments_end(segments) - 1 - segments->mark;

    if (unmarked >= last->count)
        return 0;
    uint64_t at = last->offsets[last->count - 1 - unmarked];
    struct cursor cursor =
        cursor_make(segments->batch.data + at, segments->batch.len - at);
    return at + RECORD_FRAME + cursor_u32(&cursor);
}

/* What was written but not flushed before a crash would count as durable from
 * here on, so it is flushed now. A flush alone does not do: after one that
 * failed, the kernel may show what never reached the disk, and take it for
 * clean. So it is written again first. */
static int segments_flush_loaded(struct segments *segments)
{
    const struct segment *last = segments_last(segments);
    uint64_t from = segments_unmarked(segments);
    int rc =
        file_rewrite(segments->dir, segments->file, from,
                     segments->batch.data + from, (size_t)(last->size - from));
    if (rc == 0)
        rc = segments_open_last(segments);
    if (rc == 0 && fsync(segments->dir) < 0)
        rc = errno;
    if (rc == 0 && segments->next_seq > segments->mark + 1)
        segments->mark = segments->next_seq - 1;
    return rc;
}

/* Without room it waits: what may be acknowledged is not to be cut, nor taken
 * for durable, and a start that fails does not come back by itself when there is
 * room. */
static int segments_flush_patiently(struct segments *segments)
{
    const struct timespec pause = {.tv_nsec = LOAD_TRY_MS * 1000000L};
    int rc = segments_flush_loaded(segments);

    if (file_no_room(rc))
        log_err("%s: the disk is full: the start waits for room",
                segments->file);
    while (file_no_room(rc)) {
        nanosleep(&pause, NULL);
        rc = segments_flush_loaded(segments);
    }
    return rc;
}

int segments_load(struct segments *segments, int dir, uint64_t generation,
                  const struct segments_reader *reader, uint64_t *mark)
{
    bool whole = true, newer = false;

    memset(segments, 0, sizeof(*segments));
    segments->dir = dir;
    segments->generation = generation;
    segments->fd = -1;
    *mark = 0;
    int rc = segments_list(segments, &newer);
    for (size_t at = 0; rc == 0 && at < segments->count; at++) {
        rc = load_segment(segments, &segments->list[at], reader, mark, &whole);
        if (rc == 0 && !whole) {
            rc = segments_end_early(segments, at, mark);
            break;
        }
    }
    segments->mark = *mark;
    /* A log that ends below its mark is given up: nothing is added to it. */
    if (rc == 0 && segments->count > 0 && *mark < segments_end(segments))
        rc = segments_flush_patiently(segments);
    buf_reset(&segments->batch);
    if (newer)
        *mark = UINT64_MAX;
    return rc;
}

/* ---- writing ---- */

void segments_append(struct segments *segments, uint64_t seq, uint64_t hash,
                     const uint8_t *bytes, size_t len)
{
    struct segment *last = segments_last(segments);
    struct buf *batch = &segments->batch;

    if (last != NULL && last->count == 0 && last->first != seq) {
        /* Left empty by a crash: its name would lie about what it holds. */
        segments_close_last(segments);
        segments_unlink_at(segments, segments->count - 1); /* it may stay */
        last = NULL;
    }
    if (last == NULL)
        last = segments_push(segments, seq);
    if (!segments->marked) {
        size_t before = batch->len;
        record_mark(batch, segments->mark, last->size);
        last->size += batch->len - before;
        segments->marked = true;
    }
    size_t from = batch->len;
    segment_push_offset(last, last->size);
    record_begin(batch, RECORD_ENTRY, sizeof(hash) + len);
    buf_u64(batch, hash);
    buf_bytes(batch, bytes, len);
    record_end(batch, from, last->size);
    last->size += batch->len - from;
    segments->next_seq = seq + 1;
}

/* A file that has grown large is left; the next entry begins another. */
static void segments_roll(struct segments *segments)
{
    const struct segment *last = segments_last(segments);

    if (last == NULL || last->size < SEGMENT_MAX || segments->next_seq == 0)
        return;
    segments_close_last(segments);
    segments_push(segments, segments->next_seq);
}

/* A batch that failed stays, to be written again whole; what it left in the file
 * is cut off first, so that no torn record stands in the middle of a log. */
static int segments_write(struct segments *segments)
{
    const struct segment *last = segments_last(segments);
    bool opened = segments->fd < 0;
    int rc = opened ? segments_open_last(segments) : 0;

    if (rc == 0 && opened &&
        ftruncate(segments->fd, (off_t)(last->size - segments->batch.len)) < 0)
        rc = errno;
    if (rc == 0)
        rc =
            file_write(segments->fd, segments->batch.data, segments->batch.len);
    if (rc == 0 && fdatasync(segments->fd) < 0)
        rc = errno;
    if (rc == 0 && opened && fsync(segments->dir) < 0)
        rc = errno;
    if (rc != 0) {
        segments_close_last(segments);
        return rc;
    }
    buf_reset(&segments->batch);
    segments->marked = false;
    return 0;
}

int segments_flush(struct segments *segments)
{
    if (segments->batch.len == 0)
        return 0;
    int rc = segments_write(segments);
    if (rc == 0) {
        segments->mark = segments->next_seq - 1;
        segments_roll(segments);
    }
    return rc;
}

int segments_mark(struct segments *segments)
{
    struct segment *last = segments_last(segments);

    if (last == NULL || segments->mark == 0)
        return 0;
    if (!segments->marked) {
        record_mark(&segments->batch, segments->mark, last->size);
        last->size += segments->batch.len;
        segments->marked = true;
    }
    return segments_write(segments);
}

int segments_cut(struct segments *segments, uint64_t seq)
{
    struct segment *last = segments_last(segments);
    int rc = 0;

    segments_close_last(segments);
    while (rc == 0 && last != NULL && last->first >= seq) {
        rc = segments_unlink_last(segments);
        last = segments_last(segments);
    }
    if (rc != 0)
        return rc;
    segments->next_seq = seq;
    if (segments->mark >= seq)
        segments->mark = seq - 1;
    if (last == NULL)
        return fsync(segments->dir) < 0 ? errno : 0;
    if (seq - last->first < last->count) {
        last->count = (size_t)(seq - last->first);
        last->size = last->offsets[last->count];
    }
    rc = segments_end_at(segments, segments->count - 1);
    return rc == 0 ? segments_open_last(segments) : rc;
}

int segments_drop(struct segments *segments, uint64_t seq)
{
    int rc = 0;

    while (rc == 0 && segments->count > 1 && segments->list[1].first <= seq + 1)
        rc = segments_unlink_at(segments, 0);
    return rc;
}

int segments_restart(struct segments *segments, uint64_t generation)
{
    int rc = 0;

    segments_close_last(segments);
    while (rc == 0 && segments->count > 0)
        rc = segments_unlink_at(segments, segments->count - 1);
    if (rc != 0)
        return rc;
    segments->generation = generation;
    segments->next_seq = 0;
    segments->mark = 0;
    return 0;
}

void segments_close(struct segments *segments)
{
    segments_close_last(segments);
    while (segments->count > 0)
        segments_remove_at(segments, segments->count - 1);
    free(segments->list);
    buf_free(&segments->batch);
    memset(segments, 0, sizeof(*segments));
    segments->fd = -1;
}
