#include "daemon/core/reply.h"

#include <string.h>

#include "daemon/core/integer.h"

static void line(struct buf *reply, char type, const char *text)
{
    buf_u8(reply, (uint8_t)type);
    buf_bytes(reply, text, strlen(text));
    buf_bytes(reply, "\r\n", 2);
}

static void number(struct buf *reply, char type, int64_t value)
{
    char text[INTEGER_TEXT_MAX];

    buf_u8(reply, (uint8_t)type);
    buf_bytes(reply, text, integer_text(text, value));
    buf_bytes(reply, "\r\n", 2);
}

void reply_status(struct buf *reply, const char *status)
{
    line(reply, '+', status);
}

void reply_error(struct buf *reply, const char *error)
{
    line(reply, '-', error);
}

void reply_integer(struct buf *reply, int64_t value)
{
    number(reply, ':', value);
}

void reply_bulk(struct buf *reply, const void *bytes, size_t len)
{
    number(reply, '$', (int64_t)len);
    buf_bytes(reply, bytes, len);
    buf_bytes(reply, "\r\n", 2);
}

void reply_nil(struct buf *reply)
{
    number(reply, '$', -1);
}

void reply_array(struct buf *reply, size_t count)
{
    number(reply, '*', (int64_t)count);
}

static int is_line_end(uint8_t byte)
{
    return byte == '\r' || byte == '\n';
}

void reply_one_line(struct buf *reply, size_t from)
{
    while (reply->len > from && is_line_end(reply->data[reply->len - 1]))
        reply->len--;
    for (size_t at = from; at < reply->len; at++) {
        if (is_line_end(reply->data[at]))
            reply->data[at] = ' ';
    }
    buf_bytes(reply, "\r\n", 2);
}

static void about(struct buf *reply, const char *error, const void *name,
                  size_t len)
{
    const uint8_t *at = name;

    buf_printf(reply, "-ERR %s '", error);
    for (; len > 0; len--, at++)
        buf_u8(reply,
               (uint8_t)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at));
    buf_printf(reply, "' command\r\n");
}

void reply_wrong_arity(struct buf *reply, const void *name, size_t len)
{
    about(reply, "wrong number of arguments for", name, len);
}

void reply_bad_expiry(struct buf *reply, const void *name, size_t len)
{
    about(reply, "invalid expire time in", name, len);
}
