#include <string.h>

#include "tests/unit/calls.h"
#include "tests/unit/unit.h"

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
         {"SET k 7 NX PX 0", BAD_EXPIRE("set")}, {"SET k 7 NX EX 10", NIL},
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
         {"SET n 2 GET PX 0", BAD_EXPIRE("set")}, {"GET n", "$1\r\n1\r\n"});
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
            calls_play(&row, 1);
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
         {"SET k v EX 10 EX 0", BAD_EXPIRE("set")});
}

static void set_with_a_bad_number(void **state)
{
    (void)state;
    PLAY({"SET k v EX 0", BAD_EXPIRE("set")},
         {"SET k v PX -1", BAD_EXPIRE("set")},
         {"SET k v EXAT 0", BAD_EXPIRE("set")},
         {"SET k v PXAT -9223372036854775808", BAD_EXPIRE("set")},
         {"SET k v EX 9223372036854776", BAD_EXPIRE("set")},
         {"SET k v EXAT 9223372036854776", BAD_EXPIRE("set")},
         {"SET k v EX 9223372036854775", BAD_EXPIRE("set")},
         {"SET k v PX 9223372036854775807", BAD_EXPIRE("set")},
         {"SET k v EX 9223372036854775807", BAD_EXPIRE("set")},
         {"SET k v EX 9223372036854775808", NOT_INTEGER},
         {"SET k v EX abc", NOT_INTEGER}, {"SET k v EX \"\"", NOT_INTEGER},
         {"SET k v PX 1.5", NOT_INTEGER}, {"SET k v PX +5", NOT_INTEGER},
         {"SET k v PX 05", NOT_INTEGER}, {"SET k v PX -0", NOT_INTEGER},
         {"SET k v PX 10x", NOT_INTEGER}, {"GET k", NIL},
         {"SET k v EXAT 9223372036854775", OK},
         {"SET k v PXAT 9223372036854775807", OK}, {"GET k", "$1\r\nv\r\n"});
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
    calls_run(&keyspace, set, 3, &reply);
    calls_reply_is(&reply, OK, "SET");
    buf_reset(&reply);
    calls_run(&keyspace, get, 2, &reply);
    assert_int_equal(reply.len, 4 + 5 + 2);
    assert_memory_equal(reply.data, "$5\r\n\0\r\n\xff$\r\n", reply.len);
    buf_free(&reply);
    keyspace_free(&keyspace);
}

/* ---- the other ways to set ---- */

static void setex_and_psetex_set_with_an_expiry(void **state)
{
    (void)state;
    PLAY({"SETEX k 10 v", OK}, {"GET k", "$1\r\nv\r\n"},
         {"PTTL k", ":10000\r\n"}, {"PSETEX k 10 w", OK},
         {"GET k", "$1\r\nw\r\n"}, {"PTTL k", ":10\r\n"},
         {"SETEX k 0 x", BAD_EXPIRE("setex")},
         {"SetEx k -1 x", BAD_EXPIRE("setex")},
         {"PSETEX k 0 x", BAD_EXPIRE("psetex")},
         {"SETEX k 9223372036854775 x", BAD_EXPIRE("setex")},
         {"PSETEX k 9223372036854775807 x", BAD_EXPIRE("psetex")},
         {"SETEX k x x", NOT_INTEGER}, {"GET k", "$1\r\nw\r\n"},
         {"HSET h f v", ":1\r\n"}, {"SETEX h 1 v", OK},
         {"TYPE h", "+string\r\n"}, {"SETEX k 10", ARITY("setex")});
}

static void setnx_sets_only_what_is_new(void **state)
{
    (void)state;
    PLAY({"SETNX k 1", ":1\r\n"}, {"SETNX k 2", ":0\r\n"},
         {"GET k", "$1\r\n1\r\n"}, {"HSET h f v", ":1\r\n"},
         {"SETNX h 1", ":0\r\n"}, {"TYPE h", "+hash\r\n"});
}

static void set_takes_the_place_of_a_hash(void **state)
{
    (void)state;
    PLAY({"HSET h f v", ":1\r\n"}, {"SET h x GET", WRONG_TYPE},
         {"SET h x NX GET", WRONG_TYPE}, {"SET h x NX", NIL},
         {"TYPE h", "+hash\r\n"}, {"EXPIRE h 10", ":1\r\n"},
         {"SET h x KEEPTTL", OK}, {"GET h", "$1\r\nx\r\n"},
         {"PTTL h", ":10000\r\n"}, {"HSET g f v", ":1\r\n"}, {"MSET g y", OK},
         {"GET g", "$1\r\ny\r\n"});
}

static void many_at_once(void **state)
{
    (void)state;
    PLAY({"MSET a 1 b 2 a 3", OK},
         {"MGET a b c", "*3\r\n$1\r\n3\r\n$1\r\n2\r\n$-1\r\n"},
         {"MSET a 1 b", ARITY("mset")}, {"mset a", ARITY("mset")},
         {"GET a", "$1\r\n3\r\n"}, {"EXPIRE a 10", ":1\r\n"}, {"MSET a 4", OK},
         {"TTL a", ":-1\r\n"}, {"HSET h f v", ":1\r\n"},
         {"MGET h a h", "*3\r\n$-1\r\n$1\r\n4\r\n$-1\r\n"});
}

static void append_adds_and_strlen_counts(void **state)
{
    (void)state;
    PLAY({"STRLEN k", ":0\r\n"}, {"APPEND k ab", ":2\r\n"},
         {"APPEND k \"\"", ":2\r\n"}, {"EXPIRE k 10", ":1\r\n"},
         {"APPEND k cde", ":5\r\n"}, {"GET k", "$5\r\nabcde\r\n"},
         {"STRLEN k", ":5\r\n"}, {"PTTL k", ":10000\r\n"},
         {"APPEND e \"\"", ":0\r\n"}, {"EXISTS e", ":1\r\n"},
         {"HSET h f v", ":1\r\n"}, {"APPEND h x", WRONG_TYPE},
         {"STRLEN h", WRONG_TYPE});
}

/* Only its length is asked before it grows: no need for so much memory. */
static void append_has_a_limit(void **state)
{
    struct keyspace keyspace = {0};

    (void)state;
    calls_says(&keyspace, "SET k abc", OK);
    struct key *key = keyspace_find(&keyspace, "k", 1);
    key->value_len = KEYSPACE_STRING_MAX;
    calls_says(&keyspace, "APPEND k x",
               "-ERR string exceeds maximum allowed size "
               "(proto-max-bulk-len)\r\n");
    key->value_len = KEYSPACE_STRING_MAX - 2;
    calls_says(&keyspace, "APPEND k xyz",
               "-ERR string exceeds maximum allowed size "
               "(proto-max-bulk-len)\r\n");
    key->value_len = 3;
    calls_says(&keyspace, "GET k", "$3\r\nabc\r\n");
    keyspace_free(&keyspace);
}

/* ---- getting that changes ---- */

static void getset_and_getdel_give_the_old_value(void **state)
{
    (void)state;
    PLAY({"GETSET k 1", NIL}, {"EXPIRE k 10", ":1\r\n"},
         {"GETSET k 2", "$1\r\n1\r\n"}, {"PTTL k", ":-1\r\n"},
         {"GETDEL k", "$1\r\n2\r\n"}, {"GETDEL k", NIL}, {"EXISTS k", ":0\r\n"},
         {"HSET h f v", ":1\r\n"}, {"GETSET h x", WRONG_TYPE},
         {"GETDEL h", WRONG_TYPE}, {"GET h", WRONG_TYPE},
         {"EXISTS h", ":1\r\n"});
}

static void getex_changes_the_expiry(void **state)
{
    (void)state;
    PLAY({"GETEX k", NIL}, {"SET k v", OK}, {"GETEX k EX 10", "$1\r\nv\r\n"},
         {"PTTL k", ":10000\r\n"}, {"GETEX k", "$1\r\nv\r\n"},
         {"PTTL k", ":10000\r\n"},
         {"GETEX k pxat 1700000000007", "$1\r\nv\r\n"}, {"PTTL k", ":7\r\n"},
         {"GETEX k PERSIST", "$1\r\nv\r\n"}, {"PTTL k", ":-1\r\n"},
         {"GETEX k PERSIST persist", "$1\r\nv\r\n"},
         {"GETEX k EXAT 1", "$1\r\nv\r\n"}, {"EXISTS k", ":0\r\n"});
}

static void getex_refuses(void **state)
{
    (void)state;
    PLAY({"GETEX k EX", SYNTAX}, {"GETEX k NX", SYNTAX},
         {"GETEX k KEEPTTL", SYNTAX}, {"GETEX k PERSIST EX 1", SYNTAX},
         {"GETEX k EX 1 PERSIST", SYNTAX}, {"GETEX k EX 1 PX 1", SYNTAX},
         {"GETEX k EX 0", NIL}, {"GETEX k EX x", NIL}, {"SET k v", OK},
         {"GETEX k EX 0", BAD_EXPIRE("getex")}, {"GETEX k EX x", NOT_INTEGER},
         {"PTTL k", ":-1\r\n"}, {"HSET h f v", ":1\r\n"},
         {"GETEX h EX 0", WRONG_TYPE}, {"GETEX h PX 1", WRONG_TYPE},
         {"PTTL h", ":-1\r\n"});
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
         {"INCR n", ":9223372036854775807\r\n"}, {"INCR n", OVERFLOW},
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
        calls_play(rows, 2);
        buf_free(&line);
    }
}

static void counting_in_steps(void **state)
{
    (void)state;
    PLAY({"INCRBY n 5", ":5\r\n"}, {"DECRBY n 7", ":-2\r\n"},
         {"DECR n", ":-3\r\n"}, {"INCRBY n -3", ":-6\r\n"},
         {"DECRBY n -6", ":0\r\n"}, {"INCRBY n x", NOT_INTEGER},
         {"DECRBY n 1.5", NOT_INTEGER}, {"GET n", "$1\r\n0\r\n"},
         {"DECRBY n -9223372036854775808", "-ERR decrement would overflow\r\n"},
         {"DECRBY n 9223372036854775807", ":-9223372036854775807\r\n"},
         {"DECR n", ":-9223372036854775808\r\n"}, {"DECR n", OVERFLOW},
         {"INCRBY n -1", OVERFLOW}, {"INCRBY n 9223372036854775807", ":-1\r\n"},
         {"INCRBY n -9223372036854775808", OVERFLOW}, {"HSET h f v", ":1\r\n"},
         {"INCR h", WRONG_TYPE}, {"DECRBY h 1", WRONG_TYPE},
         {"INCRBY h x", NOT_INTEGER});
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
        cmocka_unit_test(values_are_any_bytes),
        cmocka_unit_test(setex_and_psetex_set_with_an_expiry),
        cmocka_unit_test(setnx_sets_only_what_is_new),
        cmocka_unit_test(set_takes_the_place_of_a_hash),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(append_adds_and_strlen_counts),
        cmocka_unit_test(append_has_a_limit),
        cmocka_unit_test(getset_and_getdel_give_the_old_value),
        cmocka_unit_test(getex_changes_the_expiry),
        cmocka_unit_test(getex_refuses),
        cmocka_unit_test(incr_counts),
        cmocka_unit_test(incr_does_not_overflow),
        cmocka_unit_test(incr_takes_integers_only),
        cmocka_unit_test(counting_in_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
