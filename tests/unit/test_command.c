#include <string.h>

#include "lib/result.h"
#include "tests/unit/calls.h"
#include "tests/unit/unit.h"

/* ---- the table ---- */

static void table_is_in_order_and_each_is_found(void **state)
{
    (void)state;
    for (size_t at = 0; command_at(at) != NULL; at++) {
        const struct command *command = command_at(at);
        struct core_arg argv[8] = {
            {(const uint8_t *)command->name, strlen(command->name)}};
        struct buf reply = {0};
        int least = command->arity < 0 ? -command->arity : command->arity;
        if (at > 0)
            assert_true(strcmp(command_at(at - 1)->name, command->name) < 0);
        assert_ptr_equal(command_find(argv, (size_t)least, &reply), command);
        assert_int_equal(reply.len, 0);
        assert_ptr_equal(command_find(argv, (size_t)least + 1, &reply),
                         command->arity < 0 ? command : NULL);
        buf_free(&reply);
    }
    assert_non_null(command_at(0));
}

static void keys_are_where_the_table_says(void **state)
{
    (void)state;
    for (size_t at = 0; command_at(at) != NULL; at++) {
        const struct command *command = command_at(at);
        if (command->first_key == 0) {
            assert_int_equal(command->last_key, 0);
            assert_int_equal(command->key_step, 0);
        } else {
            assert_int_equal(command->first_key, 1);
            assert_true(command->last_key == -1 || command->last_key >= 1);
            assert_true(command->key_step >= 1);
        }
    }
}

static void writes_are_told_from_reads(void **state)
{
    static const char *const reads[] = {
        "DBSIZE", "EXISTS", "GET",    "HEXISTS", "HGET", "HGETALL",
        "HKEYS",  "HLEN",   "HMGET",  "HVALS",   "KEYS", "MGET",
        "PTTL",   "SCAN",   "STRLEN", "TTL",     "TYPE"};
    size_t found = 0;

    (void)state;
    for (size_t at = 0; command_at(at) != NULL; at++) {
        bool read =
            found < 17 && strcmp(command_at(at)->name, reads[found]) == 0;
        found += read;
        assert_int_equal(command_at(at)->effect != COMMAND_READS, !read);
    }
    assert_int_equal(found, 17);
}

/* ---- errors of the table ---- */

static void wrong_arity_names_the_command_in_lower_case(void **state)
{
    (void)state;
    PLAY({"get", ARITY("get")}, {"GET", ARITY("get")},
         {"Get a b", ARITY("get")}, {"SET", ARITY("set")},
         {"set k", ARITY("set")}, {"INCR", ARITY("incr")},
         {"INCR a b", ARITY("incr")}, {"DEL", ARITY("del")},
         {"EXISTS", ARITY("exists")}, {"PTTL", ARITY("pttl")},
         {"PTTL a b", ARITY("pttl")}, {"DBSIZE a", ARITY("dbsize")});
}

#define UNKNOWN(name, args)                                                    \
    "-ERR unknown command '" name "', with args beginning with: " args "\r\n"

static void unknown_commands_are_named(void **state)
{
    (void)state;
    PLAY({"nosuch", UNKNOWN("nosuch", "")},
         {"NoSuch a b", UNKNOWN("NoSuch", "'a' 'b' ")},
         {"\"\" \"\"", UNKNOWN("", "'' ")}, {"GETT k", UNKNOWN("GETT", "'k' ")},
         {"GE k", UNKNOWN("GE", "'k' ")},
         {"foo 'a' %s", UNKNOWN("foo", "''a'' '%s' ")});
}

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void unknown_commands_are_cut_short(void **state)
{
    (void)state;
    PLAY({HUNDRED HUNDRED, UNKNOWN(HUNDRED TEN TEN "01234567", "")},
         {"foo " HUNDRED HUNDRED " b",
          UNKNOWN("foo", "'" HUNDRED TEN TEN "01234567' ")},
         {"foo " HUNDRED " " TEN TEN TEN " c",
          UNKNOWN("foo", "'" HUNDRED "' '" TEN TEN "01234' ")},
         {"foo " HUNDRED TEN TEN "01234 xyz d",
          UNKNOWN("foo", "'" HUNDRED TEN TEN "01234' ")},
         {"foo " HUNDRED TEN TEN "0123 xyz d",
          UNKNOWN("foo", "'" HUNDRED TEN TEN "0123' 'x' ")});
}

static void binary(const char *name, size_t name_len, const char *arg,
                   size_t arg_len, const char *wanted)
{
    struct core_arg argv[2] = {{(const uint8_t *)name, name_len},
                               {(const uint8_t *)arg, arg_len}};
    struct keyspace keyspace = {0};
    struct buf reply = {0};

    calls_run(&keyspace, argv, 2, &reply);
    calls_reply_is(&reply, wanted, "binary");
    buf_free(&reply);
    keyspace_free(&keyspace);
}

/* What a client sent must not end the line and pass for a reply of its own. */
static void errors_are_one_line(void **state)
{
    (void)state;
    binary("foo\r\n+OK", 8, "a\r\n:1\n", 6, UNKNOWN("foo  +OK", "'a  :1 ' "));
    binary("\n", 1, "\r", 1, UNKNOWN(" ", "' ' "));
    binary("f\0o", 3, "a\0b", 3, UNKNOWN("f", "'a' "));
    binary("GET\0", 4, "a", 1, UNKNOWN("GET", "'a' "));
}

/* ---- the payload ---- */

static void payload_comes_back(void **state)
{
    static struct core_arg argv[COMMAND_ARGS_MAX + 1];
    static struct core_arg decoded[COMMAND_ARGS_MAX];
    size_t argc;

    (void)state;
    for (size_t i = 0; i <= COMMAND_ARGS_MAX; i++)
        argv[i] = (struct core_arg){(const uint8_t *)HUNDRED + i % 50, i % 50};
    for (size_t count = 0; count <= COMMAND_ARGS_MAX + 1; count++) {
        struct buf buf = {0};
        command_encode(&buf, argv, count);
        struct cursor cursor = cursor_make(buf.data, buf.len);
        int rc = command_decode(&cursor, decoded, &argc);
        bool legal = count >= 1 && count <= COMMAND_ARGS_MAX;
        assert_int_equal(rc, legal ? 0 : RESULT_MALFORMED);
        for (size_t i = 0; legal && i < count; i++) {
            assert_int_equal(decoded[i].len, argv[i].len);
            assert_memory_equal(decoded[i].data, argv[i].data, argv[i].len);
        }
        if (legal)
            assert_int_equal(argc, count);
        buf_free(&buf);
    }
}

static void payload_is_refused_when_cut_or_overlong(void **state)
{
    struct core_arg argv[8];
    struct buf buf = {0};
    size_t argc;

    (void)state;
    command_encode(&buf, argv, calls_split("SET key value NX", argv));
    assert_int_equal(buf.len, 2 + 4 * 4 + 3 + 3 + 5 + 2);
    for (size_t cut = 0; cut < buf.len; cut++) {
        struct cursor cursor = cursor_make(buf.data, cut);
        assert_int_equal(command_decode(&cursor, argv, &argc),
                         RESULT_MALFORMED);
    }
    buf_u8(&buf, 0);
    struct cursor cursor = cursor_make(buf.data, buf.len);
    assert_int_equal(command_decode(&cursor, argv, &argc), RESULT_MALFORMED);
    buf_free(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_in_order_and_each_is_found),
        cmocka_unit_test(keys_are_where_the_table_says),
        cmocka_unit_test(writes_are_told_from_reads),
        cmocka_unit_test(wrong_arity_names_the_command_in_lower_case),
        cmocka_unit_test(unknown_commands_are_named),
        cmocka_unit_test(unknown_commands_are_cut_short),
        cmocka_unit_test(errors_are_one_line),
        cmocka_unit_test(payload_comes_back),
        cmocka_unit_test(payload_is_refused_when_cut_or_overlong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
