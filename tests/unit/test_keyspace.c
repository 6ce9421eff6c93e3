#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/keyspace.h"
#include "lib/result.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

static struct key *set(struct keyspace *keyspace, const char *name,
                       const char *value, uint64_t expires_ms)
{
    return keyspace_set(keyspace, name, strlen(name), value, strlen(value),
                        expires_ms);
}

static struct key *find(const struct keyspace *keyspace, const char *name)
{
    return keyspace_find(keyspace, name, strlen(name));
}

static void key_is(const struct key *key, const char *value,
                   uint64_t expires_ms)
{
    assert_non_null(key);
    assert_int_equal(key->type, KEY_STRING);
    assert_int_equal(key->value_len, strlen(value));
    assert_memory_equal(key->value, value, key->value_len);
    assert_int_equal(key->expires_ms, expires_ms);
}

static void keys_are_set_found_and_deleted(void **state)
{
    struct keyspace keyspace = {0};

    (void)state;
    assert_null(find(&keyspace, "a"));
    struct key *key = set(&keyspace, "a", "one", 0);
    set(&keyspace, "b", "two", 50);
    assert_ptr_equal(find(&keyspace, "a"), key);
    key_is(key, "one", 0);
    key_is(find(&keyspace, "b"), "two", 50);
    assert_ptr_equal(set(&keyspace, "a", "three", 60), key);
    key_is(key, "three", 60);
    assert_int_equal(keyspace.keys.count, 2);
    assert_null(find(&keyspace, "ab"));
    keyspace_delete(&keyspace, key);
    assert_null(find(&keyspace, "a"));
    key_is(find(&keyspace, "b"), "two", 50);
    assert_int_equal(keyspace.keys.count, 1);
    keyspace_free(&keyspace);
    assert_int_equal(keyspace.keys.count, 0);
    assert_int_equal(keyspace.digest, 0);
}

static void names_and_values_are_any_bytes(void **state)
{
    static const char name[] = {'a', 0, 'b'};
    struct keyspace keyspace = {0};

    (void)state;
    keyspace_set(&keyspace, name, 3, "\0\r\n", 3, 0);
    keyspace_set(&keyspace, name, 1, "short", 5, 0);
    keyspace_set(&keyspace, "", 0, "", 0, 0);
    assert_int_equal(keyspace.keys.count, 3);
    struct key *key = keyspace_find(&keyspace, name, 3);
    assert_non_null(key);
    assert_int_equal(key->value_len, 3);
    assert_memory_equal(key->value, "\0\r\n", 3);
    key_is(keyspace_find(&keyspace, name, 1), "short", 0);
    key_is(keyspace_find(&keyspace, "", 0), "", 0);
    keyspace_free(&keyspace);
}

static struct key *set_field(struct keyspace *keyspace, const char *name,
                             const char *field, const char *value)
{
    struct key *key = keyspace_hash(keyspace, name, strlen(name));

    keyspace_field_set(keyspace, key, field, strlen(field), value,
                       strlen(value));
    return key;
}

static struct field *field_of(const struct key *key, const char *name)
{
    return fields_find(&key->fields, name, strlen(name));
}

static void hashes_hold_fields(void **state)
{
    struct keyspace keyspace = {0};

    (void)state;
    struct key *key = set_field(&keyspace, "h", "a", "1");
    assert_int_equal(key->type, KEY_HASH);
    assert_ptr_equal(set_field(&keyspace, "h", "b", "2"), key);
    assert_false(keyspace_field_set(&keyspace, key, "a", 1, "3", 1));
    assert_memory_equal(field_of(key, "a")->value, "3", 1);
    keyspace_expire(&keyspace, key, 70);
    assert_true(keyspace_field_remove(&keyspace, key, field_of(key, "a")));
    assert_null(field_of(key, "a"));
    assert_int_equal(keyspace_next_expiry(&keyspace), 70);
    assert_false(keyspace_field_remove(&keyspace, key, field_of(key, "b")));
    assert_null(find(&keyspace, "h"));
    assert_int_equal(keyspace_next_expiry(&keyspace), 0);
    assert_int_equal(keyspace.digest, 0);
    assert_int_equal(keyspace.bytes, 0);
    keyspace_free(&keyspace);
}

static void set_and_delete_take_hashes_too(void **state)
{
    struct keyspace keyspace = {0};

    (void)state;
    set_field(&keyspace, "h", "a", "1");
    key_is(set(&keyspace, "h", "text", 0), "text", 0);
    struct key *key = set_field(&keyspace, "g", "a", "1");
    keyspace_expire(&keyspace, key, 9);
    set_field(&keyspace, "k", "a", "1");
    keyspace_delete(&keyspace, find(&keyspace, "k"));
    keyspace_advance(&keyspace, 9);
    assert_int_equal(keyspace.keys.count, 1);
    set_field(&keyspace, "left", "a", "1");
    keyspace_free(&keyspace);
}

/* ---- APPEND and RENAME ---- */

static void append_is_as_set(void **state)
{
    static uint8_t bytes[30000];
    uint64_t seed = 3;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)sample_below(&seed, 256);
    for (unsigned round = 0; round < 300; round++) {
        struct keyspace keyspace = {0}, wanted = {0};
        size_t len = sample_below(&seed, 9000);
        struct key *key = keyspace_set(&keyspace, "k", 1, bytes, len, 50);
        for (unsigned i = 0; i < 4; i++) {
            size_t more = sample_below(&seed, i % 2 == 0 ? 5000 : 10);
            keyspace_append(&keyspace, key, bytes + len, more);
            len += more;
            keyspace_set(&wanted, "k", 1, bytes, len, 50);
            assert_int_equal(key->value_len, len);
            assert_memory_equal(key->value, bytes, len);
            assert_true(keyspace.digest == wanted.digest);
            assert_int_equal(keyspace.bytes, wanted.bytes);
        }
        assert_int_equal(key->expires_ms, 50);
        keyspace_free(&keyspace);
        keyspace_free(&wanted);
    }
}

static void digest_covers_every_block(void **state)
{
    enum { LEN = 3 * 4096 + 5 };
    static uint8_t bytes[LEN];
    struct keyspace keyspace = {0};
    uint64_t before = 0;

    (void)state;
    for (size_t at = 0; at < LEN; at += 100) {
        bytes[at] ^= 1;
        keyspace_set(&keyspace, "k", 1, bytes, LEN, 0);
        assert_true(keyspace.digest != before);
        before = keyspace.digest;
    }
    for (size_t len = LEN - 1; len > 4000; len--) {
        keyspace_set(&keyspace, "k", 1, bytes, len, 0);
        assert_true(keyspace.digest != before);
        before = keyspace.digest;
    }
    keyspace_free(&keyspace);
}

static void rename_is_as_set(void **state)
{
    struct keyspace keyspace = {0}, wanted = {0};

    (void)state;
    set(&keyspace, "late", "x", 900);
    set(&keyspace, "a", "one", 50);
    set(&keyspace, "b", "two", 40);
    set_field(&keyspace, "h", "f", "1");
    struct key *key = keyspace_rename(&keyspace, find(&keyspace, "a"), "b", 1);
    assert_ptr_equal(find(&keyspace, "b"), key);
    assert_ptr_equal(keyspace_rename(&keyspace, key, "b", 1), key);
    assert_null(find(&keyspace, "a"));
    key_is(key, "one", 50);
    key = keyspace_rename(&keyspace, find(&keyspace, "h"), "longer", 6);
    assert_ptr_equal(find(&keyspace, "longer"), key);
    assert_non_null(field_of(key, "f"));
    set(&wanted, "late", "x", 900);
    set(&wanted, "b", "one", 50);
    set_field(&wanted, "longer", "f", "1");
    assert_true(keyspace.digest == wanted.digest);
    assert_int_equal(keyspace.bytes, wanted.bytes);
    assert_int_equal(keyspace_next_expiry(&keyspace), 50);
    keyspace_advance(&keyspace, 50);
    assert_null(find(&keyspace, "b"));
    assert_int_equal(keyspace.keys.count, 2);
    keyspace_free(&keyspace);
    keyspace_free(&wanted);
}

/* ---- the digest and the bytes ---- */

enum { KEYS = 40 };

static void build_key(struct keyspace *keyspace, unsigned i, uint64_t *seed)
{
    char name[16], value[16];

    snprintf(name, sizeof name, "key%u", i);
    snprintf(value, sizeof value, "value%u", i * 7);
    if (sample_below(seed, 3) == 0)
        set(keyspace, name, "of no account", 1 + sample_below(seed, 900));
    if (sample_below(seed, 3) == 0 && find(keyspace, name) != NULL)
        keyspace_delete(keyspace, find(keyspace, name));
    struct key *key;
    if (i % 4 == 0) {
        if (find(keyspace, name) != NULL)
            keyspace_delete(keyspace, find(keyspace, name));
        set_field(keyspace, name, "gone", value);
        set_field(keyspace, name, "first", "1");
        key = set_field(keyspace, name, "second", value);
        keyspace_field_remove(keyspace, key, field_of(key, "gone"));
    } else {
        key = set(keyspace, name, value, sample_below(seed, 900));
    }
    keyspace_expire(keyspace, key, i % 3 == 0 ? 1000 + i / 6 : 0);
}

/* Always the same contents, by a way that the seed decides. */
static void build(struct keyspace *keyspace, uint64_t seed)
{
    unsigned order[KEYS];

    for (unsigned i = 0; i < KEYS; i++)
        order[i] = i;
    for (unsigned i = KEYS - 1; i > 0; i--) {
        unsigned other = (unsigned)sample_below(&seed, i + 1);
        unsigned kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
    set(keyspace, "gone", "before the rest", 1 + seed % 900);
    for (unsigned i = 0; i < KEYS; i++)
        build_key(keyspace, order[i], &seed);
    keyspace_advance(keyspace, 999);
}

static void digest_and_bytes_do_not_tell_the_way(void **state)
{
    struct keyspace first = {0};
    struct buf wanted = {0};

    (void)state;
    build(&first, 1);
    assert_int_equal(first.keys.count, KEYS);
    keyspace_encode(&wanted, &first);
    for (uint64_t seed = 2; seed < 300; seed++) {
        struct keyspace keyspace = {0};
        struct buf buf = {0};
        build(&keyspace, seed);
        assert_true(keyspace.digest == first.digest);
        assert_int_equal(keyspace.bytes, first.bytes);
        keyspace_encode(&buf, &keyspace);
        assert_int_equal(buf.len, wanted.len);
        assert_memory_equal(buf.data, wanted.data, buf.len);
        keyspace_free(&keyspace);
        buf_free(&buf);
    }
    keyspace_free(&first);
    buf_free(&wanted);
}

static uint64_t digest_of(const char *name, const char *value,
                          uint64_t expires_ms)
{
    struct keyspace keyspace = {0};

    set(&keyspace, name, value, expires_ms);
    uint64_t digest = keyspace.digest;
    keyspace_free(&keyspace);
    return digest;
}

static void digest_covers_name_value_and_expiry(void **state)
{
    uint64_t digests[] = {
        0,
        digest_of("ab", "c", 0),
        digest_of("a", "bc", 0),
        digest_of("abc", "", 0),
        digest_of("", "abc", 0),
        digest_of("c", "ab", 0),
        digest_of("ab", "c", 1),
        digest_of("ab", "c", 2),
        digest_of("ab", "d", 0),
    };

    (void)state;
    for (size_t a = 0; a < 9; a++) {
        for (size_t b = 0; b < a; b++)
            assert_int_not_equal(digests[a], digests[b]);
    }
}

static void digest_of_nothing_is_nought(void **state)
{
    struct keyspace keyspace = {0};

    (void)state;
    build(&keyspace, 5);
    assert_int_not_equal(keyspace.digest, 0);
    keyspace_advance(&keyspace, UINT64_MAX);
    assert_int_equal(keyspace_next_expiry(&keyspace), 0);
    struct table_item *item;
    while ((item = table_next(&keyspace.keys, NULL)) != NULL)
        keyspace_delete(&keyspace, (struct key *)item);
    assert_int_equal(keyspace.digest, 0);
    assert_int_equal(keyspace.bytes, 0);
    keyspace_free(&keyspace);
}

static void digest_covers_type_and_fields(void **state)
{
    static const char *const hashes[][4] = {
        {"a", "1", "b", "2"}, {"b", "2", "a", "1"}, {"a", "2", "b", "1"},
        {"a", "1", "b", "3"}, {"a", "1", "c", "2"},
    };
    uint64_t digests[6] = {digest_of("h", "", 0)};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct keyspace keyspace = {0};
        set_field(&keyspace, "h", hashes[i][0], hashes[i][1]);
        set_field(&keyspace, "h", hashes[i][2], hashes[i][3]);
        digests[i + 1] = keyspace.digest;
        keyspace_free(&keyspace);
    }
    for (size_t a = 0; a < 6; a++) {
        for (size_t b = 0; b < a; b++)
            assert_true(digests[a] != digests[b]);
    }
}

static void bytes_grow_with_the_contents(void **state)
{
    struct keyspace keyspace = {0};

    (void)state;
    assert_int_equal(keyspace.bytes, 0);
    set(&keyspace, "key", "", 0);
    size_t one = keyspace.bytes;
    assert_in_range(one, sizeof(struct key) + 3, sizeof(struct key) + 100);
    set(&keyspace, "key", "12345", 0);
    assert_int_equal(keyspace.bytes, one + 5);
    keyspace_append(&keyspace, find(&keyspace, "key"), "678", 3);
    assert_int_equal(keyspace.bytes, one + 8);
    keyspace_expire(&keyspace, find(&keyspace, "key"), 5);
    assert_int_equal(keyspace.bytes, one + 8 + sizeof(void *));
    set(&keyspace, "kez", "", 0);
    keyspace_advance(&keyspace, 5);
    assert_int_equal(keyspace.bytes, one);
    struct key *key = set_field(&keyspace, "hash", "f", "1");
    size_t two = keyspace.bytes;
    keyspace_field_set(&keyspace, key, "f", 1, "1234", 4);
    assert_int_equal(keyspace.bytes, two + 3);
    keyspace_field_set(&keyspace, key, "gg", 2, "", 0);
    assert_in_range(keyspace.bytes - two, sizeof(struct field) + 5,
                    sizeof(struct field) + 105);
    keyspace_free(&keyspace);
    assert_int_equal(keyspace.bytes, 0);
}

/* ---- expiry ---- */

static void keys_expire_at_their_time(void **state)
{
    struct keyspace keyspace = {0};

    (void)state;
    set(&keyspace, "late", "x", 300);
    set(&keyspace, "soon", "x", 100);
    set(&keyspace, "same", "x", 100);
    set(&keyspace, "next", "x", 101);
    set(&keyspace, "ever", "x", 0);
    assert_int_equal(keyspace_next_expiry(&keyspace), 100);
    keyspace_advance(&keyspace, 99);
    assert_int_equal(keyspace.keys.count, 5);
    keyspace_advance(&keyspace, 100);
    assert_null(find(&keyspace, "soon"));
    assert_null(find(&keyspace, "same"));
    assert_int_equal(keyspace.keys.count, 3);
    assert_int_equal(keyspace_next_expiry(&keyspace), 101);
    keyspace_expire(&keyspace, find(&keyspace, "next"), 400);
    assert_int_equal(keyspace_next_expiry(&keyspace), 300);
    keyspace_expire(&keyspace, find(&keyspace, "late"), 0);
    assert_int_equal(keyspace_next_expiry(&keyspace), 400);
    keyspace_advance(&keyspace, UINT64_MAX);
    assert_non_null(find(&keyspace, "late"));
    assert_non_null(find(&keyspace, "ever"));
    assert_int_equal(keyspace.keys.count, 2);
    assert_int_equal(keyspace_next_expiry(&keyspace), 0);
    keyspace_free(&keyspace);
}

enum { MODEL_KEYS = 60, MODEL_STEPS = 60000 };

struct model {
    struct {
        bool there;
        uint64_t expires_ms;
        uint8_t value;
    } rows[MODEL_KEYS];
    uint64_t clock_ms;
};

static uint64_t model_soonest(const struct model *model)
{
    uint64_t soonest = 0;

    for (size_t i = 0; i < MODEL_KEYS; i++) {
        uint64_t expires_ms = model->rows[i].expires_ms;
        if (model->rows[i].there && expires_ms != 0 &&
            (soonest == 0 || expires_ms < soonest))
            soonest = expires_ms;
    }
    return soonest;
}

static void model_advance(struct model *model, uint64_t clock_ms)
{
    model->clock_ms = clock_ms;
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        if (model->rows[i].expires_ms != 0 &&
            model->rows[i].expires_ms <= clock_ms)
            model->rows[i].there = false;
    }
}

static uint64_t model_expiry(const struct model *model, uint64_t *seed)
{
    if (sample_below(seed, 3) == 0)
        return 0;
    return model->clock_ms + 1 + sample_below(seed, 50);
}

static void model_step(struct model *model, struct keyspace *keyspace,
                       uint64_t *seed)
{
    size_t at = sample_below(seed, MODEL_KEYS);
    uint8_t name[2] = {'k', (uint8_t)at};
    struct key *key = keyspace_find(keyspace, name, 2);
    uint64_t choice = sample_below(seed, 100);

    assert_int_equal(key != NULL, model->rows[at].there);
    if (key != NULL && choice < 20) {
        keyspace_delete(keyspace, key);
        model->rows[at].there = false;
    } else if (key != NULL && choice < 50) {
        model->rows[at].expires_ms = model_expiry(model, seed);
        keyspace_expire(keyspace, key, model->rows[at].expires_ms);
    } else if (choice < 90) {
        model->rows[at].there = true;
        model->rows[at].expires_ms = model_expiry(model, seed);
        model->rows[at].value = (uint8_t)sample_below(seed, 256);
        keyspace_set(keyspace, name, 2, &model->rows[at].value, 1,
                     model->rows[at].expires_ms);
    } else {
        model_advance(model, model->clock_ms + sample_below(seed, 9));
        keyspace_advance(keyspace, model->clock_ms);
    }
}

static void compare(const struct model *model, const struct keyspace *keyspace)
{
    size_t count = 0, expiring = 0;

    assert_int_equal(keyspace_next_expiry(keyspace), model_soonest(model));
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        uint8_t name[2] = {'k', (uint8_t)i};
        const struct key *key = keyspace_find(keyspace, name, 2);
        assert_int_equal(key != NULL, model->rows[i].there);
        if (key == NULL)
            continue;
        count++;
        assert_int_equal(key->expires_ms, model->rows[i].expires_ms);
        assert_int_equal(key->value[0], model->rows[i].value);
        if (key->expires_ms == 0)
            continue;
        expiring++;
        assert_ptr_equal(keyspace->heap[key->heap_at], key);
        assert_true(key->heap_at == 0 ||
                    keyspace->heap[(key->heap_at - 1) / 2]->expires_ms <=
                        key->expires_ms);
    }
    assert_int_equal(keyspace->keys.count, count);
    assert_int_equal(keyspace->heap_count, expiring);
}

static void heap_is_as_a_plain_array(void **state)
{
    struct model model = {.clock_ms = 1};
    struct keyspace keyspace = {0};
    uint64_t seed = 4711;

    (void)state;
    for (unsigned i = 0; i < MODEL_STEPS; i++) {
        model_step(&model, &keyspace, &seed);
        compare(&model, &keyspace);
    }
    assert_true(model.clock_ms > 1000);
    keyspace_free(&keyspace);
}

/* ---- snapshots ---- */

static void bytes_are_in_order_of_name(void **state)
{
    static const char *const names[] = {"", "a", "a\xff", "ab", "b"};
    static const size_t order[] = {3, 1, 4, 0, 2};
    static const size_t ascending[] = {0, 1, 3, 2, 4};
    struct keyspace keyspace = {0};
    struct buf wanted = {0}, buf = {0};

    (void)state;
    for (size_t i = 0; i < 5; i++)
        set(&keyspace, names[order[i]], "v", order[i]);
    buf_u64(&wanted, 5);
    for (size_t i = 0; i < 5; i++) {
        buf_u8(&wanted, 1);
        buf_u64(&wanted, ascending[i]);
        buf_blob(&wanted, names[ascending[i]], strlen(names[ascending[i]]));
        buf_blob(&wanted, "v", 1);
    }
    keyspace_encode(&buf, &keyspace);
    assert_int_equal(buf.len, wanted.len);
    assert_memory_equal(buf.data, wanted.data, buf.len);
    keyspace_free(&keyspace);
    buf_free(&wanted);
    buf_free(&buf);
}

static void bytes_of_a_hash_are_in_its_order(void **state)
{
    struct keyspace keyspace = {0};
    struct buf wanted = {0}, buf = {0};

    (void)state;
    set_field(&keyspace, "h", "z", "1");
    keyspace_expire(&keyspace, set_field(&keyspace, "h", "a", ""), 7);
    buf_u64(&wanted, 1);
    buf_u8(&wanted, 2);
    buf_u64(&wanted, 7);
    buf_blob(&wanted, "h", 1);
    buf_u64(&wanted, 2);
    buf_blob(&wanted, "z", 1);
    buf_blob(&wanted, "1", 1);
    buf_blob(&wanted, "a", 1);
    buf_blob(&wanted, "", 0);
    keyspace_encode(&buf, &keyspace);
    assert_int_equal(buf.len, wanted.len);
    assert_memory_equal(buf.data, wanted.data, buf.len);
    keyspace_free(&keyspace);
    buf_free(&wanted);
    buf_free(&buf);
}

static void decoding_gives_back_keys_and_expiries(void **state)
{
    struct keyspace keyspace = {0}, decoded;
    struct buf buf = {0}, again = {0};

    (void)state;
    build(&keyspace, 77);
    keyspace_encode(&buf, &keyspace);
    struct cursor cursor = cursor_make(buf.data, buf.len);
    assert_int_equal(keyspace_decode(&cursor, &decoded), 0);
    assert_true(cursor_done(&cursor));
    assert_true(decoded.digest == keyspace.digest);
    assert_int_equal(decoded.bytes, keyspace.bytes);
    assert_int_equal(decoded.keys.count, KEYS);
    keyspace_encode(&again, &decoded);
    assert_int_equal(again.len, buf.len);
    assert_memory_equal(again.data, buf.data, buf.len);
    for (uint64_t clock_ms = 999; clock_ms < 1010; clock_ms++) {
        keyspace_advance(&keyspace, clock_ms);
        keyspace_advance(&decoded, clock_ms);
        assert_int_equal(decoded.digest, keyspace.digest);
        assert_int_equal(keyspace_next_expiry(&decoded),
                         keyspace_next_expiry(&keyspace));
    }
    assert_int_equal(keyspace_next_expiry(&decoded), 0);
    keyspace_free(&keyspace);
    keyspace_free(&decoded);
    buf_free(&buf);
    buf_free(&again);
}

static void malformed_bytes_leave_no_key(void **state)
{
    struct keyspace keyspace = {0}, decoded;
    struct buf buf = {0};

    (void)state;
    build(&keyspace, 78);
    keyspace_encode(&buf, &keyspace);
    for (size_t cut = 0; cut < buf.len; cut++) {
        struct cursor cursor = cursor_make(buf.data, cut);
        memset(&decoded, 0xff, sizeof decoded);
        assert_int_equal(keyspace_decode(&cursor, &decoded), RESULT_MALFORMED);
        assert_int_equal(decoded.keys.count + decoded.heap_count, 0);
        assert_int_equal(decoded.digest, 0);
        assert_null(decoded.keys.slots);
    }
    memset(buf.data, 0xff, 8);
    struct cursor cursor = cursor_make(buf.data, buf.len);
    assert_int_equal(keyspace_decode(&cursor, &decoded), RESULT_MALFORMED);
    assert_null(decoded.keys.slots);
    keyspace_free(&keyspace);
    buf_free(&buf);
}

static void is_malformed(const struct buf *buf)
{
    struct cursor cursor = cursor_make(buf->data, buf->len);
    struct keyspace decoded;

    assert_int_equal(keyspace_decode(&cursor, &decoded), RESULT_MALFORMED);
    assert_int_equal(decoded.keys.count + decoded.heap_count + decoded.bytes,
                     0);
    assert_null(decoded.keys.slots);
}

/* The start of a key; its contents follow. */
static void put_key(struct buf *buf, uint8_t type, const char *name)
{
    buf_u8(buf, type);
    buf_u64(buf, 5);
    buf_blob(buf, name, strlen(name));
}

static void types_that_are_not_ours_are_refused(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        struct buf buf = {0};
        buf_u64(&buf, 1);
        put_key(&buf, (uint8_t)type, "k");
        buf_blob(&buf, "value", 5);
        if (type != KEY_STRING)
            is_malformed(&buf);
        buf_free(&buf);
    }
}

/* Names that descend, or come twice. */
static void names_out_of_order_are_refused(void **state)
{
    static const char *const names[][2] = {
        {"b", "a"}, {"a", "a"}, {"ab", "a"}, {"a", ""}, {"", ""}};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct buf buf = {0};
        buf_u64(&buf, 2);
        for (size_t n = 0; n < 2; n++) {
            put_key(&buf, KEY_STRING, names[i][n]);
            buf_blob(&buf, "v", 1);
        }
        is_malformed(&buf);
        buf_free(&buf);
    }
}

static void bad_hashes_are_refused(void **state)
{
    static const uint64_t counts[] = {0, 2, 3, UINT64_MAX};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct buf buf = {0};
        buf_u64(&buf, 1);
        put_key(&buf, KEY_HASH, "h");
        buf_u64(&buf, counts[i]);
        for (unsigned n = 0; n < 2; n++) { /* twice the same field */
            buf_blob(&buf, "f", 1);
            buf_blob(&buf, "v", 1);
        }
        is_malformed(&buf);
        buf_free(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_set_found_and_deleted),
        cmocka_unit_test(names_and_values_are_any_bytes),
        cmocka_unit_test(hashes_hold_fields),
        cmocka_unit_test(set_and_delete_take_hashes_too),
        cmocka_unit_test(append_is_as_set),
        cmocka_unit_test(digest_covers_every_block),
        cmocka_unit_test(rename_is_as_set),
        cmocka_unit_test(digest_and_bytes_do_not_tell_the_way),
        cmocka_unit_test(digest_covers_name_value_and_expiry),
        cmocka_unit_test(digest_of_nothing_is_nought),
        cmocka_unit_test(digest_covers_type_and_fields),
        cmocka_unit_test(bytes_grow_with_the_contents),
        cmocka_unit_test(keys_expire_at_their_time),
        cmocka_unit_test(heap_is_as_a_plain_array),
        cmocka_unit_test(bytes_are_in_order_of_name),
        cmocka_unit_test(bytes_of_a_hash_are_in_its_order),
        cmocka_unit_test(decoding_gives_back_keys_and_expiries),
        cmocka_unit_test(malformed_bytes_leave_no_key),
        cmocka_unit_test(types_that_are_not_ours_are_refused),
        cmocka_unit_test(names_out_of_order_are_refused),
        cmocka_unit_test(bad_hashes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
