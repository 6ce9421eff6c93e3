#include "daemon/shell/waiting.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

void waiting_add(struct waiting *waiting, const struct effect *effect,
                 const uint8_t *data)
{
    if (waiting->count == waiting->cap) {
        waiting->cap = waiting->cap == 0 ? 64 : waiting->cap * 2;
        waiting->list =
            mem_realloc(waiting->list, waiting->cap, sizeof(*waiting->list));
    }
    waiting->list[waiting->count++] = (struct waiting_op){
        .kind = effect->kind,
        .op = effect->op,
        .seq = effect->seq,
        .hash = effect->hash,
        .data = mem_copy(data, effect->data_len),
        .len = effect->data_len,
    };
}

bool waiting_compacts(const struct waiting *waiting, size_t at, uint64_t *seq)
{
    for (; at < waiting->count; at++) {
        const struct waiting_op *op = &waiting->list[at];
        if (op->kind == EFFECT_TRUNCATE || op->kind == EFFECT_INSTALL ||
            op->kind == EFFECT_RESET)
            return false;
        if (op->kind == EFFECT_COMPACT)
            *seq = op->seq;
    }
    return true;
}

void waiting_free(struct waiting *waiting)
{
    for (size_t i = 0; i < waiting->count; i++)
        free(waiting->list[i].data);
    free(waiting->list);
    memset(waiting, 0, sizeof(*waiting));
}
