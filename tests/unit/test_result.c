#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/result.h"
#include "tests/unit/unit.h"

static void own_codes_have_their_own_texts(void **state)
{
    const char *unknown = result_text(RESULT_NOT_FOUND - 1);

    (void)state;
    for (int a = RESULT_NOT_FOUND; a <= RESULT_OK; a++) {
        assert_true(strlen(result_text(a)) > 0);
        assert_string_not_equal(result_text(a), unknown);
        for (int b = RESULT_NOT_FOUND; b < a; b++)
            assert_string_not_equal(result_text(a), result_text(b));
    }
    assert_string_equal(result_text(0), "success");
}

static void errnos_are_the_systems(void **state)
{
    (void)state;
    assert_string_equal(result_text(ENOENT), "No such file or directory");
    assert_string_equal(result_text(ENOSPC), "No space left on device");
}

static void no_code_is_without_text(void **state)
{
    static const int codes[] = {INT_MIN, -1000, RESULT_NOT_FOUND - 1, 100000,
                                INT_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        assert_string_equal(result_text(codes[i]), "unknown error");
    for (int code = -300; code < 300; code++)
        assert_non_null(result_text(code));
}

static void texts_do_not_change(void **state)
{
    const char *first = result_text(99999);
    const char *second = result_text(EIO);

    (void)state;
    result_text(99998);
    result_text(ENOENT);
    assert_string_equal(first, "unknown error");
    assert_string_equal(second, "Input/output error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_codes_have_their_own_texts),
        cmocka_unit_test(errnos_are_the_systems),
        cmocka_unit_test(no_code_is_without_text),
        cmocka_unit_test(texts_do_not_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
