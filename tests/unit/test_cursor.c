#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/cursor.h"
#include "tests/unit/unit.h"

/* A message with every kind of field. The starts of its fields: */
static const size_t field_starts[] = {0, 1, 3, 7, 15, 20, 29, 33};
#define MESSAGE_LEN 33

struct message {
    uint8_t a;
    uint16_t b;
    uint32_t c;
    uint64_t d;
    const uint8_t *bytes; /* 5 */
    const uint8_t *blob;
    size_t blob_len; /* 5 */
    const uint8_t *empty;
    size_t empty_len; /* 0 */
};

static void message_write(struct buf *buf)
{
    buf_u8(buf, 0xfe);
    buf_u16(buf, 0xfedc);
    buf_u32(buf, 0xfedcba98);
    buf_u64(buf, 0xfedcba9876543210);
    buf_bytes(buf, "bytes", 5);
    buf_blob(buf, "blobs", 5);
    buf_blob(buf, NULL, 0);
}

static struct message message_read(struct cursor *cursor)
{
    struct message message;

    message.a = cursor_u8(cursor);
    message.b = cursor_u16(cursor);
    message.c = cursor_u32(cursor);
    message.d = cursor_u64(cursor);
    message.bytes = cursor_bytes(cursor, 5);
    message.blob = cursor_blob(cursor, &message.blob_len);
    message.empty = cursor_blob(cursor, &message.empty_len);
    return message;
}

static void reads_what_buf_wrote(void **state)
{
    struct buf buf = {0};

    (void)state;
    message_write(&buf);
    assert_int_equal(buf.len, MESSAGE_LEN);
    struct cursor cursor = cursor_make(buf.data, buf.len);
    struct message message = message_read(&cursor);
    assert_true(cursor_done(&cursor));
    assert_int_equal(cursor_left(&cursor), 0);
    assert_int_equal(message.a, 0xfe);
    assert_int_equal(message.b, 0xfedc);
    assert_int_equal(message.c, 0xfedcba98);
    assert_true(message.d == 0xfedcba9876543210);
    assert_memory_equal(message.bytes, "bytes", 5);
    assert_int_equal(message.blob_len, 5);
    assert_memory_equal(message.blob, "blobs", 5);
    assert_int_equal(message.empty_len, 0);
    assert_non_null(message.empty);
    buf_free(&buf);
}

static void check_cut(const struct message *message, size_t cut)
{
    const size_t *starts = field_starts;

    /* Whole fields are read right, the rest is 0 or NULL. */
    assert_int_equal(message->a, cut >= starts[1] ? 0xfe : 0);
    assert_int_equal(message->b, cut >= starts[2] ? 0xfedc : 0);
    assert_int_equal(message->c, cut >= starts[3] ? 0xfedcba98 : 0);
    assert_int_equal(message->d != 0, cut >= starts[4]);
    assert_int_equal(message->bytes != NULL, cut >= starts[5]);
    assert_int_equal(message->blob != NULL, cut >= starts[6]);
    assert_int_equal(message->blob_len, cut >= starts[6] ? 5 : 0);
    assert_int_equal(message->empty != NULL, cut >= starts[7]);
}

/* The cut message stands at the end of its own allocation, so that the
 * sanitized build sees a read of even one byte past the cut. */
static void bad_at_every_cut(void **state)
{
    struct buf buf = {0};

    (void)state;
    message_write(&buf);
    for (size_t cut = 0; cut < buf.len; cut++) {
        uint8_t *copy = malloc(cut > 0 ? cut : 1);
        assert_non_null(copy);
        memcpy(copy, buf.data, cut);
        struct cursor cursor = cursor_make(copy, cut);
        struct message message = message_read(&cursor);
        assert_true(cursor.bad);
        assert_false(cursor_done(&cursor));
        assert_true(cursor.pos <= cursor.len);
        check_cut(&message, cut);
        free(copy);
    }
    buf_free(&buf);
}

static void once_bad_for_ever_bad(void **state)
{
    static const uint8_t data[] = {1, 2, 3};
    struct cursor cursor = cursor_make(data, sizeof data);
    size_t len = 77;

    (void)state;
    assert_int_equal(cursor_u32(&cursor), 0);
    assert_true(cursor.bad);
    size_t pos = cursor.pos;
    assert_int_equal(cursor_u8(&cursor), 0);
    assert_int_equal(cursor_u16(&cursor), 0);
    assert_int_equal(cursor_u32(&cursor), 0);
    assert_int_equal(cursor_u64(&cursor), 0);
    assert_null(cursor_bytes(&cursor, 0));
    assert_null(cursor_bytes(&cursor, 1));
    assert_null(cursor_blob(&cursor, &len));
    assert_int_equal(len, 0);
    assert_true(cursor.bad);
    assert_int_equal(cursor.pos, pos);
    assert_false(cursor_done(&cursor));
}

static void lengths_near_the_largest_are_refused(void **state)
{
    static const size_t lens[] = {3, 4, SIZE_MAX - 2, SIZE_MAX - 1, SIZE_MAX};
    static const uint8_t data[] = {1, 2, 3};

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct cursor cursor = cursor_make(data, sizeof data);
        cursor_u8(&cursor);
        assert_null(cursor_bytes(&cursor, lens[i]));
        assert_true(cursor.bad);
    }
}

static void blob_lengths_are_bounded(void **state)
{
    static const uint32_t lens[] = {4, 5, 255, 0x7fffffff, UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct buf buf = {0};
        buf_u32(&buf, lens[i]);
        buf_bytes(&buf, "abc", 3);
        struct cursor cursor = cursor_make(buf.data, buf.len);
        size_t len;
        assert_null(cursor_blob(&cursor, &len));
        assert_int_equal(len, 0);
        assert_true(cursor.bad);
        buf_free(&buf);
    }
}

static void nothing_can_be_read(void **state)
{
    struct cursor cursor = cursor_make(NULL, 0);

    (void)state;
    assert_true(cursor_done(&cursor));
    assert_int_equal(cursor_left(&cursor), 0);
    assert_non_null(cursor_bytes(&cursor, 0));
    assert_true(cursor_done(&cursor));
    assert_null(cursor_bytes(&cursor, 1));
    assert_true(cursor.bad);
}

static void rest_is_not_done(void **state)
{
    static const uint8_t data[] = {1, 2, 3};
    struct cursor cursor = cursor_make(data, sizeof data);

    (void)state;
    assert_int_equal(cursor_u16(&cursor), 0x0201);
    assert_false(cursor_done(&cursor));
    assert_int_equal(cursor_left(&cursor), 1);
    assert_ptr_equal(cursor_bytes(&cursor, 1), data + 2);
    assert_true(cursor_done(&cursor));
    assert_non_null(cursor_bytes(&cursor, 0));
    assert_true(cursor_done(&cursor));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_buf_wrote),
        cmocka_unit_test(bad_at_every_cut),
        cmocka_unit_test(once_bad_for_ever_bad),
        cmocka_unit_test(lengths_near_the_largest_are_refused),
        cmocka_unit_test(blob_lengths_are_bounded),
        cmocka_unit_test(nothing_can_be_read),
        cmocka_unit_test(rest_is_not_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
