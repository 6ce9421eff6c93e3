/* log: messages for the administrator.
 *
 * WHAT
 *   A thin layer over libqb's qb_log, which sends messages to syslog or to
 *   standard error. One line per message; before log_open they go nowhere.
 *
 *     log_err      something is lost or stopped and will not mend itself
 *     log_warn     degraded, or a peer or user did what it should not
 *     log_info     what an administrator wants to find afterwards: start, stop,
 *                  a new leader, a promotion. Never once per write.
 *     log_debug    for developers; off until log_set_debug
 *
 * INVARIANTS
 *   libqb gets at most LOG_MESSAGE_MAX bytes per message (lines over 512
 *   bytes overflow in libqb 2.0.6), cut between two UTF-8 characters, and
 *   control characters arrive as '?', so that what a client sent cannot pass
 *   for a line of ours. tests/unit/test_log.c.
 *   errno is kept.
 *
 * OWNERSHIP
 *   The state is libqb's, one per process. One thread logs: the one that
 *   called log_open.
 *
 * NOT HERE
 *   The replicated log (daemon/core). libqb's blackbox: off, for the same
 *   overflow.
 */
#ifndef HOTWARM_LIB_LOG_H
#define HOTWARM_LIB_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_MESSAGE_MAX 400

enum log_target { LOG_TO_STDERR = 1, LOG_TO_SYSLOG = 2 };

/* Starts logging, up to log_info, as `program` (copied) and as facility
 * "daemon". 0 or errno; then nothing was started. */
int log_open(const char *program, enum log_target target);

/* Ends it; log_open may follow. */
void log_close(void);

/* Lets log_debug through, or not. Only while open. 0 or errno. */
int log_set_debug(bool on);

/* What may come in any number, said at most once in LOG_SELDOM_S seconds. Zeroed:
 * never yet. */
#define LOG_SELDOM_S 10

struct log_seldom {
    int64_t said_s;  /* 0: never */
    uint64_t unsaid; /* since */
};

/* As log_warn, or not at all; then the next one says how many there were. */
void log_warn_seldom(struct log_seldom *seldom, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void log_err(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
