#include "daemon/core/backlog.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

void backlog_free(struct backlog *backlog)
{
    free(backlog->list);
    memset(backlog, 0, sizeof(*backlog));
}

/* The space before the head is used again before growing. */
static void backlog_make_room(struct backlog *backlog)
{
    if (backlog->head + backlog->count < backlog->cap)
        return;
    if (backlog->head > backlog->cap / 2) {
        memmove(backlog->list, backlog->list + backlog->head,
                backlog->count * sizeof(*backlog->list));
        backlog->head = 0;
        return;
    }
    backlog->cap = backlog->cap == 0 ? 64 : backlog->cap * 2;
    backlog->list =
        mem_realloc(backlog->list, backlog->cap, sizeof(*backlog->list));
}

void backlog_add(struct backlog *backlog, uint64_t op, size_t len)
{
    backlog_make_room(backlog);
    backlog->list[backlog->head + backlog->count++] =
        (struct backlog_effect){.op = op, .len = len};
    backlog->bytes += len;
}

void backlog_stored(struct backlog *backlog, uint64_t op)
{
    while (backlog->count > 0 && backlog->list[backlog->head].op <= op) {
        backlog->bytes -= backlog->list[backlog->head].len;
        backlog->head++;
        backlog->count--;
    }
    if (backlog->count == 0)
        backlog->head = 0;
}
