#include "lib/uuid.h"

#include <string.h>

#include "lib/result.h"

/* Does a dash stand before byte `i` in 8-4-4-4-12? */
static bool dash_before(size_t i)
{
    return i == 4 || i == 6 || i == 8 || i == 10;
}

/* Not isxdigit: that asks the locale. */
static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

int uuid_compare(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
    return uuid_compare(a, b) == 0;
}

bool uuid_is_none(const struct uuid *uuid)
{
    static const struct uuid none;

    return uuid_equal(uuid, &none);
}

void buf_uuid(struct buf *buf, const struct uuid *uuid)
{
    buf_bytes(buf, uuid->bytes, sizeof uuid->bytes);
}

struct uuid cursor_uuid(struct cursor *cursor)
{
    struct uuid uuid = {0};
    const uint8_t *at = cursor_bytes(cursor, sizeof uuid.bytes);

    if (at != NULL)
        memcpy(uuid.bytes, at, sizeof uuid.bytes);
    return uuid;
}

const char *uuid_text(const struct uuid *uuid, char text[UUID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    char *at = text;

    for (size_t i = 0; i < sizeof uuid->bytes; i++) {
        if (dash_before(i))
            *at++ = '-';
        *at++ = digits[uuid->bytes[i] >> 4];
        *at++ = digits[uuid->bytes[i] & 15];
    }
    *at = '\0';
    return text;
}

int uuid_parse(struct uuid *uuid, const char *text)
{
    struct uuid parsed;

    /* Each test stops at the closing NUL, so nothing behind it is read. */
    for (size_t i = 0; i < sizeof parsed.bytes; i++) {
        if (dash_before(i) && *text++ != '-')
            return RESULT_MALFORMED;
        int high = hex_value(text[0]);
        int low = high < 0 ? -1 : hex_value(text[1]);
        if (low < 0)
            return RESULT_MALFORMED;
        parsed.bytes[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    if (*text != '\0')
        return RESULT_MALFORMED;
    *uuid = parsed;
    return RESULT_OK;
}
