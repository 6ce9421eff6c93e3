#include <string.h>

#include "daemon/core/promotion.h"
#include "lib/result.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

static bool grant(struct promotions *promotions, uint8_t who, uint64_t run,
                  uint64_t seen, uint64_t token)
{
    struct promotion_request request = {
        .uuid = sample_uuid(who),
        .run = run,
        .seen = seen,
    };

    return promotions_grant(promotions, &request, token);
}

/* The token of that replica, 0 when it has none. */
static uint64_t token_of(const struct promotions *promotions, uint8_t who)
{
    struct uuid uuid = sample_uuid(who);
    const struct promotion *promotion = promotions_of(promotions, &uuid);

    return promotion == NULL ? 0 : promotion->token;
}

static void nobody_is_promoted_at_first(void **state)
{
    struct promotions promotions = {0};

    (void)state;
    assert_false(promotions_valid(&promotions, 0));
    assert_false(promotions_valid(&promotions, 1));
    assert_int_equal(promotions.last, 0);
    assert_int_equal(token_of(&promotions, 1), 0);
    assert_false(promotions_revoke(&promotions, 0));
}

/* ---- a warm group ---- */

static void warm_first_replaces_nobody(void **state)
{
    struct promotions promotions = {.exclusive = true};

    (void)state;
    assert_false(grant(&promotions, 1, 4, 3, 10));
    assert_int_equal(promotions.count, 0);
    assert_true(grant(&promotions, 1, 4, 0, 11));
    assert_true(promotions_valid(&promotions, 11));
    assert_int_equal(promotions.last, 11);
    assert_int_equal(token_of(&promotions, 1), 11);
    assert_int_equal(promotions.list[0].run, 4);
    promotions_free(&promotions);
}

static void warm_replaced_token_is_revoked(void **state)
{
    struct promotions promotions = {.exclusive = true};

    (void)state;
    assert_true(grant(&promotions, 1, 4, 0, 11));
    assert_true(grant(&promotions, 2, 5, 11, 12));
    assert_false(promotions_valid(&promotions, 11));
    assert_true(promotions_valid(&promotions, 12));
    assert_int_equal(promotions.last, 12);
    assert_int_equal(token_of(&promotions, 1), 0);
    assert_int_equal(token_of(&promotions, 2), 12);
    assert_int_equal(promotions.count, 1);
    promotions_free(&promotions);
}

/* Two decided on the same facts: the second is void, even of one replica. */
static void warm_second_of_two_is_void(void **state)
{
    static const uint64_t stale[] = {0, 10, 12, UINT64_MAX};
    struct promotions promotions = {.exclusive = true};

    (void)state;
    assert_true(grant(&promotions, 1, 4, 0, 11));
    for (size_t i = 0; i < 4; i++) {
        assert_false(grant(&promotions, 2, 5, stale[i], 20 + i));
        assert_false(grant(&promotions, 1, 5, stale[i], 30 + i));
        assert_false(promotions_valid(&promotions, 20 + i));
        assert_false(promotions_valid(&promotions, 30 + i));
        assert_true(promotions_valid(&promotions, 11));
        assert_int_equal(promotions.count, 1);
        assert_int_equal(promotions.list[0].run, 4);
    }
    assert_true(grant(&promotions, 1, 5, 11, 40));
    assert_int_equal(promotions.list[0].run, 5);
    promotions_free(&promotions);
}

/* A failover: the new one is decided before the old one's DEMOTE is applied, or
 * behind it, and stands behind it in the log. Neither is a race. */
static void warm_demotion_makes_no_promotion_void(void **state)
{
    struct promotions promotions = {.exclusive = true};

    (void)state;
    assert_true(grant(&promotions, 1, 4, 0, 11));
    assert_false(promotions_revoke(&promotions, 10));
    assert_true(promotions_valid(&promotions, 11));
    assert_true(promotions_revoke(&promotions, 11));
    assert_false(promotions_revoke(&promotions, 11));
    assert_false(promotions_valid(&promotions, 11));
    assert_int_equal(promotions.last, 11);
    assert_false(grant(&promotions, 2, 4, 0, 12));
    assert_true(grant(&promotions, 2, 4, 11, 13));
    assert_int_equal(token_of(&promotions, 2), 13);
    promotions_free(&promotions);
}

/* One was promoted and demoted since: nobody is, as before, and yet the older
 * decision is void. */
static void warm_promotion_between_is_not_forgotten(void **state)
{
    struct promotions promotions = {.exclusive = true};

    (void)state;
    assert_true(grant(&promotions, 3, 4, 0, 11));
    assert_true(promotions_revoke(&promotions, 11));
    assert_false(grant(&promotions, 2, 4, 0, 12));
    assert_int_equal(promotions.count, 0);
    assert_int_equal(promotions.last, 11);
    promotions_free(&promotions);
}

/* ---- a hot group ---- */

static void hot_leaves_all_others(void **state)
{
    struct promotions promotions = {.exclusive = false};

    (void)state;
    assert_true(grant(&promotions, 2, 4, 0, 11));
    assert_true(grant(&promotions, 1, 4, 0, 12));
    assert_true(grant(&promotions, 3, 4, 999, 13));
    assert_true(promotions_valid(&promotions, 11));
    assert_true(promotions_valid(&promotions, 12));
    assert_true(promotions_valid(&promotions, 13));
    assert_int_equal(promotions.last, 13);
    promotions_free(&promotions);
}

static void hot_revokes_ones_own_older_token(void **state)
{
    struct promotions promotions = {.exclusive = false};

    (void)state;
    assert_true(grant(&promotions, 1, 4, 0, 11));
    assert_true(grant(&promotions, 2, 4, 0, 12));
    assert_true(grant(&promotions, 1, 5, 0, 13));
    assert_false(promotions_valid(&promotions, 11));
    assert_true(promotions_valid(&promotions, 12));
    assert_true(promotions_valid(&promotions, 13));
    assert_int_equal(token_of(&promotions, 1), 13);
    assert_int_equal(promotions.count, 2);
    assert_int_equal(promotions.list[0].token, 12);
    assert_int_equal(promotions.list[1].token, 13);
    promotions_free(&promotions);
}

static void hot_demote_revokes_that_token(void **state)
{
    struct promotions promotions = {.exclusive = false};

    (void)state;
    for (uint8_t who = 1; who <= 5; who++)
        assert_true(grant(&promotions, who, 1, 0, 10u + who));
    assert_true(promotions_revoke(&promotions, 13));
    assert_true(promotions_revoke(&promotions, 15));
    assert_false(promotions_revoke(&promotions, 15));
    for (uint8_t who = 1; who <= 5; who++) {
        bool valid = who != 3 && who != 5;
        assert_int_equal(promotions_valid(&promotions, 10u + who), valid);
        assert_int_equal(token_of(&promotions, who), valid ? 10 + who : 0);
    }
    assert_int_equal(promotions.last, 15);
    promotions_free(&promotions);
    assert_int_equal(promotions.count, 0);
    assert_null(promotions.list);
}

/* ---- bytes ---- */

static void request_travels_in_an_entry(void **state)
{
    struct promotion_request request = {
        .uuid = sample_uuid(3), .run = 7, .seen = 0x1122334455667788};
    struct promotion_request decoded = {0};
    struct buf buf = {0};

    (void)state;
    promotion_request_encode(&buf, &request);
    assert_int_equal(buf.len, 32);
    struct cursor cursor = cursor_make(buf.data, buf.len);
    assert_int_equal(promotion_request_decode(&cursor, &decoded), 0);
    assert_true(uuid_equal(&decoded.uuid, &request.uuid));
    assert_int_equal(decoded.run, 7);
    assert_int_equal(decoded.seen, request.seen);
    for (size_t cut = 0; cut < buf.len; cut++) {
        cursor = cursor_make(buf.data, cut);
        assert_int_equal(promotion_request_decode(&cursor, &decoded),
                         RESULT_MALFORMED);
    }
    buf_u8(&buf, 0);
    cursor = cursor_make(buf.data, buf.len);
    assert_int_equal(promotion_request_decode(&cursor, &decoded),
                     RESULT_MALFORMED);
    buf_free(&buf);
}

static void decoding_gives_back_the_promotions(void **state)
{
    (void)state;
    for (uint8_t count = 0; count <= 4; count++) {
        struct promotions promotions = {.exclusive = false};
        struct promotion rubbish;
        struct promotions decoded = {count % 2 == 0, &rubbish, 99, 99};
        struct buf buf = {0};
        for (uint8_t i = 0; i < count; i++)
            grant(&promotions, (uint8_t)(9 - i), 60u + i, 0, 70u + i);
        promotions_encode(&buf, &promotions);
        struct cursor cursor = cursor_make(buf.data, buf.len);
        assert_int_equal(promotions_decode(&cursor, &decoded), 0);
        assert_true(cursor_done(&cursor));
        assert_int_equal(decoded.exclusive, count % 2 == 0);
        assert_int_equal(decoded.count, count);
        assert_int_equal(decoded.last, promotions.last);
        for (uint8_t i = 0; i < count; i++) {
            assert_int_equal(token_of(&decoded, (uint8_t)(9 - i)), 70 + i);
            assert_int_equal(decoded.list[i].token, 70 + i);
            assert_int_equal(decoded.list[i].run, 60 + i);
        }
        promotions_free(&promotions);
        promotions_free(&decoded);
        buf_free(&buf);
    }
}

static void malformed_bytes_leave_nobody(void **state)
{
    static const uint32_t counts[] = {4, 1u << 27, UINT32_MAX};
    struct promotions promotions = {.exclusive = false};
    struct promotions decoded = {.exclusive = true};
    struct buf buf = {0};

    (void)state;
    for (uint8_t who = 1; who <= 3; who++)
        grant(&promotions, who, 1, 0, who);
    promotions_encode(&buf, &promotions);
    for (size_t cut = 0; cut < buf.len; cut++) {
        struct cursor cursor = cursor_make(buf.data, cut);
        decoded.list = promotions.list;
        decoded.count = 99;
        assert_int_equal(promotions_decode(&cursor, &decoded),
                         RESULT_MALFORMED);
        assert_int_equal(decoded.count, 0);
        assert_null(decoded.list);
    }
    for (size_t i = 0; i < 3; i++) {
        buf_patch_u32(&buf, 8, counts[i]);
        struct cursor cursor = cursor_make(buf.data, buf.len);
        assert_int_equal(promotions_decode(&cursor, &decoded),
                         RESULT_MALFORMED);
        assert_int_equal(decoded.count, 0);
    }
    assert_true(decoded.exclusive);
    /* One that is valid was granted, at the latest last. */
    buf_reset(&buf);
    promotions.last = 2;
    promotions_encode(&buf, &promotions);
    struct cursor cursor = cursor_make(buf.data, buf.len);
    assert_int_equal(promotions_decode(&cursor, &decoded), RESULT_MALFORMED);
    assert_int_equal(decoded.count, 0);
    promotions_free(&promotions);
    buf_free(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_promoted_at_first),
        cmocka_unit_test(warm_first_replaces_nobody),
        cmocka_unit_test(warm_replaced_token_is_revoked),
        cmocka_unit_test(warm_second_of_two_is_void),
        cmocka_unit_test(warm_demotion_makes_no_promotion_void),
        cmocka_unit_test(warm_promotion_between_is_not_forgotten),
        cmocka_unit_test(hot_leaves_all_others),
        cmocka_unit_test(hot_revokes_ones_own_older_token),
        cmocka_unit_test(hot_demote_revokes_that_token),
        cmocka_unit_test(request_travels_in_an_entry),
        cmocka_unit_test(decoding_gives_back_the_promotions),
        cmocka_unit_test(malformed_bytes_leave_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
