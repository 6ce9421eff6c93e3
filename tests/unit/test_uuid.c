#include <ctype.h>
#include <string.h>

#include "lib/result.h"
#include "lib/uuid.h"
#include "tests/unit/unit.h"

#define TEXT "00112233-4455-6677-8899-aabbccddeeff"

static struct uuid counted(void)
{
    struct uuid uuid;

    for (size_t i = 0; i < sizeof uuid.bytes; i++)
        uuid.bytes[i] = (uint8_t)(0x11 * i);
    return uuid;
}

static void text_is_8_4_4_4_12(void **state)
{
    struct uuid uuid = counted();
    char text[UUID_TEXT_SIZE];

    (void)state;
    assert_ptr_equal(uuid_text(&uuid, text), text);
    assert_string_equal(text, TEXT);
    memset(&uuid, 0xff, sizeof uuid);
    assert_string_equal(uuid_text(&uuid, text),
                        "ffffffff-ffff-ffff-ffff-ffffffffffff");
}

static void parse_reads_text(void **state)
{
    struct uuid wanted = counted();
    struct uuid uuid = {0};

    (void)state;
    assert_int_equal(uuid_parse(&uuid, TEXT), 0);
    assert_true(uuid_equal(&uuid, &wanted));
    memset(&uuid, 0, sizeof uuid);
    assert_int_equal(uuid_parse(&uuid, "00112233-4455-6677-8899-AABBCCDDEEFF"),
                     0);
    assert_true(uuid_equal(&uuid, &wanted));
}

static void refused(const char *text)
{
    struct uuid before = counted();
    struct uuid uuid = before;

    assert_int_equal(uuid_parse(&uuid, text), RESULT_MALFORMED);
    assert_true(uuid_equal(&uuid, &before));
}

/* Every cut, and at every place every wrong byte. */
static void parse_refuses_all_else(void **state)
{
    char text[sizeof TEXT + 1];

    (void)state;
    for (size_t cut = 0; cut < sizeof TEXT - 1; cut++) {
        memcpy(text, TEXT, cut);
        text[cut] = '\0';
        refused(text);
    }
    for (size_t at = 0; at < sizeof TEXT - 1; at++) {
        for (int byte = 1; byte < 256; byte++) {
            bool right = TEXT[at] == '-' ? byte == '-' : isxdigit(byte) != 0;
            memcpy(text, TEXT, sizeof TEXT);
            text[at] = (char)byte;
            if (!right)
                refused(text);
        }
    }
    refused(TEXT "0");
    refused(TEXT " ");
    refused(" " TEXT);
    refused("{" TEXT "}");
    refused("00112233445566778899aabbccddeeff");
    refused("0011223-34455-6677-8899-aabbccddeeff");
}

static void compare_is_by_bytes(void **state)
{
    struct uuid a = counted();
    struct uuid b = a;

    (void)state;
    assert_int_equal(uuid_compare(&a, &b), 0);
    for (size_t i = 0; i < sizeof a.bytes; i++) {
        b = a;
        b.bytes[i] = (uint8_t)(a.bytes[i] ^ 0x80);
        bool above = b.bytes[i] > a.bytes[i];
        assert_false(uuid_equal(&a, &b));
        assert_int_equal(uuid_compare(&b, &a) > 0, above);
        assert_int_equal(uuid_compare(&a, &b) < 0, above);
    }
}

static void none_is_all_zero(void **state)
{
    struct uuid uuid = {0};

    (void)state;
    assert_true(uuid_is_none(&uuid));
    for (size_t i = 0; i < sizeof uuid.bytes; i++) {
        memset(&uuid, 0, sizeof uuid);
        uuid.bytes[i] = 1;
        assert_false(uuid_is_none(&uuid));
    }
}

static void travels_in_a_message(void **state)
{
    struct uuid uuid = counted();
    struct uuid read;
    struct buf buf = {0};

    (void)state;
    buf_uuid(&buf, &uuid);
    assert_int_equal(buf.len, 16);
    struct cursor cursor = cursor_make(buf.data, buf.len);
    read = cursor_uuid(&cursor);
    assert_true(cursor_done(&cursor));
    assert_true(uuid_equal(&read, &uuid));
    for (size_t cut = 0; cut < 16; cut++) {
        cursor = cursor_make(buf.data, cut);
        read = cursor_uuid(&cursor);
        assert_true(cursor.bad);
        assert_true(uuid_is_none(&read));
    }
    buf_free(&buf);
}

static void random_ones_are_version_4_and_differ(void **state)
{
    struct uuid made[50];

    (void)state;
    for (size_t i = 0; i < 50; i++) {
        assert_int_equal(uuid_random(&made[i]), 0);
        assert_int_equal(made[i].bytes[6] >> 4, 4);
        assert_int_equal(made[i].bytes[8] >> 6, 2);
        for (size_t j = 0; j < i; j++)
            assert_false(uuid_equal(&made[i], &made[j]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_8_4_4_4_12),
        cmocka_unit_test(parse_reads_text),
        cmocka_unit_test(parse_refuses_all_else),
        cmocka_unit_test(compare_is_by_bytes),
        cmocka_unit_test(none_is_all_zero),
        cmocka_unit_test(travels_in_a_message),
        cmocka_unit_test(random_ones_are_version_4_and_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
