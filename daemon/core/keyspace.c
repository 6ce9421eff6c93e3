#include "daemon/core/keyspace.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "lib/mem.h"
#include "lib/result.h"

/* ---- the heap of expiries ---- */

static void heap_put(struct keyspace *keyspace, size_t at, struct key *key)
{
    keyspace->heap[at] = key;
    key->heap_at = at;
}

static void heap_up(struct keyspace *keyspace, size_t at)
{
    struct key *key = keyspace->heap[at];

    while (at > 0) {
        size_t parent = (at - 1) / 2;
        if (keyspace->heap[parent]->expires_ms <= key->expires_ms)
            break;
        heap_put(keyspace, at, keyspace->heap[parent]);
        at = parent;
    }
    heap_put(keyspace, at, key);
}

static void heap_down(struct keyspace *keyspace, size_t at)
{
    struct key *key = keyspace->heap[at];

    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= keyspace->heap_count)
            break;
        if (child + 1 < keyspace->heap_count &&
            keyspace->heap[child + 1]->expires_ms <
                keyspace->heap[child]->expires_ms)
            child++;
        if (keyspace->heap[child]->expires_ms >= key->expires_ms)
            break;
        heap_put(keyspace, at, keyspace->heap[child]);
        at = child;
    }
    heap_put(keyspace, at, key);
}

static void heap_add(struct keyspace *keyspace, struct key *key)
{
    if (keyspace->heap_count == keyspace->heap_cap) {
        keyspace->heap_cap =
            keyspace->heap_cap == 0 ? 16 : keyspace->heap_cap * 2;
        keyspace->heap = mem_realloc(keyspace->heap, keyspace->heap_cap,
                                     sizeof(struct key *));
    }
    heap_put(keyspace, keyspace->heap_count++, key);
    heap_up(keyspace, key->heap_at);
}

static void heap_remove(struct keyspace *keyspace, struct key *key)
{
    size_t at = key->heap_at;
    struct key *last = keyspace->heap[--keyspace->heap_count];

    if (last == key)
        return;
    heap_put(keyspace, at, last);
    heap_up(keyspace, at);
    heap_down(keyspace, last->heap_at);
}

/* ---- keys ---- */

/* The digest is a sum over keys, so that it does not depend on their order and
 * can be kept up to date key by key. */
static void key_redigest(struct keyspace *keyspace, struct key *key)
{
    uint64_t seed = key->expires_ms ^ ((uint64_t)key->type << 56);
    uint64_t digest = XXH3_64bits_withSeed(key->name, key->item.key_len, seed);

    digest = XXH3_64bits_withSeed(key->value, key->value_len, digest);
    keyspace->digest += digest - key->digest;
    key->digest = digest;
}

static void key_free(struct key *key)
{
    free(key->name);
    free(key->value);
    free(key);
}

void keyspace_free(struct keyspace *keyspace)
{
    struct table_item *item = table_next(&keyspace->keys, NULL);

    while (item != NULL) {
        struct table_item *next = table_next(&keyspace->keys, item);
        key_free((struct key *)item);
        item = next;
    }
    table_free(&keyspace->keys);
    free(keyspace->heap);
    memset(keyspace, 0, sizeof(*keyspace));
}

struct key *keyspace_find(const struct keyspace *keyspace, const void *name,
                          size_t len)
{
    return (struct key *)table_find(&keyspace->keys, name, len);
}

void keyspace_expire(struct keyspace *keyspace, struct key *key,
                     uint64_t expires_ms)
{
    if (key->expires_ms != 0)
        heap_remove(keyspace, key);
    key->expires_ms = expires_ms;
    if (expires_ms != 0)
        heap_add(keyspace, key);
    key_redigest(keyspace, key);
}

struct key *keyspace_set(struct keyspace *keyspace, const void *name,
                         size_t name_len, const void *value, size_t value_len,
                         uint64_t expires_ms)
{
    struct key *key = keyspace_find(keyspace, name, name_len);
    uint8_t *copy = mem_copy(value, value_len);

    if (key == NULL) {
        key = mem_calloc(1, sizeof(*key));
        key->name = mem_copy(name, name_len);
        key->item.key = key->name;
        key->item.key_len = name_len;
        table_add(&keyspace->keys, &key->item);
    }
    free(key->value);
    key->type = KEY_STRING;
    key->value = copy;
    key->value_len = value_len;
    keyspace_expire(keyspace, key, expires_ms);
    return key;
}

void keyspace_delete(struct keyspace *keyspace, struct key *key)
{
    if (key->expires_ms != 0)
        heap_remove(keyspace, key);
    keyspace->digest -= key->digest;
    table_remove(&keyspace->keys, &key->item);
    key_free(key);
}

void keyspace_advance(struct keyspace *keyspace, uint64_t clock_ms)
{
    while (keyspace->heap_count > 0 &&
           keyspace->heap[0]->expires_ms <= clock_ms)
        keyspace_delete(keyspace, keyspace->heap[0]);
}

uint64_t keyspace_next_expiry(const struct keyspace *keyspace)
{
    return keyspace->heap_count == 0 ? 0 : keyspace->heap[0]->expires_ms;
}

/* ---- snapshots ---- */

static int key_compare(const void *a, const void *b)
{
    const struct key *const *left = a;
    const struct key *const *right = b;
    size_t left_len = (*left)->item.key_len, right_len = (*right)->item.key_len;
    size_t common = left_len < right_len ? left_len : right_len;
    int order = memcmp((*left)->name, (*right)->name, common);

    if (order != 0)
        return order;
    return left_len < right_len ? -1 : left_len > right_len;
}

void keyspace_encode(struct buf *buf, const struct keyspace *keyspace)
{
    size_t count = keyspace->keys.count, at = 0;
    struct key **sorted = mem_calloc(count + 1, sizeof(struct key *));

    for (struct table_item *item = table_next(&keyspace->keys, NULL);
         item != NULL; item = table_next(&keyspace->keys, item))
        sorted[at++] = (struct key *)item;
    qsort(sorted, count, sizeof(struct key *), key_compare);
    buf_u64(buf, count);
    for (size_t i = 0; i < count; i++) {
        buf_u8(buf, (uint8_t)sorted[i]->type);
        buf_u64(buf, sorted[i]->expires_ms);
        buf_blob(buf, sorted[i]->name, sorted[i]->item.key_len);
        buf_blob(buf, sorted[i]->value, sorted[i]->value_len);
    }
    free(sorted);
}

int keyspace_decode(struct cursor *cursor, struct keyspace *keyspace)
{
    memset(keyspace, 0, sizeof(*keyspace));
    uint64_t count = cursor_u64(cursor);
    for (uint64_t i = 0; i < count; i++) {
        size_t name_len = 0, value_len = 0;
        uint8_t type = cursor_u8(cursor);
        uint64_t expires_ms = cursor_u64(cursor);
        const uint8_t *name = cursor_blob(cursor, &name_len);
        const uint8_t *value = cursor_blob(cursor, &value_len);
        if (cursor->bad || type != KEY_STRING) {
            keyspace_free(keyspace);
            return RESULT_MALFORMED;
        }
        keyspace_set(keyspace, name, name_len, value, value_len, expires_ms);
    }
    if (cursor->bad)
        return RESULT_MALFORMED;
    return 0;
}
