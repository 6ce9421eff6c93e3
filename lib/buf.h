/* buf: a byte buffer that grows, with little-endian writers.
 *
 * WHAT
 *   The one way in which hotwarm makes wire and disk bytes. A zeroed struct is
 *   an empty buffer.
 *
 * OWNERSHIP
 *   `data` belongs to the buffer and moves when it grows: a pointer into it
 *   lives until the next call that adds. buf_free ends it; buf_reset keeps the
 *   memory for the next use.
 *
 * NOT HERE
 *   Reading: cursor.h.
 */
#ifndef HOTWARM_LIB_BUF_H
#define HOTWARM_LIB_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
    uint8_t *data;
    size_t len;
    size_t cap;
};

void buf_free(struct buf *buf);
void buf_reset(struct buf *buf);

/* Room for `len` more bytes; the write position, which the caller fills. */
uint8_t *buf_extend(struct buf *buf, size_t len);

void buf_bytes(struct buf *buf, const void *bytes, size_t len);
void buf_u8(struct buf *buf, uint8_t value);
void buf_u16(struct buf *buf, uint16_t value);
void buf_u32(struct buf *buf, uint32_t value);
void buf_u64(struct buf *buf, uint64_t value);

/* A u32 length, then the bytes: what cursor_blob reads. len <= UINT32_MAX. */
void buf_blob(struct buf *buf, const void *bytes, size_t len);

/* printf into the buffer, without the closing NUL. */
void buf_printf(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Overwrites 4 bytes at `at` (which must already be in the buffer). */
void buf_patch_u32(struct buf *buf, size_t at, uint32_t value);

#endif
