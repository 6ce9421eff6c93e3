/* mem: allocation that does not return on failure.
 *
 * WHAT
 *   A replica that cannot allocate cannot tell how much of a step it has
 *   carried out. It ends at once instead: a crash is a fault that the protocol
 *   handles, half a step is not.
 *
 * OWNERSHIP
 *   Everything returned here is freed with free(3).
 */
#ifndef HOTWARM_LIB_MEM_H
#define HOTWARM_LIB_MEM_H

#include <stddef.h>

/* Zeroed memory for `count` items of `size` bytes. Never NULL; aborts. */
void *mem_calloc(size_t count, size_t size);

/* `items` grown or shrunk to `count` items of `size` bytes; the grown part is
 * not set. Never NULL (unless count is 0, which frees); aborts. */
void *mem_realloc(void *items, size_t count, size_t size);

/* A copy of `len` bytes; never NULL, also for len 0; aborts. */
void *mem_copy(const void *bytes, size_t len);

#endif
