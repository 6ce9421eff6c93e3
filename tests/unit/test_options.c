#include "daemon/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

enum { ARGS_MAX = 32 };

/* What it says, in a buffer of just that size. */
static char error[512];

/* "a b c" as arguments behind the program's name; "" gives an empty one where
 * two blanks meet. */
static int parse(struct options *options, const char *line)
{
    static char text[8192];
    static char program[] = "hotwarmd";
    char *argv[ARGS_MAX] = {program};
    int argc = 1;

    assert_true(strlen(line) < sizeof text);
    strcpy(text, line);
    for (char *at = text; at != NULL && *line != '\0';) {
        assert_true(argc < ARGS_MAX - 1);
        argv[argc++] = strsep(&at, " ");
    }
    memset(error, 0, sizeof error);
    memset(options, 0xee, sizeof *options);
    return options_parse(options, argc, argv, error, sizeof error);
}

#define ENOUGH "--standalone --group=g --state-dir=/s --socket-dir=/r"

static void accepted(struct options *options, const char *line)
{
    int rc = parse(options, line);

    assert_string_equal(error, "");
    assert_int_equal(rc, 0);
}

/* ENOUGH and `option` are refused with exactly this sentence. */
static void refused(const char *option, const char *sentence)
{
    struct options options;
    char line[4096];

    snprintf(line, sizeof line, "%s %s", ENOUGH, option);
    assert_int_equal(parse(&options, line), EINVAL);
    assert_string_equal(error, sentence);
}

static void what_is_not_given_has_a_default(void **state)
{
    struct options options;

    (void)state;
    accepted(&options, ENOUGH);
    assert_string_equal(options.group, "g");
    assert_string_equal(options.state_dir, "/s");
    assert_string_equal(options.socket_dir, "/r");
    assert_true(options.standalone);
    assert_int_equal(options.mode, CORE_WARM);
    assert_int_equal(options.expected_voters, 1);
    assert_int_equal(options.write_timeout_ms, 10000);
    assert_int_equal(options.max_memory, 0);
    assert_int_equal(options.transfer_rate, 0);
    assert_false(options.reads_local);
    assert_false(options.verbose);
    assert_int_equal(options.data_fd, -1);
    assert_int_equal(options.control_fd, -1);
    assert_int_equal(options.link_fd, -1);
    assert_int_equal(options.tcp_fd, -1);
    assert_int_equal(options.secret_fd, -1);
    assert_null(options.listen);
    assert_int_equal(options.lock_fd, -1);
    assert_int_equal(options.offline, OPTIONS_ONLINE);
}

static void everything_can_be_given(void **state)
{
    struct options options;

    (void)state;
    accepted(&options,
             "--group A-z_0.9 --state-dir=/s --mode=hot --expected-voters=16 "
             "--instances=10000 --write-timeout=3600000 --max-memory=18446744073709551615 "
             "--transfer-rate 1000000 --reads=local --fencing=required "
             "--verbose --data-fd=3 --control-fd=4 --link-fd=1023 "
             "--tcp-fd=7 --secret-fd=8");
    assert_string_equal(options.group, "A-z_0.9");
    assert_int_equal(options.mode, CORE_HOT);
    assert_int_equal(options.expected_voters, 16);
    assert_int_equal(options.instances, 10000);
    assert_int_equal(options.write_timeout_ms, 3600000);
    assert_true(options.max_memory == UINT64_MAX);
    assert_int_equal(options.transfer_rate, 1000000);
    assert_true(options.reads_local);
    assert_true(options.verbose);
    assert_false(options.standalone);
    assert_int_equal(options.data_fd, 3);
    assert_int_equal(options.control_fd, 4);
    assert_int_equal(options.link_fd, 1023);
    assert_int_equal(options.tcp_fd, 7);
    assert_int_equal(options.secret_fd, 8);
    accepted(&options, ENOUGH " --listen=[::]:6379 --passwd-file=/p");
    assert_string_equal(options.listen, "[::]:6379");
    assert_string_equal(options.passwd_file, "/p");
    accepted(&options, ENOUGH " --mode=hot --mode=warm --reads=linearizable "
                              "--fencing=none --expected-voters=1");
    assert_int_equal(options.mode, CORE_WARM);
    accepted(&options, "--offline=force --lock-fd=7 --group=g --state-dir=/s");
    assert_int_equal(options.offline, OPTIONS_OFFLINE_FORCE);
    assert_int_equal(options.lock_fd, 7);
    assert_false(options.standalone);
    accepted(&options, "--standalone --state-dir=/s --socket-dir=/r --group="
                       "0123456789012345678901234567890123456789"
                       "012345678901234567890123");
}

static void bad_words_are_refused(void **state)
{
    static const char *const groups[] = {"",     ".",  ".g",          "a/b",
                                         "../g", "g%", "gr\xc3\xbcn", "a\n"};
    char option[64], sentence[256];

    (void)state;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        snprintf(option, sizeof option, "--group=%s", groups[i]);
        snprintf(sentence, sizeof sentence,
                 "--group is '%s'; it must be 1 to 64 of the characters "
                 "A-Z a-z 0-9 - _ and .",
                 groups[i]);
        refused(option, sentence);
    }
    refused("--mode=cold", "--mode is 'cold'; it must be warm or hot");
    refused("--mode=", "--mode is ''; it must be warm or hot");
    refused("--mode=HOT", "--mode is 'HOT'; it must be warm or hot");
    refused("--reads=stale",
            "--reads is 'stale'; it must be linearizable or local");
    refused("--fencing=yes", "--fencing is 'yes'; it must be none or required");
    refused("--listen=::1", "--listen is '::1'; it must be ADDRESS:PORT, as "
                            "10.0.0.1:6379 or [fd00::1]:6379");
    refused("--listen=0.0.0.0:1", "--passwd-file (with --listen) is missing");
    refused("--passwd-file=/p", "--listen (with --passwd-file) is missing");
    refused("--tcp-fd=7", "--secret-fd (with --tcp-fd) is missing");
    refused("--secret-fd=7", "--tcp-fd (with --secret-fd) is missing");
    refused("--offline=", "--offline is ''; it must be status, force or reset");
    refused("--offline=Force",
            "--offline is 'Force'; it must be status, force or reset");
    refused("--state-dir=", "--state-dir is ''; it must be a directory");
    refused("--socket-dir=", "--socket-dir is ''; it must be a directory");
}

static void bad_numbers_are_refused(void **state)
{
    static const struct {
        const char *name, *allowed;
        const char *outside[4];
    } numbers[] = {
        {"expected-voters", "a number from 1 to 16", {"0", "17", "257", NULL}},
        {"instances", "a number from 0 to 10000", {"-1", "10001", NULL}},
        {"write-timeout",
         "a number from 100 to 3600000",
         {"0", "99", "3600001", NULL}},
        {"max-memory",
         "a number from 0 to 18446744073709551615",
         {"18446744073709551616", NULL}},
        {"transfer-rate",
         "a number from 0 to 18446744073709551615",
         {"18446744073709551616", NULL}},
        {"data-fd", "a number from 3 to 1023", {"0", "2", "1024", NULL}},
        {"control-fd", "a number from 3 to 1023", {"2", "1024", NULL}},
        {"link-fd", "a number from 3 to 1023", {"2", "4294967299", NULL}},
        {"lock-fd", "a number from 3 to 1023", {"2", "x", NULL}},
    };
    static const char *const none[] = {"",    "x",   "5x",           "5.0",
                                       "-5",  "+5",  "\t5",          "0x5",
                                       "5\n", "1e3", "\xef\xbc\x95", "5,000"};
    char option[128], sentence[256];

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const char *const *outside = numbers[i].outside;
        size_t count = sizeof none / sizeof none[0];
        for (size_t n = 0; n < count || *outside != NULL; n++) {
            const char *value = n < count ? none[n] : *outside++;
            snprintf(option, sizeof option, "--%s=%s", numbers[i].name, value);
            snprintf(sentence, sizeof sentence, "--%s is '%s'; it must be %s",
                     numbers[i].name, value, numbers[i].allowed);
            refused(option, sentence);
        }
    }
}

/* strtoull takes " -1" for the largest number. */
static void a_blank_is_no_digit(void **state)
{
    static char program[] = "hotwarmd", value[] = "--max-memory= -1";
    char *argv[] = {program, value, NULL};
    struct options options;

    (void)state;
    assert_int_equal(options_parse(&options, 2, argv, error, sizeof error),
                     EINVAL);
    assert_non_null(
        strstr(error, "--max-memory is ' -1'; it must be a number"));
}

static void what_is_no_option_is_refused(void **state)
{
    (void)state;
    refused("--colour", "'--colour' is not an option");
    refused("--colour=red", "'--colour=red' is not an option");
    refused("-x", "'-x' is not an option");
    refused("-xy", "'-x' is not an option");
    refused("word", "'word' is not an option");
    refused("word --mode=hot", "'word' is not an option");
    refused("-- --mode=hot", "'--mode=hot' is not an option");
    refused("-", "'-' is not an option");
    refused("--standalone=yes", "--standalone takes no value");
    refused("--mode", "--mode takes a value");
    refused("--link-fd", "--link-fd takes a value");
    refused("--lock-fd", "--lock-fd takes a value");
}

static void what_is_missing_is_named(void **state)
{
    static const struct {
        const char *line, *sentence;
    } cases[] = {
        {"", "--group is missing"},
        {"--standalone", "--group is missing"},
        {"--group=g", "--state-dir is missing"},
        {"--group=g --state-dir=/s --standalone",
         "--socket-dir (with --standalone) is missing"},
        {"--group=g --state-dir=/s", "--data-fd, --control-fd and --link-fd "
                                     "(or --standalone) is missing"},
        {"--group=g --state-dir=/s --data-fd=3 --control-fd=4",
         "--data-fd, --control-fd and --link-fd (or --standalone) is missing"},
        {"--group=g --state-dir=/s --offline=reset",
         "--lock-fd (with --offline) is missing"},
        {"--group=g --state-dir=/s --link-fd=3 --control-fd=4",
         "--data-fd, --control-fd and --link-fd (or --standalone) is missing"},
    };
    struct options options;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(parse(&options, cases[i].line), EINVAL);
        assert_string_equal(error, cases[i].sentence);
    }
}

/* However long the value is, the sentence says what is allowed. */
static void a_long_value_leaves_room_for_the_rest(void **state)
{
    struct options options;
    char line[4096];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        static const char *const options_of[] = {
            "--mode=", "--group=", "--max-memory="};
        static const char *const allowed[] = {
            "; it must be warm or hot",
            "; it must be 1 to 64 of the characters A-Z a-z 0-9 - _ and .",
            "; it must be a number from 0 to 18446744073709551615"};
        int len = snprintf(line, sizeof line, "%s %s", ENOUGH, options_of[i]);
        memset(line + len, 'w', 3000);
        line[len + 3000] = '\0';
        assert_int_equal(parse(&options, line), EINVAL);
        assert_true(strlen(error) < 256);
        assert_string_equal(error + strlen(error) - strlen(allowed[i]),
                            allowed[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_given_has_a_default),
        cmocka_unit_test(everything_can_be_given),
        cmocka_unit_test(bad_words_are_refused),
        cmocka_unit_test(bad_numbers_are_refused),
        cmocka_unit_test(a_blank_is_no_digit),
        cmocka_unit_test(what_is_no_option_is_refused),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(a_long_value_leaves_room_for_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
