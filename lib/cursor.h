/* cursor: a bounded reader of wire and disk bytes.
 *
 * WHAT
 *   Reads little-endian fields from a byte range that it does not own. A read
 *   past the end sets `bad` and gives 0 or NULL; every later read then fails
 *   too, so a decoder reads all its fields and asks once, at the end.
 *
 * INVARIANTS
 *   pos <= len, always (tests/unit/test_cursor.c reads at every cut).
 *   Once bad, for ever bad.
 */
#ifndef HOTWARM_LIB_CURSOR_H
#define HOTWARM_LIB_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
    const uint8_t *data;
    size_t len;
    size_t pos;
    bool bad;
};

struct cursor cursor_make(const void *data, size_t len);

uint8_t cursor_u8(struct cursor *cursor);
uint16_t cursor_u16(struct cursor *cursor);
uint32_t cursor_u32(struct cursor *cursor);
uint64_t cursor_u64(struct cursor *cursor);

/* A pointer to the next `len` bytes, inside the range; NULL and bad when there
 * are fewer. For len 0 a non-NULL pointer that must not be read. */
const uint8_t *cursor_bytes(struct cursor *cursor, size_t len);

/* A u32 length and that many bytes (see buf_blob); NULL and bad when cut. */
const uint8_t *cursor_blob(struct cursor *cursor, size_t *len);

size_t cursor_left(const struct cursor *cursor);

/* True when nothing failed and everything was read. */
bool cursor_done(const struct cursor *cursor);

#endif
