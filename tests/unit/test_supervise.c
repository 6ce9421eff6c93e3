#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/result.h"
#include "supervise/control.h"
#include "supervise/crmmon.h"
#include "supervise/fencing.h"
#include "supervise/link.h"
#include "supervise/options.h"
#include "tests/unit/unit.h"

/* ---- link ---- */

static int parse(const char *text, struct link_message *message)
{
    return link_parse(text, strlen(text), message);
}

static void link_messages_are_read(void **state)
{
    struct link_message message;

    (void)state;
    assert_int_equal(parse("ready", &message), 0);
    assert_int_equal(message.kind, LINK_READY);
    assert_int_equal(parse("alive", &message), 0);
    assert_int_equal(message.kind, LINK_ALIVE);
    assert_int_equal(parse("score 1000000", &message), 0);
    assert_int_equal(message.kind, LINK_SCORE);
    assert_int_equal(message.score, 1000000);
    assert_int_equal(parse("why a b", &message), 0);
    assert_int_equal(message.kind, LINK_WHY);
    assert_string_equal(message.text, "a b");
    assert_int_equal(parse("why", &message), 0);
    assert_string_equal(message.text, "");
    assert_int_equal(parse("why ", &message), 0);
    assert_string_equal(message.text, "");
    assert_int_equal(parse("mark 18446744073709551615 4294967295", &message),
                     0);
    assert_int_equal(message.kind, LINK_MARK);
    assert_true(message.mark == UINT64_MAX);
    assert_int_equal(message.node, UINT32_MAX);
    assert_int_equal(parse("failed a\nb\x7f\x1b[0m\xc3\xa4", &message), 0);
    assert_int_equal(message.kind, LINK_FAILED);
    assert_string_equal(message.text, "a?b??[0m\xc3\xa4");
}

static void link_malformed_is_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "Ready",
                                        "ready ",
                                        "alive 1",
                                        "score",
                                        "score ",
                                        "score x",
                                        "score -1",
                                        "score 1 ",
                                        "score 1000001",
                                        "score +1",
                                        "why\tx",
                                        "score 0x1",
                                        "readyready",
                                        "stop",
                                        "fenced n",
                                        "mark",
                                        "mark 1",
                                        "mark 1 ",
                                        "mark x 1",
                                        "mark 1 x",
                                        "mark 1 2 ",
                                        "mark  1 2",
                                        "mark 1 -2",
                                        "mark 1 4294967296"};
    struct link_message message;
    char longest[LINK_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(parse(texts[i], &message), RESULT_MALFORMED);
    assert_int_equal(link_parse("why a\0b", 7, &message), RESULT_MALFORMED);
    memset(longest, 'x', sizeof(longest));
    memcpy(longest, "why ", 4);
    assert_int_equal(link_parse(longest, LINK_MAX, &message), 0);
    assert_int_equal(strlen(message.text), LINK_MAX - 4);
    assert_int_equal(link_parse(longest, LINK_MAX + 1, &message),
                     RESULT_MALFORMED);
}

static void link_goes_both_ways(void **state)
{
    struct link_message message;
    char text[LINK_MAX];
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    assert_int_equal(link_receive(ends[0], &message), EAGAIN);
    assert_int_equal(send(ends[1], "why not", 7, 0), 7);
    assert_int_equal(send(ends[1], "what", 4, 0), 4);
    assert_int_equal(link_receive(ends[0], &message), 0);
    assert_string_equal(message.text, "not");
    assert_int_equal(link_receive(ends[0], &message), RESULT_MALFORMED);
    assert_int_equal(link_stop(ends[0]), 0);
    assert_int_equal(recv(ends[1], text, sizeof(text), 0), 4);
    assert_memory_equal(text, "stop", 4);
    assert_int_equal(link_fenced(ends[0], UINT32_MAX), 0);
    assert_int_equal(recv(ends[1], text, sizeof(text), 0), 17);
    assert_memory_equal(text, "fenced 4294967295", 17);
    assert_int_equal(link_marked(ends[0], UINT64_MAX), 0);
    assert_int_equal(recv(ends[1], text, sizeof(text), 0), 27);
    assert_memory_equal(text, "marked 18446744073709551615", 27);
    close(ends[1]);
    assert_int_equal(link_receive(ends[0], &message), EPIPE);
    assert_int_equal(link_stop(ends[0]), EPIPE);
    close(ends[0]);
}

/* ---- control ---- */

static void control_requests_are_read(void **state)
{
    static const char *const wrong[] = {
        "",         "stop ",   "stop x", "stop 1 ", "stop -1", "stop 3600001",
        "stopping", "status ", "Status", "fail",    "stop  1", "managed x",
        "started ", "tune",    "tunedx"};
    enum control_request request;
    const char *rest;
    uint64_t grace_ms;

    (void)state;
    assert_int_equal(control_parse("stop", &request, &grace_ms, &rest), 0);
    assert_int_equal(request, CONTROL_STOP);
    assert_int_equal(grace_ms, CONTROL_GRACE_MS);
    assert_int_equal(control_parse("stop 0", &request, &grace_ms, &rest), 0);
    assert_int_equal(grace_ms, 0);
    assert_int_equal(control_parse("stop 3600000", &request, &grace_ms, &rest),
                     0);
    assert_int_equal(grace_ms, 3600000);
    assert_int_equal(control_parse("status", &request, &grace_ms, &rest), 0);
    assert_int_equal(request, CONTROL_STATUS);
    assert_int_equal(control_parse("refresh", &request, &grace_ms, &rest), 0);
    assert_int_equal(request, CONTROL_REFRESH);
    assert_int_equal(control_parse("started", &request, &grace_ms, &rest), 0);
    assert_int_equal(request, CONTROL_STARTED);
    assert_int_equal(control_parse("managed", &request, &grace_ms, &rest), 0);
    assert_int_equal(request, CONTROL_MANAGED);
    assert_int_equal(control_parse("tuned", &request, &grace_ms, &rest), 0);
    assert_int_equal(request, CONTROL_TUNED);
    assert_string_equal(rest, "");
    assert_int_equal(control_parse("tuned a b", &request, &grace_ms, &rest), 0);
    assert_string_equal(rest, "a b");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(control_parse(wrong[i], &request, &grace_ms, &rest),
                         RESULT_MALFORMED);
}

/* ---- the fencing watcher ---- */

static void fencing_lines_are_read(void **state)
{
    static const char *const wrong[] = {"",
                                        "note",
                                        "marked",
                                        "marked ",
                                        "fenced",
                                        "fenced -1",
                                        "fenced 1 2",
                                        "marked x",
                                        "fenced 4294967296",
                                        "marked 18446744073709551616",
                                        "stop",
                                        "fenced  1",
                                        "unmarked 1"};
    enum fencing_word word;
    uint64_t number;

    (void)state;
    assert_int_equal(fencing_parse("note any text", &word, &number), 0);
    assert_int_equal(word, FENCING_NOTE);
    assert_int_equal(
        fencing_parse("marked 18446744073709551615", &word, &number), 0);
    assert_int_equal(word, FENCING_MARKED);
    assert_true(number == UINT64_MAX);
    assert_int_equal(fencing_parse("fenced 4294967295", &word, &number), 0);
    assert_int_equal(word, FENCING_FENCED);
    assert_true(number == UINT32_MAX);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(fencing_parse(wrong[i], &word, &number),
                         RESULT_MALFORMED);
}

/* ---- crm_mon: as Pacemaker 2.1.5 prints it ---- */

#define CLONE(MANAGED, HISTORY)                                                \
    "<pacemaker-result api-version=\"2.25\" request=\"crm_mon\">\n"            \
    "  <resources>\n"                                                          \
    "    <clone id=\"kv-clone\" multi_state=\"true\" unique=\"false\" "        \
    "managed=\"" MANAGED "\" disabled=\"false\" failed=\"false\">\n"           \
    "      <resource id=\"kv\" resource_agent=\"ocf:hotwarm:replica\" "        \
    "role=\"Promoted\" active=\"true\" orphaned=\"false\" "                    \
    "blocked=\"false\" managed=\"" MANAGED "\" failed=\"false\" "              \
    "failure_ignored=\"false\" nodes_running_on=\"1\">\n"                      \
    "        <node name=\"n1\" id=\"1\" cached=\"true\"/>\n"                   \
    "      </resource>\n"                                                      \
    "    </clone>\n"                                                           \
    "  </resources>\n" HISTORY                                                 \
    "  <status code=\"0\" message=\"OK\"/>\n</pacemaker-result>\n"

#define HISTORY(COUNT)                                                         \
    "  <node_history>\n    <node name=\"n1\">\n"                               \
    "      <resource_history id=\"kv\" orphan=\"false\" "                      \
    "migration-threshold=\"1000000\" fail-count=\"" COUNT "\"/>\n"             \
    "    </node>\n  </node_history>\n"

static void crmmon_is_read(void **state)
{
    struct crmmon seen;

    (void)state;
    assert_int_equal(crmmon_read(CLONE("true", HISTORY("2")), &seen), 0);
    assert_true(seen.managed);
    assert_string_equal(seen.count, "2");
    assert_int_equal(crmmon_read(CLONE("true", ""), &seen), 0);
    assert_string_equal(seen.count, "0");
    assert_int_equal(crmmon_read(CLONE("false", HISTORY("INFINITY")), &seen),
                     0);
    assert_false(seen.managed);
    assert_true(crmmon_count_is_full(seen.count));
    assert_false(crmmon_count_is_full("4"));
    assert_int_equal(
        crmmon_read("<pacemaker-result><status code=\"0\" message=\"OK\">"
                    "<errors><error>Could not connect</error></errors>"
                    "</status></pacemaker-result>",
                    &seen),
        RESULT_NOT_FOUND);
    assert_int_equal(crmmon_read("", &seen), RESULT_NOT_FOUND);
}

/* ---- options ---- */

#define GOOD                                                                   \
    "x", "--group=kv", "--mode=hot", "--expected-voters=3", "--state-dir=/s",  \
        "--socket-group=g", "--write-timeout=100", "--hang-timeout=2000",      \
        "--max-memory=18446744073709551615", "--transfer-rate=0",              \
        "--reads=local", "--fencing=none", "--resource=kv:0"

static int options_of(struct options *options, const char *extra, char *error,
                      size_t size)
{
    const char *arguments[] = {GOOD, extra, NULL};
    int count = (int)(sizeof(arguments) / sizeof(arguments[0])) - 1;

    if (extra == NULL)
        count--;
    return options_parse(options, count, (char **)(uintptr_t)arguments, error,
                         size);
}

static void options_are_read(void **state)
{
    struct options options;
    char error[512] = "";

    (void)state;
    assert_int_equal(options_of(&options, NULL, error, sizeof(error)), 0);
    assert_string_equal(options.group, "kv");
    assert_string_equal(options.mode, "hot");
    assert_int_equal(options.expected_voters, 3);
    assert_int_equal(options.write_timeout_ms, 100);
    assert_int_equal(options.hang_timeout_ms, 2000);
    assert_true(options.max_memory == UINT64_MAX);
    assert_string_equal(options.resource, "kv:0");
    assert_string_equal(options.user, "hotwarm");
    assert_string_equal(options.run_dir, "/run/hotwarm");
    assert_false(options.foreground);
    assert_null(options.node);
    assert_int_equal(options_of(&options, "--foreground", error, sizeof(error)),
                     0);
    assert_true(options.foreground);
    assert_int_equal(options.instances, 0);
    assert_int_equal(
        options_of(&options, "--instances=5", error, sizeof(error)), 0);
    assert_int_equal(options.instances, 5);
    assert_null(options.listen);
    assert_int_equal(options_of(&options, "--listen=", error, sizeof(error)),
                     0);
    assert_null(options.listen);
    assert_int_equal(
        options_of(&options, "--passwd-file=", error, sizeof(error)), 0);
    assert_null(options.passwd_file);
}

static void options_are_refused(void **state)
{
    static const struct {
        const char *extra;
        const char *error;
    } rows[] = {
        {"--mode=cold", "--mode is 'cold'; it must be warm or hot"},
        {"--expected-voters=17",
         "--expected-voters is '17'; it must be a number from 1 to 16"},
        {"--max-memory=18446744073709551616",
         "--max-memory is '18446744073709551616'; it must be a number from 0 "
         "to 18446744073709551615"},
        {"--write-timeout= 100",
         "--write-timeout is ' 100'; it must be a number from 100 to 3600000"},
        {"--state-dir=s", "--state-dir is 's'; it must be an absolute path"},
        {"--group=a:b", "--group is 'a:b'; it must be 1 to 64 of A-Z a-z 0-9 "
                        "_ - ., not beginning with - or ."},
        {"--listen=10.0.0.1", "--listen is '10.0.0.1'; it must be ADDRESS:PORT,"
                              " as 10.0.0.1:6379 or [fd00::1]:6379"},
        {"--listen=10.0.0.1:1", "--passwd-file (with --listen) is missing"},
        {"--passwd-file=/p", "--listen (with --passwd-file) is missing"},
        {"--passwd-file=p", "--passwd-file is 'p'; it must be an absolute path"},
        {"--wrong", "--wrong: unknown option"},
        {"--user", "--user: a value is missing"},
        {"more", "unexpected argument 'more'"},
    };
    struct options options;
    char error[512], *nothing[] = {(char *)(uintptr_t) "x", NULL};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            options_of(&options, rows[i].extra, error, sizeof(error)), EINVAL);
        assert_string_equal(error, rows[i].error);
    }
    assert_int_equal(options_parse(&options, 1, nothing, error, sizeof(error)),
                     EINVAL);
    assert_string_equal(error, "--group is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(link_messages_are_read),
        cmocka_unit_test(link_malformed_is_refused),
        cmocka_unit_test(link_goes_both_ways),
        cmocka_unit_test(control_requests_are_read),
        cmocka_unit_test(fencing_lines_are_read),
        cmocka_unit_test(crmmon_is_read),
        cmocka_unit_test(options_are_read),
        cmocka_unit_test(options_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
