#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "tests/unit/unit.h"

static void integers_are_little_endian(void **state)
{
    static const uint8_t wanted[] = {0x01, 0x03, 0x02, 0x07, 0x06,
                                     0x05, 0x04, 0x0f, 0x0e, 0x0d,
                                     0x0c, 0x0b, 0x0a, 0x09, 0x08};
    struct buf buf = {0};

    (void)state;
    buf_u8(&buf, 0x01);
    buf_u16(&buf, 0x0203);
    buf_u32(&buf, 0x04050607);
    buf_u64(&buf, 0x08090a0b0c0d0e0f);
    assert_int_equal(buf.len, sizeof wanted);
    assert_memory_equal(buf.data, wanted, sizeof wanted);
    buf_free(&buf);
}

static void largest_values_fit(void **state)
{
    struct buf buf = {0};

    (void)state;
    buf_u8(&buf, UINT8_MAX);
    buf_u16(&buf, UINT16_MAX);
    buf_u32(&buf, UINT32_MAX);
    buf_u64(&buf, UINT64_MAX);
    assert_int_equal(buf.len, 15);
    for (size_t i = 0; i < buf.len; i++)
        assert_int_equal(buf.data[i], 0xff);
    buf_free(&buf);
}

static void no_bytes_add_nothing(void **state)
{
    struct buf buf = {0};

    (void)state;
    buf_bytes(&buf, NULL, 0);
    assert_int_equal(buf.len, 0);
    assert_non_null(buf_extend(&buf, 0));
    assert_int_equal(buf.len, 0);
    buf_blob(&buf, NULL, 0);
    assert_int_equal(buf.len, 4);
    assert_memory_equal(buf.data, "\0\0\0\0", 4);
    buf_free(&buf);
}

static void blob_is_length_then_bytes(void **state)
{
    struct buf buf = {0};

    (void)state;
    buf_blob(&buf, "abc", 3);
    assert_int_equal(buf.len, 7);
    assert_memory_equal(buf.data, "\3\0\0\0abc", 7);
    buf_free(&buf);
}

static void extend_gives_the_write_position(void **state)
{
    struct buf buf = {0};

    (void)state;
    buf_bytes(&buf, "ab", 2);
    memcpy(buf_extend(&buf, 3), "cde", 3);
    buf_u8(&buf, 'f');
    assert_int_equal(buf.len, 6);
    assert_memory_equal(buf.data, "abcdef", 6);
    buf_free(&buf);
}

/* One byte at a time over many growths, then one very large piece. */
static void growth_keeps_what_was_written(void **state)
{
    const size_t small = 300000;
    const size_t large = 48u * 1024u * 1024u;
    struct buf buf = {0};

    (void)state;
    for (size_t i = 0; i < small; i++)
        buf_u8(&buf, (uint8_t)(i * 7));
    memset(buf_extend(&buf, large), 0xa5, large);
    buf_u8(&buf, 0x5a);
    assert_int_equal(buf.len, small + large + 1);
    assert_true(buf.cap >= buf.len);
    for (size_t i = 0; i < small; i++)
        assert_int_equal(buf.data[i], (uint8_t)(i * 7));
    for (size_t i = small; i < small + large; i++) {
        if (buf.data[i] != 0xa5)
            fail_msg("byte %zu changed", i);
    }
    assert_int_equal(buf.data[small + large], 0x5a);
    buf_free(&buf);
}

static void reset_keeps_the_memory(void **state)
{
    struct buf buf = {0};

    (void)state;
    memset(buf_extend(&buf, 5000), 1, 5000);
    uint8_t *data = buf.data;
    size_t cap = buf.cap;
    buf_reset(&buf);
    assert_int_equal(buf.len, 0);
    memset(buf_extend(&buf, 5000), 2, 5000);
    assert_ptr_equal(buf.data, data);
    assert_int_equal(buf.cap, cap);
    buf_free(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.len + buf.cap, 0);
    buf_free(&buf); /* an empty buffer again, so this is allowed */
}

static void printf_adds_no_nul(void **state)
{
    struct buf buf = {0};

    (void)state;
    buf_printf(&buf, "%s", "");
    assert_int_equal(buf.len, 0);
    buf_printf(&buf, "%d-%s", -7, "x");
    buf_printf(&buf, "|%c", 'y');
    assert_int_equal(buf.len, 6);
    assert_memory_equal(buf.data, "-7-x|y", 6);
    buf_free(&buf);
}

/* At every length around the capacity: the NUL must never fall outside. */
static void printf_at_every_fill(void **state)
{
    (void)state;
    for (size_t fill = 0; fill < 200; fill++) {
        struct buf buf = {0};
        memset(buf_extend(&buf, fill), 'a', fill);
        buf_printf(&buf, "%0*d", (int)fill + 1, 5);
        assert_int_equal(buf.len, 2 * fill + 1);
        assert_int_equal(buf.data[2 * fill], '5');
        assert_true(buf.cap > buf.len - 1);
        for (size_t i = 0; i < fill; i++)
            assert_int_equal(buf.data[i], 'a');
        buf_free(&buf);
    }
}

static void printf_of_a_long_text(void **state)
{
    const size_t len = 1000000;
    char *text = mem_calloc(len + 1, 1);
    struct buf buf = {0};

    (void)state;
    memset(text, 'q', len);
    buf_printf(&buf, "<%s>", text);
    assert_int_equal(buf.len, len + 2);
    assert_int_equal(buf.data[0], '<');
    assert_memory_equal(buf.data + 1, text, len);
    assert_int_equal(buf.data[len + 1], '>');
    buf_free(&buf);
    free(text);
}

static void patch_changes_four_bytes_only(void **state)
{
    struct buf buf = {0};

    (void)state;
    for (size_t at = 0; at + 4 <= 12; at++) {
        buf_reset(&buf);
        memset(buf_extend(&buf, 12), 0xee, 12);
        buf_patch_u32(&buf, at, 0x01020304);
        assert_int_equal(buf.len, 12);
        for (size_t i = 0; i < 12; i++) {
            bool inside = i >= at && i < at + 4;
            assert_int_equal(buf.data[i], inside ? 4 - (i - at) : 0xee);
        }
    }
    buf_free(&buf);
}

static void mem_never_gives_null(void **state)
{
    uint8_t *none = mem_calloc(0, 8);
    uint8_t *copy_of_none = mem_copy(NULL, 0);
    uint8_t *copy = mem_copy("xyz", 3);
    uint32_t *items = mem_calloc(4, sizeof *items);

    (void)state;
    assert_non_null(none);
    assert_non_null(copy_of_none);
    assert_memory_equal(copy, "xyz", 3);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(items[i], 0);
    items[3] = 9;
    items = mem_realloc(items, 1000, sizeof *items);
    assert_int_equal(items[3], 9);
    assert_null(mem_realloc(items, 0, sizeof *items));
    free(none);
    free(copy_of_none);
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_little_endian),
        cmocka_unit_test(largest_values_fit),
        cmocka_unit_test(no_bytes_add_nothing),
        cmocka_unit_test(blob_is_length_then_bytes),
        cmocka_unit_test(extend_gives_the_write_position),
        cmocka_unit_test(growth_keeps_what_was_written),
        cmocka_unit_test(reset_keeps_the_memory),
        cmocka_unit_test(printf_adds_no_nul),
        cmocka_unit_test(printf_at_every_fill),
        cmocka_unit_test(printf_of_a_long_text),
        cmocka_unit_test(patch_changes_four_bytes_only),
        cmocka_unit_test(mem_never_gives_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
