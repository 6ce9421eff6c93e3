#include <stdlib.h>
#include <string.h>

#include "daemon/core/command.h"
#include "lib/result.h"
#include "tests/unit/unit.h"

#define CLOCK_MS 1700000000000u
#define SYNTAX "-ERR syntax error\r\n"
#define NOT_INTEGER "-ERR value is not an integer or out of range\r\n"
#define BAD_EXPIRE "-ERR invalid expire time in 'set' command\r\n"
#define NIL "$-1\r\n"
#define OK "+OK\r\n"

/* A call and Redis 7.0's reply to it; "" stands for an empty argument. */
struct row {
    const char *line;
    const char *reply;
};

static void call(struct keyspace *keyspace, const struct core_arg *argv,
                 size_t argc, struct buf *reply)
{
    const struct command *command = command_find(argv, argc, reply);
    struct command_call run = {
        .keyspace = keyspace,
        .argv = argv,
        .argc = argc,
        .clock_ms = CLOCK_MS,
        .reply = reply,
    };

    assert_int_equal(command == NULL, reply->len > 0);
    if (command != NULL)
        command->run(&run);
}

static void reply_is(const struct buf *reply, const char *wanted,
                     const char *line)
{
    if (reply->len != strlen(wanted) ||
        memcmp(reply->data, wanted, reply->len) != 0)
        fail_msg("%s\n  gives  %.*s  not  %s", line, (int)reply->len,
                 (const char *)reply->data, wanted);
}

static size_t split(const char *line, struct core_arg *argv)
{
    size_t argc = 0;

    while (*line != '\0') {
        size_t len = strcspn(line, " ");
        bool empty = len == 2 && memcmp(line, "\"\"", 2) == 0;
        argv[argc].data = (const uint8_t *)line;
        argv[argc++].len = empty ? 0 : len;
        line += len + strspn(line + len, " ");
    }
    return argc;
}

/* The calls one after the other, on a key space that was empty. */
static void play(const struct row *rows, size_t count)
{
    struct keyspace keyspace = {0};

    for (size_t i = 0; i < count; i++) {
        struct core_arg argv[64];
        struct buf reply = {0};
        call(&keyspace, argv, split(rows[i].line, argv), &reply);
        reply_is(&reply, rows[i].reply, rows[i].line);
        buf_free(&reply);
    }
    keyspace_free(&keyspace);
}

#define PLAY(...)                                                              \
    do {                                                                       \
        static const struct row rows[] = {__VA_ARGS__};                        \
        play(rows, sizeof rows / sizeof rows[0]);                              \
    } while (0)

/* ---- SET ---- */

static void set_and_get(void **state)
{
    (void)state;
    PLAY({"GET k", NIL}, {"SET k v", OK}, {"GET k", "$1\r\nv\r\n"},
         {"set k longer", OK}, {"gEt k", "$6\r\nlonger\r\n"},
         {"SET k \"\"", OK}, {"GET k", "$0\r\n\r\n"}, {"SET \"\" x", OK},
         {"GET \"\"", "$1\r\nx\r\n"}, {"GET K", NIL});
}

static void set_only_if_new_or_there(void **state)
{
    (void)state;
    PLAY({"SET k 1 XX", NIL}, {"GET k", NIL}, {"SET k 1 NX", OK},
         {"SET k 2 nx", NIL}, {"GET k", "$1\r\n1\r\n"}, {"SET k 3 xx", OK},
         {"GET k", "$1\r\n3\r\n"}, {"SET k 4 XX XX", OK},
         {"SET k 5 NX NX", NIL}, {"SET k 6 NX XX", SYNTAX},
         {"SET k 6 XX NX", SYNTAX}, {"GET k", "$1\r\n4\r\n"},
         {"SET k 7 NX PX 0", BAD_EXPIRE}, {"SET k 7 NX EX 10", NIL},
         {"PTTL k", ":-1\r\n"});
}

static void set_that_gives_the_old_value(void **state)
{
    (void)state;
    PLAY({"SET k 1 GET", NIL}, {"SET k 2 GET", "$1\r\n1\r\n"},
         {"SET k 3 GET GET", "$1\r\n2\r\n"}, {"SET k 4 NX GET", "$1\r\n3\r\n"},
         {"GET k", "$1\r\n3\r\n"}, {"SET k 5 GET XX", "$1\r\n3\r\n"},
         {"GET k", "$1\r\n5\r\n"}, {"SET n 1 XX GET", NIL}, {"GET n", NIL},
         {"SET n 1 get nx", NIL}, {"GET n", "$1\r\n1\r\n"},
         {"SET n 2 GET PX 0", BAD_EXPIRE}, {"GET n", "$1\r\n1\r\n"});
}

static void set_with_an_expiry(void **state)
{
    (void)state;
    PLAY({"SET k v EX 100", OK}, {"PTTL k", ":100000\r\n"},
         {"SET k v px 100000", OK}, {"PTTL k", ":100000\r\n"},
         {"SET k v exat 1700000001", OK}, {"PTTL k", ":1000\r\n"},
         {"SET k v PXAT 1700000000001", OK}, {"PTTL k", ":1\r\n"},
         {"SET k v", OK}, {"PTTL k", ":-1\r\n"},
         {"SET k v EX 9000000000000000 NX", NIL},
         {"SET k v XX GET EX 50", "$1\r\nv\r\n"}, {"PTTL k", ":50000\r\n"});
}

static void set_in_the_past_deletes(void **state)
{
    (void)state;
    PLAY({"SET k v", OK}, {"SET k w EXAT 1", OK}, {"GET k", NIL},
         {"EXISTS k", ":0\r\n"}, {"SET k w PXAT 1700000000000", OK},
         {"EXISTS k", ":0\r\n"}, {"SET k v", OK},
         {"SET k w GET PXAT 1", "$1\r\nv\r\n"}, {"EXISTS k", ":0\r\n"});
}

static void set_that_keeps_the_expiry(void **state)
{
    (void)state;
    PLAY({"SET k v KEEPTTL", OK}, {"PTTL k", ":-1\r\n"}, {"SET k v EX 100", OK},
         {"SET k w KEEPTTL", OK}, {"PTTL k", ":100000\r\n"},
         {"SET k x keepttl keepttl XX", OK}, {"GET k", "$1\r\nx\r\n"},
         {"PTTL k", ":100000\r\n"}, {"SET k y", OK}, {"PTTL k", ":-1\r\n"});
}

static void set_with_options_that_conflict(void **state)
{
    static const char *const times[] = {"EX 100", "PX 100", "EXAT 1700000001",
                                        "PXAT 1700000000001", "KEEPTTL"};

    (void)state;
    for (size_t a = 0; a < 5; a++) {
        for (size_t b = 0; b < 5; b++) {
            struct buf line = {0};
            buf_printf(&line, "SET k v %s %s", times[a], times[b]);
            buf_u8(&line, 0);
            struct row row = {(const char *)line.data, a == b ? OK : SYNTAX};
            play(&row, 1);
            buf_free(&line);
        }
    }
    PLAY({"SET k v EX 7 EX 100", OK}, {"PTTL k", ":100000\r\n"});
}

static void set_with_a_bad_option(void **state)
{
    (void)state;
    PLAY({"SET k v BOGUS", SYNTAX}, {"SET k v \"\"", SYNTAX},
         {"SET k v 10", SYNTAX}, {"SET k v NXX", SYNTAX}, {"SET k v N", SYNTAX},
         {"SET k v PERSIST", SYNTAX}, {"SET k v EX", SYNTAX},
         {"SET k v PX", SYNTAX}, {"SET k v EXAT", SYNTAX},
         {"SET k v PXAT", SYNTAX}, {"SET k v EX 10 BOGUS", SYNTAX},
         {"SET k v EX 10 10", SYNTAX}, {"SET k v BOGUS EX 10", SYNTAX},
         {"SET k v EX NX", NOT_INTEGER}, {"SET k v NX EX", SYNTAX},
         {"GET k", NIL});
}

/* Redis reads all options before it looks at the number. */
static void set_syntax_goes_before_numbers(void **state)
{
    (void)state;
    PLAY({"SET k v EX abc BOGUS", SYNTAX}, {"SET k v EX 0 BOGUS", SYNTAX},
         {"SET k v PX abc KEEPTTL", SYNTAX}, {"SET k v EX 0 PX 0", SYNTAX},
         {"SET k v EX abc EX 10", OK}, {"SET k v EX 10 EX abc", NOT_INTEGER},
         {"SET k v EX 10 EX 0", BAD_EXPIRE});
}

static void set_with_a_bad_number(void **state)
{
    (void)state;
    PLAY({"SET k v EX 0", BAD_EXPIRE}, {"SET k v PX -1", BAD_EXPIRE},
         {"SET k v EXAT 0", BAD_EXPIRE},
         {"SET k v PXAT -9223372036854775808", BAD_EXPIRE},
         {"SET k v EX 9223372036854776", BAD_EXPIRE},
         {"SET k v EXAT 9223372036854776", BAD_EXPIRE},
         {"SET k v EX 9223372036854775", BAD_EXPIRE},
         {"SET k v PX 9223372036854775807", BAD_EXPIRE},
         {"SET k v EX 9223372036854775807", BAD_EXPIRE},
         {"SET k v EX 9223372036854775808", NOT_INTEGER},
         {"SET k v EX abc", NOT_INTEGER}, {"SET k v EX \"\"", NOT_INTEGER},
         {"SET k v PX 1.5", NOT_INTEGER}, {"SET k v PX +5", NOT_INTEGER},
         {"SET k v PX 05", NOT_INTEGER}, {"SET k v PX -0", NOT_INTEGER},
         {"SET k v PX 10x", NOT_INTEGER}, {"GET k", NIL},
         {"SET k v EXAT 9223372036854775", OK},
         {"SET k v PXAT 9223372036854775807", OK}, {"GET k", "$1\r\nv\r\n"});
}

/* ---- INCR ---- */

static void incr_counts(void **state)
{
    (void)state;
    PLAY({"INCR n", ":1\r\n"}, {"PTTL n", ":-1\r\n"}, {"INCR n", ":2\r\n"},
         {"GET n", "$1\r\n2\r\n"}, {"SET n -2", OK}, {"INCR n", ":-1\r\n"},
         {"INCR n", ":0\r\n"}, {"INCR n", ":1\r\n"},
         {"SET n -9223372036854775808", OK},
         {"INCR n", ":-9223372036854775807\r\n"}, {"SET n 9 EX 100", OK},
         {"INCR n", ":10\r\n"}, {"GET n", "$2\r\n10\r\n"},
         {"PTTL n", ":100000\r\n"});
}

static void incr_does_not_overflow(void **state)
{
    (void)state;
    PLAY({"SET n 9223372036854775806", OK},
         {"INCR n", ":9223372036854775807\r\n"},
         {"INCR n", "-ERR increment or decrement would overflow\r\n"},
         {"GET n", "$19\r\n9223372036854775807\r\n"});
}

static void incr_takes_integers_only(void **state)
{
    static const char *const values[] = {
        "abc",
        "\"\"",
        "01",
        "-0",
        "+1",
        "1.5",
        "0x10",
        "1e3",
        "-",
        "--1",
        "00",
        "-01",
        "12a",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999999",
        "18446744073709551616",
    };

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct buf line = {0};
        buf_printf(&line, "SET n %s", values[i]);
        buf_u8(&line, 0);
        struct row rows[] = {{(const char *)line.data, OK},
                             {"INCR n", NOT_INTEGER}};
        play(rows, 2);
        buf_free(&line);
    }
}

/* ---- keys ---- */

static void del_and_exists_count(void **state)
{
    (void)state;
    PLAY({"DEL a", ":0\r\n"}, {"EXISTS a", ":0\r\n"}, {"SET a 1", OK},
         {"SET b 2 EX 100", OK}, {"SET c 3", OK}, {"EXISTS a b c d", ":3\r\n"},
         {"EXISTS a a a", ":3\r\n"}, {"DBSIZE", ":3\r\n"},
         {"DEL a d b a", ":2\r\n"}, {"DBSIZE", ":1\r\n"},
         {"EXISTS a b c", ":1\r\n"}, {"PTTL b", ":-2\r\n"},
         {"PTTL c", ":-1\r\n"});
}

/* ---- errors of the table ---- */

#define ARITY(name) "-ERR wrong number of arguments for '" name "' command\r\n"

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

    call(&keyspace, argv, 2, &reply);
    reply_is(&reply, wanted, "binary");
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

static void values_are_any_bytes(void **state)
{
    static const uint8_t value[] = {0, '\r', '\n', 0xff, '$'};
    const struct core_arg set[] = {{(const uint8_t *)"SET", 3},
                                   {(const uint8_t *)"k\0\n", 3},
                                   {value, sizeof value}};
    const struct core_arg get[] = {{(const uint8_t *)"GET", 3}, set[1]};
    struct keyspace keyspace = {0};
    struct buf reply = {0};

    (void)state;
    call(&keyspace, set, 3, &reply);
    reply_is(&reply, OK, "SET");
    buf_reset(&reply);
    call(&keyspace, get, 2, &reply);
    assert_int_equal(reply.len, 4 + 5 + 2);
    assert_memory_equal(reply.data, "$5\r\n\0\r\n\xff$\r\n", reply.len);
    buf_free(&reply);
    keyspace_free(&keyspace);
}

static void writes_are_told_from_reads(void **state)
{
    static const struct {
        const char *line;
        bool writes;
    } rows[] = {{"SET k v", true}, {"DEL k", true},   {"INCR k", true},
                {"GET k", false},  {"PTTL k", false}, {"EXISTS k", false},
                {"DBSIZE", false}};

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        struct core_arg argv[4];
        struct buf reply = {0};
        const struct command *command =
            command_find(argv, split(rows[i].line, argv), &reply);
        assert_non_null(command);
        assert_int_equal(command->writes, rows[i].writes);
        assert_int_equal(reply.len, 0);
    }
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
    command_encode(&buf, argv, split("SET key value NX", argv));
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
        cmocka_unit_test(set_and_get),
        cmocka_unit_test(set_only_if_new_or_there),
        cmocka_unit_test(set_that_gives_the_old_value),
        cmocka_unit_test(set_with_an_expiry),
        cmocka_unit_test(set_in_the_past_deletes),
        cmocka_unit_test(set_that_keeps_the_expiry),
        cmocka_unit_test(set_with_options_that_conflict),
        cmocka_unit_test(set_with_a_bad_option),
        cmocka_unit_test(set_syntax_goes_before_numbers),
        cmocka_unit_test(set_with_a_bad_number),
        cmocka_unit_test(incr_counts),
        cmocka_unit_test(incr_does_not_overflow),
        cmocka_unit_test(incr_takes_integers_only),
        cmocka_unit_test(del_and_exists_count),
        cmocka_unit_test(wrong_arity_names_the_command_in_lower_case),
        cmocka_unit_test(unknown_commands_are_named),
        cmocka_unit_test(unknown_commands_are_cut_short),
        cmocka_unit_test(errors_are_one_line),
        cmocka_unit_test(values_are_any_bytes),
        cmocka_unit_test(writes_are_told_from_reads),
        cmocka_unit_test(payload_comes_back),
        cmocka_unit_test(payload_is_refused_when_cut_or_overlong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
