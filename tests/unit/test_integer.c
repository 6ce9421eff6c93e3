#include <string.h>

#include "daemon/core/integer.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

static void is_written_and_read(int64_t value, const char *text)
{
    char written[INTEGER_TEXT_MAX];
    int64_t read;

    assert_int_equal(integer_text(written, value), strlen(text));
    assert_memory_equal(written, text, strlen(text));
    assert_true(integer_parse(text, strlen(text), &read));
    assert_true(read == value);
}

static void integers_of_all_sizes(void **state)
{
    (void)state;
    is_written_and_read(0, "0");
    is_written_and_read(7, "7");
    is_written_and_read(-7, "-7");
    is_written_and_read(10, "10");
    is_written_and_read(-100, "-100");
    is_written_and_read(INT64_MAX, "9223372036854775807");
    is_written_and_read(INT64_MIN, "-9223372036854775808");
}

static void what_is_written_is_read(void **state)
{
    uint64_t seed = 7;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        int64_t value =
            (int64_t)sample_random(&seed) >> sample_below(&seed, 64);
        char text[INTEGER_TEXT_MAX];
        int64_t read;
        assert_true(integer_parse(text, integer_text(text, value), &read));
        assert_true(read == value);
    }
}

static void other_texts_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "-",
        "+1",
        "-0",
        "00",
        "01",
        "-01",
        " 1",
        "1 ",
        "1.0",
        "1e3",
        "0x1",
        "--1",
        "1-",
        "a",
        "/",
        ":",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "18446744073709551617",
        "99999999999999999999999999",
    };
    int64_t value = 42;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(integer_parse(texts[i], strlen(texts[i]), &value));
    assert_false(integer_parse("1\0", 2, &value));
    assert_false(integer_parse(NULL, 0, &value));
    assert_int_equal(value, 42);
    assert_true(integer_parse("123", 2, &value));
    assert_int_equal(value, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_of_all_sizes),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(other_texts_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
