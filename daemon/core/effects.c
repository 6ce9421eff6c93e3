#include "daemon/core/effects.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

void effects_free(struct effects *effects)
{
    free(effects->list);
    buf_free(&effects->arena);
    memset(effects, 0, sizeof(*effects));
}

void effects_reset(struct effects *effects)
{
    effects->count = 0;
    buf_reset(&effects->arena);
}

struct effect *effects_add(struct effects *effects, enum effect_kind kind)
{
    if (effects->count == effects->cap) {
        effects->cap = effects->cap == 0 ? 16 : effects->cap * 2;
        effects->list =
            mem_realloc(effects->list, effects->cap, sizeof(*effects->list));
    }
    struct effect *effect = &effects->list[effects->count++];
    memset(effect, 0, sizeof(*effect));
    effect->kind = kind;
    effect->data_at = effects->arena.len;
    return effect;
}

struct effect *effects_add_data(struct effects *effects, enum effect_kind kind,
                                const void *data, size_t len)
{
    struct effect *effect = effects_add(effects, kind);
    buf_bytes(&effects->arena, data, len);
    effect->data_len = len;
    return effect;
}

const uint8_t *effects_data(const struct effects *effects,
                            const struct effect *effect)
{
    return effect->data_len == 0 ? NULL
                                 : effects->arena.data + effect->data_at;
}
