/* calls: commands given as lines, and the replies that they must get.
 *
 * WHAT
 *   A line is split at its blanks; "" stands for an empty argument. Rows are
 *   played one after the other on a key space that was empty; the clock stands.
 */
#ifndef HOTWARM_TESTS_UNIT_CALLS_H
#define HOTWARM_TESTS_UNIT_CALLS_H

#include "daemon/core/command.h"
#include "lib/buf.h"

#define CALLS_CLOCK_MS 1700000000000u

#define SYNTAX "-ERR syntax error\r\n"
#define NOT_INTEGER "-ERR value is not an integer or out of range\r\n"
#define OVERFLOW "-ERR increment or decrement would overflow\r\n"
#define WRONG_TYPE                                                             \
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"
#define ARITY(name) "-ERR wrong number of arguments for '" name "' command\r\n"
#define BAD_EXPIRE(name) "-ERR invalid expire time in '" name "' command\r\n"
#define NIL "$-1\r\n"
#define OK "+OK\r\n"
#define EMPTY "*0\r\n"

/* A call and Redis 7.0's reply to it. */
struct row {
    const char *line;
    const char *reply;
};

enum { CALLS_ARGS_MAX = 64 };

size_t calls_split(const char *line, struct core_arg *argv);

void calls_run(struct keyspace *keyspace, const struct core_arg *argv,
               size_t argc, struct buf *reply);

/* Fails, and names `line`, if the reply is another. */
void calls_reply_is(const struct buf *reply, const char *wanted,
                    const char *line);

/* One line on a key space that stays. */
void calls_says(struct keyspace *keyspace, const char *line,
                const char *wanted);

void calls_play(const struct row *rows, size_t count);

#define PLAY(...)                                                              \
    do {                                                                       \
        static const struct row rows[] = {__VA_ARGS__};                        \
        calls_play(rows, sizeof rows / sizeof rows[0]);                        \
    } while (0)

#endif
