#include "daemon/core/force.h"

#include <string.h>

#include "daemon/core/command.h"
#include "daemon/core/machine.h"
#include "daemon/core/wire.h"
#include "tests/unit/alone.h"
#include "tests/unit/handmade.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

/* ---- the group's UUID ---- */

static struct uuid forced_out_of(const struct uuid *group, unsigned name)
{
    struct uuid fresh = sample_uuid((uint8_t)name);

    memcpy(fresh.bytes, &name, sizeof name);
    return force_group(group, &fresh);
}

static void a_forced_group_is_later(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 70000; n++) { /* also those that look forced */
        struct uuid group = sample_uuid((uint8_t)n);
        memcpy(group.bytes, &n, sizeof n);
        struct uuid child = forced_out_of(&group, n),
                    grandchild = forced_out_of(&child, 3);
        assert_true(force_is_later(&child, &group));
        assert_true(force_is_later(&grandchild, &child));
        assert_true(force_is_later(&grandchild, &group));
        assert_false(force_is_later(&group, &group));
        assert_false(force_is_later(&group, &child));
        assert_false(force_is_later(&child, &grandchild));
        assert_false(force_is_later(&group, &grandchild));
    }
}

static void two_forced_apart_are_two(void **state)
{
    struct uuid group = sample_uuid(1), other = sample_uuid(2);
    struct uuid a = forced_out_of(&group, 1), b = forced_out_of(&group, 2);
    struct uuid b2 = forced_out_of(&b, 3), a2 = forced_out_of(&a, 3),
                foreign = forced_out_of(&other, 1);

    (void)state;
    assert_false(uuid_equal(&a, &b));
    assert_false(force_is_later(&a, &b));
    assert_false(force_is_later(&b, &a));
    assert_false(force_is_later(&b2, &a)); /* however often */
    assert_false(force_is_later(&a, &b2));
    assert_false(force_is_later(&b2, &a2));
    assert_false(uuid_equal(&a2, &b2));
    assert_false(uuid_equal(&a, &foreign));
    assert_false(force_is_later(&foreign, &group));
    assert_false(force_is_later(&other, &group));
}

/* What has no room for another name begins a family; its parent knows it. */
static void again_and_again(void **state)
{
    struct uuid line[9];

    (void)state;
    line[0] = sample_uuid(1);
    for (unsigned i = 1; i < 9; i++) {
        line[i] = forced_out_of(&line[i - 1], i);
        assert_true(force_is_later(&line[i], &line[i - 1]));
        for (unsigned before = 0; before < i; before++) {
            assert_false(uuid_equal(&line[i], &line[before]));
            assert_false(force_is_later(&line[before], &line[i]));
        }
    }
    assert_true(force_is_later(&line[3], &line[0]));
    assert_false(force_is_later(&line[4], &line[0]));
    assert_true(force_is_later(&line[6], &line[3]));
}

/* ---- the state ---- */

static const char *refusal(const struct handmade *disk)
{
    struct core *core = NULL;

    assert_int_equal(handmade_open(disk, &core), 0);
    const char *why = force_refuses(core);
    core_close(core);
    return why;
}

/* What the disk holds then. */
static void force(const struct handmade *disk, struct handmade *forced)
{
    static uint8_t forces;
    struct uuid fresh = sample_uuid(++forces);
    struct core *core = NULL;

    memset(forced, 0, sizeof *forced);
    assert_int_equal(handmade_open(disk, &core), 0);
    assert_null(force_refuses(core));
    force_make(core, &fresh, &forced->promise, &forced->snapshot);
    core_close(core);
}

static struct core *open_forced(const struct handmade *forced)
{
    struct core *core = NULL;

    assert_int_equal(handmade_open(forced, &core), 0);
    assert_string_equal(force_refuses(core),
                        "is its group's only voter already: it needs nobody "
                        "else");
    return core;
}

static void says(struct core *core, const char *key, const char *reply)
{
    const struct core_arg argv[] = {
        {(const uint8_t *)"GET", 3},
        {(const uint8_t *)key, strlen(key)},
    };
    struct core_event event = {.kind = CORE_CLIENT};
    struct effects effects = {0};
    bool answered = false;

    event.u.client.kind = CORE_COMMAND_LOCAL;
    event.u.client.argv = argv;
    event.u.client.argc = 2;
    core_step(core, &event, &effects);
    for (size_t i = 0; i < effects.count; i++) {
        const struct effect *effect = &effects.list[i];
        if (effect->kind != EFFECT_REPLY)
            continue;
        assert_int_equal(effect->data_len, strlen(reply));
        assert_memory_equal(effects_data(&effects, effect), reply,
                            effect->data_len);
        answered = true;
    }
    assert_true(answered);
    effects_free(&effects);
}

/* As itself, in a group of its own, with all that it held and one entry more. */
static void is_forced(const struct handmade *disk,
                      const struct handmade *forced, uint64_t last)
{
    struct handmade_promise sample = handmade_sample();
    struct core *before = NULL, *core = open_forced(forced);
    struct core_status was, status;
    struct config newest, committed;

    assert_int_equal(handmade_open(disk, &before), 0);
    core_status(before, &was);
    core_close(before);
    core_status(core, &status);
    core_configuration(core, &newest, &committed);
    assert_true(uuid_equal(&status.uuid, &sample.uuid));
    assert_int_equal(status.run, sample.run);
    assert_int_equal(status.promised, sample.promised + 1);
    assert_false(status.lost);
    assert_true(force_is_later(&status.group, &sample.group));
    assert_int_equal(was.last_seq, last);
    assert_int_equal(status.last_seq, last + 1);
    assert_int_equal(status.last_epoch, sample.promised + 1);
    assert_int_equal(status.commit_seq, last + 1);
    assert_int_equal(status.applied_seq, last + 1);
    assert_int_equal(newest.count, 1);
    assert_int_equal(newest.seq, last + 1);
    assert_true(config_equal(&newest, &committed));
    assert_true(uuid_equal(&newest.voters[0].uuid, &sample.uuid));
    assert_int_equal(newest.voters[0].node, 1);
    core_close(core);
}

static void all_of_the_log_counts(void **state)
{
    struct handmade disk, forced;

    (void)state;
    handmade_begin(&disk, 6);
    handmade_add_write(&disk, "v");
    force(&disk, &forced);
    is_forced(&disk, &forced, 8);
    struct core *core = open_forced(&forced);
    says(core, "k", "$1\r\nv\r\n");
    core_close(core);
    handmade_free(&disk);
    handmade_free(&forced);
}

static void behind_a_snapshot_too(void **state)
{
    struct handmade_promise promise = handmade_sample();
    struct handmade disk = {0}, forced;

    (void)state;
    handmade_promise(&disk.promise, &promise);
    handmade_snapshot(&disk, handmade_fill(&disk, 4, 7, 5));
    disk.flushed = 7;
    force(&disk, &forced);
    is_forced(&disk, &forced, 7);
    handmade_free(&disk);
    handmade_free(&forced);
}

static struct core_status forced_status(const struct handmade *disk)
{
    struct core_status status;
    struct handmade forced;

    force(disk, &forced);
    struct core *core = open_forced(&forced);
    core_status(core, &status);
    core_close(core);
    handmade_free(&forced);
    return status;
}

/* One disk, put back and forced again: not the same group. */
static void twice(void **state)
{
    struct core_status a, b;
    struct handmade disk;

    (void)state;
    handmade_begin(&disk, 6);
    a = forced_status(&disk);
    b = forced_status(&disk);
    assert_false(uuid_equal(&a.group, &b.group));
    handmade_free(&disk);
}

/* Two replicas of one group, as equal as can be: not the same group after it. */
static void apart(void **state)
{
    struct handmade_promise promise = handmade_sample();
    struct core_status a, b;
    struct handmade disk;

    (void)state;
    handmade_begin(&disk, 6);
    a = forced_status(&disk);
    buf_reset(&disk.promise);
    promise.uuid = sample_uuid(3);
    handmade_promise(&disk.promise, &promise);
    b = forced_status(&disk);
    assert_false(uuid_equal(&a.group, &b.group));
    assert_int_equal(a.last_seq, b.last_seq);
    assert_int_not_equal(a.last_hash, b.last_hash);
    handmade_free(&disk);
}

/* With that disk, which has nothing behind its snapshot. */
static void starts(struct alone *alone, const struct handmade *forced,
                   uint64_t first_seq)
{
    alone_wipe(alone);
    buf_bytes(&alone->disk.promise, forced->promise.data, forced->promise.len);
    buf_bytes(&alone->disk.snapshot, forced->snapshot.data,
              forced->snapshot.len);
    alone->disk.first_seq = first_seq;
    alone_restart(alone);
}

/* It leads, alone, and takes writes under the promotion that follows the one in
 * the state; a start anew finds all. */
static void it_serves_alone(void **state)
{
    struct alone *alone = alone_start();
    struct handmade disk, forced;

    (void)state;
    handmade_begin(&disk, 6);
    handmade_add_write(&disk, "v");
    force(&disk, &forced);
    alone->options.expected_voters = 3;
    starts(alone, &forced, 10);
    assert_int_equal(alone_status(alone).role, CORE_ROLE_LEADER);
    alone_says(alone, "GET k", "$1\r\nv\r\n");
    alone_office(alone, CORE_PROMOTE);
    alone_says(alone, "SET k w", ALONE_OK);
    alone_restart(alone);
    alone_says(alone, "GET k", "$1\r\nw\r\n");
    alone_stop(alone);
    handmade_free(&disk);
    handmade_free(&forced);
}

static void some_are_refused(void **state)
{
    struct handmade_promise promise = handmade_sample();
    struct handmade disk = {0};

    (void)state;
    assert_string_equal(refusal(&disk), "is blank: it holds no data");
    memset(&promise.group, 0, sizeof promise.group);
    promise.committed = handmade_voters(0, 0);
    promise.lost = true;
    handmade_promise(&disk.promise, &promise);
    assert_string_equal(refusal(&disk),
                        "has lost its data, and was given none since");
    handmade_free(&disk);
    handmade_begin(&disk, 6);
    assert_null(refusal(&disk));
    disk.flushed = 7;
    assert_non_null(strstr(refusal(&disk), "has lost a part"));
    handmade_free(&disk);
}

/* A learner may be all that is left; its node is Corosync's to say. */
static void a_learner_needs_its_node(void **state)
{
    struct handmade_promise promise = handmade_sample();
    struct handmade disk, forced;

    (void)state;
    handmade_begin(&disk, 6);
    buf_reset(&disk.promise);
    promise.uuid = sample_uuid(7);
    handmade_promise(&disk.promise, &promise);
    force(&disk, &forced); /* handmade_open's node is 1 */
    struct core *core = open_forced(&forced);
    struct config config;
    core_configuration(core, &config, NULL);
    assert_int_equal(config.voters[0].node, 1);
    assert_true(uuid_equal(&config.voters[0].uuid, &promise.uuid));
    core_close(core);
    struct core_options options = {.mode = CORE_WARM};
    struct core_boot boot = {.promise = disk.promise.data,
                             .promise_len = disk.promise.len,
                             .records = disk.records,
                             .record_count = disk.count};
    assert_int_equal(core_open(&core, &options, &boot), 0);
    assert_non_null(strstr(force_refuses(core), "is a learner"));
    core_close(core);
    handmade_free(&disk);
    handmade_free(&forced);
}

/* A learner of a group of one is no only voter. */
static void a_lone_voters_learner_can_be_forced(void **state)
{
    struct handmade_promise promise = handmade_sample();
    struct handmade disk = {0};

    (void)state;
    handmade_snapshot(&disk, handmade_fill(&disk, 6, 6, 5));
    promise.committed = handmade_voters(6, 1);
    struct buf payload = {0};
    config_encode(&payload, &promise.committed);
    struct entry entry = {.epoch = 5,
                          .seq = 7,
                          .kind = ENTRY_CONFIG,
                          .payload = payload.data,
                          .length = (uint32_t)payload.len};
    handmade_add(&disk, &entry, disk.records[disk.count - 1].hash);
    promise.committed.seq = 7;
    handmade_promise(&disk.promise, &promise);
    assert_string_equal(refusal(&disk),
                        "is its group's only voter already: it needs nobody "
                        "else");
    buf_reset(&disk.promise);
    promise.uuid = sample_uuid(7);
    handmade_promise(&disk.promise, &promise);
    assert_null(refusal(&disk));
    buf_free(&payload);
    handmade_free(&disk);
}

/* ---- the others of the old group ---- */

/* One message of that group. */
static void hear(struct alone *alone, const struct uuid *group,
                 enum wire_type type)
{
    struct message message = {.type = type,
                              .node = 9,
                              .group = *group,
                              .sender = sample_uuid(9),
                              .run = 1,
                              .epoch = 1,
                              .point = {.epoch = 1, .seq = 5, .hash = 5}};
    struct buf encoded = {0};

    wire_encode(&encoded, &message);
    alone_hear(alone, &encoded);
    buf_free(&encoded);
}

static void who_hears_of_it_is_refused(void **state)
{
    static const enum wire_type types[] = {WIRE_HELLO, WIRE_APPEND, WIRE_ACK};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct alone *alone = alone_start();
        alone_office(alone, CORE_PROMOTE);
        alone_says(alone, "SET k v", ALONE_OK);
        struct core_status status = alone_status(alone);
        struct uuid other = sample_uuid(8),
                    forced = forced_out_of(&status.group, 1),
                    stranger = forced_out_of(&other, 1);
        hear(alone, &stranger, types[i]);
        assert_int_equal(alone_status(alone).role, CORE_ROLE_LEADER);
        hear(alone, &forced, types[i]);
        assert_int_equal(alone_status(alone).role, CORE_ROLE_REFUSED);
        assert_non_null(strstr(alone_status(alone).why, "hotwarm reset"));
        assert_int_equal(alone->score, 0);
        alone_refuses(alone, "SET k w",
                      "-CLUSTERDOWN this replica does not serve\r\n");
        alone_stop(alone);
    }
}

/* The new group does not heed what it was forced out of. */
static void it_is_not_refused_itself(void **state)
{
    struct alone *alone = alone_start();
    struct handmade disk, forced;
    struct uuid old = handmade_group();

    (void)state;
    handmade_begin(&disk, 6);
    force(&disk, &forced);
    starts(alone, &forced, 8);
    hear(alone, &old, WIRE_APPEND);
    hear(alone, &old, WIRE_HELLO);
    assert_int_equal(alone_status(alone).role, CORE_ROLE_LEADER);
    alone_stop(alone);
    handmade_free(&disk);
    handmade_free(&forced);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forced_group_is_later),
        cmocka_unit_test(two_forced_apart_are_two),
        cmocka_unit_test(again_and_again),
        cmocka_unit_test(all_of_the_log_counts),
        cmocka_unit_test(behind_a_snapshot_too),
        cmocka_unit_test(twice),
        cmocka_unit_test(apart),
        cmocka_unit_test(it_serves_alone),
        cmocka_unit_test(some_are_refused),
        cmocka_unit_test(a_learner_needs_its_node),
        cmocka_unit_test(a_lone_voters_learner_can_be_forced),
        cmocka_unit_test(who_hears_of_it_is_refused),
        cmocka_unit_test(it_is_not_refused_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
