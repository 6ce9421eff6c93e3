#include <string.h>

#include <xxhash.h>

#include "daemon/core/entry.h"
#include "lib/result.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

static const uint8_t payload[] = "twelve bytes";

static struct entry sample(void)
{
    return (struct entry){
        .epoch = 0x0102030405060708,
        .seq = 0x1112131415161718,
        .clock_ms = 0x2122232425262728,
        .kind = ENTRY_WRITE,
        .origin = sample_uuid(9),
        .run = 0x3132333435363738,
        .number = 0x4142434445464748,
        .token = 0x5152535455565758,
        .payload = payload,
        .length = 12,
    };
}

static void encoding_is_as_the_header_says(void **state)
{
    struct entry entry = sample();
    struct buf wanted = {0}, buf = {0};

    (void)state;
    buf_u64(&wanted, entry.epoch);
    buf_u64(&wanted, entry.seq);
    buf_u64(&wanted, entry.clock_ms);
    buf_u8(&wanted, 4);
    buf_uuid(&wanted, &entry.origin);
    buf_u64(&wanted, entry.run);
    buf_u64(&wanted, entry.number);
    buf_u64(&wanted, entry.token);
    buf_u32(&wanted, 12);
    assert_int_equal(wanted.len, ENTRY_HEADER_SIZE);
    buf_bytes(&wanted, "twelve bytes", 12);
    entry_encode(&buf, &entry);
    assert_int_equal(buf.len, wanted.len);
    assert_memory_equal(buf.data, wanted.data, wanted.len);
    buf_free(&buf);
    buf_free(&wanted);
}

static void equal_entries(const struct entry *a, const struct entry *b)
{
    assert_int_equal(a->epoch, b->epoch);
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->clock_ms, b->clock_ms);
    assert_int_equal(a->kind, b->kind);
    assert_true(uuid_equal(&a->origin, &b->origin));
    assert_int_equal(a->run, b->run);
    assert_int_equal(a->number, b->number);
    assert_int_equal(a->token, b->token);
    assert_int_equal(a->length, b->length);
    assert_memory_equal(a->payload, b->payload, a->length);
}

/* Entries of every kind and many lengths, one behind the other. */
static void decoding_gives_back_everything(void **state)
{
    static const uint8_t large[3000] = {1, 2, 3};
    static const uint32_t lengths[] = {0, 1, 255, 256, 3000};
    struct entry entry = sample(), decoded;
    struct buf buf = {0};

    (void)state;
    entry.payload = large;
    for (int kind = ENTRY_NOOP; kind <= ENTRY_CLOCK; kind++) {
        entry.kind = (enum entry_kind)kind;
        for (size_t i = 0; i < 5; i++) {
            entry.length = lengths[i];
            entry_encode(&buf, &entry);
        }
    }
    struct cursor cursor = cursor_make(buf.data, buf.len);
    for (int kind = ENTRY_NOOP; kind <= ENTRY_CLOCK; kind++) {
        entry.kind = (enum entry_kind)kind;
        for (size_t i = 0; i < 5; i++) {
            entry.length = lengths[i];
            assert_int_equal(entry_decode(&cursor, &decoded), 0);
            equal_entries(&decoded, &entry);
            assert_ptr_equal(decoded.payload + decoded.length,
                             buf.data + cursor.pos);
        }
    }
    assert_true(cursor_done(&cursor));
    buf_free(&buf);
}

static void proper_prefixes_are_refused(void **state)
{
    struct entry entry = sample(), decoded;
    struct buf buf = {0};

    (void)state;
    entry_encode(&buf, &entry);
    for (size_t cut = 0; cut < buf.len; cut++) {
        struct cursor cursor = cursor_make(buf.data, cut);
        assert_int_equal(entry_decode(&cursor, &decoded), RESULT_MALFORMED);
    }
    buf_free(&buf);
}

static void unknown_kinds_are_refused(void **state)
{
    struct entry entry = sample(), decoded;
    struct buf buf = {0};

    (void)state;
    entry_encode(&buf, &entry);
    for (int kind = 0; kind < 256; kind++) {
        bool known = kind >= 1 && kind <= 7;
        buf.data[24] = (uint8_t)kind;
        struct cursor cursor = cursor_make(buf.data, buf.len);
        assert_int_equal(entry_decode(&cursor, &decoded),
                         known ? 0 : RESULT_MALFORMED);
    }
    buf_free(&buf);
}

static void length_beyond_the_end_is_refused(void **state)
{
    static const uint32_t lengths[] = {13, 14, 0x7fffffff, 0xffffffff};
    struct entry entry = sample(), decoded;
    struct buf buf = {0};

    (void)state;
    entry_encode(&buf, &entry);
    for (size_t i = 0; i < 4; i++) {
        buf_patch_u32(&buf, ENTRY_HEADER_SIZE - 4, lengths[i]);
        struct cursor cursor = cursor_make(buf.data, buf.len);
        assert_int_equal(entry_decode(&cursor, &decoded), RESULT_MALFORMED);
    }
    buf_free(&buf);
}

static uint64_t hash_of(const struct entry *entry, uint64_t previous)
{
    struct buf buf = {0};

    entry_encode(&buf, entry);
    uint64_t hash = entry_hash(previous, buf.data, buf.len);
    buf_free(&buf);
    return hash;
}

static void hash_is_xxh3_seeded_with_the_one_before(void **state)
{
    struct entry entry = sample();
    struct buf buf = {0};
    uint64_t rolling = 0;

    (void)state;
    entry_encode(&buf, &entry);
    for (int i = 0; i < 10; i++) {
        uint64_t wanted = XXH3_64bits_withSeed(buf.data, buf.len, rolling);
        assert_int_equal(entry_hash(rolling, buf.data, buf.len), wanted);
        rolling = wanted;
    }
    buf_free(&buf);
}

/* The sample with field `which` changed a little; false when there is none. */
static bool vary(unsigned which, struct entry *entry)
{
    static const uint8_t other[] = "twelve bytez";

    *entry = sample();
    switch (which) {
    case 0:
        entry->epoch++;
        return true;
    case 1:
        entry->seq++;
        return true;
    case 2:
        entry->clock_ms++;
        return true;
    case 3:
        entry->kind = ENTRY_NOOP;
        return true;
    case 4:
        entry->origin.bytes[0]++;
        return true;
    case 5:
        entry->run++;
        return true;
    case 6:
        entry->number++;
        return true;
    case 7:
        entry->token++;
        return true;
    case 8:
        entry->payload = other;
        return true;
    case 9:
        entry->length--;
        return true;
    default:
        return false;
    }
}

static void hash_covers_every_field_and_the_one_before(void **state)
{
    uint64_t hashes[16];
    struct entry entry = sample();
    unsigned count = 0;

    (void)state;
    hashes[count++] = hash_of(&entry, 5);
    hashes[count++] = hash_of(&entry, 6);
    hashes[count++] = hash_of(&entry, 0);
    for (unsigned which = 0; vary(which, &entry); which++)
        hashes[count++] = hash_of(&entry, 5);
    assert_int_equal(count, 13);
    for (unsigned a = 0; a < count; a++) {
        for (unsigned b = 0; b < a; b++)
            assert_int_not_equal(hashes[a], hashes[b]);
    }
}

static uint64_t hash_of_chain(unsigned length, unsigned odd)
{
    uint64_t rolling = 0;

    for (unsigned i = 0; i < length; i++) {
        struct entry entry = sample();
        entry.seq = i + 1;
        entry.token += i == odd ? 1 : 0;
        rolling = hash_of(&entry, rolling);
    }
    return rolling;
}

static void chain_remembers_every_entry(void **state)
{
    (void)state;
    for (unsigned odd = 0; odd < 20; odd++)
        assert_int_not_equal(hash_of_chain(20, odd), hash_of_chain(20, 20));
    assert_int_equal(hash_of_chain(20, 20), hash_of_chain(20, 21));
    assert_int_not_equal(hash_of_chain(20, 20), hash_of_chain(19, 20));
}

static void no_clock_beyond_what_expiry_can_add_to(void **state)
{
    struct entry entry = sample(), decoded;

    (void)state;
    for (uint64_t beyond = 0; beyond < 2; beyond++) {
        struct buf buf = {0};
        entry.clock_ms = (uint64_t)INT64_MAX + beyond;
        entry_encode(&buf, &entry);
        struct cursor cursor = cursor_make(buf.data, buf.len);
        assert_int_equal(entry_decode(&cursor, &decoded),
                         beyond == 0 ? 0 : RESULT_MALFORMED);
        buf_free(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoding_is_as_the_header_says),
        cmocka_unit_test(decoding_gives_back_everything),
        cmocka_unit_test(proper_prefixes_are_refused),
        cmocka_unit_test(unknown_kinds_are_refused),
        cmocka_unit_test(length_beyond_the_end_is_refused),
        cmocka_unit_test(hash_is_xxh3_seeded_with_the_one_before),
        cmocka_unit_test(hash_covers_every_field_and_the_one_before),
        cmocka_unit_test(chain_remembers_every_entry),
        cmocka_unit_test(no_clock_beyond_what_expiry_can_add_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
