#include "daemon/control.h"

#include <string.h>

#include "tests/unit/unit.h"

enum { WORDS_MAX = 8, TEXT_MAX = 128 };

/* The words of `text`, which blanks part, as a client's arguments. */
static bool parse(const char *text, struct core_event *event, struct buf *reply)
{
    struct core_arg argv[WORDS_MAX];
    size_t argc = 0;

    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        assert_true(argc < WORDS_MAX);
        argv[argc++] = (struct core_arg){(const uint8_t *)text, len};
        text += len + (text[len] == ' ');
    }
    return control_parse(argv, argc, event, reply);
}

static struct core_event accepts(const char *text, const char *answer)
{
    struct core_event event;
    struct buf reply = {0};

    assert_true(parse(text, &event, &reply));
    assert_int_equal(reply.len, strlen(answer));
    if (reply.len > 0)
        assert_memory_equal(reply.data, answer, reply.len);
    buf_free(&reply);
    return event;
}

static void refuses(const char *text, const char *part)
{
    struct core_event event;
    struct buf reply = {0};

    assert_false(parse(text, &event, &reply));
    buf_u8(&reply, '\0');
    assert_memory_equal(reply.data, "-ERR ", 5);
    assert_non_null(strstr((const char *)reply.data, part));
    buf_free(&reply);
}

static void what_pacemaker_decides(void **state)
{
    static const struct {
        const char *text;
        enum core_request kind;
    } cases[] = {
        {"HOTWARM PROMOTE", CORE_PROMOTE},
        {"HOTWARM demote", CORE_DEMOTE},
        {"hotwarm Stop", CORE_LEAVE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct core_event event = accepts(cases[i].text, "");
        assert_int_equal(event.kind, CORE_CLIENT);
        assert_int_equal(event.u.client.kind, cases[i].kind);
    }
}

static void a_voter_is_named_by_its_node(void **state)
{
    static const char usage[] = "REMOVE-VOTER takes one node id";

    (void)state;
    struct core_event event = accepts("HOTWARM REMOVE-VOTER 4294967295", "");
    assert_int_equal(event.kind, CORE_CLIENT);
    assert_int_equal(event.u.client.kind, CORE_REMOVE_VOTER);
    assert_int_equal(event.u.client.node, 4294967295);
    refuses("HOTWARM REMOVE-VOTER", usage);
    refuses("HOTWARM REMOVE-VOTER 0", usage);
    refuses("HOTWARM REMOVE-VOTER 4294967296", usage);
    refuses("HOTWARM REMOVE-VOTER node1", usage);
    refuses("HOTWARM REMOVE-VOTER 1 2", usage);
}

static void settings_are_answered_at_once(void **state)
{
    struct core_event event =
        accepts("HOTWARM TUNE preference 7 maxlag 9", "+OK\r\n");

    (void)state;
    assert_int_equal(event.kind, CORE_TUNE);
    assert_int_equal(event.u.tuning.preference, 7);
    refuses("HOTWARM TUNE preference", "preference has no value");
}

static void others_are_not_known(void **state)
{
    (void)state;
    refuses("HOTWARM", "knows STATUS, PROMOTE");
    refuses("HOTWARM PROMOTED", "knows STATUS, PROMOTE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_pacemaker_decides),
        cmocka_unit_test(a_voter_is_named_by_its_node),
        cmocka_unit_test(settings_are_answered_at_once),
        cmocka_unit_test(others_are_not_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
