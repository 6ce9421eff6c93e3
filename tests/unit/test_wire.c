#include <string.h>

#include "daemon/core/wire.h"
#include "lib/result.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

/* The table of wire.h. */
enum {
    TO = 1,
    POINT = 2,
    FLAGS = 4,
    FORMER = 8,
    CONFIG = 16,
    COMMIT = 32,
    NUMBER = 64,
    OFFSET = 128,
    COUNT = 256,
    BODY = 512
};

static const struct {
    const char *name;
    unsigned fields;
} types[] = {
    {"?", 0},
    {"HELLO", POINT | FLAGS | FORMER | CONFIG},
    {"VIEW", POINT},
    {"READY", TO},
    {"APPEND", POINT | COMMIT | COUNT | BODY},
    {"ACK", POINT},
    {"FETCH", TO | POINT},
    {"FORWARD", NUMBER | COUNT | BODY},
    {"BARRIER", NUMBER},
    {"ANSWER", TO | NUMBER | POINT},
    {"HANDOVER", TO},
    {"OFFER", TO | POINT},
    {"PULL", TO | POINT | OFFSET},
    {"CHUNK", POINT | FLAGS | OFFSET | BODY},
};

enum { TYPES = sizeof types / sizeof types[0] };

static const uint8_t body[] = "the body\0of it";

/* A message with every field filled, whether its type has it or not. */
static struct message full(unsigned type)
{
    struct message message = {
        .type = (enum wire_type)type,
        .node = 0x01020304,
        .group = sample_uuid(1),
        .sender = sample_uuid(2),
        .run = 0x1112131415161718,
        .epoch = 0x2122232425262728,
        .to = sample_uuid(3),
        .to_run = 0x3132333435363738,
        .point = {0x4142434445464748, 0x5152535455565758, 0x6162636465666768},
        .flags = 0xa5,
        .former = sample_uuid(4),
        .commit = 0x7172737475767778,
        .number = 0x8182838485868788,
        .offset = 0x9192939495969798,
        .count = 0xa1a2a3a4,
        .body = body,
        .body_len = sizeof body,
    };

    for (uint8_t i = 1; i <= 3; i++) {
        struct uuid uuid = sample_uuid((uint8_t)(50 + i));
        assert_int_equal(config_add(&message.config, &uuid, i), 0);
    }
    message.config.seq = 0xb1b2b3b4b5b6b7b8;
    return message;
}

static void same_addresses(const struct message *a, const struct message *b,
                           unsigned fields)
{
    const struct uuid none = {{0}};

    assert_int_equal(a->type, b->type);
    assert_int_equal(a->node, b->node);
    assert_true(uuid_equal(&a->group, &b->group));
    assert_true(uuid_equal(&a->sender, &b->sender));
    assert_int_equal(a->run, b->run);
    assert_int_equal(a->epoch, b->epoch);
    assert_true(uuid_equal(&a->to, fields & TO ? &b->to : &none));
    assert_int_equal(a->to_run, fields & TO ? b->to_run : 0);
}

/* The fields that the type has, and nothing in the others. */
static void same_fields(const struct message *a, const struct message *b,
                        unsigned fields)
{
    const struct uuid none = {{0}};

    assert_int_equal(a->point.epoch, fields & POINT ? b->point.epoch : 0);
    assert_int_equal(a->point.seq, fields & POINT ? b->point.seq : 0);
    assert_int_equal(a->point.hash, fields & POINT ? b->point.hash : 0);
    assert_int_equal(a->flags, fields & FLAGS ? b->flags : 0);
    assert_true(uuid_equal(&a->former, fields & FORMER ? &b->former : &none));
    assert_int_equal(a->commit, fields & COMMIT ? b->commit : 0);
    assert_int_equal(a->number, fields & NUMBER ? b->number : 0);
    assert_int_equal(a->offset, fields & OFFSET ? b->offset : 0);
    assert_int_equal(a->count, fields & COUNT ? b->count : 0);
    assert_int_equal(a->config.seq, fields & CONFIG ? b->config.seq : 0);
    assert_int_equal(a->config.count, fields & CONFIG ? b->config.count : 0);
    for (unsigned i = 0; i < a->config.count; i++) {
        assert_true(
            uuid_equal(&a->config.voters[i].uuid, &b->config.voters[i].uuid));
        assert_int_equal(a->config.voters[i].node, b->config.voters[i].node);
    }
    assert_int_equal(a->body_len, fields & BODY ? b->body_len : 0);
    if (fields & BODY)
        assert_memory_equal(a->body, b->body, b->body_len);
    else
        assert_null(a->body);
}

static void every_type_comes_back(void **state)
{
    (void)state;
    assert_int_equal(TYPES, WIRE_CHUNK + 1);
    for (unsigned type = 1; type < TYPES; type++) {
        struct message message = full(type), decoded;
        struct buf buf = {0};
        wire_encode(&buf, &message);
        memset(&decoded, 0xff, sizeof decoded);
        assert_int_equal(wire_decode(buf.data, buf.len, &decoded), 0);
        same_addresses(&decoded, &message, types[type].fields);
        same_fields(&decoded, &message, types[type].fields);
        buf_free(&buf);
    }
}

static void bytes_are_as_the_header_says(void **state)
{
    static const uint8_t start[] = {2, WIRE_FETCH, 4, 3, 2, 1};
    struct message message = full(WIRE_FETCH);
    struct buf wanted = {0}, buf = {0};

    (void)state;
    buf_bytes(&wanted, start, sizeof start);
    buf_uuid(&wanted, &message.group);
    buf_uuid(&wanted, &message.sender);
    buf_u64(&wanted, message.run);
    buf_u64(&wanted, message.epoch);
    buf_uuid(&wanted, &message.to);
    buf_u64(&wanted, message.to_run);
    buf_u64(&wanted, message.point.epoch);
    buf_u64(&wanted, message.point.seq);
    buf_u64(&wanted, message.point.hash);
    wire_encode(&buf, &message);
    assert_int_equal(buf.len, wanted.len);
    assert_memory_equal(buf.data, wanted.data, buf.len);
    buf_free(&buf);
    buf_free(&wanted);
}

static void cut_and_overlong_messages_are_refused(void **state)
{
    (void)state;
    for (unsigned type = 1; type < TYPES; type++) {
        struct message message = full(type), decoded;
        struct buf buf = {0};
        wire_encode(&buf, &message);
        for (size_t cut = 0; cut < buf.len; cut++)
            assert_int_equal(wire_decode(buf.data, cut, &decoded),
                             RESULT_MALFORMED);
        buf_u8(&buf, 0);
        assert_int_equal(wire_decode(buf.data, buf.len, &decoded),
                         RESULT_MALFORMED);
        buf_free(&buf);
    }
}

static void other_versions_are_told_apart(void **state)
{
    (void)state;
    for (unsigned type = 1; type < TYPES; type++) {
        struct message message = full(type), decoded;
        struct buf buf = {0};
        wire_encode(&buf, &message);
        for (int version = 0; version < 256; version++) {
            buf.data[0] = (uint8_t)version;
            assert_int_equal(wire_decode(buf.data, buf.len, &decoded),
                             version == WIRE_VERSION ? 0 : RESULT_VERSION);
        }
        buf_free(&buf);
    }
}

/* The known ones are refused too, but those whose fields are as long. */
static void unknown_types_are_refused(void **state)
{
    struct message message = full(WIRE_VIEW), decoded;
    struct buf buf = {0};

    (void)state;
    wire_encode(&buf, &message);
    for (unsigned type = 0; type < 256; type++) {
        buf.data[1] = (uint8_t)type;
        bool alike = type == WIRE_VIEW || type == WIRE_ACK ||
                     type == WIRE_READY || type == WIRE_HANDOVER;
        assert_int_equal(wire_decode(buf.data, buf.len, &decoded),
                         alike ? 0 : RESULT_MALFORMED);
    }
    buf_free(&buf);
}

static void a_sender_has_a_name(void **state)
{
    struct message message = full(WIRE_ACK), decoded;
    struct buf buf = {0};

    (void)state;
    memset(&message.sender, 0, sizeof message.sender);
    wire_encode(&buf, &message);
    assert_int_equal(wire_decode(buf.data, buf.len, &decoded),
                     RESULT_MALFORMED);
    buf_reset(&buf);
    message = full(WIRE_ACK);
    memset(&message.group, 0, sizeof message.group);
    wire_encode(&buf, &message);
    assert_int_equal(wire_decode(buf.data, buf.len, &decoded), 0);
    buf_free(&buf);
}

/* A changed bit is either refused or seen in what comes out. */
static void every_bit_has_a_meaning(void **state)
{
    unsigned refused = 0, taken = 0;

    (void)state;
    for (unsigned type = 1; type < TYPES; type++) {
        struct message message = full(type), decoded;
        struct buf buf = {0}, again = {0};
        wire_encode(&buf, &message);
        for (size_t bit = 0; bit < 8 * buf.len; bit++) {
            buf.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (wire_decode(buf.data, buf.len, &decoded) == 0) {
                buf_reset(&again);
                wire_encode(&again, &decoded);
                assert_int_equal(again.len, buf.len);
                assert_memory_equal(again.data, buf.data, buf.len);
                taken++;
            } else {
                refused++;
            }
            buf.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        buf_free(&buf);
        buf_free(&again);
    }
    assert_true(refused > 100 && taken > 1000);
}

static void random_bytes_do_no_harm(void **state)
{
    struct message decoded;
    uint64_t seed = 31337;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t bytes[300];
        size_t len = sample_below(&seed, sizeof bytes + 1);
        for (size_t at = 0; at < len; at++)
            bytes[at] = (uint8_t)sample_below(&seed, 256);
        if (len > 1) {
            bytes[0] = WIRE_VERSION;
            bytes[1] = (uint8_t)(1 + i % WIRE_CHUNK);
        }
        int rc = wire_decode(bytes, len, &decoded);
        assert_true(rc == 0 || rc == RESULT_MALFORMED);
        if (rc == 0 && decoded.body != NULL)
            assert_true(decoded.body >= bytes &&
                        decoded.body + decoded.body_len == bytes + len);
    }
}

static void types_have_names(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++)
        assert_string_equal(wire_type_name((uint8_t)type),
                            type < TYPES ? types[type].name : "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_comes_back),
        cmocka_unit_test(bytes_are_as_the_header_says),
        cmocka_unit_test(cut_and_overlong_messages_are_refused),
        cmocka_unit_test(other_versions_are_told_apart),
        cmocka_unit_test(unknown_types_are_refused),
        cmocka_unit_test(a_sender_has_a_name),
        cmocka_unit_test(every_bit_has_a_meaning),
        cmocka_unit_test(random_bytes_do_no_harm),
        cmocka_unit_test(types_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
