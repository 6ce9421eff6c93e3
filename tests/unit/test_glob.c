#include <stdlib.h>
#include <string.h>

#include "daemon/core/glob.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

static void match(const char *pattern, const char *text, bool wanted)
{
    if (glob_match(pattern, strlen(pattern), text, strlen(text)) != wanted)
        fail_msg("%s %s %s", pattern, wanted ? "does not match" : "matches",
                 text);
}

/* Texts that match, a NULL, texts that do not, a NULL. */
#define MATCH(pattern, ...)                                                    \
    do {                                                                       \
        const char *const texts[] = {__VA_ARGS__, NULL};                       \
        bool wanted = true;                                                    \
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {          \
            if (texts[i] == NULL)                                              \
                wanted = false;                                                \
            else                                                               \
                match(pattern, texts[i], wanted);                              \
        }                                                                      \
    } while (0)

static void plain_bytes(void **state)
{
    (void)state;
    MATCH("abc", "abc", NULL, "ab", "abcd", "ABC", "", "xabc");
    MATCH("", "", NULL, "a");
    MATCH("a]", "a]", NULL, "a");
    MATCH("^-", "^-", NULL, "-");
}

static void stars_and_question_marks(void **state)
{
    (void)state;
    MATCH("*", "a", "abc", "*");
    MATCH("a*", "a", "ab", "abc", NULL, "", "b", "ba");
    MATCH("*a", "a", "ba", "aa", "aba", NULL, "ab", "");
    MATCH("a*b*c", "abc", "aXbYc", "abbcc", "abcbc", NULL, "acb", "abcx");
    MATCH("***a***", "a", "xax", NULL, "xx");
    MATCH("?", "a", "*", NULL, "", "ab");
    MATCH("a?c", "abc", NULL, "ac", "abbc");
    MATCH("*?", "a", "ab", NULL, "");
    MATCH("?*?", "ab", "abc", NULL, "a");
    MATCH("*ab*ab", "abab", "xabyab", "ababab", NULL, "ab", "aba");
}

static void sets(void **state)
{
    (void)state;
    MATCH("[abc]", "a", "b", "c", NULL, "d", "ab", "");
    MATCH("[a-c]x", "ax", "bx", "cx", NULL, "dx", "-x", "a");
    MATCH("[^a-c]", "d", "^", NULL, "a", "b", "c");
    MATCH("[c-a]", "a", "b", "c", NULL, "d");
    MATCH("[a-]", "]", "a", "^", "_", NULL, "-", "b");
    MATCH("[-a]", "-", "a", NULL, "b");
    MATCH("[a^]", "a", "^", NULL, "b");
    MATCH("[\\]]", "]", NULL, "\\");
    MATCH("[\\^a]", "^", "a", NULL, "b");
    MATCH("[a\\-c]", "a", "-", "c", NULL, "b");
    MATCH("*[0-9]", "a1", "10", NULL, "1a");
}

/* As Redis takes them. */
static void sets_that_make_little_sense(void **state)
{
    (void)state;
    MATCH("[", NULL, NULL, "[", "a", "");
    MATCH("[^", "a", "^", NULL, "ab", "");
    MATCH("[abc", "a", "c", NULL, "d", "[abc");
    MATCH("[a-", "a", "-", NULL, "b");
    MATCH("[]", NULL, NULL, "]", "a", "[]");
    MATCH("[]a]", NULL, NULL, "a", "]", "a]");
    MATCH("[^]", "a", "]");
    MATCH("[^]a]", "xa]", NULL, "a", "x");
    MATCH("[\\", "\\", NULL, "a");
    MATCH("[a-\\]", "a", "]", "\\", NULL, "b");
}

static void backslashes(void **state)
{
    (void)state;
    MATCH("\\*", "*", NULL, "a", "\\*");
    MATCH("a\\?", "a?", NULL, "ab");
    MATCH("\\[a]", "[a]", NULL, "a");
    MATCH("\\\\", "\\", NULL, "\\\\");
    MATCH("\\", "\\", NULL, "a");
    MATCH("*\\", "\\", "a\\", NULL, "a");
    MATCH("\\a", "a", NULL, "\\a");
}

static void nothing_matches_the_empty_pattern_only(void **state)
{
    (void)state;
    match("", "", true);
    match("*", "", false);
    match("**", "", false);
    match("[^a]", "", false);
    assert_true(glob_match(NULL, 0, NULL, 0));
    assert_false(glob_match("*", 1, NULL, 0));
    assert_false(glob_match(NULL, 0, "a", 1));
}

static void bytes_of_any_value(void **state)
{
    (void)state;
    assert_true(glob_match("a\0b", 3, "a\0b", 3));
    assert_false(glob_match("a\0b", 3, "a\0c", 3));
    assert_true(glob_match("?", 1, "\0", 1));
    assert_true(glob_match("*\0", 2, "a\0", 2));
    match("[\x80-\xff]", "\x90", true);
    match("[\x80-\xff]", "a", false);
    match("[a-\xff]", "\x01", true); /* signed: from -1 up to 'a' */
    match("[a-\xff]", "b", false);
    match("\xff*", "\xff\xfe", true);
}

/* A matcher that is plainly right for stars, marks and bytes. */
static bool slow(const char *pattern, const char *text)
{
    if (*pattern == '\0')
        return *text == '\0';
    if (*pattern == '*')
        return slow(pattern + 1, text) ||
               (*text != '\0' && slow(pattern, text + 1));
    return *text != '\0' && (*pattern == '?' || *pattern == *text) &&
           slow(pattern + 1, text + 1);
}

static void is_as_a_slow_one(void **state)
{
    uint64_t seed = 31;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        char pattern[9] = "", text[9] = "";
        size_t pattern_len = sample_below(&seed, 9);
        size_t len = 1 + sample_below(&seed, 8);
        for (size_t at = 0; at < pattern_len; at++)
            pattern[at] = "**?ab"[sample_below(&seed, 5)];
        for (size_t at = 0; at < len; at++)
            text[at] = "ab"[sample_below(&seed, 2)];
        match(pattern, text, slow(pattern, text));
    }
}

/* Would take for ever if each star tried all that the ones before it do. */
static void many_stars_are_quick(void **state)
{
    enum { LEN = 20000 };
    char *text = malloc(LEN), *pattern = malloc(LEN);

    (void)state;
    assert_non_null(text);
    assert_non_null(pattern);
    memset(text, 'a', LEN);
    for (size_t i = 0; i < LEN; i++)
        pattern[i] = i % 2 == 0 ? '*' : 'a';
    assert_true(glob_match(pattern, LEN, text, LEN));
    pattern[LEN - 1] = 'b';
    assert_false(glob_match(pattern, LEN, text, LEN));
    free(text);
    free(pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_bytes),
        cmocka_unit_test(stars_and_question_marks),
        cmocka_unit_test(sets),
        cmocka_unit_test(sets_that_make_little_sense),
        cmocka_unit_test(backslashes),
        cmocka_unit_test(nothing_matches_the_empty_pattern_only),
        cmocka_unit_test(bytes_of_any_value),
        cmocka_unit_test(is_as_a_slow_one),
        cmocka_unit_test(many_stars_are_quick),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
