/* reply: what a client is told, in RESP2.
 *
 * WHAT
 *   Each function adds one value to `reply`; reply_array only opens one, and
 *   the `count` values that follow belong to it.
 *
 * NOT HERE
 *   Which error in which case: the commands.
 */
#ifndef HOTWARM_CORE_REPLY_H
#define HOTWARM_CORE_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

/* Redis' errors that more than one command gives, for reply_error. */
#define REPLY_SYNTAX "ERR syntax error"
#define REPLY_NOT_INTEGER "ERR value is not an integer or out of range"
#define REPLY_OVERFLOW "ERR increment or decrement would overflow"
#define REPLY_WRONG_TYPE                                                       \
    "WRONGTYPE Operation against a key holding the wrong kind of value"

/* A word such as OK, or an error. One line each, by contract. */
void reply_status(struct buf *reply, const char *status);
void reply_error(struct buf *reply, const char *error);

void reply_integer(struct buf *reply, int64_t value);
void reply_bulk(struct buf *reply, const void *bytes, size_t len);
void reply_nil(struct buf *reply);
void reply_array(struct buf *reply, size_t count);

/* Ends an error that began at `from` and that quotes what the client sent, so
 * that it stays one line: as Redis, without the line ends at its end, and with
 * a blank for each other one. */
void reply_one_line(struct buf *reply, size_t from);

/* Errors that name the command, in lower case whatever `name` is. */
void reply_wrong_arity(struct buf *reply, const void *name, size_t len);
void reply_bad_expiry(struct buf *reply, const void *name, size_t len);

#endif
