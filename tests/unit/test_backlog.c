#include "daemon/core/backlog.h"

#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

static void stored_in_parts(void **state)
{
    struct backlog backlog = {0};

    (void)state;
    backlog_stored(&backlog, 9);
    assert_int_equal(backlog.bytes, 0);
    backlog_add(&backlog, 10, 100);
    backlog_add(&backlog, 11, 0);
    backlog_add(&backlog, 13, 7);
    assert_int_equal(backlog.bytes, 107);
    backlog_stored(&backlog, 9);
    assert_int_equal(backlog.bytes, 107);
    backlog_stored(&backlog, 12);
    assert_int_equal(backlog.bytes, 7);
    backlog_stored(&backlog, 20);
    assert_int_equal(backlog.bytes, 0);
    backlog_add(&backlog, 21, 5);
    assert_int_equal(backlog.bytes, 5);
    backlog_free(&backlog);
    assert_int_equal(backlog.bytes, 0);
}

/* Against the sum, with the list full, empty and moved. */
static void it_is_the_sum(void **state)
{
    static size_t lens[20001];
    uint64_t random = 7, given = 0, stored = 0;
    struct backlog backlog = {0};

    (void)state;
    while (given < 20000) {
        uint64_t more = sample_below(&random, 300);
        for (uint64_t i = 0; i < more && given < 20000; i++) {
            lens[++given] = (size_t)sample_below(&random, 1000);
            backlog_add(&backlog, given, lens[given]);
        }
        stored += sample_below(&random, given - stored + 1);
        backlog_stored(&backlog, stored);
        size_t sum = 0;
        for (uint64_t op = stored + 1; op <= given; op++)
            sum += lens[op];
        assert_int_equal(backlog.bytes, sum);
        assert_int_equal(backlog.count, given - stored);
    }
    assert_true(backlog.cap < 4096); /* it does not grow with what is past */
    backlog_free(&backlog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_in_parts),
        cmocka_unit_test(it_is_the_sum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
