/* resp: where RESP2 values end, in bytes that may not be complete. */
#ifndef HOTWARM_TESTS_REDIS_RESP_H
#define HOTWARM_TESTS_REDIS_RESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

struct resp {
    char type;        /* + - : $ * */
    const char *text; /* of + - : the line, of $ the bytes */
    size_t len;
    int64_t count; /* of : the value, of $ and * the number given, -1: nil */
    size_t next;   /* behind it; of * behind its header, at the first element */
};

/* Reads the value at `at`, of an array its header. False when cut or bad. */
bool resp_read(const struct buf *bytes, size_t at, struct resp *value);

/* Behind the value at `at`, with all its elements; 0 when cut or bad. */
size_t resp_end(const struct buf *bytes, size_t at);

#endif
