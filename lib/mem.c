#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

void *mem_calloc(size_t count, size_t size)
{
    /* calloc may answer NULL to a request for nothing; that is no failure. */
    if (count == 0 || size == 0)
        count = size = 1;
    void *items = calloc(count, size);
    if (items == NULL)
        abort();
    return items;
}

void *mem_realloc(void *items, size_t count, size_t size)
{
    size_t bytes;

    if (count == 0) {
        free(items);
        return NULL;
    }
    if (__builtin_mul_overflow(count, size, &bytes))
        abort();
    void *grown = realloc(items, bytes > 0 ? bytes : 1);
    if (grown == NULL)
        abort();
    return grown;
}

void *mem_copy(const void *bytes, size_t len)
{
    void *copy = mem_calloc(len, 1);

    /* memcpy's pointers must not be NULL, not even for no bytes. */
    if (len > 0)
        memcpy(copy, bytes, len);
    return copy;
}
