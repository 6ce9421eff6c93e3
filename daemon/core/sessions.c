#include "daemon/core/sessions.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/result.h"

enum { SESSION_ENCODED_SIZE = 32 };

void sessions_free(struct sessions *sessions)
{
    free(sessions->list);
    memset(sessions, 0, sizeof(*sessions));
}

void sessions_copy(struct sessions *to, const struct sessions *from)
{
    sessions_free(to);
    if (from->count == 0)
        return;
    to->list = mem_copy(from->list, from->count * sizeof(*from->list));
    to->count = from->count;
}

/* The first row whose origin is not below `origin`. */
static size_t sessions_place(const struct sessions *sessions,
                             const struct uuid *origin)
{
    size_t at = 0;

    while (at < sessions->count &&
           uuid_compare(&sessions->list[at].origin, origin) < 0)
        at++;
    return at;
}

static const struct session *sessions_find(const struct sessions *sessions,
                                           const struct uuid *origin)
{
    size_t at = sessions_place(sessions, origin);

    if (at < sessions->count && uuid_equal(&sessions->list[at].origin, origin))
        return &sessions->list[at];
    return NULL;
}

enum session_verdict sessions_judge(const struct sessions *sessions,
                                    const struct uuid *origin, uint64_t run,
                                    uint64_t number)
{
    const struct session *last = sessions_find(sessions, origin);
    uint64_t last_run = last == NULL ? 0 : last->run;
    uint64_t last_number = last == NULL ? 0 : last->number;

    if (run < last_run || (run == last_run && number <= last_number))
        return SESSION_OLD;
    uint64_t next = run == last_run ? last_number + 1 : 1;
    return number == next ? SESSION_NEXT : SESSION_GAP;
}

void sessions_record(struct sessions *sessions, const struct uuid *origin,
                     uint64_t run, uint64_t number)
{
    size_t at = sessions_place(sessions, origin);

    if (at == sessions->count ||
        !uuid_equal(&sessions->list[at].origin, origin)) {
        sessions->list = mem_realloc(sessions->list, sessions->count + 1,
                                     sizeof(*sessions->list));
        memmove(&sessions->list[at + 1], &sessions->list[at],
                (sessions->count - at) * sizeof(*sessions->list));
        sessions->list[at].origin = *origin;
        sessions->count++;
    }
    sessions->list[at].run = run;
    sessions->list[at].number = number;
}

uint64_t sessions_last(const struct sessions *sessions,
                       const struct uuid *origin, uint64_t run)
{
    const struct session *last = sessions_find(sessions, origin);

    return last != NULL && last->run == run ? last->number : 0;
}

void sessions_encode(struct buf *buf, const struct sessions *sessions)
{
    buf_u32(buf, (uint32_t)sessions->count);
    for (size_t i = 0; i < sessions->count; i++) {
        buf_uuid(buf, &sessions->list[i].origin);
        buf_u64(buf, sessions->list[i].run);
        buf_u64(buf, sessions->list[i].number);
    }
}

int sessions_decode(struct cursor *cursor, struct sessions *sessions)
{
    memset(sessions, 0, sizeof(*sessions));
    uint32_t count = cursor_u32(cursor);
    if (cursor->bad || count > cursor_left(cursor) / SESSION_ENCODED_SIZE)
        return RESULT_MALFORMED;
    for (uint32_t i = 0; i < count; i++) {
        struct uuid origin = cursor_uuid(cursor);
        uint64_t run = cursor_u64(cursor);
        uint64_t number = cursor_u64(cursor);
        if (i > 0 && uuid_compare(&sessions->list[i - 1].origin, &origin) >= 0) {
            sessions_free(sessions);
            return RESULT_MALFORMED;
        }
        sessions_record(sessions, &origin, run, number);
    }
    return 0;
}
