#include "daemon/core/rival.h"

#include <string.h>

#include "tests/unit/alone.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

/* A group of one, promoted, that hears the leader of another group. */

#define REFUSED "-CLUSTERDOWN another group lives under this name\r\n"
#define SET_BACK                                                               \
    "another group lives under this name, with at least as many voters"

enum { GROUP = 7, OTHER_GROUP = 8 };

static struct alone *start_promoted(void)
{
    struct alone *alone = alone_start();

    alone_office(alone, CORE_PROMOTE);
    alone_says(alone, "SET k v", ALONE_OK);
    return alone;
}

/* The leader of group `group`, which has that many voters, says `type`. */
static void hear(struct alone *alone, uint8_t group, enum wire_type type,
                 uint8_t voters, uint8_t flags)
{
    struct message message = {
        .type = type,
        .node = 9,
        .group = sample_uuid(group),
        .sender = sample_uuid(9),
        .run = 1,
        .epoch = 1,
        .point = {.epoch = 1, .seq = 5, .hash = 5},
        .flags = flags,
        .commit = 5,
    };
    struct buf encoded = {0};

    for (uint8_t i = 1; i <= voters; i++) {
        struct uuid uuid = sample_uuid((uint8_t)(20 + i));
        config_add(&message.config, &uuid, i);
    }
    message.config.seq = 1;
    wire_encode(&encoded, &message);
    alone_hear(alone, &encoded);
    buf_free(&encoded);
}

static bool hears_one(struct alone *alone)
{
    struct core_status status = alone_status(alone);

    return !uuid_is_none(&status.rival);
}

static void stands_back(struct alone *alone)
{
    struct core_status status = alone_status(alone);

    assert_string_equal(status.why, SET_BACK);
    assert_true(status.open);
    assert_false(status.writable);
    assert_int_equal(alone->score, 0);
    assert_true(hears_one(alone));
    alone_refuses(alone, "SET k w", REFUSED);
    alone_says(alone, "GET k", "$1\r\nv\r\n");
}

static void serves(struct alone *alone)
{
    struct core_status status = alone_status(alone);

    assert_string_equal(status.why, "");
    assert_true(status.writable);
    assert_true(alone->score > 0);
    alone_says(alone, "SET k v", ALONE_OK);
}

static void as_many_voters_prevail(void **state)
{
    struct alone *alone = start_promoted();

    (void)state;
    for (uint8_t voters = 1; voters <= 3; voters++) {
        hear(alone, GROUP, WIRE_HELLO, voters, WIRE_LEADS);
        stands_back(alone);
        alone_pass(alone, 2600);
        serves(alone);
        assert_false(hears_one(alone));
    }
    alone_stop(alone);
}

/* Who leads and cannot commit says nothing of its voters. */
static void it_is_told_by_hello_alone(void **state)
{
    struct alone *alone = start_promoted();

    (void)state;
    hear(alone, GROUP, WIRE_APPEND, 0, 0);
    serves(alone);
    assert_true(hears_one(alone));
    hear(alone, GROUP, WIRE_HELLO, 3, 0); /* it has no leader: it waits */
    serves(alone);
    hear(alone, GROUP, WIRE_HELLO, 3, WIRE_LEADS);
    stands_back(alone);
    for (unsigned i = 0; i < 4; i++) {
        alone_pass(alone, 2000);
        hear(alone, GROUP, WIRE_APPEND, 0, 0);
        hear(alone, GROUP, WIRE_HELLO, 3, WIRE_LEADS);
        stands_back(alone);
    }
    for (unsigned i = 0; i < 2; i++) {
        alone_pass(alone, 1500);
        hear(alone, GROUP, WIRE_APPEND, 0, 0);
    }
    serves(alone); /* it does not say so any more: it cannot commit */
    assert_true(hears_one(alone));
    alone_stop(alone);
}

static void the_largest_of_several_counts(void **state)
{
    struct alone *alone = start_promoted();

    (void)state;
    hear(alone, GROUP, WIRE_HELLO, 2, WIRE_LEADS);
    hear(alone, OTHER_GROUP, WIRE_APPEND, 0, 0);
    stands_back(alone);
    hear(alone, OTHER_GROUP, WIRE_HELLO, 3, WIRE_LEADS);
    stands_back(alone);
    struct core_status status = alone_status(alone);
    struct uuid other = sample_uuid(OTHER_GROUP);
    assert_true(uuid_equal(&status.rival, &other));
    alone_stop(alone);
}

static void no_promotion_beside_it(void **state)
{
    struct alone *alone = alone_start();
    uint64_t request;

    (void)state;
    hear(alone, GROUP, WIRE_HELLO, 1, WIRE_LEADS);
    assert_int_equal(alone->score, 0);
    request = alone_ask(alone, CORE_PROMOTE, "");
    alone_settle(alone);
    alone_answered(alone, request, OUTCOME_REFUSED,
                   "-ERR another group lives under this name\r\n");
    alone_pass(alone, 2600);
    alone_office(alone, CORE_PROMOTE);
    alone_stop(alone);
}

/* How many HELLOs that say LEADS it multicast: they come back to it. */
static unsigned hellos(struct alone *alone)
{
    unsigned count = 0;

    for (size_t at = 0; at < ALONE_QUEUE; at++) {
        const struct alone_queued *queued = &alone->queue[at];
        struct message message;
        if (queued->kind == CORE_DELIVER &&
            wire_decode(queued->data.data, queued->data.len, &message) == 0 &&
            message.type == WIRE_HELLO && (message.flags & WIRE_LEADS) != 0) {
            assert_int_equal(message.config.count, 1);
            count++;
        }
    }
    return count;
}

/* A leader answers, so that the other one learns; once a second. */
static void a_rival_is_answered(void **state)
{
    struct alone *alone = start_promoted();

    (void)state;
    assert_int_equal(hellos(alone), 0);
    for (unsigned i = 0; i < 10; i++)
        hear(alone, GROUP, WIRE_APPEND, 0, 0);
    assert_int_equal(hellos(alone), 1);
    alone_pass(alone, 1000);
    assert_int_equal(hellos(alone), 2);
    alone_pass(alone, 2000);
    assert_int_equal(hellos(alone), 2); /* nothing was heard since */
    alone_quorum(alone, false);
    hear(alone, GROUP, WIRE_APPEND, 0, 0);
    alone_pass(alone, 1400);
    assert_int_equal(hellos(alone), 2);
    alone_quorum(alone, true);
    hear(alone, GROUP, WIRE_APPEND, 0, 0);
    assert_int_equal(hellos(alone), 3);
    alone_stop(alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_voters_prevail),
        cmocka_unit_test(it_is_told_by_hello_alone),
        cmocka_unit_test(the_largest_of_several_counts),
        cmocka_unit_test(no_promotion_beside_it),
        cmocka_unit_test(a_rival_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
