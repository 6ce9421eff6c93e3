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
        cmocka_unit_test(empty_table_has_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
