#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/calls.h"
#include "tests/unit/unit.h"

static void del_and_exists_count(void **state)
{
    (void)state;
    PLAY({"DEL a", ":0\r\n"}, {"EXISTS a", ":0\r\n"}, {"SET a 1", OK},
         {"SET b 2 EX 100", OK}, {"SET c 3", OK}, {"EXISTS a b c d", ":3\r\n"},
         {"EXISTS a a a", ":3\r\n"}, {"DBSIZE", ":3\r\n"},
         {"DEL a d b a", ":2\r\n"}, {"DBSIZE", ":1\r\n"},
         {"EXISTS a b c", ":1\r\n"}, {"PTTL b", ":-2\r\n"},
         {"PTTL c", ":-1\r\n"}, {"HSET h f v", ":1\r\n"},
         {"UNLINK c h c", ":2\r\n"}, {"DBSIZE", ":0\r\n"});
}

static void type_is_named(void **state)
{
    (void)state;
    PLAY({"TYPE k", "+none\r\n"}, {"SET k v", OK}, {"TYPE k", "+string\r\n"},
         {"HSET h f v", ":1\r\n"}, {"TYPE h", "+hash\r\n"});
}

static void rename_takes_all_along(void **state)
{
    (void)state;
    PLAY({"RENAME a b", "-ERR no such key\r\n"},
         {"RENAME a a", "-ERR no such key\r\n"}, {"SET a 1 EX 10", OK},
         {"RENAME a a", OK}, {"RENAME a b", OK}, {"EXISTS a", ":0\r\n"},
         {"GET b", "$1\r\n1\r\n"}, {"PTTL b", ":10000\r\n"},
         {"HSET h f v", ":1\r\n"}, {"RENAME h b", OK},
         {"HGET b f", "$1\r\nv\r\n"}, {"PTTL b", ":-1\r\n"},
         {"DBSIZE", ":1\r\n"}, {"RENAME b \"\"", OK},
         {"HGET \"\" f", "$1\r\nv\r\n"});
}

static void flushdb_leaves_nothing(void **state)
{
    (void)state;
    PLAY({"FLUSHDB", OK}, {"MSET a 1 b 2", OK}, {"SET c 3 EX 10", OK},
         {"FLUSHDB x", SYNTAX}, {"FLUSHDB SYNC SYNC", SYNTAX},
         {"DBSIZE", ":3\r\n"}, {"flushdb async", OK}, {"DBSIZE", ":0\r\n"},
         {"SET a 1", OK}, {"FLUSHDB Sync", OK}, {"GET a", NIL});
}

static void keys_by_pattern(void **state)
{
    (void)state;
    PLAY({"KEYS *", EMPTY}, {"SET ab 1", OK}, {"KEYS *", "*1\r\n$2\r\nab\r\n"},
         {"KEYS a?", "*1\r\n$2\r\nab\r\n"}, {"KEYS b*", EMPTY},
         {"KEYS \"\"", EMPTY}, {"DEL ab", ":1\r\n"}, {"SET \"\" 1", OK},
         {"KEYS *", "*1\r\n$0\r\n\r\n"}, {"KEYS **", EMPTY},
         {"KEYS \"\"", "*1\r\n$0\r\n\r\n"});
}

/* ---- SCAN ---- */

#define SCANNED "*2\r\n$1\r\n0\r\n"

static void scan_of_little(void **state)
{
    (void)state;
    PLAY({"SCAN 0", SCANNED "*0\r\n"}, {"SET ab 1", OK},
         {"SCAN 0 COUNT 100", SCANNED "*1\r\n$2\r\nab\r\n"},
         {"SCAN 0 COUNT 9223372036854775807", SCANNED "*1\r\n$2\r\nab\r\n"},
         {"SCAN 0 count 100 match a*", SCANNED "*1\r\n$2\r\nab\r\n"},
         {"SCAN 0 COUNT 100 MATCH b*", SCANNED "*0\r\n"},
         {"SCAN 0 COUNT 100 TYPE string", SCANNED "*1\r\n$2\r\nab\r\n"},
         {"SCAN 0 COUNT 100 TYPE String", SCANNED "*1\r\n$2\r\nab\r\n"},
         {"SCAN 0 COUNT 100 TYPE hash", SCANNED "*0\r\n"},
         {"SCAN 0 COUNT 100 TYPE nosuch", SCANNED "*0\r\n"});
}

static void scan_refuses(void **state)
{
    static const char *const cursors[] = {
        "x", "-", "+", "1x", "--1", "18446744073709551616", "0x1", "1.0"};

    (void)state;
    for (size_t i = 0; i < sizeof cursors / sizeof cursors[0]; i++) {
        char line[64];
        snprintf(line, sizeof line, "SCAN %s BOGUS", cursors[i]);
        struct row row = {line, "-ERR invalid cursor\r\n"};
        calls_play(&row, 1);
    }
    PLAY({"SCAN", ARITY("scan")}, {"SCAN 0 COUNT", SYNTAX},
         {"SCAN 0 MATCH", SYNTAX}, {"SCAN 0 TYPE", SYNTAX},
         {"SCAN 0 BOGUS x", SYNTAX}, {"SCAN 0 COUNT 0", SYNTAX},
         {"SCAN 0 COUNT -1", SYNTAX}, {"SCAN 0 COUNT x", NOT_INTEGER},
         {"SCAN 0 COUNT x BOGUS", NOT_INTEGER});
}

static void scan_takes_cursors_as_strtoul(void **state)
{
    (void)state;
    PLAY({"SCAN \"\"", SCANNED "*0\r\n"}, {"SCAN +5", SCANNED "*0\r\n"},
         {"SCAN -1", SCANNED "*0\r\n"}, {"SCAN 007", SCANNED "*0\r\n"},
         {"SCAN 18446744073709551615", SCANNED "*0\r\n"},
         {"SCAN -18446744073709551615", SCANNED "*0\r\n"});
}

enum { MANY = 1000 };

/* Counts the names k0 to k999 of a reply in `seen`; the next cursor. */
static unsigned long long count_names(const struct buf *reply, unsigned *seen)
{
    char *text = strndup((const char *)reply->data, reply->len);
    unsigned long long cursor;
    size_t digits, names;

    assert_non_null(text);
    assert_int_equal(
        sscanf(text, "*2\r\n$%zu\r\n%llu\r\n*%zu", &digits, &cursor, &names),
        3);
    for (char *at = strstr(text, "\r\nk"); at != NULL;
         at = strstr(at + 1, "\r\nk")) {
        size_t number = strtoul(at + 3, NULL, 10);
        assert_in_range(number, 0, MANY - 1);
        seen[number]++;
        names--;
    }
    assert_int_equal(names, 0);
    free(text);
    return cursor;
}

static void set_many(struct keyspace *keyspace)
{
    char line[32];

    for (unsigned i = 0; i < MANY; i++) {
        snprintf(line, sizeof line, "SET k%u v", i);
        calls_says(keyspace, line, OK);
    }
}

static void scan_gives_each_key_once_in_small_steps(void **state)
{
    struct keyspace keyspace = {0};
    unsigned seen[MANY] = {0}, steps = 0;
    unsigned long long cursor = 0;

    (void)state;
    set_many(&keyspace);
    do {
        struct core_arg argv[CALLS_ARGS_MAX];
        struct buf reply = {0};
        char line[64];
        snprintf(line, sizeof line, "SCAN %llu COUNT 7", cursor);
        calls_run(&keyspace, argv, calls_split(line, argv), &reply);
        cursor = count_names(&reply, seen);
        buf_free(&reply);
        steps++;
    } while (cursor != 0);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(seen[i], 1);
    assert_in_range(steps, MANY / 14, MANY / 7 + 1);
    keyspace_free(&keyspace);
}

/* Keys that match nothing cost a bounded number of slots a call. */
static void scan_of_an_emptied_table_ends(void **state)
{
    struct keyspace keyspace = {0};
    unsigned steps = 0, seen[MANY] = {0};
    unsigned long long cursor = 0;

    (void)state;
    set_many(&keyspace);
    for (unsigned i = 1; i < MANY; i++) {
        char line[32];
        snprintf(line, sizeof line, "DEL k%u", i);
        calls_says(&keyspace, line, ":1\r\n");
    }
    do {
        struct core_arg argv[CALLS_ARGS_MAX];
        struct buf reply = {0};
        char line[64];
        snprintf(line, sizeof line, "SCAN %llu COUNT 2", cursor);
        calls_run(&keyspace, argv, calls_split(line, argv), &reply);
        cursor = count_names(&reply, seen);
        buf_free(&reply);
        steps++;
    } while (cursor != 0);
    assert_int_equal(seen[0], 1);
    assert_int_equal(steps, (keyspace.keys.size + 19) / 20);
    keyspace_free(&keyspace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(del_and_exists_count),
        cmocka_unit_test(type_is_named),
        cmocka_unit_test(rename_takes_all_along),
        cmocka_unit_test(flushdb_leaves_nothing),
        cmocka_unit_test(keys_by_pattern),
        cmocka_unit_test(scan_of_little),
        cmocka_unit_test(scan_refuses),
        cmocka_unit_test(scan_takes_cursors_as_strtoul),
        cmocka_unit_test(scan_gives_each_key_once_in_small_steps),
        cmocka_unit_test(scan_of_an_emptied_table_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
