#include <stdio.h>
#include <string.h>

#include "daemon/core/effects.h"
#include "tests/unit/unit.h"

static void effects_come_in_order_and_zeroed(void **state)
{
    static const struct effect zero = {0};
    struct effects effects = {0};

    (void)state;
    for (int kind = EFFECT_MULTICAST; kind <= EFFECT_LEAVE; kind++) {
        struct effect *effect = effects_add(&effects, (enum effect_kind)kind);
        struct effect kept = *effect;
        assert_int_equal(kept.kind, kind);
        kept.kind = 0;
        kept.data_at = 0;
        assert_memory_equal(&kept, &zero, sizeof kept);
        memset(effect, 0xee, sizeof *effect);
        effect->kind = (enum effect_kind)kind;
    }
    assert_int_equal(effects.count, EFFECT_LEAVE);
    for (size_t i = 0; i < effects.count; i++)
        assert_int_equal(effects.list[i].kind, i + 1);
    effects_reset(&effects);
    assert_int_equal(effects_add(&effects, EFFECT_REPLY)->request, 0);
    effects_free(&effects);
}

/* Many effects, with and without bytes: the arena moves, the bytes stay. */
static void bytes_are_each_effects_own(void **state)
{
    struct effects effects = {0};
    char text[64];

    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        int len = snprintf(text, sizeof text, "effect %u", i * i);
        struct effect *effect =
            i % 3 == 0
                ? effects_add(&effects, EFFECT_COMPACT)
                : effects_add_data(&effects, EFFECT_REPLY, text, (size_t)len);
        effect->seq = i;
    }
    memset(text, 0, sizeof text);
    assert_int_equal(effects.count, 3000);
    for (unsigned i = 0; i < 3000; i++) {
        const struct effect *effect = &effects.list[i];
        assert_int_equal(effect->seq, i);
        assert_int_equal(effect->kind,
                         i % 3 == 0 ? EFFECT_COMPACT : EFFECT_REPLY);
        int len = snprintf(text, sizeof text, "effect %u", i * i);
        assert_int_equal(effect->data_len, i % 3 == 0 ? 0 : len);
        assert_memory_equal(effects_data(&effects, effect), text,
                            effect->data_len);
    }
    effects_free(&effects);
}

static void bytes_may_have_no_length(void **state)
{
    struct effects effects = {0};

    (void)state;
    struct effect *effect = effects_add_data(&effects, EFFECT_REPLY, NULL, 0);
    assert_int_equal(effect->data_len, 0);
    effects_add_data(&effects, EFFECT_LEAVE, "abc", 3);
    assert_memory_equal(effects_data(&effects, &effects.list[1]), "abc", 3);
    effects_free(&effects);
}

static void reset_keeps_the_memory_only(void **state)
{
    struct effects effects = {0};

    (void)state;
    for (int i = 0; i < 100; i++)
        effects_add_data(&effects, EFFECT_REPLY, "12345678", 8);
    const struct effect *list = effects.list;
    const uint8_t *arena = effects.arena.data;
    effects_reset(&effects);
    assert_int_equal(effects.count, 0);
    assert_int_equal(effects.arena.len, 0);
    for (int i = 0; i < 100; i++)
        effects_add_data(&effects, EFFECT_LEAVE, "abcdefgh", 8);
    assert_int_equal(effects.count, 100);
    assert_ptr_equal(effects.list, list);
    assert_ptr_equal(effects.arena.data, arena);
    assert_memory_equal(effects_data(&effects, &effects.list[99]), "abcdefgh",
                        8);
    effects_free(&effects);
    assert_null(effects.list);
    assert_int_equal(effects.count + effects.cap, 0);
    effects_free(&effects); /* an empty list again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(effects_come_in_order_and_zeroed),
        cmocka_unit_test(bytes_are_each_effects_own),
        cmocka_unit_test(bytes_may_have_no_length),
        cmocka_unit_test(reset_keeps_the_memory_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
