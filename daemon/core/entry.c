#include "daemon/core/entry.h"

#include <xxhash.h>

#include "lib/result.h"

void entry_encode(struct buf *buf, const struct entry *entry)
{
    buf_u64(buf, entry->epoch);
    buf_u64(buf, entry->seq);
    buf_u64(buf, entry->clock_ms);
    buf_u8(buf, (uint8_t)entry->kind);
    buf_uuid(buf, &entry->origin);
    buf_u64(buf, entry->run);
    buf_u64(buf, entry->number);
    buf_u64(buf, entry->token);
    buf_blob(buf, entry->payload, entry->length);
}

int entry_decode(struct cursor *cursor, struct entry *entry)
{
    size_t length = 0;

    entry->epoch = cursor_u64(cursor);
    entry->seq = cursor_u64(cursor);
    entry->clock_ms = cursor_u64(cursor);
    uint8_t kind = cursor_u8(cursor);
    entry->origin = cursor_uuid(cursor);
    entry->run = cursor_u64(cursor);
    entry->number = cursor_u64(cursor);
    entry->token = cursor_u64(cursor);
    entry->payload = cursor_blob(cursor, &length);
    if (cursor->bad || kind < ENTRY_NOOP || kind > ENTRY_CLOCK ||
        entry->clock_ms > INT64_MAX)
        return RESULT_MALFORMED;
    entry->kind = (enum entry_kind)kind;
    entry->length = (uint32_t)length;
    return 0;
}

uint64_t entry_hash(uint64_t previous, const uint8_t *encoded, size_t len)
{
    return XXH3_64bits_withSeed(encoded, len, previous);
}
