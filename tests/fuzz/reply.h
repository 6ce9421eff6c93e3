/* reply: whether bytes are RESP2, strictly: every length is right, every number
 * a number, every line ends as it must and has no other control character that
 * could pass for an end. */
#ifndef HOTWARM_TESTS_FUZZ_REPLY_H
#define HOTWARM_TESTS_FUZZ_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cursor.h"

/* A line up to its "\r\n", which is read too. */
static inline bool reply_line(struct cursor *cursor, const uint8_t **text,
                              size_t *len)
{
    *text = cursor->data + cursor->pos;
    for (*len = 0; cursor_left(cursor) > 0; ++*len) {
        uint8_t byte = cursor_u8(cursor);
        if (byte == '\n')
            return false;
        if (byte == '\r')
            return cursor_u8(cursor) == '\n' && !cursor->bad;
    }
    return false;
}

/* A decimal number without anything around it. */
static inline bool reply_number(const uint8_t *text, size_t len,
                                int64_t *number)
{
    bool negative = len > 0 && text[0] == '-';
    size_t at = negative ? 1 : 0;
    uint64_t value = 0;

    if (len == at || len > 20 || (text[at] == '0' && len > 1))
        return false;
    for (; at < len; at++) {
        if (text[at] < '0' || text[at] > '9' ||
            __builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[at] - '0'), &value))
            return false;
    }
    if (value > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return false;
    *number = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

/* Reads one value with all its elements. */
static inline bool reply_read(struct cursor *cursor, unsigned depth)
{
    uint8_t type = cursor_u8(cursor);
    const uint8_t *text;
    int64_t number;
    size_t len;

    if (cursor->bad || depth > 8 || !reply_line(cursor, &text, &len))
        return false;
    if (type == '+' || type == '-')
        return true;
    if (!reply_number(text, len, &number))
        return false;
    if (type == ':')
        return true;
    if (number < -1 || (type != '$' && type != '*'))
        return false;
    if (type == '$' && number >= 0) {
        cursor_bytes(cursor, (size_t)number);
        return cursor_u8(cursor) == '\r' && cursor_u8(cursor) == '\n' &&
               !cursor->bad;
    }
    for (; type == '*' && number > 0; number--) {
        if (!reply_read(cursor, depth + 1))
            return false;
    }
    return true;
}

/* Exactly one value. */
static inline bool reply_is_one(const void *bytes, size_t len)
{
    struct cursor cursor = cursor_make(bytes, len);

    return reply_read(&cursor, 0) && cursor_done(&cursor);
}

#endif
