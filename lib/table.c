#include "lib/table.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "lib/mem.h"

enum { TABLE_FIRST_SIZE = 16 };

static struct table_item **table_slot(const struct table *table, uint64_t hash)
{
    return &table->slots[hash & (table->size - 1)];
}

static void table_resize(struct table *table, size_t size)
{
    struct table grown = {
        .slots = mem_calloc(size, sizeof(*grown.slots)),
        .size = size,
        .count = table->count,
    };

    for (size_t i = 0; i < table->size; i++) {
        struct table_item *item = table->slots[i];
        while (item != NULL) {
            struct table_item *next = item->next;
            struct table_item **slot = table_slot(&grown, item->hash);
            item->next = *slot;
            *slot = item;
            item = next;
        }
    }
    free(table->slots);
    *table = grown;
}

void table_free(struct table *table)
{
    free(table->slots);
    memset(table, 0, sizeof(*table));
}

struct table_item *table_find(const struct table *table, const void *key,
                              size_t key_len)
{
    if (table->size == 0)
        return NULL;
    uint64_t hash = XXH3_64bits(key, key_len);
    struct table_item *item = *table_slot(table, hash);
    while (item != NULL) {
        if (item->hash == hash && item->key_len == key_len &&
            memcmp(item->key, key, key_len) == 0)
            return item;
        item = item->next;
    }
    return NULL;
}

void table_add(struct table *table, struct table_item *item)
{
    if (table->count >= table->size)
        table_resize(table,
                     table->size == 0 ? TABLE_FIRST_SIZE : table->size * 2);
    item->hash = XXH3_64bits(item->key, item->key_len);
    struct table_item **slot = table_slot(table, item->hash);
    item->next = *slot;
    *slot = item;
    table->count++;
}

void table_remove(struct table *table, struct table_item *item)
{
    struct table_item **at = table_slot(table, item->hash);
    while (*at != item)
        at = &(*at)->next;
    *at = item->next;
    item->next = NULL;
    table->count--;
}

struct table_item *table_next(const struct table *table,
                              const struct table_item *item)
{
    size_t slot = 0;

    if (item != NULL) {
        if (item->next != NULL)
            return item->next;
        slot = (item->hash & (table->size - 1)) + 1;
    }
    for (; slot < table->size; slot++) {
        if (table->slots[slot] != NULL)
            return table->slots[slot];
    }
    return NULL;
}

static uint64_t reverse_bits(uint64_t bits)
{
    uint64_t low = UINT64_MAX;

    for (unsigned size = 32; size > 0; size /= 2) {
        low ^= low << size; /* the lower half of each 2 * size bits */
        bits = (bits >> size & low) | (bits & low) << size;
    }
    return bits;
}

uint64_t table_scan(const struct table *table, uint64_t cursor,
                    void (*visit)(struct table_item *item, void *context),
                    void *context)
{
    if (table->size == 0)
        return 0;
    uint64_t mask = table->size - 1;
    for (struct table_item *item = table->slots[cursor & mask]; item != NULL;
         item = item->next)
        visit(item, context);
    /* All ones above the mask: the carry runs out of them into the slot. */
    return reverse_bits(reverse_bits(cursor | ~mask) + 1);
}
