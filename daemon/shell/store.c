#include "daemon/shell/store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/shell/aside.h"
#include "daemon/shell/file.h"
#include "daemon/shell/renew.h"
#include "daemon/shell/segment.h"
#include "daemon/shell/waiting.h"
#include "lib/cursor.h"
#include "lib/mem.h"
#include "lib/result.h"

#define PROMISE_MAGIC 0x46505748u
#define SNAPSHOT_MAGIC 0x46535748u

enum {
    STORE_IDLE_MS = 100,  /* then a mark is written alone */
    STORE_TRY_MS = 100,   /* without room it is tried again after this … */
    STORE_TRIES = 10,     /* … and told as full after so many attempts */
    STORE_ROOM_MS = 1000, /* a full disk is tried again after this … */
    STORE_REST_MS = 3000, /* … and full until there was room for so long */
    SNAPSHOT_SEQ_AT = 16  /* in the core's bytes: machine.h */
};

struct store {
    int dir;
    int event;
    struct segments segments; /* the writer's, once it runs */
    uint64_t generation;      /* of the newest snapshot; the loop reads it */
    bool given;               /* the loop's: work, since store_wake */
    const char *file;       /* the writer's, and the opener's: at work on it */
    char *path;             /* of dir, for reasons */
    char aside[ASIDE_NAME]; /* the writer's: of a RESET that found no room */
    struct timespec rested; /* the writer's: then a full disk is full no more */

    /* Until store_start. */
    struct buf promise;
    struct buf snapshot;
    struct core_record *records;
    size_t record_count, record_cap;

    bool running;
    pthread_t writer;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t wake;
    struct waiting queue;
    bool ending;
    uint64_t done;
    bool full;
    int failed;
};

/* ---- opening ---- */

static int store_take_entry(void *context, uint64_t hash, const uint8_t *bytes,
                            size_t len)
{
    struct store *store = context;

    if (store->record_count == store->record_cap) {
        store->record_cap =
            store->record_cap == 0 ? 256 : store->record_cap * 2;
        store->records = mem_realloc(store->records, store->record_cap,
                                     sizeof(*store->records));
    }
    store->records[store->record_count++] = (struct core_record){
        .data = mem_copy(bytes, len),
        .len = len,
        .hash = hash,
    };
    return 0;
}

/* A framed file's content. 0 with *bytes NULL when there is none. */
static int store_read_frame(struct store *store, const char *name,
                            uint32_t magic, struct buf *frame,
                            const uint8_t **bytes, size_t *len,
                            uint64_t *generation)
{
    *bytes = NULL;
    *len = 0;
    int rc = file_read(store->dir, name, frame);
    if (rc == ENOENT)
        return 0;
    return rc != 0 ? rc : file_unframe(frame, magic, generation, bytes, len);
}

static int store_load(struct store *store, struct core_boot *boot)
{
    struct segments_reader reader = {
        .entry = store_take_entry,
        .context = store,
    };
    uint64_t unused;

    store->file = "promise";
    int rc = store_read_frame(store, "promise", PROMISE_MAGIC, &store->promise,
                              &boot->promise, &boot->promise_len, &unused);
    if (rc == RESULT_MALFORMED) {
        /* Replaced by rename, it is never torn: this is damage, and a lost P
         * file is something that the core knows how to live with. */
        boot->promise = NULL;
        rc = 0;
    }
    if (rc != 0)
        return rc;
    store->file = "snapshot";
    rc = store_read_frame(store, "snapshot", SNAPSHOT_MAGIC, &store->snapshot,
                          &boot->snapshot, &boot->snapshot_len,
                          &store->generation);
    bool damaged = rc == RESULT_MALFORMED;
    if (damaged) {
        boot->snapshot = NULL;
        store->generation = 0; /* so that no log is taken for an older one */
    } else if (rc != 0) {
        return rc;
    }
    rc = segments_load(&store->segments, store->dir, store->generation, &reader,
                       &boot->flushed);
    store->file = store->segments.file;
    boot->records = store->records;
    boot->record_count = store->record_count;
    if (damaged)
        boot->flushed = UINT64_MAX;
    return rc;
}

/* What was being written when a process ended is nobody's, and takes room. */
static int store_tidy(struct store *store)
{
    static const char *const names[] = {"promise.new", "snapshot.new",
                                        "group.new"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        store->file = names[i];
        if (unlinkat(store->dir, names[i], 0) < 0 && errno != ENOENT)
            return errno;
    }
    return 0;
}

int store_open(struct store **out, const char *dir, struct core_boot *boot,
               char *error, size_t error_size)
{
    struct store *store = mem_calloc(1, sizeof(*store));

    memset(boot, 0, sizeof(*boot));
    store->file = "";
    store->path = mem_copy(dir, strlen(dir) + 1);
    store->segments.fd = -1;
    store->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    store->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = store->event < 0 || store->dir < 0 ? errno : 0;
    if (rc == 0) {
        store->file = "next";
        rc = renew_finish(store->dir);
    }
    if (rc == 0)
        rc = store_tidy(store);
    if (rc == 0)
        rc = store_load(store, boot);
    if (rc != 0) {
        snprintf(error, error_size, "%s/%s: %s", dir, store->file,
                 result_text(rc));
        store_close(store);
        store = NULL;
    }
    *out = store;
    return rc;
}

/* Data without the file "group" is of a daemon that did not write one yet. */
int store_claim(const struct store *store, const struct core_boot *boot,
                const char *group, char *error, size_t error_size)
{
    bool data = boot->promise != NULL || boot->snapshot != NULL ||
                boot->record_count > 0;
    struct buf found = {0};
    int rc = file_read(store->dir, "group", &found);

    if (rc == ENOENT) {
        rc = 0;
    } else if (rc == 0 && found.len == strlen(group) &&
               memcmp(found.data, group, found.len) == 0) {
        goto out;
    } else if (rc == 0 && data) {
        snprintf(error, error_size,
                 "the state directory holds data of group '%.*s'",
                 (int)found.len, (const char *)found.data);
        rc = EEXIST;
        goto out;
    }
    if (rc == 0)
        rc = file_replace(store->dir, "group", group, strlen(group));
    if (rc != 0)
        snprintf(error, error_size, "the state directory's file 'group': %s",
                 strerror(rc));
out:
    buf_free(&found);
    return rc;
}

int store_is_of(const struct store *store, const char *group, char *error,
                size_t error_size)
{
    struct buf found = {0};
    int rc = file_read(store->dir, "group", &found);

    if (rc == 0 && (found.len != strlen(group) ||
                    memcmp(found.data, group, found.len) != 0)) {
        snprintf(error, error_size, "%s is of group '%.*s', not of '%s'",
                 store->path, (int)found.len, (const char *)found.data, group);
        rc = EEXIST;
    } else if (rc != 0 && rc != ENOENT) {
        snprintf(error, error_size, "%s/group: %s", store->path, strerror(rc));
    }
    buf_free(&found);
    return rc == ENOENT ? 0 : rc;
}

/* *begun: it cannot be gone back on, whatever is returned. */
static int store_renew_frames(struct store *store, const struct buf *promise,
                              const struct buf *snapshot, bool *begun)
{
    struct buf frames[2] = {{0}};

    file_frame(&frames[0], PROMISE_MAGIC, 0, promise->data, promise->len);
    file_frame(&frames[1], SNAPSHOT_MAGIC, store->generation + 1,
               snapshot->data, snapshot->len);
    int rc = renew_begin(store->dir, &frames[0], &frames[1]);
    *begun = rc == 0 || renew_is_begun(store->dir);
    buf_free(&frames[0]);
    buf_free(&frames[1]);
    return rc == 0 ? renew_finish(store->dir) : rc;
}

int store_renew(struct store *store, const struct buf *promise,
                const struct buf *snapshot, char *error, size_t error_size)
{
    bool begun = false;
    int rc = store_renew_frames(store, promise, snapshot, &begun);

    if (rc != 0)
        snprintf(error, error_size, "%s/next: %s%s", store->path, strerror(rc),
                 begun ? "; it has begun, and the next start finishes it"
                       : "; nothing was changed");
    return rc;
}

int store_aside(const struct store *store, char *name, size_t size)
{
    char newest[ASIDE_NAME];
    int rc = aside_newest(store->dir, newest);

    snprintf(name, size, "%s/%s", store->path, newest);
    return rc;
}

static void store_free_boot(struct store *store)
{
    for (size_t i = 0; i < store->record_count; i++)
        free((void *)(uintptr_t)store->records[i].data);
    free(store->records);
    store->records = NULL;
    store->record_count = 0;
    buf_free(&store->promise);
    buf_free(&store->snapshot);
}

/* ---- the writer ---- */

static int store_replace(struct store *store, const char *name, uint32_t magic,
                         uint64_t generation, const void *bytes, size_t len)
{
    struct buf frame = {0};

    file_frame(&frame, magic, generation, bytes, len);
    int rc = file_replace(store->dir, name, frame.data, frame.len);
    buf_free(&frame);
    return rc;
}

/* One rename brings the snapshot and, by its generation, ends the old log. */
static int store_install(struct store *store, const struct waiting_op *op)
{
    uint64_t generation = store->segments.generation + 1;
    int rc = store_replace(store, "snapshot", SNAPSHOT_MAGIC, generation,
                           op->data, op->len);

    if (rc != 0)
        return rc;
    __atomic_store_n(&store->generation, generation, __ATOMIC_RELEASE);
    return segments_restart(&store->segments, generation);
}

static int store_reset(struct store *store)
{
    int rc = aside_move(store->dir, store->aside);

    if (rc != 0)
        return rc;
    segments_close(&store->segments);
    store->segments.dir = store->dir;
    __atomic_store_n(&store->generation, 0, __ATOMIC_RELEASE);
    return 0;
}

static int store_carry_out(struct store *store, const struct waiting_op *op)
{
    struct segments *segments = &store->segments;

    store->file = segments->file;
    if (op->kind == EFFECT_APPEND) {
        segments_append(segments, op->seq, op->hash, op->data, op->len);
        return 0;
    }
    int rc = segments_flush(segments);
    if (rc != 0)
        return rc;
    if (op->kind == EFFECT_PROMISE)
        store->file = "promise";
    else if (op->kind == EFFECT_INSTALL)
        store->file = "snapshot";
    else if (op->kind == EFFECT_RESET)
        store->file = "aside";
    switch (op->kind) {
    case EFFECT_PROMISE:
        return store_replace(store, "promise", PROMISE_MAGIC, 0, op->data,
                             op->len);
    case EFFECT_TRUNCATE:
        return segments_cut(segments, op->seq);
    case EFFECT_COMPACT:
        return segments_drop(segments, op->seq);
    case EFFECT_INSTALL:
        return store_install(store, op);
    case EFFECT_RESET:
        return store_reset(store);
    default:
        return EINVAL;
    }
}

/* Everything that was waiting, with one flush for the appends in a row; if
 * nothing was, the mark. *at: how far it came. When there was no room it goes on
 * from there. */
static int store_work(struct store *store, const struct waiting *batch,
                      size_t *at)
{
    int rc = 0;

    for (; rc == 0 && *at < batch->count; *at += rc == 0)
        rc = store_carry_out(store, &batch->list[*at]);
    if (rc != 0)
        return rc;
    store->file = store->segments.file;
    return batch->count == 0 ? segments_mark(&store->segments)
                             : segments_flush(&store->segments);
}

/* `done` 0: as before. */
static void store_report(struct store *store, uint64_t done, bool full,
                         int failed)
{
    uint64_t one = 1;

    pthread_mutex_lock(&store->mutex);
    if (failed == 0 && done != 0)
        store->done = done;
    store->full = full;
    store->failed = failed;
    pthread_mutex_unlock(&store->mutex);
    /* Only an overflow could make this fail, and then it is readable. */
    if (write(store->event, &one, sizeof(one)) < 0)
        return;
}

static struct timespec store_after(uint64_t ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    return until;
}

static bool store_is_past(const struct timespec *time)
{
    struct timespec now = store_after(0);

    return now.tv_sec > time->tv_sec ||
           (now.tv_sec == time->tv_sec && now.tv_nsec >= time->tv_nsec);
}

/* Before another attempt on a full disk. False when the store ends. */
static bool store_wait_room(struct store *store, uint64_t ms)
{
    struct timespec until = store_after(ms);
    int rc = 0;

    pthread_mutex_lock(&store->mutex);
    while (!store->ending && rc == 0)
        rc = pthread_cond_timedwait(&store->wake, &store->mutex, &until);
    bool ending = store->ending;
    pthread_mutex_unlock(&store->mutex);
    return !ending;
}

/* What makes room does not wait behind what has none: files that a COMPACT will
 * delete go now. A durable snapshot holds what was in them, and the COMPACT in
 * its own place then finds nothing to do. */
static int store_make_room(struct store *store, const struct waiting *batch,
                           size_t at)
{
    uint64_t seq = 0;

    if (waiting_compacts(batch, at, &seq)) {
        pthread_mutex_lock(&store->mutex);
        waiting_compacts(&store->queue, 0, &seq);
        pthread_mutex_unlock(&store->mutex);
    }
    store->file = store->segments.file;
    return seq == 0 ? 0 : segments_drop(&store->segments, seq);
}

/* Works until there was room for all. A snapshot's child may use the last of it
 * for a moment: full is told when it lasts. The end of the store waits for no
 * room. */
static int store_work_on(struct store *store, const struct waiting *batch)
{
    size_t at = 0;
    bool waits = true;
    int rc = store_work(store, batch, &at);

    for (unsigned tries = 1; file_no_room(rc) && waits; tries++) {
        if (tries == STORE_TRIES && !store->full)
            store_report(store, 0, true, 0);
        waits =
            store_wait_room(store, store->full ? STORE_ROOM_MS : STORE_TRY_MS);
        rc = store_make_room(store, batch, at);
        if (rc == 0 || file_no_room(rc))
            rc = store_work(store, batch, &at);
        store->rested = store_after(STORE_REST_MS);
    }
    return rc;
}

/* Waits for work; none (an empty batch) when nothing came for a while and the
 * log is not marked, or a full disk has rested, and the mark then shows that
 * there is room. False when the store ends and nothing is left. */
static bool store_wait(struct store *store, struct waiting *batch, bool marked)
{
    struct timespec until = marked ? store->rested : store_after(STORE_IDLE_MS);
    int rc = 0;

    pthread_mutex_lock(&store->mutex);
    while (store->queue.count == 0 && !store->ending && rc == 0) {
        if (marked && !store->full)
            pthread_cond_wait(&store->wake, &store->mutex);
        else
            rc = pthread_cond_timedwait(&store->wake, &store->mutex, &until);
    }
    if (marked && rc != 0)
        store->rested = (struct timespec){0}; /* it is past */
    *batch = store->queue;
    memset(&store->queue, 0, sizeof(store->queue));
    bool ending = store->ending;
    pthread_mutex_unlock(&store->mutex);
    return batch->count > 0 || !ending;
}

static void *store_writer(void *context)
{
    struct store *store = context;
    struct waiting batch = {0};
    bool marked = true;
    int rc = 0;

    while (rc == 0 && store_wait(store, &batch, marked)) {
        uint64_t last = batch.count > 0 ? batch.list[batch.count - 1].op : 0;
        rc = store_work_on(store, &batch);
        bool full = store->full && !store_is_past(&store->rested);
        if (file_no_room(rc)) /* the store ends */
            store_report(store, 0, true, 0);
        else if (batch.count > 0 || rc != 0 || full != store->full)
            store_report(store, last, full && rc == 0, rc);
        marked = batch.count == 0;
        waiting_free(&batch);
    }
    return NULL;
}

/* ---- the loop's side ---- */

int store_start(struct store *store)
{
    pthread_condattr_t attributes;

    store_free_boot(store);
    pthread_mutex_init(&store->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&store->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    int rc = pthread_create(&store->writer, NULL, store_writer, store);
    store->running = rc == 0;
    return rc;
}

void store_do(struct store *store, const struct effect *effect,
              const uint8_t *data)
{
    pthread_mutex_lock(&store->mutex);
    waiting_add(&store->queue, effect, data);
    pthread_mutex_unlock(&store->mutex);
    store->given = true;
}

void store_wake(struct store *store)
{
    if (store->given)
        pthread_cond_signal(&store->wake);
    store->given = false;
}

int store_fd(const struct store *store)
{
    return store->event;
}

int store_done(struct store *store, uint64_t *op, bool *full, char *error,
               size_t error_size)
{
    uint64_t count;

    (void)!read(store->event, &count, sizeof(count)); /* if it was told */
    pthread_mutex_lock(&store->mutex);
    *op = store->done;
    *full = store->full;
    int failed = store->failed;
    pthread_mutex_unlock(&store->mutex);
    if (failed != 0) /* the writer has ended: its file stays */
        snprintf(error, error_size, "%s/%s: %s", store->path, store->file,
                 strerror(failed));
    return failed;
}

int store_write_snapshot(const struct store *store, const void *bytes,
                         size_t len)
{
    struct buf frame = {0};
    uint64_t generation = __atomic_load_n(&store->generation, __ATOMIC_ACQUIRE);

    file_frame(&frame, SNAPSHOT_MAGIC, generation, bytes, len);
    int rc = file_replace(store->dir, "snapshot", frame.data, frame.len);
    buf_free(&frame);
    return rc;
}

/* The sequence that a snapshot says itself (machine.h). */
static int store_snapshot_seq(int fd, uint64_t *seq)
{
    uint8_t bytes[sizeof(*seq)];

    if (pread(fd, bytes, sizeof(bytes), FILE_FRAME_HEAD + SNAPSHOT_SEQ_AT) !=
        (ssize_t)sizeof(bytes))
        return EIO;
    struct cursor cursor = cursor_make(bytes, sizeof(bytes));
    *seq = cursor_u64(&cursor);
    return 0;
}

int store_read_snapshot(const struct store *store, uint64_t offset,
                        uint8_t *bytes, size_t len, size_t *got, uint64_t *seq)
{
    struct stat stat;
    int rc = 0;

    *got = 0;
    int fd = openat(store->dir, "snapshot", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    if (fstat(fd, &stat) < 0) {
        rc = errno;
        goto out;
    }
    rc = store_snapshot_seq(fd, seq);
    if (rc != 0)
        goto out;
    uint64_t content = (uint64_t)stat.st_size - FILE_FRAME_SIZE;
    if (offset < content) {
        size_t left = (size_t)(content - offset);
        ssize_t count = pread(fd, bytes, len < left ? len : left,
                              (off_t)(FILE_FRAME_HEAD + offset));
        if (count < 0)
            rc = errno;
        else
            *got = (size_t)count;
    }
out:
    close(fd);
    return rc;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    if (store->running) {
        pthread_mutex_lock(&store->mutex);
        store->ending = true;
        pthread_cond_signal(&store->wake);
        pthread_mutex_unlock(&store->mutex);
        pthread_join(store->writer, NULL);
        pthread_cond_destroy(&store->wake);
        pthread_mutex_destroy(&store->mutex);
    }
    waiting_free(&store->queue);
    store_free_boot(store);
    segments_close(&store->segments);
    if (store->event >= 0)
        close(store->event);
    if (store->dir >= 0)
        close(store->dir);
    free(store->path);
    free(store);
}
