#include "tests/redis/resp.h"

#include <stdlib.h>
#include <string.h>

bool resp_read(const struct buf *bytes, size_t at, struct resp *value)
{
    const char *data = (const char *)bytes->data;

    if (at >= bytes->len)
        return false;
    const char *end = memmem(data + at, bytes->len - at, "\r\n", 2);
    if (end == NULL)
        return false;
    value->type = data[at];
    value->text = data + at + 1;
    value->len = (size_t)(end - value->text);
    value->count = strtoll(value->text, NULL, 10);
    value->next = (size_t)(end - data) + 2;
    if (value->type != '$' || value->count < 0)
        return strchr("+-:$*", value->type) != NULL;
    value->text = data + value->next;
    value->len = (size_t)value->count;
    value->next += value->len + 2;
    return value->next <= bytes->len;
}

size_t resp_end(const struct buf *bytes, size_t at)
{
    struct resp value;

    if (!resp_read(bytes, at, &value))
        return 0;
    at = value.next;
    for (; value.type == '*' && value.count > 0 && at != 0; value.count--)
        at = resp_end(bytes, at);
    return at;
}
