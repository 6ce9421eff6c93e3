#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "tests/unit/unit.h"

#define PREFIX "prog: error: "

/* What reached standard error between capture_begin and capture_end. */
struct capture {
    FILE *file;
    int saved;
    char text[16384];
};

static void capture_begin(struct capture *capture)
{
    capture->file = tmpfile();
    assert_non_null(capture->file);
    fflush(stderr);
    capture->saved = dup(STDERR_FILENO);
    assert_true(capture->saved >= 0);
    assert_true(dup2(fileno(capture->file), STDERR_FILENO) >= 0);
}

static void capture_end(struct capture *capture)
{
    fflush(stderr);
    assert_true(dup2(capture->saved, STDERR_FILENO) >= 0);
    close(capture->saved);
    rewind(capture->file);
    size_t len =
        fread(capture->text, 1, sizeof capture->text - 1, capture->file);
    capture->text[len] = '\0';
    fclose(capture->file);
}

static int log_starts(void **state)
{
    (void)state;
    return log_open("prog", LOG_TO_STDERR);
}

static int log_ends(void **state)
{
    (void)state;
    log_close();
    return 0;
}

static void levels_are_named(void **state)
{
    struct capture capture;

    (void)state;
    capture_begin(&capture);
    log_err("a %d", 1);
    log_warn("b %s", "two");
    log_info("c");
    log_debug("d");
    capture_end(&capture);
    assert_string_equal(capture.text, "prog: error: a 1\n"
                                      "prog: warning: b two\n"
                                      "prog: info: c\n");
}

/* What comes in numbers is said once, and again when it is due. */
static void seldom_is_seldom(void **state)
{
    struct log_seldom seldom = {0};
    struct capture capture;

    (void)state;
    capture_begin(&capture);
    for (int i = 0; i < 5; i++)
        log_warn_seldom(&seldom, "a %d", i);
    seldom.said_s -= LOG_SELDOM_S;
    log_warn_seldom(&seldom, "b");
    capture_end(&capture);
    assert_string_equal(capture.text,
                        "prog: warning: a 0\n"
                        "prog: warning: b\n"
                        "prog: warning: … and 4 more like this before it\n");
}

static void debug_is_switched(void **state)
{
    struct capture capture;

    (void)state;
    capture_begin(&capture);
    log_debug("one");
    int on = log_set_debug(true);
    log_debug("two");
    log_info("three");
    int off = log_set_debug(false);
    log_debug("four");
    log_info("five");
    capture_end(&capture);
    assert_int_equal(on, 0);
    assert_int_equal(off, 0);
    assert_string_equal(capture.text, "prog: debug: two\n"
                                      "prog: info: three\n"
                                      "prog: info: five\n");
}

/* The line that arrives for a message of `len` bytes 'x'. */
static size_t line_of(size_t len)
{
    struct capture capture;
    char *message = calloc(len + 1, 1);

    assert_non_null(message);
    memset(message, 'x', len);
    capture_begin(&capture);
    log_err("%s", message);
    capture_end(&capture);
    free(message);
    size_t line = strlen(capture.text);
    assert_memory_equal(capture.text, PREFIX, sizeof PREFIX - 1);
    assert_int_equal(strspn(capture.text + sizeof PREFIX - 1, "x"),
                     line - sizeof PREFIX);
    assert_int_equal(capture.text[line - 1], '\n');
    return line - sizeof PREFIX;
}

static void long_messages_are_cut(void **state)
{
    static const size_t longer[] = {401, 402, 403, 511, 512, 513, 4096, 100000};

    (void)state;
    for (size_t len = 390; len <= LOG_MESSAGE_MAX; len++)
        assert_int_equal(line_of(len), len);
    for (size_t i = 0; i < sizeof longer / sizeof longer[0]; i++)
        assert_int_equal(line_of(longer[i]), LOG_MESSAGE_MAX);
}

/* Characters of 1 to 4 bytes, over every place where the cut can fall. */
static void characters_stay_whole(void **state)
{
    static const char *const characters[] = {"a", "\u00e9", "\u20ac",
                                             "\U0001f525"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (int lead = 390; lead <= LOG_MESSAGE_MAX; lead++) {
            struct capture capture;
            capture_begin(&capture);
            log_err("%0*d%s%s", lead, 0, characters[i], "tail tail tail");
            capture_end(&capture);
            size_t shown = strlen(capture.text) - sizeof PREFIX;
            bool whole = (size_t)lead + i + 1 <= LOG_MESSAGE_MAX;
            assert_int_equal(shown, whole ? LOG_MESSAGE_MAX : (size_t)lead);
        }
    }
}

static void one_message_is_one_line(void **state)
{
    struct capture capture;

    (void)state;
    capture_begin(&capture);
    log_err("a\nprog: error: forged\r\x1b[31m\x7f %%s%%n");
    capture_end(&capture);
    assert_string_equal(capture.text,
                        PREFIX "a?prog: error: forged??[31m? %s%n\n");
}

static void errno_is_kept(void **state)
{
    struct capture capture;

    (void)state;
    capture_begin(&capture);
    errno = EPIPE;
    log_err("x");
    int after = errno;
    capture_end(&capture);
    assert_int_equal(after, EPIPE);
}

static void opens_again(void **state)
{
    struct capture capture;

    (void)state;
    capture_begin(&capture);
    log_err("before");
    int first = log_open("again", LOG_TO_STDERR);
    log_err("first");
    log_close();
    log_err("between");
    int second = log_open("more", LOG_TO_STDERR);
    log_err("second");
    log_close();
    int third = log_open("quiet", LOG_TO_SYSLOG);
    log_err("not on stderr");
    log_close();
    capture_end(&capture);
    assert_int_equal(first, 0);
    assert_int_equal(second, 0);
    assert_int_equal(third, 0);
    assert_string_equal(capture.text, "again: error: first\n"
                                      "more: error: second\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_again),
        cmocka_unit_test_setup_teardown(levels_are_named, log_starts, log_ends),
        cmocka_unit_test_setup_teardown(seldom_is_seldom, log_starts, log_ends),
        cmocka_unit_test_setup_teardown(debug_is_switched, log_starts,
                                        log_ends),
        cmocka_unit_test_setup_teardown(long_messages_are_cut, log_starts,
                                        log_ends),
        cmocka_unit_test_setup_teardown(characters_stay_whole, log_starts,
                                        log_ends),
        cmocka_unit_test_setup_teardown(one_message_is_one_line, log_starts,
                                        log_ends),
        cmocka_unit_test_setup_teardown(errno_is_kept, log_starts, log_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
