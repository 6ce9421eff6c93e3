/* table: a hash table from byte strings to pointers.
 *
 * WHAT
 *   Open hashing with XXH3, doubling when full. Every item is a struct
 *   table_item inside the caller's own struct, which also holds the key, so an
 *   item is one allocation, the caller's.
 *
 * OWNERSHIP
 *   The table owns its slots only. Keys and items belong to the caller and
 *   must not move or change while they are in a table.
 *
 * NOT HERE
 *   An order: iteration follows the slots. Who needs one, sorts.
 */
#ifndef HOTWARM_LIB_TABLE_H
#define HOTWARM_LIB_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_item {
    struct table_item *next;
    uint64_t hash;
    const uint8_t *key;
    size_t key_len;
};

struct table {
    struct table_item **slots;
    size_t size; /* a power of two, or 0 */
    size_t count;
};

void table_free(struct table *table);

/* The item with that key, or NULL. */
struct table_item *table_find(const struct table *table, const void *key,
                              size_t key_len);

/* Adds `item`, whose key and key_len are set; the key must not be present. */
void table_add(struct table *table, struct table_item *item);

/* Takes out an item that is in the table. */
void table_remove(struct table *table, struct table_item *item);

/* All items: the first for item NULL, then the one after `item`; NULL at the
 * end. The table must not change meanwhile, except that the item before the
 * one just returned may be removed. */
struct table_item *table_next(const struct table *table,
                              const struct table_item *item);

/* Walks a table that changes between the calls, a slot at a time: gives the
 * slot's items to `visit`, which must not change the table, and returns the
 * cursor of the next call; the first one is 0, and 0 is the end.
 *
 * An item that is there from the first call to the last is visited at least
 * once, also when the table grows or shrinks, or the cursor is used on another
 * table with the same items. For that the cursor counts slots with its bits
 * reversed: slot s of a small table holds what slots s, s + size, ... of a
 * larger one hold, and these are neighbours in that order. Any cursor is
 * good, at worst it begins in the middle. */
uint64_t table_scan(const struct table *table, uint64_t cursor,
                    void (*visit)(struct table_item *item, void *context),
                    void *context);

#endif
