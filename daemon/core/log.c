#include "daemon/core/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

enum {
    LOG_ALLOCATED = 16, /* what the allocator adds to an entry's bytes */
    LOG_LEAST = 64      /* entries that there is room for */
};

static void log_item_free(struct log *log, struct log_item *item)
{
    log->bytes -= item->len;
    free(item->bytes);
}

void log_free(struct log *log)
{
    for (size_t i = 0; i < log->count; i++)
        log_item_free(log, &log->items[log->head + i]);
    free(log->items);
    memset(log, 0, sizeof(*log));
}

void log_reset(struct log *log, const struct log_point *base, uint64_t op)
{
    struct log_point copy = *base;

    log_free(log);
    log->base = copy;
    log->base_op = op;
    log->durable = copy.seq;
}

struct log_point log_last(const struct log *log)
{
    struct log_point point = log->base;

    if (log->count > 0) {
        const struct log_item *item = &log->items[log->head + log->count - 1];
        point.epoch = item->entry.epoch;
        point.seq = item->entry.seq;
        point.hash = item->hash;
    }
    return point;
}

/* Room for one more: the space before the head is used again before growing. */
static void log_make_room(struct log *log)
{
    if (log->head + log->count < log->cap)
        return;
    if (log->head > log->cap / 2) {
        memmove(log->items, log->items + log->head,
                log->count * sizeof(*log->items));
        log->head = 0;
        return;
    }
    log->cap = log->cap == 0 ? LOG_LEAST : log->cap * 2;
    log->items = mem_realloc(log->items, log->cap, sizeof(*log->items));
}

const struct log_item *log_append(struct log *log, const uint8_t *bytes,
                                  size_t len, uint64_t op)
{
    struct log_point last = log_last(log);

    log_make_room(log);
    struct log_item *item = &log->items[log->head + log->count];
    item->bytes = mem_copy(bytes, len);
    item->len = len;
    item->op = op;
    item->hash = entry_hash(last.hash, bytes, len);
    struct cursor cursor = cursor_make(item->bytes, len);
    int rc = entry_decode(&cursor, &item->entry);
    assert(rc == 0 && cursor_done(&cursor));
    assert(item->entry.seq == last.seq + 1);
    assert(item->entry.epoch >= last.epoch);
    (void)rc;
    log->count++;
    log->bytes += len;
    return item;
}

size_t log_item_bytes(const struct log_item *item)
{
    return sizeof(*item) + LOG_ALLOCATED + item->len;
}

const struct log_item *log_at(const struct log *log, uint64_t seq)
{
    if (seq <= log->base.seq || seq > log->base.seq + log->count)
        return NULL;
    return &log->items[log->head + (size_t)(seq - log->base.seq - 1)];
}

bool log_point_at(const struct log *log, uint64_t seq, struct log_point *point)
{
    const struct log_item *item = log_at(log, seq);

    if (item != NULL) {
        point->epoch = item->entry.epoch;
        point->seq = seq;
        point->hash = item->hash;
        return true;
    }
    if (seq == log->base.seq) {
        *point = log->base;
        return true;
    }
    return false;
}

void log_cut(struct log *log, uint64_t seq)
{
    assert(seq > log->base.seq);
    while (log->base.seq + log->count >= seq) {
        log->count--;
        log_item_free(log, &log->items[log->head + log->count]);
    }
    if (log->durable >= seq)
        log->durable = seq - 1;
}

/* An array that is mostly empty is made as small as what is left needs twice. */
static void log_give_room(struct log *log)
{
    size_t cap = log->count * 2 > LOG_LEAST ? log->count * 2 : LOG_LEAST;

    if (cap > log->cap / 2)
        return;
    memmove(log->items, log->items + log->head,
            log->count * sizeof(*log->items));
    log->head = 0;
    log->cap = cap;
    log->items = mem_realloc(log->items, log->cap, sizeof(*log->items));
}

void log_compact(struct log *log, uint64_t seq)
{
    struct log_point point;
    bool held = log_point_at(log, seq, &point);

    assert(held);
    (void)held;
    while (log->base.seq < seq) {
        struct log_item *item = &log->items[log->head];
        log->base_op = item->op;
        log_item_free(log, item);
        log->head++;
        log->count--;
        log->base.seq++;
    }
    log->base = point;
    if (log->durable < seq)
        log->durable = seq;
    log_give_room(log);
}

uint64_t log_durable(struct log *log, uint64_t stored_op)
{
    if (log->base_op > stored_op)
        return 0;
    for (;;) {
        const struct log_item *item = log_at(log, log->durable + 1);
        if (item == NULL || item->op > stored_op)
            return log->durable;
        log->durable++;
    }
}

uint64_t log_epoch_first(const struct log *log, uint64_t epoch)
{
    if (log->base.epoch >= epoch)
        return log->base.epoch == epoch ? log->base.seq : 0;
    size_t low = 0, high = log->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (log->items[log->head + middle].entry.epoch < epoch)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == log->count || log->items[log->head + low].entry.epoch != epoch)
        return 0;
    return log->base.seq + 1 + low;
}

int log_compare(const struct log_point *a, const struct log_point *b)
{
    if (a->epoch != b->epoch)
        return a->epoch < b->epoch ? -1 : 1;
    if (a->seq != b->seq)
        return a->seq < b->seq ? -1 : 1;
    return 0;
}
