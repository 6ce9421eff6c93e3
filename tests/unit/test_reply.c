#include <string.h>

#include "daemon/core/reply.h"
#include "tests/unit/unit.h"

static void is(struct buf *reply, const char *wanted)
{
    assert_int_equal(reply->len, strlen(wanted));
    assert_memory_equal(reply->data, wanted, reply->len);
    buf_reset(reply);
}

static void values_are_resp2(void **state)
{
    struct buf reply = {0};

    (void)state;
    reply_status(&reply, "OK");
    is(&reply, "+OK\r\n");
    reply_error(&reply, REPLY_SYNTAX);
    is(&reply, "-ERR syntax error\r\n");
    reply_integer(&reply, 0);
    is(&reply, ":0\r\n");
    reply_integer(&reply, INT64_MIN);
    is(&reply, ":-9223372036854775808\r\n");
    reply_bulk(&reply, "a\r\nb", 4);
    is(&reply, "$4\r\na\r\nb\r\n");
    reply_bulk(&reply, NULL, 0);
    is(&reply, "$0\r\n\r\n");
    reply_nil(&reply);
    is(&reply, "$-1\r\n");
    reply_array(&reply, 0);
    is(&reply, "*0\r\n");
    reply_array(&reply, 12);
    reply_integer(&reply, 1);
    is(&reply, "*12\r\n:1\r\n");
    buf_free(&reply);
}

static void errors_stay_one_line(void **state)
{
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        {"-ERR x", "+OK\r\n-ERR x\r\n"},
        {"-ERR a\r\nb\nc", "+OK\r\n-ERR a  b c\r\n"},
        {"-ERR a\r\n\n\r", "+OK\r\n-ERR a\r\n"},
        {"", "+OK\r\n\r\n"},
    };
    struct buf reply = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        reply_status(&reply, "OK");
        buf_bytes(&reply, rows[i].text, strlen(rows[i].text));
        reply_one_line(&reply, 5);
        is(&reply, rows[i].wanted);
    }
    buf_free(&reply);
}

static void errors_name_the_command_in_lower_case(void **state)
{
    struct buf reply = {0};

    (void)state;
    reply_wrong_arity(&reply, "hSeT", 4);
    is(&reply, "-ERR wrong number of arguments for 'hset' command\r\n");
    reply_bad_expiry(&reply, "AZ@[`{", 6);
    is(&reply, "-ERR invalid expire time in 'az@[`{' command\r\n");
    buf_free(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_resp2),
        cmocka_unit_test(errors_stay_one_line),
        cmocka_unit_test(errors_name_the_command_in_lower_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
