/* integer: 64-bit integers as Redis reads and writes them.
 *
 * NOT HERE
 *   The error that a client gets for anything else: reply.h.
 */
#ifndef HOTWARM_CORE_INTEGER_H
#define HOTWARM_CORE_INTEGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTEGER_TEXT_MAX 20 /* "-9223372036854775808" */

/* Reads a decimal integer that has no other way to be written: no blanks, no
 * plus sign, no leading zeros, no minus zero. False for all else, and beyond
 * 64 bits. */
bool integer_parse(const void *bytes, size_t len, int64_t *value);

/* Writes it, without a closing NUL; the length. */
size_t integer_text(char text[INTEGER_TEXT_MAX], int64_t value);

#endif
