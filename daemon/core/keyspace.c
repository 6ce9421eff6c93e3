#include "daemon/core/keyspace.h"

#include <assert.h>
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

/* ---- what a key adds up to ---- */

/* A key, its slot, and what the allocator adds to it and to its value. */
enum { KEY_BYTES = sizeof(struct key) + sizeof(void *) + 2 * 16 };

/* Whole blocks of a string are digested once, so that an APPEND costs what it
 * appends. */
enum { DIGEST_BLOCK = 4096 };

/* Takes the blocks that are whole since the string had `from` bytes. */
static void string_digest_blocks(struct key *key, size_t from)
{
    size_t at = from - from % DIGEST_BLOCK;

    for (; key->value_len - at >= DIGEST_BLOCK; at += DIGEST_BLOCK)
        key->value_digest = XXH3_64bits_withSeed(key->value + at, DIGEST_BLOCK,
                                                 key->value_digest);
}

static uint64_t string_digest(const struct key *key)
{
    size_t rest = key->value_len % DIGEST_BLOCK;

    return XXH3_64bits_withSeed(key->value + key->value_len - rest, rest,
                                key->value_digest);
}

/* After every change. The key space's digest is a sum over keys, so that it
 * does not depend on their order and can be kept up to date key by key. */
static void key_account(struct keyspace *keyspace, struct key *key)
{
    uint64_t seed = key->expires_ms ^ ((uint64_t)key->type << 56);
    uint64_t digest = XXH3_64bits_withSeed(key->name, key->item.key_len, seed);
    size_t bytes = KEY_BYTES + key->item.key_len;

    if (key->type == KEY_STRING) {
        digest += string_digest(key);
        bytes += key->value_len;
    } else {
        digest += key->fields.digest;
        bytes += key->fields.bytes;
    }
    digest = XXH3_64bits_withSeed(key->name, 0, digest);
    if (key->expires_ms != 0)
        bytes += sizeof(struct key *);
    keyspace->digest += digest - key->digest;
    keyspace->bytes += bytes - key->bytes;
    key->digest = digest;
    key->bytes = bytes;
}

/* ---- keys ---- */

/* The value's memory: the key is a string of nothing then. */
static void key_clear(struct key *key)
{
    if (key->type == KEY_HASH)
        fields_free(&key->fields);
    else
        free(key->value);
    key->type = KEY_STRING;
    key->value = NULL;
    key->value_len = 0;
    key->value_cap = 0;
    key->value_digest = 0;
}

static void key_free(struct key *key)
{
    key_clear(key);
    free(key);
}

static struct key *key_make(const void *name, size_t len)
{
    struct key *key = mem_calloc(1, sizeof(*key) + len);

    if (len > 0)
        memcpy(key->name, name, len);
    key->item.key = key->name;
    key->item.key_len = len;
    key->type = KEY_STRING;
    return key;
}

static struct key *keyspace_add(struct keyspace *keyspace, const void *name,
                                size_t len)
{
    struct key *key = key_make(name, len);

    table_add(&keyspace->keys, &key->item);
    return key;
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
    key_account(keyspace, key);
}

struct key *keyspace_set(struct keyspace *keyspace, const void *name,
                         size_t name_len, const void *value, size_t value_len,
                         uint64_t expires_ms)
{
    struct key *key = keyspace_find(keyspace, name, name_len);
    uint8_t *copy = mem_copy(value, value_len);

    if (key == NULL)
        key = keyspace_add(keyspace, name, name_len);
    key_clear(key);
    key->value = copy;
    key->value_len = value_len;
    key->value_cap = value_len;
    string_digest_blocks(key, 0);
    keyspace_expire(keyspace, key, expires_ms);
    return key;
}

void keyspace_append(struct keyspace *keyspace, struct key *key,
                     const void *bytes, size_t len)
{
    size_t from = key->value_len;

    if (len == 0)
        return;
    if (key->value_cap - from < len) {
        key->value_cap = from + len > 2 * from ? from + len : 2 * from;
        key->value = mem_realloc(key->value, key->value_cap, 1);
    }
    memcpy(key->value + from, bytes, len);
    key->value_len = from + len;
    string_digest_blocks(key, from);
    key_account(keyspace, key);
}

struct key *keyspace_hash(struct keyspace *keyspace, const void *name,
                          size_t len)
{
    struct key *key = keyspace_find(keyspace, name, len);

    if (key == NULL) {
        key = keyspace_add(keyspace, name, len);
        key->type = KEY_HASH;
        memset(&key->fields, 0, sizeof(key->fields));
    }
    return key;
}

bool keyspace_field_set(struct keyspace *keyspace, struct key *key,
                        const void *name, size_t name_len, const void *value,
                        size_t value_len)
{
    bool new = fields_set(&key->fields, name, name_len, value, value_len);

    key_account(keyspace, key);
    return new;
}

bool keyspace_field_remove(struct keyspace *keyspace, struct key *key,
                           struct field *field)
{
    fields_remove(&key->fields, field);
    key_account(keyspace, key);
    if (key->fields.first != NULL)
        return true;
    keyspace_delete(keyspace, key);
    return false;
}

struct key *keyspace_rename(struct keyspace *keyspace, struct key *key,
                            const void *name, size_t len)
{
    struct key *there = keyspace_find(keyspace, name, len);

    if (there == key)
        return key;
    if (there != NULL)
        keyspace_delete(keyspace, there);
    struct key *renamed = key_make(name, len);
    struct table_item item = renamed->item;
    static_assert(offsetof(struct key, name) == sizeof(struct key),
                  "the copy would reach into the name");
    *renamed = *key; /* all but the name */
    renamed->item = item;
    table_remove(&keyspace->keys, &key->item);
    free(key);
    table_add(&keyspace->keys, &renamed->item);
    if (renamed->expires_ms != 0)
        heap_put(keyspace, renamed->heap_at, renamed);
    key_account(keyspace, renamed);
    return renamed;
}

void keyspace_delete(struct keyspace *keyspace, struct key *key)
{
    if (key->expires_ms != 0)
        heap_remove(keyspace, key);
    keyspace->digest -= key->digest;
    keyspace->bytes -= key->bytes;
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

struct name_bytes {
    const uint8_t *data;
    size_t len;
};

static int name_compare(struct name_bytes a, struct name_bytes b)
{
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

static int key_compare(const void *a, const void *b)
{
    const struct key *const *left = a;
    const struct key *const *right = b;

    return name_compare(
        (struct name_bytes){(*left)->name, (*left)->item.key_len},
        (struct name_bytes){(*right)->name, (*right)->item.key_len});
}

static void key_encode(struct buf *buf, const struct key *key)
{
    buf_u8(buf, (uint8_t)key->type);
    buf_u64(buf, key->expires_ms);
    buf_blob(buf, key->name, key->item.key_len);
    if (key->type == KEY_STRING) {
        buf_blob(buf, key->value, key->value_len);
        return;
    }
    buf_u64(buf, key->fields.table.count);
    for (const struct field *field = key->fields.first; field != NULL;
         field = field->next) {
        buf_blob(buf, field->name, field->item.key_len);
        buf_blob(buf, field->value, field->value_len);
    }
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
    for (size_t i = 0; i < count; i++)
        key_encode(buf, sorted[i]);
    free(sorted);
}

static bool decode_string(struct cursor *cursor, struct keyspace *keyspace,
                          const struct name_bytes *name, uint64_t expires_ms)
{
    size_t len = 0;
    const uint8_t *value = cursor_blob(cursor, &len);

    if (cursor->bad || len > KEYSPACE_STRING_MAX)
        return false;
    keyspace_set(keyspace, name->data, name->len, value, len, expires_ms);
    return true;
}

static bool decode_hash(struct cursor *cursor, struct keyspace *keyspace,
                        const struct name_bytes *name, uint64_t expires_ms)
{
    uint64_t count = cursor_u64(cursor);

    if (cursor->bad || count == 0)
        return false;
    struct key *key = keyspace_hash(keyspace, name->data, name->len);
    keyspace_expire(keyspace, key, expires_ms);
    for (; count > 0; count--) {
        size_t field_len = 0, len = 0;
        const uint8_t *field = cursor_blob(cursor, &field_len);
        const uint8_t *value = cursor_blob(cursor, &len);
        if (cursor->bad ||
            !fields_set(&key->fields, field, field_len, value, len))
            return false;
    }
    key_account(keyspace, key);
    return true;
}

/* The key behind the one named `last`. */
static bool decode_key(struct cursor *cursor, struct keyspace *keyspace,
                       struct name_bytes *last)
{
    struct name_bytes name = {NULL, 0};
    uint8_t type = cursor_u8(cursor);
    uint64_t expires_ms = cursor_u64(cursor);

    name.data = cursor_blob(cursor, &name.len);
    if (cursor->bad || (last->data != NULL && name_compare(*last, name) >= 0))
        return false;
    *last = name;
    if (type == KEY_STRING)
        return decode_string(cursor, keyspace, &name, expires_ms);
    return type == KEY_HASH && decode_hash(cursor, keyspace, &name, expires_ms);
}

int keyspace_decode(struct cursor *cursor, struct keyspace *keyspace)
{
    struct name_bytes last = {NULL, 0};

    memset(keyspace, 0, sizeof(*keyspace));
    uint64_t count = cursor_u64(cursor);
    for (uint64_t i = 0; i < count; i++) {
        if (!decode_key(cursor, keyspace, &last)) {
            keyspace_free(keyspace);
            return RESULT_MALFORMED;
        }
    }
    return cursor->bad ? RESULT_MALFORMED : 0;
}
