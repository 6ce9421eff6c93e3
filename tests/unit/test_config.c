#include <string.h>

#include "daemon/core/config.h"
#include "lib/result.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

/* `count` voters, 1 to count, on nodes 101 and up. */
static struct config counted(unsigned count)
{
    struct config config = {.seq = 77};

    for (unsigned i = 1; i <= count; i++) {
        struct uuid uuid = sample_uuid((uint8_t)i);
        assert_int_equal(config_add(&config, &uuid, 100 + i), 0);
    }
    return config;
}

static void majority_is_more_than_half(void **state)
{
    static const unsigned wanted[CONFIG_MAX] = {1, 2, 2, 3, 3, 4, 4, 5,
                                                5, 6, 6, 7, 7, 8, 8, 9};

    (void)state;
    for (unsigned count = 1; count <= CONFIG_MAX; count++) {
        struct config config = counted(count);
        assert_int_equal(config_majority(&config), wanted[count - 1]);
    }
}

static void voters_stand_in_order_of_uuid(void **state)
{
    static const uint8_t order[] = {9, 3,  16, 1,  12, 7,  2, 15,
                                    4, 11, 8,  14, 5,  10, 6, 13};
    struct config config = {0};

    (void)state;
    for (size_t i = 0; i < sizeof order; i++) {
        struct uuid uuid = sample_uuid(order[i]);
        assert_int_equal(config_add(&config, &uuid, 100u + order[i]), 0);
        assert_int_equal(config.count, i + 1);
        for (unsigned at = 1; at < config.count; at++)
            assert_true(uuid_compare(&config.voters[at - 1].uuid,
                                     &config.voters[at].uuid) < 0);
    }
    for (uint8_t i = 1; i <= 16; i++) {
        struct uuid uuid = sample_uuid(i);
        assert_int_equal(config_find(&config, &uuid), i - 1);
        assert_int_equal(config_find_node(&config, 100u + i), i - 1);
        assert_int_equal(config.voters[i - 1].node, 100 + i);
    }
}

static void what_is_not_there_is_not_found(void **state)
{
    struct config config = counted(5);
    struct config none = {0};
    struct uuid uuid = sample_uuid(6);

    (void)state;
    assert_int_equal(config_find(&config, &uuid), -1);
    assert_int_equal(config_find_node(&config, 106), -1);
    assert_int_equal(config_find_node(&config, 0), -1);
    uuid = sample_uuid(3);
    uuid.bytes[0] ^= 1;
    assert_int_equal(config_find(&config, &uuid), -1);
    assert_int_equal(config_find(&none, &uuid), -1);
    assert_int_equal(config_find_node(&none, 0), -1);
}

static void nobody_votes_twice(void **state)
{
    (void)state;
    for (uint8_t i = 1; i <= 4; i++) {
        struct uuid uuid = sample_uuid(i);
        struct config config = counted(4), before = config;
        assert_int_equal(config_add(&config, &uuid, 999), RESULT_MISMATCH);
        assert_memory_equal(&config, &before, sizeof config);
        config = counted(CONFIG_MAX);
        assert_int_equal(config_add(&config, &uuid, 999), RESULT_MISMATCH);
    }
}

static void there_are_at_most_sixteen(void **state)
{
    struct config config = counted(CONFIG_MAX);
    struct config before = config;
    struct uuid uuid = sample_uuid(17);

    (void)state;
    assert_int_equal(config_add(&config, &uuid, 117), RESULT_TOO_LARGE);
    assert_memory_equal(&config, &before, sizeof config);
}

static void removal_closes_the_gap(void **state)
{
    (void)state;
    for (uint8_t gone = 1; gone <= CONFIG_MAX; gone++) {
        struct config config = counted(CONFIG_MAX);
        struct uuid uuid = sample_uuid(gone);
        assert_true(config_remove(&config, &uuid));
        assert_int_equal(config.count, CONFIG_MAX - 1);
        assert_int_equal(config_find(&config, &uuid), -1);
        for (uint8_t i = 1; i <= CONFIG_MAX; i++) {
            struct uuid other = sample_uuid(i);
            if (i != gone)
                assert_int_equal(config_find(&config, &other),
                                 i < gone ? i - 1 : i - 2);
        }
        assert_false(config_remove(&config, &uuid));
        assert_int_equal(config.count, CONFIG_MAX - 1);
        assert_int_equal(config_add(&config, &uuid, 1), 0);
    }
}

static void encoding_is_count_then_voters(void **state)
{
    struct config config = counted(2);
    struct buf wanted = {0}, buf = {0};

    (void)state;
    buf_u8(&wanted, 2);
    for (uint8_t i = 1; i <= 2; i++) {
        buf_uuid(&wanted, &config.voters[i - 1].uuid);
        buf_u32(&wanted, 100u + i);
    }
    config_encode(&buf, &config);
    assert_int_equal(buf.len, wanted.len);
    assert_memory_equal(buf.data, wanted.data, wanted.len);
    buf_free(&buf);
    buf_free(&wanted);
}

static void decoding_gives_back_all_but_seq(void **state)
{
    (void)state;
    for (unsigned count = 0; count <= CONFIG_MAX; count++) {
        struct config config = counted(count), decoded;
        struct buf buf = {0};
        config_encode(&buf, &config);
        struct cursor cursor = cursor_make(buf.data, buf.len);
        memset(&decoded, 0xff, sizeof decoded);
        assert_int_equal(config_decode(&cursor, &decoded), 0);
        assert_true(cursor_done(&cursor));
        assert_int_equal(decoded.seq, 0);
        assert_int_equal(decoded.count, count);
        for (unsigned i = 0; i < count; i++) {
            assert_true(
                uuid_equal(&decoded.voters[i].uuid, &config.voters[i].uuid));
            assert_int_equal(decoded.voters[i].node, config.voters[i].node);
        }
        buf_free(&buf);
    }
}

static void proper_prefixes_are_refused(void **state)
{
    struct config config = counted(CONFIG_MAX), decoded;
    struct buf buf = {0};

    (void)state;
    config_encode(&buf, &config);
    for (size_t cut = 0; cut < buf.len; cut++) {
        struct cursor cursor = cursor_make(buf.data, cut);
        assert_int_equal(config_decode(&cursor, &decoded), RESULT_MALFORMED);
    }
    buf_free(&buf);
}

/* `count` voters by their number; then the bytes are decoded. */
static int decode_list(uint8_t count, const uint8_t *numbers)
{
    struct config decoded;
    struct buf buf = {0};

    buf_u8(&buf, count);
    for (unsigned i = 0; i < count; i++) {
        struct uuid uuid = sample_uuid(numbers[i]);
        buf_uuid(&buf, &uuid);
        buf_u32(&buf, i + 1);
    }
    struct cursor cursor = cursor_make(buf.data, buf.len);
    int rc = config_decode(&cursor, &decoded);
    buf_free(&buf);
    return rc;
}

static void unsorted_and_too_many_are_refused(void **state)
{
    uint8_t numbers[255];

    (void)state;
    for (unsigned i = 0; i < sizeof numbers; i++)
        numbers[i] = (uint8_t)(i + 1);
    assert_int_equal(decode_list(16, numbers), 0);
    assert_int_equal(decode_list(17, numbers), RESULT_MALFORMED);
    assert_int_equal(decode_list(255, numbers), RESULT_MALFORMED);
    for (unsigned i = 1; i < 16; i++) {
        uint8_t kept = numbers[i];
        numbers[i] = numbers[i - 1];
        assert_int_equal(decode_list(16, numbers), RESULT_MALFORMED);
        numbers[i] = 0;
        assert_int_equal(decode_list(16, numbers), RESULT_MALFORMED);
        numbers[i] = kept;
    }
    assert_int_equal(decode_list(16, numbers), 0);
}

static void equal_means_all_of_it(void **state)
{
    struct config a = {.seq = 4}, b;
    struct uuid one = sample_uuid(1), two = sample_uuid(2);

    (void)state;
    config_add(&a, &one, 1);
    config_add(&a, &two, 2);
    b = a;
    assert_true(config_equal(&a, &b));
    b.seq = 5;
    assert_false(config_equal(&a, &b));
    b = a;
    b.voters[1].node = 3;
    assert_false(config_equal(&a, &b));
    b = a;
    b.voters[0].uuid = sample_uuid(3);
    assert_false(config_equal(&a, &b));
    b = a;
    config_remove(&b, &two);
    assert_false(config_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(majority_is_more_than_half),
        cmocka_unit_test(voters_stand_in_order_of_uuid),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(nobody_votes_twice),
        cmocka_unit_test(there_are_at_most_sixteen),
        cmocka_unit_test(removal_closes_the_gap),
        cmocka_unit_test(encoding_is_count_then_voters),
        cmocka_unit_test(decoding_gives_back_all_but_seq),
        cmocka_unit_test(proper_prefixes_are_refused),
        cmocka_unit_test(unsorted_and_too_many_are_refused),
        cmocka_unit_test(equal_means_all_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
