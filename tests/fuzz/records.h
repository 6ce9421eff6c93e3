/* records: an input that is a row of records, and how it is mutated.
 *
 *   u8 kind | u16 length | bytes      (a length beyond the end is cut)
 *
 * Were it mutated byte by byte, a byte more in one record would make another
 * thing of all that follow. So a record is changed by itself, left out, doubled
 * or put elsewhere. */
#ifndef HOTWARM_TESTS_FUZZ_RECORDS_H
#define HOTWARM_TESTS_FUZZ_RECORDS_H

#include <stdbool.h>
#include <string.h>

#include "lib/buf.h"
#include "tests/fuzz/fuzz.h"

enum { RECORDS_MAX = 64 };

struct record {
    uint8_t kind;
    const uint8_t *bytes;
    size_t len;
};

/* The next record; false at the end. */
static inline bool records_next(struct cursor *input, struct record *record)
{
    uint8_t kind = cursor_u8(input);
    size_t wanted = cursor_u16(input);

    if (input->bad)
        return false;
    record->kind = kind;
    record->bytes = fuzz_take(input, wanted, &record->len);
    return true;
}

static inline void records_put(struct buf *out, uint8_t kind, const void *bytes,
                               size_t len)
{
    buf_u8(out, kind);
    buf_u16(out, (uint16_t)(len < UINT16_MAX ? len : UINT16_MAX));
    buf_bytes(out, bytes, len < UINT16_MAX ? len : UINT16_MAX);
}

/* Changes the row itself. How many there are then. */
static inline size_t records_shuffle(struct record *list, size_t count,
                                     unsigned how, size_t at, size_t other)
{
    struct record one = list[at];

    if (how == 0 && count < RECORDS_MAX) { /* doubled */
        memmove(&list[other + 1], &list[other], (count - other) * sizeof *list);
        list[other] = one;
        return count + 1;
    }
    if (how == 1 && count > 1) { /* left out */
        memmove(&list[at], &list[at + 1], (count - at - 1) * sizeof *list);
        return count - 1;
    }
    list[at] = list[other];
    list[other] = one;
    return count;
}

/* For LLVMFuzzerCustomMutator; `kinds`: how many there are. */
static inline size_t records_mutate(uint8_t *data, size_t size, size_t max_size,
                                    unsigned seed, unsigned kinds)
{
    struct cursor input = cursor_make(data, size);
    struct record list[RECORDS_MAX + 1];
    static uint8_t changed[UINT16_MAX];
    struct buf out = {0};
    size_t count = 0;

    while (count < RECORDS_MAX && records_next(&input, &list[count]))
        count++;
    if (count == 0 || seed % 16 == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    size_t at = seed / 64 % count, other = seed / 4096 % count;
    if (seed % 16 < 4) {
        count = records_shuffle(list, count, seed % 4, at, other);
    } else if (seed % 16 == 4) {
        list[at].kind = (uint8_t)(seed / 16 % kinds);
    } else {
        size_t len =
            list[at].len < sizeof changed ? list[at].len : sizeof changed;
        size_t most = len * 2 + 16;
        memcpy(changed, list[at].bytes, len);
        list[at].len = LLVMFuzzerMutate(
            changed, len, most < sizeof changed ? most : sizeof changed);
        list[at].bytes = changed;
    }
    for (size_t i = 0; i < count; i++)
        records_put(&out, list[i].kind, list[i].bytes, list[i].len);
    size_t len = out.len < max_size ? out.len : max_size;
    memcpy(data, out.data, len);
    buf_free(&out);
    return len;
}

#endif
