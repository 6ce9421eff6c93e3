/* ctl: a client of hotwarmd's sockets.
 *
 * WHAT
 *   Connects to a Unix socket, sends a command in RESP and reads its reply with
 *   hiredis' reader. Everything ends by a deadline, in monotonic milliseconds
 *   (ocf_now_ms): the socket is never waited for except in poll.
 *
 *      ctl_open --> ctl_command ... ctl_command --> ctl_close
 *
 *   After a command that failed the connection is of no use: what arrives
 *   later would be taken for the next reply.
 *
 *   ctl_status takes apart what HOTWARM STATUS answers: lines "key:value",
 *   each ended by CR LF.
 *
 * INVARIANTS (tests/ocf/test_ctl.c)
 *   A reply is at most CTL_REPLY_MAX bytes on the wire.
 *   No call lasts noticeably longer than its deadline, whatever the peer does.
 *
 * OWNERSHIP
 *   The caller frees a reply (freeReplyObject) and a status
 *   (ctl_status_free). What ctl_status_get returns lives until then.
 *
 * NOT HERE
 *   What the keys mean: agents/, tools/. The other end: daemon/shell/server.h.
 */
#ifndef HOTWARM_LIB_CTL_H
#define HOTWARM_LIB_CTL_H

#include <stddef.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

enum { CTL_REPLY_MAX = 1024 * 1024, CTL_STATUS_MAX = 128 };

struct ctl;

/* 0; ENOENT or ECONNREFUSED: nobody listens; ETIMEDOUT: its queue stayed full;
 * ENAMETOOLONG; another errno. On failure *ctl is NULL. */
int ctl_open(struct ctl **ctl, const char *path, uint64_t deadline_ms);
void ctl_close(struct ctl *ctl);

/* One command of `argc` words. 0, also for a reply of type
 * REDIS_REPLY_ERROR; ETIMEDOUT; ECONNRESET or EPIPE: the peer closed;
 * RESULT_MALFORMED; RESULT_TOO_LARGE; another errno. *reply is NULL but for
 * 0. */
int ctl_command(struct ctl *ctl, uint64_t deadline_ms, size_t argc,
                const char *const *argv, struct redisReply **reply);

/* Opens, does one command, closes: errors of both. */
int ctl_ask(const char *path, uint64_t deadline_ms, size_t argc,
            const char *const *argv, struct redisReply **reply);

struct ctl_status {
    char *text;
    size_t count;
    struct {
        const char *key;
        const char *value;
    } lines[CTL_STATUS_MAX];
};

/* 0, RESULT_MALFORMED (a line without a colon or key, a key twice, a NUL, no
 * line at all), RESULT_TOO_LARGE (too many lines). On failure nothing is to be
 * freed. */
int ctl_status_parse(struct ctl_status *status, const char *text, size_t len);
void ctl_status_free(struct ctl_status *status);

/* The key's value, NULL when the key is not there. */
const char *ctl_status_get(const struct ctl_status *status, const char *key);

#endif
