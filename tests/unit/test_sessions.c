#include <stdlib.h>
#include <string.h>

#include "daemon/core/sessions.h"
#include "lib/result.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

static enum session_verdict judge(const struct sessions *sessions,
                                  uint8_t origin, uint64_t run, uint64_t number)
{
    struct uuid uuid = sample_uuid(origin);

    return sessions_judge(sessions, &uuid, run, number);
}

static void record(struct sessions *sessions, uint8_t origin, uint64_t run,
                   uint64_t number)
{
    struct uuid uuid = sample_uuid(origin);

    sessions_record(sessions, &uuid, run, number);
}

static uint64_t last(const struct sessions *sessions, uint8_t origin,
                     uint64_t run)
{
    struct uuid uuid = sample_uuid(origin);

    return sessions_last(sessions, &uuid, run);
}

struct row {
    uint64_t run, number;
    enum session_verdict verdict;
};

static void check_rows(const struct sessions *sessions, uint8_t origin,
                       const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (judge(sessions, origin, rows[i].run, rows[i].number) !=
            rows[i].verdict)
            fail_msg("run %llu, number %llu", (unsigned long long)rows[i].run,
                     (unsigned long long)rows[i].number);
    }
}

/* The table of sessions.h, the last in the log being (5, 7). */
static void verdicts_are_as_the_table_says(void **state)
{
    static const struct row rows[] = {
        {5, 8, SESSION_NEXT},         {6, 1, SESSION_NEXT},
        {9, 1, SESSION_NEXT},         {UINT64_MAX, 1, SESSION_NEXT},
        {5, 7, SESSION_OLD},          {5, 6, SESSION_OLD},
        {5, 1, SESSION_OLD},          {5, 0, SESSION_OLD},
        {4, 1, SESSION_OLD},          {4, 7, SESSION_OLD},
        {4, 8, SESSION_OLD},          {4, 100, SESSION_OLD},
        {0, 1, SESSION_OLD},          {5, 9, SESSION_GAP},
        {5, UINT64_MAX, SESSION_GAP}, {6, 0, SESSION_GAP},
        {6, 2, SESSION_GAP},          {6, 8, SESSION_GAP},
    };
    struct sessions sessions = {0};

    (void)state;
    record(&sessions, 1, 5, 7);
    check_rows(&sessions, 1, rows, sizeof rows / sizeof rows[0]);
    sessions_free(&sessions);
}

static void a_stranger_begins_with_one(void **state)
{
    static const struct row rows[] = {
        {1, 1, SESSION_NEXT}, {8, 1, SESSION_NEXT}, {1, 2, SESSION_GAP},
        {1, 0, SESSION_GAP},  {8, 7, SESSION_GAP},
    };
    struct sessions sessions = {0};

    (void)state;
    check_rows(&sessions, 2, rows, 5);
    record(&sessions, 1, 5, 7);
    record(&sessions, 3, 5, 7);
    check_rows(&sessions, 2, rows, 5);
    sessions_free(&sessions);
}

static void last_number_is_of_that_very_run(void **state)
{
    struct sessions sessions = {0};

    (void)state;
    assert_int_equal(last(&sessions, 1, 5), 0);
    record(&sessions, 1, 5, 7);
    assert_int_equal(last(&sessions, 1, 5), 7);
    assert_int_equal(last(&sessions, 1, 4), 0);
    assert_int_equal(last(&sessions, 1, 6), 0);
    assert_int_equal(last(&sessions, 2, 5), 0);
    record(&sessions, 1, 6, 1);
    assert_int_equal(last(&sessions, 1, 5), 0);
    assert_int_equal(last(&sessions, 1, 6), 1);
    assert_int_equal(sessions.count, 1);
    sessions_free(&sessions);
    assert_int_equal(sessions.count, 0);
}

static void encode(struct buf *buf, const uint8_t *order, size_t count)
{
    struct sessions sessions = {0};

    for (size_t i = 0; i < count; i++) {
        record(&sessions, order[i], 90, 1);
        record(&sessions, order[i], 100u + order[i], 1000u + order[i]);
    }
    assert_int_equal(sessions.count, count);
    sessions_encode(buf, &sessions);
    sessions_free(&sessions);
}

/* Rows ascend by origin, in whatever order they came. */
static void bytes_do_not_tell_the_order(void **state)
{
    static const uint8_t orders[][5] = {
        {1, 2, 3, 4, 5}, {5, 4, 3, 2, 1}, {3, 1, 5, 2, 4}, {2, 5, 1, 4, 3}};
    struct buf wanted = {0};

    (void)state;
    buf_u32(&wanted, 5);
    for (uint8_t i = 1; i <= 5; i++) {
        struct uuid uuid = sample_uuid(i);
        buf_uuid(&wanted, &uuid);
        buf_u64(&wanted, 100u + i);
        buf_u64(&wanted, 1000u + i);
    }
    for (size_t i = 0; i < 4; i++) {
        struct buf buf = {0};
        encode(&buf, orders[i], 5);
        assert_int_equal(buf.len, wanted.len);
        assert_memory_equal(buf.data, wanted.data, buf.len);
        buf_free(&buf);
    }
    buf_free(&wanted);
}

static void decoding_gives_back_the_rows(void **state)
{
    static const uint8_t order[] = {7, 3, 200, 1};
    struct sessions sessions;

    (void)state;
    for (size_t count = 0; count <= 4; count++) {
        struct buf buf = {0}, again = {0};
        encode(&buf, order, count);
        struct cursor cursor = cursor_make(buf.data, buf.len);
        assert_int_equal(sessions_decode(&cursor, &sessions), 0);
        assert_true(cursor_done(&cursor));
        assert_int_equal(sessions.count, count);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(last(&sessions, order[i], 100u + order[i]),
                             1000 + order[i]);
        sessions_encode(&again, &sessions);
        assert_int_equal(again.len, buf.len);
        assert_memory_equal(again.data, buf.data, buf.len);
        sessions_free(&sessions);
        buf_free(&again);
        buf_free(&buf);
    }
}

static void malformed_bytes_leave_nothing(void **state)
{
    static const uint8_t order[] = {1, 2, 3};
    static const uint32_t counts[] = {4, 5, 1u << 27, UINT32_MAX};
    struct sessions sessions;
    struct buf buf = {0};

    (void)state;
    encode(&buf, order, 3);
    for (size_t cut = 0; cut < buf.len; cut++) {
        struct cursor cursor = cursor_make(buf.data, cut);
        memset(&sessions, 0xff, sizeof sessions);
        assert_int_equal(sessions_decode(&cursor, &sessions), RESULT_MALFORMED);
        assert_int_equal(sessions.count, 0);
        assert_null(sessions.list);
    }
    for (size_t i = 0; i < 4; i++) {
        buf_patch_u32(&buf, 0, counts[i]);
        struct cursor cursor = cursor_make(buf.data, buf.len);
        assert_int_equal(sessions_decode(&cursor, &sessions), RESULT_MALFORMED);
        assert_int_equal(sessions.count, 0);
    }
    buf_free(&buf);
}

static void a_copy_is_its_own(void **state)
{
    struct sessions from = {0}, to = {0}, none = {0};

    (void)state;
    record(&from, 1, 5, 7);
    record(&from, 2, 6, 8);
    record(&to, 9, 9, 9);
    sessions_copy(&to, &from);
    assert_int_equal(to.count, 2);
    assert_int_equal(last(&to, 9, 9), 0);
    record(&from, 1, 5, 8);
    record(&to, 2, 6, 9);
    assert_int_equal(last(&to, 1, 5), 7);
    assert_int_equal(last(&from, 2, 6), 8);
    sessions_free(&from);
    record(&from, 3, 1, 1);
    sessions_copy(&to, &from);
    assert_int_equal(to.count, 1);
    assert_int_equal(last(&to, 3, 1), 1);
    sessions_copy(&to, &none);
    assert_int_equal(to.count, 0);
    assert_int_equal(judge(&to, 1, 5, 8), SESSION_GAP);
    sessions_free(&from);
    sessions_free(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_are_as_the_table_says),
        cmocka_unit_test(a_stranger_begins_with_one),
        cmocka_unit_test(last_number_is_of_that_very_run),
        cmocka_unit_test(bytes_do_not_tell_the_order),
        cmocka_unit_test(decoding_gives_back_the_rows),
        cmocka_unit_test(malformed_bytes_leave_nothing),
        cmocka_unit_test(a_copy_is_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
