#include "daemon/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/alone.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

enum { ARGS_MAX = 8 };

static int begins(void **state)
{
    *state = alone_start();
    return 0;
}

static int ends(void **state)
{
    alone_stop(*state);
    return 0;
}

static struct session_facts facts_of(const struct alone *alone)
{
    return (struct session_facts){.core = alone->core,
                                  .group = "cache",
                                  .node = 7,
                                  .mode = alone->options.mode,
                                  .clients = 3,
                                  .wall_us = 1700000000000042};
}

/* `line` split at its blanks. False: it is not one of the session's. */
static bool ask(const struct alone *alone, const char *line, struct buf *reply)
{
    const struct session_facts facts = facts_of(alone);
    struct core_arg argv[ARGS_MAX];
    size_t argc = 0;

    for (const char *at = line; at != NULL;) {
        const char *blank = strchr(at, ' ');
        assert_true(argc < ARGS_MAX);
        argv[argc].data = (const uint8_t *)at;
        argv[argc++].len = blank != NULL ? (size_t)(blank - at) : strlen(at);
        at = blank != NULL ? blank + 1 : NULL;
    }
    return session_answer(&facts, argv, argc, reply);
}

static void says(const struct alone *alone, const char *line, const char *text)
{
    struct buf reply = {0};

    assert_true(ask(alone, line, &reply));
    buf_u8(&reply, 0);
    assert_string_equal((char *)reply.data, text);
    buf_free(&reply);
}

/* The bulk string's content, to be freed. Its length must be right. */
static char *content(struct buf *reply)
{
    char *end = NULL;

    buf_u8(reply, 0);
    assert_int_equal(reply->data[0], '$');
    size_t len = strtoul((char *)reply->data + 1, &end, 10);
    assert_memory_equal(end, "\r\n", 2);
    assert_int_equal(strlen(end + 2), len + 2);
    assert_string_equal(end + 2 + len, "\r\n");
    char *text = strndup(end + 2, len);
    buf_free(reply);
    return text;
}

static void has_line(const char *text, const char *line)
{
    char wanted[256];

    snprintf(wanted, sizeof wanted, "\r\n%s\r\n", line);
    if (strstr(text, wanted) == NULL)
        fail_msg("no line '%s' in:\n%s", line, text);
}

static void what_a_connection_asks(void **state)
{
    static const char *const cases[][2] = {
        {"PING", "+PONG\r\n"},
        {"ping", "+PONG\r\n"},
        {"PiNg hello", "$5\r\nhello\r\n"},
        {"ECHO hello", "$5\r\nhello\r\n"},
        {"SELECT 0", "+OK\r\n"},
        {"SELECT 1", "-ERR DB index is out of range\r\n"},
        {"CLIENT SETNAME x", "+OK\r\n"},
        {"CLIENT SETINFO lib-name x", "+OK\r\n"},
        {"CLIENT GETNAME", "$-1\r\n"},
        {"COMMAND", "*0\r\n"},
        {"COMMAND DOCS", "*0\r\n"},
        {"CONFIG GET save", "*2\r\n$4\r\nsave\r\n$0\r\n\r\n"},
        {"CONFIG GET appendonly", "*2\r\n$10\r\nappendonly\r\n$3\r\nyes\r\n"},
        {"CONFIG GET other", "*0\r\n"},
        {"CONFIG SET save x", "-ERR CONFIG knows GET only: every setting is a "
                              "parameter of the resource\r\n"},
        {"TIME", "*2\r\n$10\r\n1700000000\r\n$2\r\n42\r\n"},
        {"HELLO 3", "-NOPROTO unsupported protocol version\r\n"},
        {"HELLO", "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n"
                  "$5\r\n7.0.0\r\n$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:1\r\n"
                  "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n"
                  "$7\r\nreplica\r\n$7\r\nmodules\r\n*0\r\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        says(*state, cases[i][0], cases[i][1]);
}

/* What redis-server 7.0.15 answers to the same. */
static void bad_numbers_get_redis_own_errors(void **state)
{
    static const char integer[] =
        "-ERR value is not an integer or out of range\r\n";
    static const char *const cases[][2] = {
        {"SELECT ", integer},
        {"SELECT a", integer},
        {"SELECT 00", integer},
        {"SELECT +1", integer},
        {"SELECT 0x1", integer},
        {"SELECT 99999999999999999999", integer},
        {"SELECT -1", "-ERR DB index is out of range\r\n"},
        {"SELECT 9223372036854775807", "-ERR DB index is out of range\r\n"},
        {"HELLO a", "-ERR Protocol version is not an integer or out of range"
                    "\r\n"},
        {"HELLO ", "-ERR Protocol version is not an integer or out of range"
                   "\r\n"},
        {"HELLO 02", "-ERR Protocol version is not an integer or out of range"
                     "\r\n"},
        {"HELLO 0", "-NOPROTO unsupported protocol version\r\n"},
        {"HELLO -1", "-NOPROTO unsupported protocol version\r\n"},
        {"HELLO 4 x", "-NOPROTO unsupported protocol version\r\n"},
        {"HELLO 2 x", "-ERR Syntax error in HELLO option 'x'\r\n"},
        {"HELLO 2 x\ny", "-ERR Syntax error in HELLO option 'x y'\r\n"},
        {"HELLO 2 AUTH default",
         "-ERR Syntax error in HELLO option 'AUTH'\r\n"},
        {"HELLO 2 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'\r\n"},
        {"HELLO 2 AUTH a b", "-WRONGPASS invalid username-password pair or "
                             "user is disabled.\r\n"},
        {"WAIT a 0", integer},
        {"WAIT 99999999999999999999 0", integer},
        {"WAIT a b", integer},
        {"WAIT 0 a", "-ERR timeout is not an integer or out of range\r\n"},
        {"WAIT 0 99999999999999999999",
         "-ERR timeout is not an integer or out of range\r\n"},
        {"WAIT 0 -1", "-ERR timeout is negative\r\n"},
        {"WAIT -1 -1", "-ERR timeout is negative\r\n"},
        {"WAIT -1 0", ":0\r\n"},
    };
    struct buf reply = {0};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        says(*state, cases[i][0], cases[i][1]);
    assert_true(ask(*state, "HELLO 2 AUTH default x SETNAME y", &reply));
    assert_memory_equal(reply.data, "*14\r\n", 5);
    buf_free(&reply);
}

static void wrong_numbers_of_arguments(void **state)
{
    static const char *const cases[][2] = {
        {"PING a b", "ping"},   {"ECHO", "echo"},         {"ECHO a b", "echo"},
        {"SELECT", "select"},   {"SELECT 0 0", "select"}, {"AUTH", "auth"},
        {"CLIENT", "client"},   {"CONFIG", "config"},     {"ROLE x", "role"},
        {"TIME x", "time"},     {"WAIT", "wait"},         {"WAIT 1", "wait"},
        {"WAIT 1 2 3", "wait"},
    };
    char text[128];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(text, sizeof text,
                 "-ERR wrong number of arguments for '%s' command\r\n",
                 cases[i][1]);
        says(*state, cases[i][0], text);
    }
}

static void the_rest_is_not_the_sessions(void **state)
{
    static const char *const lines[] = {
        "GET k", "SET k v", "HOTWARM STATUS", "", "PIN", "PINGS", "ping\t",
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct buf reply = {0};
        assert_false(ask(*state, lines[i], &reply));
        assert_int_equal(reply.len, 0);
        buf_free(&reply);
    }
}

/* Whatever a client names its subcommand. */
static void an_error_is_one_line(void **state)
{
    char line[1024] = "CLIENT ", wanted[256];
    struct buf reply = {0};

    says(*state, "CLIENT x\r\n+OK",
         "-ERR unknown subcommand 'x  +OK'. Try CLIENT HELP.\r\n");
    memset(line + 7, 'y', 1000);
    assert_true(ask(*state, line, &reply));
    snprintf(wanted, sizeof wanted,
             "-ERR unknown subcommand '%.128s'. Try CLIENT HELP.\r\n",
             line + 7);
    assert_int_equal(reply.len, strlen(wanted));
    assert_memory_equal(reply.data, wanted, reply.len);
    buf_free(&reply);
}

static void roles_follow_the_promotion(void **state)
{
    struct alone *alone = *state;
    struct buf reply = {0};
    char wanted[128];

    says(alone, "ROLE",
         "*5\r\n$5\r\nslave\r\n$0\r\n\r\n:0\r\n$9\r\nconnected"
         "\r\n:2\r\n");
    alone_office(alone, CORE_PROMOTE);
    snprintf(wanted, sizeof wanted, "*3\r\n$6\r\nmaster\r\n:%llu\r\n*0\r\n",
             (unsigned long long)alone_status(alone).applied_seq);
    says(alone, "ROLE", wanted);
    assert_true(ask(alone, "INFO replication", &reply));
    char *text = content(&reply);
    has_line(text, "role:master");
    has_line(text, "hotwarm_role:leader");
    has_line(text, "hotwarm_why:");
    has_line(text, "hotwarm_mode:warm");
    has_line(text, "hotwarm_group:cache");
    has_line(text, "connected_clients:3");
    free(text);
    assert_true(ask(alone, "HELLO 2", &reply));
    buf_u8(&reply, 0);
    assert_non_null(strstr((char *)reply.data, "$6\r\nmaster\r\n"));
    buf_free(&reply);
    alone_ask(alone, CORE_DEMOTE, "");
    alone_settle(alone);
    assert_true(ask(alone, "INFO", &reply));
    text = content(&reply);
    has_line(text, "role:slave");
    free(text);
}

static void wait_counts_the_others(void **state)
{
    struct alone *alone = *state;

    says(alone, "WAIT 1 0", ":0\r\n");
}

static void status_says_what_it_is(void **state)
{
    struct alone *alone = *state;
    const struct session_facts facts = facts_of(alone);
    struct buf reply = {0};
    char line[128], uuid[UUID_TEXT_SIZE];

    alone_office(alone, CORE_PROMOTE);
    alone_says(alone, "SET k v", ALONE_OK);
    const struct core_status status = alone_status(alone);
    session_status(&facts, &reply);
    char *text = content(&reply);
    assert_memory_equal(text, "group:cache\r\n", 13);
    has_line(text, "node:7");
    snprintf(line, sizeof line, "uuid:%s", uuid_text(&status.uuid, uuid));
    has_line(text, line);
    snprintf(line, sizeof line, "leader:%s", uuid_text(&status.uuid, uuid));
    has_line(text, line);
    has_line(text, "former:");
    has_line(text, "role:leader");
    has_line(text, "why:");
    has_line(text, "mode:warm");
    has_line(text, "run:1");
    has_line(text, "promoted:1");
    has_line(text, "replaced:0");
    has_line(text, "writable:1");
    has_line(text, "voter:1");
    has_line(text, "voters:4");
    has_line(text, "voters_settled:1");
    has_line(text, "quorate:1");
    has_line(text, "pending:0");
    snprintf(line, sizeof line, "applied_seq:%llu",
             (unsigned long long)status.applied_seq);
    has_line(text, line);
    snprintf(line, sizeof line, "applied_hash:%016llx",
             (unsigned long long)status.applied_hash);
    has_line(text, line);
    free(text);
    alone_quorum(alone, false);
    alone_settle(alone);
    session_status(&facts, &reply);
    text = content(&reply);
    has_line(text, "quorate:0");
    free(text);
}

static void roles_have_names(void **state)
{
    (void)state;
    for (int role = CORE_ROLE_OFFLINE; role <= CORE_ROLE_LEFT; role++) {
        const char *name = session_role((enum core_role)role);
        assert_non_null(name);
        for (int other = CORE_ROLE_OFFLINE; other < role; other++)
            assert_string_not_equal(name, session_role((enum core_role)other));
    }
    assert_string_equal(session_role(CORE_ROLE_QUARANTINED), "quarantined");
}

static void words_are_compared_in_any_case(void **state)
{
    static const struct core_arg argv[] = {{(const uint8_t *)"StAtUs", 6},
                                           {(const uint8_t *)"", 0},
                                           {(const uint8_t *)"a\0b", 3}};

    (void)state;
    assert_true(session_word(argv, 3, 0, "STATUS"));
    assert_true(session_word(argv, 3, 0, "status"));
    assert_false(session_word(argv, 3, 0, "STATU"));
    assert_false(session_word(argv, 3, 0, "STATUSX"));
    assert_true(session_word(argv, 3, 1, ""));
    assert_false(session_word(argv, 3, 2, "a"));
    assert_false(session_word(argv, 3, 3, ""));
    assert_false(session_word(argv, 0, 0, "STATUS"));
}

#define WITH_ALONE(test) cmocka_unit_test_setup_teardown(test, begins, ends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ALONE(what_a_connection_asks),
        WITH_ALONE(bad_numbers_get_redis_own_errors),
        WITH_ALONE(wrong_numbers_of_arguments),
        WITH_ALONE(the_rest_is_not_the_sessions),
        WITH_ALONE(an_error_is_one_line),
        WITH_ALONE(roles_follow_the_promotion),
        WITH_ALONE(wait_counts_the_others),
        WITH_ALONE(status_says_what_it_is),
        cmocka_unit_test(roles_have_names),
        cmocka_unit_test(words_are_compared_in_any_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
