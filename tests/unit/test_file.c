#include <errno.h>

#include "daemon/shell/file.h"
#include "lib/result.h"
#include "tests/unit/place.h"
#include "tests/unit/sample.h"

enum { MAGIC = 0x31415926 };

static int place_begins(void **state)
{
    static struct place place;

    place = place_make();
    *state = &place;
    return 0;
}

static int place_ends(void **state)
{
    place_remove(*state);
    return 0;
}

static void what_is_replaced_is_read(void **state)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 3000000, 7};
    struct place *place = *state;
    uint64_t seed = 1;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buf bytes = {0};
        uint8_t *at = buf_extend(&bytes, sizes[i]);
        for (size_t n = 0; n < sizes[i]; n++)
            at[n] = (uint8_t)sample_random(&seed);
        assert_int_equal(
            file_replace(place->dir, "name", bytes.data, bytes.len), 0);
        struct buf got = {0};
        buf_printf(&got, "what was in it before");
        assert_int_equal(file_read(place->dir, "name", &got), 0);
        assert_int_equal(got.len, bytes.len);
        assert_memory_equal(got.data, bytes.data, bytes.len);
        assert_false(place_has(place, "name.new"));
        buf_free(&got);
        buf_free(&bytes);
    }
}

/* A crash leaves NAME.new behind, of any length. */
static void a_leftover_does_not_matter(void **state)
{
    struct place *place = *state;
    char junk[100000];

    memset(junk, 'j', sizeof junk);
    place_write(place, "name.new", junk, sizeof junk);
    assert_int_equal(file_replace(place->dir, "name", "abc", 3), 0);
    struct buf got = place_read(place, "name");
    assert_int_equal(got.len, 3);
    assert_memory_equal(got.data, "abc", 3);
    buf_free(&got);
}

static void only_the_owner_may_read(void **state)
{
    struct place *place = *state;
    struct stat stat;

    assert_int_equal(file_replace(place->dir, "name", "abc", 3), 0);
    assert_int_equal(fstatat(place->dir, "name", &stat, 0), 0);
    assert_int_equal(stat.st_mode & 07777, 0600);
}

static void failures_are_told(void **state)
{
    struct place *place = *state;
    struct buf got = {0};

    assert_int_equal(file_read(place->dir, "absent", &got), ENOENT);
    assert_int_equal(file_read(place->dir, ".", &got), EISDIR);
    assert_int_equal(file_read(-1, "absent", &got), EBADF);
    assert_int_equal(file_replace(-1, "name", "abc", 3), EBADF);
    assert_int_equal(mkdirat(place->dir, "name", 0700), 0);
    assert_int_equal(file_replace(place->dir, "name", "abc", 3), EISDIR);
    assert_int_equal(file_write(-1, "abc", 3), EBADF);
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    assert_int_equal(file_write(full, "abc", 3), ENOSPC);
    close(full);
    buf_free(&got);
}

/* ---- frames ---- */

static struct buf framed(const char *text)
{
    struct buf frame = {0};

    file_frame(&frame, MAGIC, 0x0123456789abcdef, text, strlen(text));
    return frame;
}

static int unframe(const struct buf *frame)
{
    const uint8_t *bytes = NULL;
    uint64_t generation = 0;
    size_t len = 0;

    return file_unframe(frame, MAGIC, &generation, &bytes, &len);
}

static void frames_round_trip(void **state)
{
    static const char *const texts[] = {"", "x", "some content"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct buf frame = framed(texts[i]);
        const uint8_t *bytes = NULL;
        uint64_t generation = 0;
        size_t len = 0;
        assert_int_equal(frame.len, strlen(texts[i]) + FILE_FRAME_SIZE);
        assert_int_equal(file_unframe(&frame, MAGIC, &generation, &bytes, &len),
                         0);
        assert_int_equal(generation, 0x0123456789abcdef);
        assert_int_equal(len, strlen(texts[i]));
        assert_ptr_equal(bytes, frame.data + FILE_FRAME_HEAD);
        assert_memory_equal(bytes, texts[i], len);
        buf_free(&frame);
    }
}

/* The bytes on disk, so that a change of the format is noticed. */
static void frames_have_this_format(void **state)
{
    static const uint8_t head[] = {
        0x26, 0x59, 0x41, 0x31, 1, 0, 0, 0, 0xef, 0xcd, 0xab, 0x89, 0x67,
        0x45, 0x23, 0x01, 2,    0, 0, 0, 0, 0,    0,    0,    'h',  'i',
    };
    struct buf frame = framed("hi");

    (void)state;
    assert_int_equal(frame.len, sizeof head + 8);
    assert_memory_equal(frame.data, head, sizeof head);
    buf_free(&frame);
}

static void every_cut_is_noticed(void **state)
{
    struct buf frame = framed("some content");
    struct buf cut = {0};

    (void)state;
    for (size_t len = 0; len < frame.len; len++) {
        buf_reset(&cut);
        buf_bytes(&cut, frame.data, len);
        assert_int_equal(unframe(&cut), RESULT_MALFORMED);
    }
    buf_reset(&cut);
    buf_bytes(&cut, frame.data, frame.len);
    buf_u8(&cut, 0);
    assert_int_equal(unframe(&cut), RESULT_MALFORMED);
    buf_free(&cut);
    buf_free(&frame);
}

static void every_flipped_bit_is_noticed(void **state)
{
    struct buf frame = framed("some content");

    (void)state;
    for (size_t at = 0; at < frame.len * 8; at++) {
        uint8_t bit = (uint8_t)(1u << (at % 8));
        frame.data[at / 8] ^= bit;
        bool version = at / 8 >= 4 && at / 8 < 8;
        assert_int_equal(unframe(&frame),
                         version ? RESULT_VERSION : RESULT_MALFORMED);
        frame.data[at / 8] ^= bit;
    }
    assert_int_equal(unframe(&frame), 0);
    buf_free(&frame);
}

static void a_length_beyond_everything_is_noticed(void **state)
{
    static const uint64_t lengths[] = {UINT64_MAX, UINT64_MAX - 7,
                                       UINT64_MAX - 31, INT64_MAX, 1ull << 32};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct buf frame = framed("some content");
        memcpy(frame.data + 16, &lengths[i], 8);
        assert_int_equal(unframe(&frame), RESULT_MALFORMED);
        buf_free(&frame);
    }
}

#define WITH_PLACE(test)                                                       \
    cmocka_unit_test_setup_teardown(test, place_begins, place_ends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PLACE(what_is_replaced_is_read),
        WITH_PLACE(a_leftover_does_not_matter),
        WITH_PLACE(only_the_owner_may_read),
        WITH_PLACE(failures_are_told),
        cmocka_unit_test(frames_round_trip),
        cmocka_unit_test(frames_have_this_format),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(a_length_beyond_everything_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
