#include "tests/sim/disk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

/* Where a snapshot keeps its place (daemon/core/machine.h). */
#define SNAPSHOT_SEQ_AT 16
#define SNAPSHOT_HASH_AT 24

/* Where the P file keeps what it says (daemon/core/boot.h). */
#define PROMISE_UUID_AT 8
#define PROMISE_FORMER_AT 24
#define PROMISE_GROUP_AT 40
#define PROMISE_RUN_AT 56
#define PROMISE_PROMISED_AT 64
#define PROMISE_CONFIG_AT 72

static void records_clear(struct disk_image *image)
{
    for (size_t i = 0; i < image->count; i++)
        free(image->records[image->head + i].data);
    image->head = 0;
    image->count = 0;
    image->bytes = 0;
}

void disk_image_free(struct disk_image *image)
{
    records_clear(image);
    free(image->records);
    free(image->promise);
    free(image->snapshot);
    *image = (struct disk_image){0};
}

static void queue_clear(struct disk *disk)
{
    for (size_t i = 0; i < disk->count; i++)
        free(disk->ops[disk->head + i].data);
    disk->head = 0;
    disk->count = 0;
    disk->queued = 0;
}

void disk_free(struct disk *disk)
{
    disk_image_free(&disk->image);
    queue_clear(disk);
    free(disk->ops);
    free(disk->writing);
    *disk = (struct disk){0};
}

/* What the log's next sequence will be once this op is finished. */
static const char *check_place(struct disk *disk, const struct effect *effect,
                               size_t len)
{
    switch (effect->kind) {
    case EFFECT_APPEND:
        if (effect->seq != disk->next_seq)
            return "APPEND does not follow the log's end";
        disk->next_seq++;
        return NULL;
    case EFFECT_TRUNCATE:
        if (effect->seq == 0 || effect->seq > disk->next_seq)
            return "TRUNCATE beyond the log's end";
        disk->next_seq = effect->seq;
        return NULL;
    case EFFECT_INSTALL:
        if (len < SNAPSHOT_HASH_AT + 8)
            return "INSTALL is too short for a snapshot";
        disk->next_seq = effect->seq + 1;
        return NULL;
    case EFFECT_PROMISE:
        return len < PROMISE_CONFIG_AT + 8 ? "PROMISE is too short" : NULL;
    case EFFECT_COMPACT:
        return effect->seq < disk->next_seq ? NULL
                                            : "COMPACT beyond the log's end";
    case EFFECT_RESET:
        disk->next_seq = 1;
        return NULL;
    default:
        return NULL;
    }
}

const char *disk_enqueue(struct disk *disk, const struct effect *effect,
                         const uint8_t *data)
{
    struct disk_op *op;
    const char *wrong = check_place(disk, effect, effect->data_len);

    if (wrong != NULL)
        return wrong;
    if (effect->op != disk->last_op + 1)
        return "op numbers do not count up by one";
    disk->last_op = effect->op;
    if (disk->head > 0 && disk->head + disk->count == disk->cap) {
        memmove(disk->ops, disk->ops + disk->head,
                disk->count * sizeof *disk->ops);
        disk->head = 0;
    }
    if (disk->count == disk->cap) {
        disk->cap = disk->cap == 0 ? 16 : disk->cap * 2;
        disk->ops = mem_realloc(disk->ops, disk->cap, sizeof *disk->ops);
    }
    op = &disk->ops[disk->head + disk->count++];
    *op = (struct disk_op){.kind = effect->kind,
                           .op = effect->op,
                           .seq = effect->seq,
                           .hash = effect->hash,
                           .data = mem_copy(data, effect->data_len),
                           .len = effect->data_len};
    if (effect->kind == EFFECT_APPEND)
        disk->queued += effect->data_len;
    return NULL;
}

static uint64_t read_u64(const uint8_t *data, size_t at)
{
    struct cursor cursor = cursor_make(data + at, 8);

    return cursor_u64(&cursor);
}

/* A snapshot can become durable before the log behind it does: after a crash
 * then, the log that is left ends below the snapshot and says nothing more. */
static void image_skip(struct disk_image *image, uint64_t seq)
{
    uint64_t last = image->count > 0
                        ? image->records[image->head + image->count - 1].seq
                        : image->base_seq;

    if (last + 1 >= seq || image->snapshot == NULL)
        return;
    records_clear(image);
    image->base_seq = image->snapshot_seq;
    image->base_hash = image->snapshot_hash;
}

/* False when the core's hash is not that of the bytes. */
static bool image_append(struct disk_image *image, struct disk_op *op)
{
    uint64_t before;

    image_skip(image, op->seq);
    before = image->base_hash;
    if (image->count > 0)
        before = image->records[image->head + image->count - 1].hash;
    if (image->head > 0 && image->head + image->count == image->cap) {
        memmove(image->records, image->records + image->head,
                image->count * sizeof *image->records);
        image->head = 0;
    }
    if (image->count == image->cap) {
        image->cap = image->cap == 0 ? 32 : image->cap * 2;
        image->records =
            mem_realloc(image->records, image->cap, sizeof *image->records);
    }
    image->records[image->head + image->count++] =
        (struct disk_record){.seq = op->seq,
                             .hash = entry_hash(before, op->data, op->len),
                             .data = op->data,
                             .len = op->len};
    image->bytes += op->len;
    op->data = NULL;
    return op->hash == image->records[image->head + image->count - 1].hash;
}

static void image_truncate(struct disk_image *image, uint64_t seq)
{
    while (image->count > 0) {
        struct disk_record *last =
            &image->records[image->head + image->count - 1];
        if (last->seq < seq)
            break;
        image->bytes -= last->len;
        free(last->data);
        image->count--;
    }
    if (image->mark >= seq)
        image->mark = seq - 1;
}

static void image_compact(struct disk_image *image, uint64_t seq)
{
    while (image->count > 0 && image->records[image->head].seq <= seq) {
        struct disk_record *first = &image->records[image->head];
        image->base_seq = first->seq;
        image->base_hash = first->hash;
        image->bytes -= first->len;
        free(first->data);
        image->head++;
        image->count--;
    }
}

static void image_snapshot(struct disk_image *image, uint8_t *data, size_t len)
{
    free(image->snapshot);
    image->snapshot = data;
    image->snapshot_len = len;
    image->snapshot_seq = read_u64(data, SNAPSHOT_SEQ_AT);
    image->snapshot_hash = read_u64(data, SNAPSHOT_HASH_AT);
}

static void image_install(struct disk_image *image, struct disk_op *op)
{
    records_clear(image);
    image_snapshot(image, op->data, op->len);
    op->data = NULL;
    image->base_seq = image->snapshot_seq;
    image->base_hash = image->snapshot_hash;
    image->mark = image->snapshot_seq;
}

static void image_promise(struct disk_image *image, struct disk_op *op)
{
    free(image->promise);
    image->promise = op->data;
    image->promise_len = op->len;
    op->data = NULL;
    memcpy(image->uuid.bytes, image->promise + PROMISE_UUID_AT,
           sizeof image->uuid.bytes);
    memcpy(image->group.bytes, image->promise + PROMISE_GROUP_AT,
           sizeof image->group.bytes);
    image->run = read_u64(image->promise, PROMISE_RUN_AT);
    image->promised = read_u64(image->promise, PROMISE_PROMISED_AT);
    image->config_seq = read_u64(image->promise, PROMISE_CONFIG_AT);
}

void disk_renew(struct disk *disk, const struct buf *promise,
                const struct buf *snapshot)
{
    struct disk_op ops[] = {
        {.data = mem_copy(promise->data, promise->len), .len = promise->len},
        {.data = mem_copy(snapshot->data, snapshot->len), .len = snapshot->len},
    };

    image_promise(&disk->image, &ops[0]);
    image_install(&disk->image, &ops[1]);
}

/* The data go, under the UUID that was given up for them; the P file stays. */
static void image_reset(struct disk_image *image, struct disk_image *aside)
{
    struct disk_image kept = {.promise = image->promise,
                              .promise_len = image->promise_len,
                              .uuid = image->uuid,
                              .group = image->group,
                              .run = image->run,
                              .promised = image->promised,
                              .config_seq = image->config_seq};

    *aside = *image;
    aside->promise = NULL;
    aside->promise_len = 0;
    memcpy(aside->uuid.bytes, kept.promise + PROMISE_FORMER_AT,
           sizeof aside->uuid.bytes);
    *image = kept;
}

size_t disk_finish(struct disk *disk, size_t count, struct disk_image *aside)
{
    struct disk_image *image = &disk->image;
    size_t done = 0;

    while (done < count && disk->count > 0) {
        struct disk_op *op = &disk->ops[disk->head];

        if (op->kind == EFFECT_APPEND) {
            disk->queued -= op->len;
            disk->mismatch = !image_append(image, op) || disk->mismatch;
        } else if (op->kind == EFFECT_TRUNCATE)
            image_truncate(image, op->seq);
        else if (op->kind == EFFECT_COMPACT)
            image_compact(image, op->seq);
        else if (op->kind == EFFECT_INSTALL)
            image_install(image, op);
        else if (op->kind == EFFECT_PROMISE)
            image_promise(image, op);
        else if (op->kind == EFFECT_RESET)
            image_reset(image, aside);
        bool reset = op->kind == EFFECT_RESET;
        disk->stored_op = op->op;
        free(op->data);
        disk->head++;
        disk->count--;
        done++;
        if (reset)
            break;
    }
    return done;
}

const char *disk_snapshot(struct disk *disk, uint64_t seq, const uint8_t *data,
                          size_t len)
{
    if (disk->writing != NULL)
        return "a second SNAPSHOT before the first was done";
    if (len < SNAPSHOT_HASH_AT + 8 || read_u64(data, SNAPSHOT_SEQ_AT) != seq)
        return "SNAPSHOT's seq is not that of the state";
    disk->writing = mem_copy(data, len);
    disk->writing_len = len;
    disk->writing_seq = seq;
    return NULL;
}

uint64_t disk_snapshot_done(struct disk *disk, bool ok)
{
    /* An installed snapshot may have overtaken it. */
    if (ok && disk->writing_seq > disk->image.snapshot_seq)
        image_snapshot(&disk->image, disk->writing, disk->writing_len);
    else
        free(disk->writing);
    disk->writing = NULL;
    return disk->writing_seq;
}

void disk_crash(struct disk *disk)
{
    queue_clear(disk);
    free(disk->writing);
    disk->writing = NULL;
    disk->last_op = 0;
    disk->stored_op = 0;
    disk->next_seq = disk_last(&disk->image) + 1;
}

uint64_t disk_last(const struct disk_image *image)
{
    uint64_t last = image->count > 0
                        ? image->records[image->head + image->count - 1].seq
                        : image->base_seq;

    return last > image->snapshot_seq ? last : image->snapshot_seq;
}

void disk_boot(struct disk *disk, struct rng *rng, struct core_boot *boot,
               struct core_record **records)
{
    struct disk_image *image = &disk->image;
    uint64_t end =
        image->count > 0 ? image->base_seq + image->count : image->base_seq;

    *records = mem_calloc(image->count + 1, sizeof **records);
    for (size_t i = 0; i < image->count; i++)
        (*records)[i] =
            (struct core_record){.data = image->records[image->head + i].data,
                                 .len = image->records[image->head + i].len,
                                 .hash = image->records[image->head + i].hash};
    /* The mark is written with the batch after; how far it got is luck. */
    if (end > image->mark)
        image->mark = rng_range(rng, image->mark, end);
    *boot = (struct core_boot){.promise = image->promise,
                               .promise_len = image->promise_len,
                               .snapshot = image->snapshot,
                               .snapshot_len = image->snapshot_len,
                               .records = *records,
                               .record_count = image->count,
                               .flushed = image->mark};
    disk->next_seq = disk_last(image) + 1;
    disk->last_op = 0;
    disk->stored_op = 0;
}

bool disk_holds(const struct disk_image *image, uint64_t seq, uint64_t hash)
{
    size_t at;

    if (image->count > 0 && seq >= image->records[image->head].seq) {
        at = (size_t)(seq - image->records[image->head].seq);
        if (at < image->count)
            return image->records[image->head + at].hash == hash;
    }
    return image->snapshot != NULL && seq <= image->snapshot_seq;
}

bool disk_damage_log(struct disk *disk, struct rng *rng)
{
    struct disk_image *image = &disk->image;
    uint64_t first, cut, mark;

    if (image->count == 0)
        return false;
    /* The mark is at most a batch or two behind the end. */
    mark = image->base_seq + image->count - rng_below(rng, 3);
    if (mark > image->mark)
        image->mark = mark;
    first = image->records[image->head].seq;
    if (image->mark < first || image->mark <= image->snapshot_seq)
        return false;
    if (first <= image->snapshot_seq)
        first = image->snapshot_seq + 1;
    cut = rng_range(rng, first, image->mark);
    mark = image->mark;
    image_truncate(image, cut);
    image->mark = mark;
    return true;
}

void disk_lose_promise(struct disk *disk)
{
    free(disk->image.promise);
    disk->image.promise = NULL;
    disk->image.promise_len = 0;
    disk->image.uuid = (struct uuid){0};
    disk->image.group = (struct uuid){0};
    disk->image.run = 0;
    disk->image.promised = 0;
    disk->image.config_seq = 0;
}

/* What follows the snapshot is chained to it anew, or the log would give it
 * away at once. */
static void image_rechain(struct disk_image *image)
{
    image_compact(image, image->snapshot_seq);
    image->base_seq = image->snapshot_seq;
    image->base_hash = image->snapshot_hash;
    for (size_t i = 0; i < image->count; i++) {
        struct disk_record *record = &image->records[image->head + i];
        record->hash = entry_hash(i == 0 ? image->base_hash : record[-1].hash,
                                  record->data, record->len);
    }
}

bool disk_tamper(struct disk *disk, bool consistently)
{
    struct disk_image *image = &disk->image;

    if (image->snapshot == NULL)
        return false;
    image->snapshot[SNAPSHOT_HASH_AT] ^= 0x5a;
    image->snapshot_hash = read_u64(image->snapshot, SNAPSHOT_HASH_AT);
    if (consistently)
        image_rechain(image);
    return true;
}

void disk_wipe(struct disk *disk, struct disk_image *aside)
{
    assert(disk->count == 0 && disk->writing == NULL);
    *aside = disk->image;
    disk->image = (struct disk_image){0};
    disk->next_seq = 1;
}
