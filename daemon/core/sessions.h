/* sessions: the last forwarded write of each replica, for exactly-once.
 *
 * WHAT
 *   A replica numbers its writes per run, from 1 without gaps. The leader puts
 *   a write into the log only if its number follows the last one of that run
 *   there, so a write forwarded twice stands in the log once.
 *
 *      forwarded (run, number)          last in the log (r, n)
 *      run == r, number == n + 1        next: taken
 *      run >  r, number == 1            next: taken, a new run
 *      run == r, number <= n; run < r   already there, or too old: dropped
 *      otherwise                        a gap: dropped, it is forwarded again
 *
 * INVARIANTS
 *   A table is a function of the log's entries (it is part of the state and of
 *   snapshots). Rows are never dropped: a row forgotten would let a late
 *   duplicate in.
 */
#ifndef HOTWARM_CORE_SESSIONS_H
#define HOTWARM_CORE_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/cursor.h"
#include "lib/uuid.h"

struct session {
    struct uuid origin;
    uint64_t run;
    uint64_t number;
};

struct sessions {
    struct session *list; /* ascending by origin */
    size_t count;
};

enum session_verdict { SESSION_NEXT, SESSION_OLD, SESSION_GAP };

void sessions_free(struct sessions *sessions);
void sessions_copy(struct sessions *to, const struct sessions *from);

enum session_verdict sessions_judge(const struct sessions *sessions,
                                    const struct uuid *origin, uint64_t run,
                                    uint64_t number);

/* Records that (run, number) of `origin` is in the log. */
void sessions_record(struct sessions *sessions, const struct uuid *origin,
                     uint64_t run, uint64_t number);

/* The last number of that very run; 0 when there is none. */
uint64_t sessions_last(const struct sessions *sessions,
                       const struct uuid *origin, uint64_t run);

void sessions_encode(struct buf *buf, const struct sessions *sessions);

/* 0 or RESULT_MALFORMED; then `sessions` is empty. */
int sessions_decode(struct cursor *cursor, struct sessions *sessions);

#endif
