/* uuid: 16 bytes that name a replica, a group or a file.
 *
 * WHAT
 *   A value type. All zero means "none". Making one is the shell's affair
 *   (uuid_random reads the system's random source); the core only compares.
 */
#ifndef HOTWARM_LIB_UUID_H
#define HOTWARM_LIB_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/cursor.h"

#define UUID_TEXT_SIZE 37 /* 8-4-4-4-12 and the closing NUL */

struct uuid {
    uint8_t bytes[16];
};

bool uuid_equal(const struct uuid *a, const struct uuid *b);

/* <0, 0, >0 as memcmp. */
int uuid_compare(const struct uuid *a, const struct uuid *b);
bool uuid_is_none(const struct uuid *uuid);

void buf_uuid(struct buf *buf, const struct uuid *uuid);
struct uuid cursor_uuid(struct cursor *cursor);

/* Lower-case text; returns `text`. */
const char *uuid_text(const struct uuid *uuid, char text[UUID_TEXT_SIZE]);

/* 0, or RESULT_MALFORMED when `text` is not 8-4-4-4-12 hexadecimal digits. */
int uuid_parse(struct uuid *uuid, const char *text);

/* A version 4 UUID from getrandom(2). 0 or errno. In uuid_random.c, which the
 * core is not linked with. */
int uuid_random(struct uuid *uuid);

#endif
