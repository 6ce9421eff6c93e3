#include "daemon/tune.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/unit.h"

enum { ARGS_MAX = 16 };

/* `line` split at its blanks. */
static int parse(const char *line, struct core_tuning *tuning,
                 struct buf *reply)
{
    struct core_arg argv[ARGS_MAX];
    size_t argc = 0;

    for (const char *at = line; *line != '\0' && at != NULL;) {
        const char *blank = strchr(at, ' ');
        assert_true(argc < ARGS_MAX);
        argv[argc].data = (const uint8_t *)at;
        argv[argc++].len = blank != NULL ? (size_t)(blank - at) : strlen(at);
        at = blank != NULL ? blank + 1 : NULL;
    }
    return tune_parse(argv, argc, tuning, reply);
}

static void refuses(const char *line, const char *error)
{
    struct core_tuning tuning;
    struct buf reply = {0};

    assert_int_equal(parse(line, &tuning, &reply), EINVAL);
    buf_u8(&reply, 0);
    assert_string_equal((char *)reply.data, error);
    buf_free(&reply);
}

static void what_is_not_named_is_the_default(void **state)
{
    struct core_tuning tuning;
    struct buf reply = {0};

    (void)state;
    memset(&tuning, 0xff, sizeof tuning);
    assert_int_equal(parse("", &tuning, &reply), 0);
    assert_int_equal(reply.len, 0);
    assert_int_equal(tuning.preference, 0);
    assert_int_equal(tuning.failback, CORE_FAILBACK_NEVER);
    assert_int_equal(tuning.failback_delay_ns, 0);
    assert_int_equal(tuning.maxlag, 0);
    assert_int_equal(tuning.promoted_max, 1);
}

static void everything_is_read(void **state)
{
    struct core_tuning tuning;
    struct buf reply = {0};

    (void)state;
    assert_int_equal(parse("maxlag 2147483647 PROMOTED_MAX 16 failback Delayed "
                           "failback_delay 31622400000 preference 1000",
                           &tuning, &reply),
                     0);
    assert_int_equal(reply.len, 0);
    assert_int_equal(tuning.preference, 1000);
    assert_int_equal(tuning.failback, CORE_FAILBACK_DELAYED);
    assert_int_equal(tuning.failback_delay_ns, 31622400000000000);
    assert_int_equal(tuning.maxlag, 2147483647);
    assert_int_equal(tuning.promoted_max, 16);
    assert_int_equal(parse("failback always", &tuning, &reply), 0);
    assert_int_equal(tuning.failback, CORE_FAILBACK_ALWAYS);
    assert_int_equal(parse("failback never", &tuning, &reply), 0);
    assert_int_equal(tuning.failback, CORE_FAILBACK_NEVER);
}

static void errors_name_key_value_and_what_is_allowed(void **state)
{
    (void)state;
    refuses("preference 1001", "-ERR preference is '1001'; it must be a number "
                               "from 0 to 1000\r\n");
    refuses("preference -1", "-ERR preference is '-1'; it must be a number "
                             "from 0 to 1000\r\n");
    refuses("preference ", "-ERR preference is ''; it must be a number "
                           "from 0 to 1000\r\n");
    refuses("maxlag 3 promoted_max 0", "-ERR promoted_max is '0'; it must be a "
                                       "number from 1 to 16\r\n");
    refuses("maxlag 99999999999999999999999",
            "-ERR maxlag is '99999999999999999999999'; it must be a number "
            "from 0 to 2147483647\r\n");
    refuses("failback soon\n", "-ERR failback is 'soon?'; it must be never, "
                                 "delayed or always\r\n");
    refuses("failback", "-ERR failback has no value\r\n");
    refuses("sco\nre 3", "-ERR TUNE does not know 'sco?re'; it knows "
                         "preference, failback, failback_delay, maxlag and "
                         "promoted_max\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_named_is_the_default),
        cmocka_unit_test(everything_is_read),
        cmocka_unit_test(errors_name_key_value_and_what_is_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
