#include <string.h>

#include "daemon/core/fields.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

static bool set(struct fields *fields, const char *name, const char *value)
{
    return fields_set(fields, name, strlen(name), value, strlen(value));
}

static void unset(struct fields *fields, const char *name)
{
    struct field *field = fields_find(fields, name, strlen(name));

    assert_non_null(field);
    fields_remove(fields, field);
}

/* "a=1 b=2 ", in order, forwards and backwards. */
static void is(const struct fields *fields, const char *wanted)
{
    const struct field *previous = NULL;
    char text[256] = "";

    for (const struct field *field = fields->first; field != NULL;
         field = field->next) {
        assert_ptr_equal(field->previous, previous);
        assert_ptr_equal(fields_find(fields, field->name, field->item.key_len),
                         field);
        strncat(text, (const char *)field->name, field->item.key_len);
        strcat(text, "=");
        strncat(text, (const char *)field->value, field->value_len);
        strcat(text, " ");
        previous = field;
    }
    assert_ptr_equal(fields->last, previous);
    assert_string_equal(text, wanted);
}

static void fields_are_in_order_of_their_coming(void **state)
{
    struct fields fields = {0};

    (void)state;
    is(&fields, "");
    assert_true(set(&fields, "z", "1"));
    assert_true(set(&fields, "a", "2"));
    assert_true(set(&fields, "m", "3"));
    is(&fields, "z=1 a=2 m=3 ");
    assert_false(set(&fields, "a", "longer"));
    is(&fields, "z=1 a=longer m=3 ");
    unset(&fields, "z");
    is(&fields, "a=longer m=3 ");
    assert_true(set(&fields, "z", ""));
    is(&fields, "a=longer m=3 z= ");
    unset(&fields, "m");
    unset(&fields, "z");
    is(&fields, "a=longer ");
    unset(&fields, "a");
    is(&fields, "");
    assert_int_equal(fields.digest, 0);
    assert_int_equal(fields.bytes, 0);
    fields_free(&fields);
}

static uint64_t digest_of(const char *const *pairs)
{
    struct fields fields = {0};

    for (; pairs[0] != NULL; pairs += 2)
        set(&fields, pairs[0], pairs[1]);
    uint64_t digest = fields.digest;
    fields_free(&fields);
    return digest;
}

#define DIGEST(...) digest_of((const char *const[]){__VA_ARGS__, NULL})

static void digest_covers_names_values_and_order(void **state)
{
    const uint64_t digests[] = {
        0,
        DIGEST("a", "1"),
        DIGEST("a", "2"),
        DIGEST("a1", ""),
        DIGEST("", "a1"),
        DIGEST("a", "1", "b", "2"),
        DIGEST("b", "2", "a", "1"),
        DIGEST("a", "2", "b", "1"),
        DIGEST("a", "1", "b", "2", "c", "3"),
        DIGEST("a", "1", "c", "3", "b", "2"),
        DIGEST("b", "2", "a", "1", "c", "3"),
        DIGEST("c", "3", "b", "2", "a", "1"),
        DIGEST("b", "2", "c", "3", "a", "1"),
    };
    size_t count = sizeof digests / sizeof digests[0];

    (void)state;
    for (size_t a = 0; a < count; a++) {
        for (size_t b = 0; b < a; b++)
            assert_true(digests[a] != digests[b]);
    }
}

enum { STEPS = 20000 };

static void random_step(struct fields *fields, uint64_t *seed)
{
    uint8_t name[3] = {'f', (uint8_t)sample_below(seed, 40)};
    uint8_t value[20] = {(uint8_t)sample_below(seed, 256)};
    struct field *field = fields_find(fields, name, 2);

    if (field != NULL && sample_below(seed, 2) == 0)
        fields_remove(fields, field);
    else
        assert_int_equal(
            fields_set(fields, name, 2, value, sample_below(seed, 20)),
            field == NULL);
}

/* The same contents from nothing, in one go, add up to the same. */
static void accounts_do_not_tell_the_way(void **state)
{
    struct fields fields = {0};
    uint64_t seed = 12;

    (void)state;
    for (unsigned i = 0; i < STEPS; i++) {
        random_step(&fields, &seed);
        struct fields again = {0};
        for (const struct field *field = fields.first; field != NULL;
             field = field->next)
            fields_set(&again, field->name, field->item.key_len, field->value,
                       field->value_len);
        assert_true(fields.digest == again.digest);
        assert_int_equal(fields.bytes, again.bytes);
        assert_int_equal(fields.table.count, again.table.count);
        fields_free(&again);
    }
    fields_free(&fields);
    assert_null(fields.first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_in_order_of_their_coming),
        cmocka_unit_test(digest_covers_names_values_and_order),
        cmocka_unit_test(accounts_do_not_tell_the_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
