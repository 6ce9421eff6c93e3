#include "lib/cursor.h"

struct cursor cursor_make(const void *data, size_t len)
{
    return (struct cursor){.data = data, .len = len};
}

const uint8_t *cursor_bytes(struct cursor *cursor, size_t len)
{
    /* What a cursor over nothing points at: NULL would read as a failure. */
    static const uint8_t nothing[1];

    if (cursor->bad || len > cursor->len - cursor->pos) {
        cursor->bad = true;
        return NULL;
    }
    if (cursor->data == NULL)
        return nothing;
    const uint8_t *at = cursor->data + cursor->pos;
    cursor->pos += len;
    return at;
}

static uint64_t get_le(struct cursor *cursor, unsigned size)
{
    const uint8_t *at = cursor_bytes(cursor, size);
    uint64_t value = 0;

    if (at == NULL)
        return 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

uint8_t cursor_u8(struct cursor *cursor)
{
    return (uint8_t)get_le(cursor, 1);
}

uint16_t cursor_u16(struct cursor *cursor)
{
    return (uint16_t)get_le(cursor, 2);
}

uint32_t cursor_u32(struct cursor *cursor)
{
    return (uint32_t)get_le(cursor, 4);
}

uint64_t cursor_u64(struct cursor *cursor)
{
    return get_le(cursor, 8);
}

const uint8_t *cursor_blob(struct cursor *cursor, size_t *len)
{
    size_t wanted = cursor_u32(cursor);
    const uint8_t *at = cursor_bytes(cursor, wanted);

    *len = at != NULL ? wanted : 0;
    return at;
}

size_t cursor_left(const struct cursor *cursor)
{
    return cursor->len - cursor->pos;
}

bool cursor_done(const struct cursor *cursor)
{
    return !cursor->bad && cursor->pos == cursor->len;
}
