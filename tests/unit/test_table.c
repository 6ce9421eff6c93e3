#include <stdlib.h>
#include <string.h>

#include "lib/table.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

enum { ROWS = 500, STEPS = 40000 };

struct row {
    struct table_item item;
    uint8_t key[8];
    bool there;
    unsigned seen;
};

/* Keys of 0 to 8 bytes, many of them prefixes of each other. */
static struct row *make_rows(void)
{
    struct row *rows = calloc(ROWS, sizeof *rows);

    assert_non_null(rows);
    for (size_t i = 0; i < ROWS; i++) {
        memset(rows[i].key, (int)(i / 9), sizeof rows[i].key);
        rows[i].item.key = rows[i].key;
        rows[i].item.key_len = i % 9;
        if (i % 9 == 0 && i > 0) { /* one key without bytes is enough */
            rows[i].key[0] = 0xff;
            rows[i].key[1] = (uint8_t)(i / 9);
            rows[i].item.key_len = 2;
        }
    }
    return rows;
}

static struct table_item *find(const struct table *table, const struct row *row)
{
    uint8_t key[8]; /* equal bytes elsewhere */

    memcpy(key, row->key, sizeof key);
    return table_find(table, key, row->item.key_len);
}

static void compare(const struct table *table, struct row *rows)
{
    size_t count = 0, seen = 0;

    for (size_t i = 0; i < ROWS; i++) {
        assert_ptr_equal(find(table, &rows[i]),
                         rows[i].there ? &rows[i].item : NULL);
        count += rows[i].there;
        rows[i].seen = 0;
    }
    assert_int_equal(table->count, count);
    for (struct table_item *item = table_next(table, NULL); item != NULL;
         item = table_next(table, item)) {
        struct row *row = (struct row *)item;
        assert_true(row->there);
        assert_int_equal(row->seen++, 0);
        seen++;
    }
    assert_int_equal(seen, count);
}

static void table_is_as_a_plain_array(void **state)
{
    struct row *rows = make_rows();
    struct table table = {0};
    uint64_t seed = 99;

    (void)state;
    compare(&table, rows);
    for (unsigned i = 0; i < STEPS; i++) {
        /* Long stretches that grow, then long ones that shrink. */
        bool grow = i / 2000 % 2 == 0;
        struct row *row = &rows[sample_below(&seed, ROWS)];
        if (row->there && (!grow || sample_below(&seed, 4) == 0)) {
            table_remove(&table, &row->item);
            row->there = false;
        } else if (!row->there && (grow || sample_below(&seed, 4) == 0)) {
            table_add(&table, &row->item);
            row->there = true;
        }
        if (i % 100 == 0)
            compare(&table, rows);
    }
    assert_true(table.size >= ROWS / 2);
    table_free(&table);
    assert_int_equal(table.count, 0);
    assert_null(table_next(&table, NULL));
    free(rows);
}

/* What table.h allows: the item before the one just returned is removed. */
static void items_may_go_while_iterating(void **state)
{
    struct row *rows = make_rows();
    struct table table = {0};
    size_t seen = 0;

    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        table_add(&table, &rows[i].item);
    struct table_item *item = table_next(&table, NULL);
    while (item != NULL) {
        struct table_item *next = table_next(&table, item);
        assert_int_equal(((struct row *)item)->seen++, 0);
        table_remove(&table, item);
        memset(&((struct row *)item)->item, 0xee, sizeof *item);
        item = next;
        seen++;
    }
    assert_int_equal(seen, ROWS);
    assert_int_equal(table.count, 0);
    table_free(&table);
    free(rows);
}

/* ---- table_scan ---- */

enum { SCANNED = 300, MORE = 4000 };

struct number {
    struct table_item item;
    uint32_t value;
};

static struct number *make_numbers(size_t count)
{
    struct number *numbers = calloc(count, sizeof *numbers);

    assert_non_null(numbers);
    for (size_t i = 0; i < count; i++) {
        numbers[i].value = (uint32_t)i;
        numbers[i].item.key = (const uint8_t *)&numbers[i].value;
        numbers[i].item.key_len = sizeof numbers[i].value;
    }
    return numbers;
}

static void see(struct table_item *item, void *context)
{
    unsigned *seen = context;

    seen[((struct number *)item)->value]++;
}

static void scan_of_a_still_table_sees_each_once(void **state)
{
    struct number *numbers = make_numbers(SCANNED);
    unsigned seen[SCANNED] = {0};
    struct table table = {0};
    uint64_t cursor = 0;
    size_t calls = 0;

    (void)state;
    assert_int_equal(table_scan(&table, 0, see, seen), 0);
    assert_int_equal(table_scan(&table, 77, see, seen), 0);
    for (size_t i = 0; i < SCANNED; i++)
        table_add(&table, &numbers[i].item);
    do {
        cursor = table_scan(&table, cursor, see, seen);
        calls++;
    } while (cursor != 0);
    assert_int_equal(calls, table.size);
    for (size_t i = 0; i < SCANNED; i++)
        assert_int_equal(seen[i], 1);
    table_free(&table);
    free(numbers);
}

/* Grows at a random call to a random size; what was there before is seen. */
static void scan_over(struct table *table, struct number *numbers,
                      uint64_t *seed)
{
    unsigned *seen = calloc(MORE, sizeof *seen);
    size_t there = SCANNED;
    uint64_t cursor = 0;

    assert_non_null(seen);
    do {
        if (there < MORE && sample_below(seed, 40) == 0) {
            size_t end = there + sample_below(seed, MORE - there + 1);
            for (; there < end; there++)
                table_add(table, &numbers[there].item);
        }
        cursor = table_scan(table, cursor, see, seen);
    } while (cursor != 0);
    for (size_t i = 0; i < SCANNED; i++)
        assert_true(seen[i] >= 1);
    free(seen);
}

static void scan_sees_what_stays_while_the_table_grows(void **state)
{
    uint64_t seed = 5;

    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        struct number *numbers = make_numbers(MORE);
        struct table table = {0};
        for (size_t i = 0; i < SCANNED; i++)
            table_add(&table, &numbers[i].item);
        scan_over(&table, numbers, &seed);
        table_free(&table);
        free(numbers);
    }
}

/* As when a client goes on at another replica: the same items, in more or
 * fewer slots. */
static void scan_may_change_between_tables(void **state)
{
    struct number *small = make_numbers(SCANNED), *large = make_numbers(MORE);
    struct table tables[2] = {{0}, {0}};
    uint64_t seed = 6;

    (void)state;
    for (size_t i = 0; i < SCANNED; i++)
        table_add(&tables[0], &small[i].item);
    for (size_t i = 0; i < MORE; i++)
        table_add(&tables[1], &large[i].item);
    for (size_t i = SCANNED; i < MORE; i++)
        table_remove(&tables[1], &large[i].item);
    assert_true(tables[1].size >= 8 * tables[0].size);
    for (unsigned round = 0; round < 300; round++) {
        unsigned seen[SCANNED] = {0};
        uint64_t cursor = 0;
        do
            cursor = table_scan(&tables[sample_below(&seed, 20) < 10], cursor,
                                see, seen);
        while (cursor != 0);
        for (size_t i = 0; i < SCANNED; i++)
            assert_true(seen[i] >= 1);
    }
    table_free(&tables[0]);
    table_free(&tables[1]);
    free(small);
    free(large);
}

static void any_cursor_comes_to_an_end(void **state)
{
    struct number *numbers = make_numbers(SCANNED);
    unsigned seen[SCANNED] = {0};
    struct table table = {0};
    uint64_t seed = 8;

    (void)state;
    for (size_t i = 0; i < SCANNED; i++)
        table_add(&table, &numbers[i].item);
    for (unsigned round = 0; round < 1000; round++) {
        uint64_t cursor = sample_random(&seed);
        size_t calls = 0;
        do {
            cursor = table_scan(&table, cursor, see, seen);
            calls++;
        } while (cursor != 0);
        assert_true(calls <= table.size);
    }
    table_free(&table);
    free(numbers);
}

static void empty_table_has_nothing(void **state)
{
    struct table table = {0};
    struct row row = {.item = {.key = (const uint8_t *)"x", .key_len = 1}};

    (void)state;
    assert_null(table_find(&table, "x", 1));
    assert_null(table_next(&table, NULL));
    table_add(&table, &row.item);
    assert_ptr_equal(table_find(&table, "x", 1), &row.item);
    assert_null(table_find(&table, "x", 0));
    assert_null(table_find(&table, "y", 1));
    assert_null(table_find(&table, "xx", 2));
    table_remove(&table, &row.item);
    assert_null(table_find(&table, "x", 1));
    table_add(&table, &row.item);
    assert_ptr_equal(table_next(&table, NULL), &row.item);
    assert_null(table_next(&table, &row.item));
    table_free(&table);
    table_free(&table); /* an empty table again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_as_a_plain_array),
        cmocka_unit_test(items_may_go_while_iterating),
        cmocka_unit_test(scan_of_a_still_table_sees_each_once),
        cmocka_unit_test(scan_sees_what_stays_while_the_table_grows),
        cmocka_unit_test(scan_may_change_between_tables),
        cmocka_unit_test(any_cursor_comes_to_an_end),
        cmocka_unit_test(empty_table_has_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
