/* history: encoded entries with their hashes, as a replica would append them. */
#ifndef HOTWARM_TESTS_UNIT_HISTORY_H
#define HOTWARM_TESTS_UNIT_HISTORY_H

#include "daemon/core/entry.h"
#include "lib/buf.h"
#include "tests/unit/unit.h"

enum { HISTORY_MAX = 512 };

struct history {
    size_t count; /* entries 1 to count are in list[0] and up */
    struct history_item {
        struct buf bytes;
        uint64_t hash;
    } list[HISTORY_MAX];
};

static inline const struct history_item *history_at(const struct history *h,
                                                    uint64_t seq)
{
    assert_true(seq >= 1 && seq <= h->count);
    return &h->list[seq - 1];
}

/* The next entry, of that epoch, with `size` bytes of payload. */
static inline void history_add(struct history *h, uint64_t epoch, size_t size)
{
    struct buf payload = {0};
    struct entry entry = {
        .epoch = epoch, .seq = h->count + 1, .kind = ENTRY_WRITE, .number = 1};

    assert_true(h->count < HISTORY_MAX);
    uint8_t *at = buf_extend(&payload, size);
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(i * 31 + entry.seq + epoch);
    entry.payload = payload.data;
    entry.length = (uint32_t)size;
    uint64_t before = h->count == 0 ? 0 : h->list[h->count - 1].hash;
    struct history_item *item = &h->list[h->count++];
    entry_encode(&item->bytes, &entry);
    item->hash = entry_hash(before, item->bytes.data, item->bytes.len);
    buf_free(&payload);
}

static inline void history_cut(struct history *h, uint64_t seq)
{
    while (h->count >= seq && h->count > 0)
        buf_free(&h->list[--h->count].bytes);
}

static inline void history_free(struct history *h)
{
    history_cut(h, 1);
    for (size_t i = 0; i < HISTORY_MAX; i++)
        buf_free(&h->list[i].bytes);
}

#endif
