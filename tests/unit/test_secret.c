#include "lib/secret.h"

#include <errno.h>

#include "tests/unit/place.h"

static int begins(void **state)
{
    static struct place place;

    place = place_make();
    *state = &place;
    return 0;
}

static int ends(void **state)
{
    place_remove(*state);
    return 0;
}

static char error[300];

/* Writes the file and opens it. */
static int open_with(const struct place *place, const void *bytes, size_t len,
                     int *fd)
{
    char path[PLACE_PATH + 16];

    place_write(place, "secret", bytes, len);
    snprintf(path, sizeof path, "%s/secret", place->path);
    error[0] = '\0';
    return secret_open(path, fd, error, sizeof error);
}

static void refused(const struct place *place, const void *bytes, size_t len,
                    const char *why)
{
    int fd;

    assert_int_equal(open_with(place, bytes, len, &fd), EINVAL);
    assert_int_equal(fd, -1);
    assert_non_null(strstr(error, "/secret: "));
    assert_non_null(strstr(error, why));
}

static void first_line_is_it(void **state)
{
    static const char *const texts[] = {"pass word", "pass word\n",
                                        "pass word\nsecond\n"};
    struct secret secret;
    int fd;

    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(open_with(*state, texts[i], strlen(texts[i]), &fd), 0);
        assert_int_equal(secret_read(fd, &secret, error, sizeof error), 0);
        assert_true(secret_is(&secret, "pass word", 9));
        close(fd);
    }
}

static void only_it_is_right(void **state)
{
    char longer[SECRET_MAX * 2 + 1];
    struct secret secret;
    int fd;

    assert_int_equal(open_with(*state, "abc", 3, &fd), 0);
    assert_int_equal(secret_read(fd, &secret, error, sizeof error), 0);
    close(fd);
    assert_true(secret_is(&secret, "abc", 3));
    assert_false(secret_is(&secret, "", 0));
    assert_false(secret_is(&secret, "ab", 2));
    assert_false(secret_is(&secret, "abd", 3));
    assert_false(secret_is(&secret, "bbc", 3));
    assert_false(secret_is(&secret, "abc\0", 4));
    /* The same again where it has been compared to the end. */
    memset(longer, 0, sizeof longer);
    memcpy(longer, "abc", 3);
    memcpy(longer + SECRET_MAX, "abc", 3);
    assert_false(secret_is(&secret, longer, SECRET_MAX));
    assert_false(secret_is(&secret, longer, sizeof longer));
    secret_wipe(&secret);
    assert_int_equal(secret.len, 0);
    assert_false(secret_is(&secret, "abc", 3));
}

static void length_has_a_limit(void **state)
{
    char bytes[SECRET_MAX + 2];
    struct secret secret;
    int fd;

    memset(bytes, 'x', sizeof bytes);
    bytes[SECRET_MAX] = '\n';
    assert_int_equal(open_with(*state, bytes, SECRET_MAX + 1, &fd), 0);
    assert_int_equal(secret_read(fd, &secret, error, sizeof error), 0);
    assert_int_equal(secret.len, SECRET_MAX);
    assert_true(secret_is(&secret, bytes, SECRET_MAX));
    close(fd);
    bytes[SECRET_MAX] = 'x';
    refused(*state, bytes, sizeof bytes, "more than 512 bytes");
    refused(*state, "", 0, "has 0 bytes");
    refused(*state, "\nsecond\n", 8, "has 0 bytes");
}

static void file_is_regular_and_not_everybodys(void **state)
{
    const struct place *place = *state;
    char path[PLACE_PATH + 16];
    int fd;

    assert_int_equal(open_with(place, "abc", 3, &fd), 0);
    close(fd);
    assert_int_equal(fchmodat(place->dir, "secret", 0604, 0), 0);
    assert_int_equal(open_with(place, "abc", 3, &fd), EPERM);
    assert_int_equal(fd, -1);
    assert_non_null(strstr(error, "/secret: everybody may use it"));
    assert_int_equal(fchmodat(place->dir, "secret", 0640, 0), 0);
    assert_int_equal(symlinkat("secret", place->dir, "link"), 0);
    snprintf(path, sizeof path, "%s/link", place->path);
    assert_int_equal(secret_open(path, &fd, error, sizeof error), ELOOP);
    assert_non_null(strstr(error, "/link: is a symbolic link"));
    snprintf(path, sizeof path, "%s/none", place->path);
    assert_int_equal(secret_open(path, &fd, error, sizeof error), ENOENT);
    assert_non_null(strstr(error, "/none: No such file"));
    assert_int_equal(secret_open(place->path, &fd, error, sizeof error),
                     EINVAL);
    assert_non_null(strstr(error, "is no regular file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(first_line_is_it, begins, ends),
        cmocka_unit_test_setup_teardown(only_it_is_right, begins, ends),
        cmocka_unit_test_setup_teardown(length_has_a_limit, begins, ends),
        cmocka_unit_test_setup_teardown(file_is_regular_and_not_everybodys,
                                        begins, ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
