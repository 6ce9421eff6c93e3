/* glob: the patterns of KEYS and SCAN.
 *
 * WHAT
 *   `*` any bytes, `?` one byte, `[abc]` `[a-z]` `[^a]` one byte of a set,
 *   `\x` x itself; all else is itself. Bytes, no characters; the case counts.
 *
 *   Patterns that make little sense mean what they mean to Redis: a set that
 *   is not closed ends with the pattern; `]` ends a set also where it comes
 *   first; a range may be given backwards, compares signed bytes, and takes
 *   the third byte whatever it is; a lone `\` at the end is itself; no bytes
 *   match the empty pattern only.
 *
 * INVARIANTS
 *   At most pattern_len * len steps and no recursion, whatever the pattern.
 */
#ifndef HOTWARM_CORE_GLOB_H
#define HOTWARM_CORE_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* Does the whole of `bytes` match? */
bool glob_match(const void *pattern, size_t pattern_len, const void *bytes,
                size_t len);

#endif
