#include "lib/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

#define BUF_FIRST_CAP 64

static void put_le(uint8_t *at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

/* Room for `len` more bytes without counting them as written. */
static void reserve(struct buf *buf, size_t len)
{
    size_t need;

    if (__builtin_add_overflow(buf->len, len, &need))
        abort();
    if (buf->data != NULL && need <= buf->cap)
        return;
    size_t cap = buf->cap > SIZE_MAX / 2 ? SIZE_MAX : buf->cap * 2;
    if (cap < BUF_FIRST_CAP)
        cap = BUF_FIRST_CAP;
    if (cap < need)
        cap = need;
    buf->data = mem_realloc(buf->data, cap, 1);
    buf->cap = cap;
}

void buf_free(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){0};
}

void buf_reset(struct buf *buf)
{
    buf->len = 0;
}

uint8_t *buf_extend(struct buf *buf, size_t len)
{
    reserve(buf, len);
    uint8_t *at = buf->data + buf->len;
    buf->len += len;
    return at;
}

void buf_bytes(struct buf *buf, const void *bytes, size_t len)
{
    if (len > 0)
        memcpy(buf_extend(buf, len), bytes, len);
}

void buf_u8(struct buf *buf, uint8_t value)
{
    *buf_extend(buf, 1) = value;
}

void buf_u16(struct buf *buf, uint16_t value)
{
    put_le(buf_extend(buf, 2), value, 2);
}

void buf_u32(struct buf *buf, uint32_t value)
{
    put_le(buf_extend(buf, 4), value, 4);
}

void buf_u64(struct buf *buf, uint64_t value)
{
    put_le(buf_extend(buf, 8), value, 8);
}

void buf_blob(struct buf *buf, const void *bytes, size_t len)
{
    assert(len <= UINT32_MAX);
    buf_u32(buf, (uint32_t)len);
    buf_bytes(buf, bytes, len);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) /* only for a bad format or unprintable wide characters */
        abort();

    /* vsnprintf needs room for its NUL; the next write covers it. */
    reserve(buf, (size_t)len + 1);
    va_start(args, format);
    vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
}

void buf_patch_u32(struct buf *buf, size_t at, uint32_t value)
{
    assert(buf->len >= 4 && at <= buf->len - 4);
    put_le(buf->data + at, value, 4);
}
