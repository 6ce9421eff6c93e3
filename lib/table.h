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

#endif
