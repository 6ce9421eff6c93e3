#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ocf.h"
#include "lib/result.h"
#include "tests/unit/unit.h"

/* --- what an action of the agent below saw --- */

static struct {
    int runs;
    int gives;
    char text[64];
    int64_t number;
    bool given, good, probe;
    enum ocf_role role;
    unsigned level;
    uint64_t left_ms, half_ms;
} saw;

enum { NAME, COUNT, WAIT };

static int act(struct ocf *ocf)
{
    uint64_t now = ocf_now_ms();

    saw.runs++;
    snprintf(saw.text, sizeof saw.text, "%s", ocf_text(ocf, NAME));
    saw.number = ocf_number(ocf, COUNT);
    saw.given = ocf_given(ocf, COUNT);
    saw.good = ocf_good(ocf, COUNT);
    saw.probe = ocf_is_probe(ocf);
    saw.role = ocf_role(ocf);
    saw.level = ocf_level(ocf);
    saw.left_ms = ocf_deadline_ms(ocf) - now;
    saw.half_ms = ocf_part_ms(ocf, 1, 2) - now;
    return saw.gives;
}

static bool no_space(const char *text)
{
    return strchr(text, ' ') == NULL;
}

static const char *const colours[] = {"red", "green", NULL};

static const struct ocf_param params[] = {
    [NAME] = {.name = "name",
              .type = OCF_TYPE_STRING,
              .flags = OCF_REQUIRED | OCF_UNIQUE,
              .accepts = no_space,
              .allowed = "no space",
              .shortdesc = "Name",
              .longdesc = "A <name> & \"more\"."},
    [COUNT] = {.name = "count",
               .type = OCF_TYPE_INTEGER,
               .flags = OCF_RELOADABLE,
               .fallback = "3",
               .min = 1,
               .max = 16,
               .shortdesc = "Count",
               .longdesc = "How many."},
    [WAIT] = {.name = "wait",
              .type = OCF_TYPE_TIME,
              .min = 100,
              .max = 3600000,
              .shortdesc = "Wait",
              .longdesc = "How long."},
};

static const struct ocf_action actions[] = {
    {.name = "start", .run = act, .strict = true, .timeout_s = 20},
    {.name = "stop", .run = act, .timeout_s = 20},
    {.name = "monitor", .run = act, .timeout_s = 20, .interval_s = 10},
    {.name = "monitor", .timeout_s = 20, .interval_s = 5, .role = "Promoted"},
    {.name = "validate-all", .run = act, .strict = true, .timeout_s = 20},
};

/* Red waits for nobody, it says. */
static const char *clash(const struct ocf *ocf, size_t *param)
{
    *param = WAIT;
    return ocf_given(ocf, WAIT) && strcmp(ocf_text(ocf, NAME), "red") == 0
               ? "red does not wait"
               : NULL;
}

static const struct ocf_agent agent = {
    .name = "thing",
    .version = "1.0",
    .shortdesc = "Thing",
    .longdesc = "A thing.",
    .params = params,
    .param_count = sizeof params / sizeof params[0],
    .actions = actions,
    .action_count = sizeof actions / sizeof actions[0],
    .clash = clash,
};

/* --- running it --- */

static const char *const variables[] = {
    "OCF_RESKEY_name",
    "OCF_RESKEY_count",
    "OCF_RESKEY_wait",
    "OCF_RESKEY_CRM_meta_timeout",
    "OCF_RESKEY_CRM_meta_interval",
    "OCF_RESKEY_CRM_meta_role",
    "OCF_RESKEY_CRM_meta_clone_max",
    "OCF_CHECK_LEVEL",
    "OCF_RESOURCE_INSTANCE",
    "OCF_EXIT_REASON_PREFIX",
    "HA_LOGFACILITY",
};

static int begin(void **state)
{
    (void)state;
    memset(&saw, 0, sizeof saw);
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
    setenv("OCF_RESKEY_name", "x", 1);
    return 0;
}

/* What it printed on standard error. */
static char errors[4096];

static int run(const char *action)
{
    char program[] = "/usr/lib/ocf/resource.d/hotwarm/thing";
    char name[64], more[] = "ignored";
    char *argv[] = {program, name, more, NULL};
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO), code;

    assert_non_null(file);
    snprintf(name, sizeof name, "%s", action);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    code = ocf_main(&agent, *action == '\0' ? 1 : 3, argv);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    errors[fread(errors, 1, sizeof errors - 1, file)] = '\0';
    fclose(file);
    return code;
}

static void actions_are_found(void **state)
{
    (void)state;
    saw.gives = OCF_RUNNING_PROMOTED;
    assert_int_equal(run("monitor"), OCF_RUNNING_PROMOTED);
    assert_int_equal(saw.runs, 1);
    assert_string_equal(errors, "");
    assert_int_equal(run("explode"), OCF_ERR_UNIMPLEMENTED);
    assert_int_equal(run(""), OCF_ERR_UNIMPLEMENTED);
    assert_int_equal(run("Monitor"), OCF_ERR_UNIMPLEMENTED);
    assert_string_equal(
        errors, "usage: thing start|stop|monitor|validate-all|meta-data\n");
    assert_int_equal(saw.runs, 1);
}

static void parameters_have_defaults(void **state)
{
    (void)state;
    run("start");
    assert_string_equal(saw.text, "x");
    assert_int_equal(saw.number, 3);
    assert_false(saw.given);
    assert_true(saw.good);
    setenv("OCF_RESKEY_count", "7", 1);
    run("start");
    assert_int_equal(saw.number, 7);
    assert_true(saw.given);
    setenv("OCF_RESKEY_count", "", 1); /* as if it were not set */
    run("start");
    assert_int_equal(saw.number, 3);
    assert_false(saw.given);
    assert_int_equal(saw.runs, 3);
}

static void only_strict_actions_refuse(void **state)
{
    (void)state;
    setenv("OCF_RESKEY_count", "17", 1);
    assert_int_equal(run("start"), OCF_ERR_ARGS);
    assert_string_equal(errors,
                        "ocf-exit-reason:count=\"17\"; allowed: 1 to 16\n");
    assert_int_equal(run("validate-all"), OCF_ERR_CONFIGURED);
    assert_int_equal(saw.runs, 0);
    assert_int_equal(run("stop"), OCF_SUCCESS);
    assert_int_equal(run("monitor"), OCF_SUCCESS);
    assert_int_equal(saw.runs, 2);
    assert_int_equal(saw.number, 3);
    assert_true(saw.given);
    assert_false(saw.good);
}

static void what_clashes_is_refused(void **state)
{
    (void)state;
    setenv("OCF_RESKEY_name", "red", 1);
    assert_int_equal(run("start"), OCF_SUCCESS);
    setenv("OCF_RESKEY_wait", "1s", 1);
    assert_int_equal(run("start"), OCF_ERR_ARGS);
    assert_string_equal(errors,
                        "ocf-exit-reason:wait=\"1s\": red does not wait\n");
    assert_int_equal(run("validate-all"), OCF_ERR_CONFIGURED);
    assert_int_equal(saw.runs, 1);
    assert_int_equal(run("stop"), OCF_SUCCESS);
    /* What is bad by itself is told first. */
    setenv("OCF_RESKEY_count", "17", 1);
    assert_int_equal(run("start"), OCF_ERR_ARGS);
    assert_string_equal(errors,
                        "ocf-exit-reason:count=\"17\"; allowed: 1 to 16\n");
}

static void what_is_required_is_demanded(void **state)
{
    (void)state;
    unsetenv("OCF_RESKEY_name");
    assert_int_equal(run("start"), OCF_ERR_ARGS);
    assert_string_equal(errors,
                        "ocf-exit-reason:name is not set; allowed: no space\n");
    assert_int_equal(run("stop"), OCF_SUCCESS);
    assert_string_equal(saw.text, "");
}

static void long_values_are_cut(void **state)
{
    char value[200];

    (void)state;
    memset(value, 'v', sizeof value - 1);
    value[10] = ' ';
    value[11] = '\n';
    value[sizeof value - 1] = '\0';
    setenv("OCF_RESKEY_name", value, 1);
    assert_int_equal(run("start"), OCF_ERR_ARGS);
    assert_string_equal(errors,
                        "ocf-exit-reason:name=\"vvvvvvvvvv ?"
                        "vvvvvvvvvvvvvvvvvvvv\" (cut); allowed: no space\n");
}

static void the_prefix_may_be_given(void **state)
{
    (void)state;
    setenv("OCF_EXIT_REASON_PREFIX", "why=", 1);
    setenv("OCF_RESKEY_count", "0", 1);
    run("start");
    assert_string_equal(errors, "why=count=\"0\"; allowed: 1 to 16\n");
}

static void probes_are_known(void **state)
{
    (void)state;
    run("monitor");
    assert_true(saw.probe);
    setenv("OCF_RESKEY_CRM_meta_interval", "0", 1);
    run("monitor");
    assert_true(saw.probe);
    setenv("OCF_RESKEY_CRM_meta_interval", "10000", 1);
    run("monitor");
    assert_false(saw.probe);
    setenv("OCF_RESKEY_CRM_meta_interval", "0", 1);
    run("start");
    assert_false(saw.probe);
}

static void roles_and_levels_are_read(void **state)
{
    static const struct {
        const char *text;
        enum ocf_role role;
    } roles[] = {
        {"Promoted", OCF_ROLE_PROMOTED},     {"Master", OCF_ROLE_PROMOTED},
        {"Unpromoted", OCF_ROLE_UNPROMOTED}, {"Slave", OCF_ROLE_UNPROMOTED},
        {"Started", OCF_ROLE_UNKNOWN},       {"", OCF_ROLE_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        setenv("OCF_RESKEY_CRM_meta_role", roles[i].text, 1);
        run("monitor");
        assert_int_equal(saw.role, roles[i].role);
    }
    assert_int_equal(saw.level, 0);
    setenv("OCF_CHECK_LEVEL", "10", 1);
    run("validate-all");
    assert_int_equal(saw.level, 10);
    setenv("OCF_CHECK_LEVEL", "ten", 1);
    run("validate-all");
    assert_int_equal(saw.level, 0);
    setenv("OCF_RESKEY_CRM_meta_clone_max", "5", 1);
    assert_int_equal(ocf_meta("clone_max", 1), 5);
    setenv("OCF_RESKEY_CRM_meta_clone_max", "-5", 1);
    assert_int_equal(ocf_meta("clone_max", 1), 1);
    assert_int_equal(ocf_meta("no_such", 9), 9);
}

/* The reserve is a tenth, at least 100 ms and at most 2 s, never over half. */
static void deadlines_leave_a_reserve(void **state)
{
    static const struct {
        const char *timeout;
        uint64_t left;
    } cases[] = {
        {"20000", 18000}, {"60000", 58000}, {"5000", 4500}, {"500", 400},
        {"100", 50},      {"0", 0},         {"x", 18000},   {NULL, 18000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (cases[i].timeout != NULL)
            setenv("OCF_RESKEY_CRM_meta_timeout", cases[i].timeout, 1);
        else
            unsetenv("OCF_RESKEY_CRM_meta_timeout");
        run("monitor");
        assert_in_range(saw.left_ms + 40, cases[i].left, cases[i].left + 40);
        assert_in_range(saw.half_ms + 40, cases[i].left / 2,
                        cases[i].left / 2 + 40);
    }
}

/* --- the parts --- */

static int parse(enum ocf_type type, int64_t min, int64_t max, const char *text,
                 int64_t *number)
{
    struct ocf_param param = {.type = type, .min = min, .max = max};

    param.choices = colours;
    return ocf_parse(&param, text, number);
}

static void numbers_are_read(void **state)
{
    static const struct {
        enum ocf_type type;
        const char *text;
        int64_t number; /* -1: refused */
    } cases[] = {
        {OCF_TYPE_INTEGER, "0", 0},
        {OCF_TYPE_INTEGER, "12", 12},
        {OCF_TYPE_INTEGER, "12s", -1},
        {OCF_TYPE_INTEGER, "", -1},
        {OCF_TYPE_INTEGER, " 1", -1},
        {OCF_TYPE_INTEGER, "+1", -1},
        {OCF_TYPE_INTEGER, "-1", -1},
        {OCF_TYPE_INTEGER, "-", -1},
        {OCF_TYPE_INTEGER, "1.5", -1},
        {OCF_TYPE_INTEGER, "0x10", -1},
        {OCF_TYPE_INTEGER, "9223372036854775808", -1},
        {OCF_TYPE_TIME, "10", 10000},
        {OCF_TYPE_TIME, "10s", 10000},
        {OCF_TYPE_TIME, "10sec", 10000},
        {OCF_TYPE_TIME, "500ms", 500},
        {OCF_TYPE_TIME, "2min", 120000},
        {OCF_TYPE_TIME, "2m", 120000},
        {OCF_TYPE_TIME, "1H", 3600000},
        {OCF_TYPE_TIME, "10 s", -1},
        {OCF_TYPE_TIME, "10S s", -1},
        {OCF_TYPE_TIME, "10K", -1},
        {OCF_TYPE_TIME, "9223372036854775807s", -1},
        {OCF_TYPE_SIZE, "1000", 1000},
        {OCF_TYPE_SIZE, "64k", 65536},
        {OCF_TYPE_SIZE, "1MiB", 1048576},
        {OCF_TYPE_SIZE, "2G", 2147483648},
        {OCF_TYPE_SIZE, "1T", 1099511627776},
        {OCF_TYPE_SIZE, "1s", -1},
        {OCF_TYPE_SIZE, "99999999T", -1},
        {OCF_TYPE_BOOLEAN, "true", 1},
        {OCF_TYPE_BOOLEAN, "Yes", 1},
        {OCF_TYPE_BOOLEAN, "1", 1},
        {OCF_TYPE_BOOLEAN, "off", 0},
        {OCF_TYPE_BOOLEAN, "0", 0},
        {OCF_TYPE_BOOLEAN, "maybe", -1},
        {OCF_TYPE_SELECT, "green", 0},
        {OCF_TYPE_SELECT, "Green", -1},
        {OCF_TYPE_SELECT, "blue", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t number = -2;
        int code = parse(cases[i].type, 0, INT64_MAX, cases[i].text, &number);
        if (code != (cases[i].number < 0 ? RESULT_MALFORMED : 0))
            fail_msg("%s gives %d", cases[i].text, code);
        assert_int_equal(number, cases[i].number < 0 ? 0 : cases[i].number);
    }
}

static void ranges_hold(void **state)
{
    int64_t number;

    (void)state;
    assert_int_equal(parse(OCF_TYPE_TIME, 100, 2000, "99ms", &number),
                     RESULT_MALFORMED);
    assert_int_equal(parse(OCF_TYPE_TIME, 100, 2000, "100ms", &number), 0);
    assert_int_equal(parse(OCF_TYPE_TIME, 100, 2000, "2", &number), 0);
    assert_int_equal(parse(OCF_TYPE_TIME, 100, 2000, "2001ms", &number),
                     RESULT_MALFORMED);
    assert_int_equal(parse(OCF_TYPE_INTEGER, -5, 5, "-5", &number), 0);
    assert_int_equal(number, -5);
}

static void what_is_allowed_is_said(void **state)
{
    static const struct {
        struct ocf_param param;
        const char *text;
    } cases[] = {
        {{.type = OCF_TYPE_STRING}, "any text"},
        {{.type = OCF_TYPE_STRING, .allowed = "a name"}, "a name"},
        {{.type = OCF_TYPE_SELECT, .choices = colours}, "red, green"},
        {{.type = OCF_TYPE_BOOLEAN}, "true, false"},
        {{.type = OCF_TYPE_INTEGER, .min = -1, .max = 9}, "-1 to 9"},
        {{.type = OCF_TYPE_TIME, .min = 0, .max = 90000}, "0 to 90s"},
        {{.type = OCF_TYPE_TIME, .min = 1, .max = 7200000}, "1ms to 2h"},
        {{.type = OCF_TYPE_SIZE, .min = 1, .max = 1 << 20}, "1 to 1M"},
        {{.type = OCF_TYPE_SIZE, .min = 1000, .max = 3072}, "1000 to 3K"},
    };
    char text[64], little[5];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ocf_allowed(&cases[i].param, text, sizeof text);
        assert_string_equal(text, cases[i].text);
        ocf_allowed(&cases[i].param, little, sizeof little);
        assert_int_equal(strncmp(text, little, 4), 0);
    }
}

static void lines_are_cut_between_characters(void **state)
{
    char text[64];

    (void)state;
    snprintf(text, sizeof text, "ab\u20acd");
    assert_string_equal(ocf_one_line(text, 6), "ab\u20acd");
    assert_string_equal(ocf_one_line(text, 5), "ab\u20ac");
    snprintf(text, sizeof text, "ab\u20acd");
    assert_string_equal(ocf_one_line(text, 4), "ab");
    snprintf(text, sizeof text, "ab\u20acd");
    assert_string_equal(ocf_one_line(text, 3), "ab");
    snprintf(text, sizeof text, "a\nocf-exit-reason:b\x7f\t");
    assert_string_equal(ocf_one_line(text, 60), "a?ocf-exit-reason:b??");
    assert_string_equal(ocf_one_line(text, 0), "");
}

static void metadata_are_escaped(void **state)
{
    char text[16384];
    FILE *file = tmpfile();

    (void)state;
    assert_non_null(file);
    ocf_metadata(&agent, file);
    rewind(file);
    size_t len = fread(text, 1, sizeof text - 1, file);
    text[len] = '\0';
    fclose(file);
    assert_non_null(strstr(text, "A &lt;name&gt; &amp; &quot;more&quot;."));
    assert_non_null(strstr(text,
                           "<parameter name=\"name\" unique-group=\"name\" "
                           "unique=\"1\" required=\"1\" "
                           "reloadable=\"0\">"));
    assert_non_null(strstr(text, "<content type=\"integer\" default=\"3\"/>"));
    assert_non_null(strstr(text, "<content type=\"string\"/>"));
    assert_non_null(strstr(text, "<action name=\"monitor\" timeout=\"20s\" "
                                 "interval=\"5s\" role=\"Promoted\"/>"));
    assert_non_null(strstr(text, "<action name=\"meta-data\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(actions_are_found, begin),
        cmocka_unit_test_setup(parameters_have_defaults, begin),
        cmocka_unit_test_setup(only_strict_actions_refuse, begin),
        cmocka_unit_test_setup(what_clashes_is_refused, begin),
        cmocka_unit_test_setup(what_is_required_is_demanded, begin),
        cmocka_unit_test_setup(long_values_are_cut, begin),
        cmocka_unit_test_setup(the_prefix_may_be_given, begin),
        cmocka_unit_test_setup(probes_are_known, begin),
        cmocka_unit_test_setup(roles_and_levels_are_read, begin),
        cmocka_unit_test_setup(deadlines_leave_a_reserve, begin),
        cmocka_unit_test(numbers_are_read),
        cmocka_unit_test(ranges_hold),
        cmocka_unit_test(what_is_allowed_is_said),
        cmocka_unit_test(lines_are_cut_between_characters),
        cmocka_unit_test(metadata_are_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
