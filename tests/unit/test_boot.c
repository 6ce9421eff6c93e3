#include <stdlib.h>
#include <string.h>

#include "daemon/core/core.h"
#include "lib/result.h"
#include "tests/unit/handmade.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

/* ---- what came of it ---- */

static struct core_status status_of(const struct handmade *disk)
{
    struct core_status status;
    struct core *core = NULL;

    assert_int_equal(handmade_open(disk, &core), 0);
    assert_non_null(core);
    core_status(core, &status);
    core_close(core);
    assert_int_equal(status.role, CORE_ROLE_OFFLINE);
    return status;
}

static void configurations_are(const struct handmade *disk, uint64_t newest_seq,
                               uint64_t committed_seq)
{
    struct config newest, committed;
    struct core *core = NULL;

    assert_int_equal(handmade_open(disk, &core), 0);
    core_configuration(core, &newest, &committed);
    assert_int_equal(newest.seq, newest_seq);
    assert_int_equal(committed.seq, committed_seq);
    core_close(core);
}

/* Itself, with entries up to `last`. */
static void is_kept(const struct handmade *disk, uint64_t last)
{
    struct core_status status = status_of(disk);
    struct handmade_promise promise = handmade_sample();

    assert_true(uuid_equal(&status.uuid, &promise.uuid));
    assert_true(uuid_equal(&status.former, &promise.former));
    assert_true(uuid_equal(&status.group, &promise.group));
    assert_int_equal(status.run, 41);
    assert_int_equal(status.promised, 17);
    assert_int_equal(status.last_seq, last);
    assert_int_equal(status.durable_seq, last);
    assert_true(status.voter);
}

/* Blank, with a fresh UUID; `former` 0: none. */
static void is_blank(const struct handmade *disk, uint8_t former)
{
    struct core_status status = status_of(disk);
    struct uuid fresh = sample_uuid(HANDMADE_FRESH), own = sample_uuid(former);

    assert_true(uuid_equal(&status.uuid, &fresh));
    if (former != 0)
        assert_true(uuid_equal(&status.former, &own));
    else
        assert_true(uuid_is_none(&status.former));
    assert_true(uuid_is_none(&status.group));
    assert_int_equal(status.run + status.promised, 0);
    assert_int_equal(status.last_seq + status.last_hash, 0);
    assert_int_equal(status.commit_seq + status.applied_seq, 0);
    assert_false(status.voter);
    configurations_are(disk, 0, 0);
}

/* The P file's flags (boot.h). */
static unsigned flags_of(const struct effects *effects, size_t at)
{
    const uint8_t *promise = effects_data(effects, &effects->list[at]);

    return promise[6] + 256u * promise[7];
}

/* The kinds of effect that a replica on that disk begins with: PROMISE, or one
 * that says so, RESET, and one that says that it is done. */
static void begins_with(const struct handmade *disk, bool reset)
{
    const struct core_event event = {.kind = CORE_CONNECTED};
    struct effects effects = {0};
    struct core *core = NULL;
    size_t at = 0;

    assert_int_equal(handmade_open(disk, &core), 0);
    core_step(core, &event, &effects);
    assert_int_equal(effects.list[at].kind, EFFECT_PROMISE);
    assert_int_equal(effects.list[at].op, 1);
    assert_int_equal(flags_of(&effects, at++), reset ? 3 : 0);
    if (reset) {
        assert_int_equal(effects.list[at].kind, EFFECT_RESET);
        assert_int_equal(effects.list[at++].op, 2);
        assert_int_equal(effects.list[at].kind, EFFECT_PROMISE);
        assert_int_equal(effects.list[at].op, 3);
        assert_int_equal(flags_of(&effects, at++), 1);
    }
    for (; at < effects.count; at++)
        assert_true(effects.list[at].op == 0);
    for (at = 0; at < effects.count; at++)
        assert_int_not_equal(effects.list[at].kind, EFFECT_MULTICAST);
    effects_free(&effects);
    core_close(core);
}

static void is_given_up(const struct handmade *disk, uint8_t former)
{
    is_blank(disk, former);
    assert_true(status_of(disk).lost);
    begins_with(disk, true);
}

/* ---- the table of boot.h ---- */

static void nothing_is_blank(void **state)
{
    struct handmade disk = {0};

    (void)state;
    is_blank(&disk, 0);
    assert_false(status_of(&disk).lost);
    begins_with(&disk, false);
}

static void promise_and_log_are_itself(void **state)
{
    struct handmade disk;

    (void)state;
    for (uint64_t last = 1; last <= 8; last++) {
        for (uint64_t flushed = 0; flushed <= last; flushed++) {
            handmade_begin(&disk, last);
            disk.flushed = flushed;
            is_kept(&disk, last);
            begins_with(&disk, false);
            handmade_free(&disk);
        }
    }
}

static void log_without_promise_is_given_up(void **state)
{
    struct handmade disk;

    (void)state;
    for (uint64_t last = 1; last <= 3; last++) {
        handmade_begin(&disk, last);
        buf_free(&disk.promise);
        is_given_up(&disk, 0);
        handmade_free(&disk);
    }
    handmade_snapshot(&disk, handmade_fill(&disk, 1, 0, 5));
    is_given_up(&disk, 0);
    handmade_free(&disk);
}

/* A RESET that was cut off, or damage: not even one record can be read. */
static void a_mark_alone_is_given_up(void **state)
{
    struct handmade disk = {.flushed = 5};

    (void)state;
    is_given_up(&disk, 0);
    disk.flushed = UINT64_MAX;
    is_given_up(&disk, 0);
}

/* Whatever is still there. */
static void giving_up_cut_off_goes_on(void **state)
{
    struct handmade_promise promise = handmade_sample();
    struct handmade disk;

    (void)state;
    memset(&promise.group, 0, sizeof promise.group);
    memset(&promise.committed, 0, sizeof promise.committed);
    promise.lost = true;
    promise.resetting = true;
    promise.promised = 0;
    for (uint64_t last = 0; last <= 3; last++) {
        handmade_begin(&disk, last);
        buf_reset(&disk.promise);
        handmade_promise(&disk.promise, &promise);
        struct core_status status = status_of(&disk);
        assert_true(status.lost);
        assert_true(uuid_equal(&status.uuid, &promise.uuid));
        assert_true(uuid_equal(&status.former, &promise.former));
        assert_true(uuid_is_none(&status.group));
        assert_int_equal(status.run, 41);
        assert_int_equal(status.last_seq, 0);
        begins_with(&disk, true);
        handmade_free(&disk);
    }
}

static void log_below_its_mark_is_given_up(void **state)
{
    struct handmade disk;

    (void)state;
    for (uint64_t last = 0; last <= 5; last++) {
        handmade_begin(&disk, last);
        disk.flushed = last + 1;
        is_given_up(&disk, HANDMADE_OWN);
        disk.flushed = UINT64_MAX;
        is_given_up(&disk, HANDMADE_OWN);
        handmade_free(&disk);
    }
}

static void log_that_does_not_chain_is_given_up(void **state)
{
    struct handmade disk;

    (void)state;
    for (size_t at = 0; at < 6; at++) {
        handmade_begin(&disk, 6);
        disk.flushed = 0;
        disk.records[at].hash ^= 1;
        is_given_up(&disk, HANDMADE_OWN);
        disk.records[at].hash ^= 1;
        disk.encoded[at].data[16] ^= 1; /* its clock */
        is_given_up(&disk, HANDMADE_OWN);
        disk.encoded[at].data[16] ^= 1;
        disk.records[at].len--;
        is_given_up(&disk, HANDMADE_OWN);
        disk.records[at].len++;
        is_kept(&disk, 6);
        buf_u8(&disk.encoded[at], 0);
        disk.records[at].data = disk.encoded[at].data;
        disk.records[at].len++;
        is_given_up(&disk, HANDMADE_OWN);
        handmade_free(&disk);
    }
}

static void log_with_a_gap_is_given_up(void **state)
{
    struct handmade disk;

    (void)state;
    for (size_t gone = 0; gone < 5; gone++) { /* the last may be gone */
        handmade_begin(&disk, 6);
        disk.flushed = 0;
        disk.count--;
        memmove(&disk.records[gone], &disk.records[gone + 1],
                (disk.count - gone) * sizeof disk.records[0]);
        is_given_up(&disk, HANDMADE_OWN);
        handmade_free(&disk);
    }
}

/* Entry 5 of a log whose hashes are right, but not its sequence or epoch. */
static void log_out_of_order_is_given_up(void **state)
{
    static const struct {
        uint64_t epoch, seq;
        bool kept;
    } rows[] = {{5, 5, true},  {6, 5, true},  {5, 4, false},
                {5, 6, false}, {4, 5, false}, {5, 0, false}};
    struct handmade disk;

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct entry entry = {
            .epoch = rows[i].epoch, .seq = rows[i].seq, .kind = ENTRY_NOOP};
        handmade_begin(&disk, 4);
        handmade_add(&disk, &entry, disk.records[3].hash);
        if (rows[i].kept)
            is_kept(&disk, 5);
        else
            is_given_up(&disk, HANDMADE_OWN);
        handmade_free(&disk);
    }
}

/* ---- with a snapshot ---- */

/* A snapshot of entry 5, and records from `first` to `last`. */
static void disk_with_snapshot(struct handmade *disk, uint64_t first,
                               uint64_t last)
{
    handmade_begin(disk, 0);
    handmade_snapshot(disk, handmade_fill(disk, first, last, 5));
}

static void snapshot_and_log_are_itself(void **state)
{
    struct handmade disk;

    (void)state;
    for (uint64_t first = 1; first <= 6; first++) {
        for (uint64_t last = first - 1; last <= 9; last++) {
            uint64_t end = last > 5 ? last : 5;
            disk_with_snapshot(&disk, first, last);
            disk.flushed = end;
            is_kept(&disk, end);
            struct core_status status = status_of(&disk);
            assert_int_equal(status.first_seq, 6);
            assert_int_equal(status.applied_seq, 5);
            assert_int_equal(status.commit_seq, 5);
            disk.flushed = end + 1;
            is_given_up(&disk, HANDMADE_OWN);
            handmade_free(&disk);
        }
    }
}

static void snapshot_that_the_log_does_not_meet_is_given_up(void **state)
{
    struct handmade disk;

    (void)state;
    disk_with_snapshot(&disk, 7, 9); /* entry 6 is missing */
    is_given_up(&disk, HANDMADE_OWN);
    handmade_free(&disk);
    for (size_t at = 0; at < 3; at++) { /* entries 4, 5 and 6 */
        disk_with_snapshot(&disk, 4, 6);
        disk.records[at].hash ^= 1;
        is_given_up(&disk, HANDMADE_OWN);
        handmade_free(&disk);
    }
    disk_with_snapshot(&disk, 6, 6);
    disk.records[0].hash ^= 1;
    is_given_up(&disk, HANDMADE_OWN);
    handmade_free(&disk);
    handmade_begin(&disk, 0);
    struct log_point at = handmade_fill(&disk, 5, 7, 5);
    at.hash ^= 1;
    handmade_snapshot(&disk, at);
    is_given_up(&disk, HANDMADE_OWN);
    handmade_free(&disk);
}

static void another_modes_snapshot_is_refused(void **state)
{
    struct core_status status;
    struct core *core = NULL;
    struct handmade disk;

    (void)state;
    disk_with_snapshot(&disk, 6, 6);
    disk.snapshot.data[48] = CORE_HOT;
    assert_int_equal(handmade_open(&disk, &core), 0);
    core_status(core, &status);
    assert_int_equal(status.role, CORE_ROLE_REFUSED);
    assert_true(strlen(status.why) > 0);
    core_close(core);
    handmade_free(&disk);
}

/* ---- the P file ---- */

static void open_gives(const struct handmade *disk, int wanted)
{
    struct core *core = (struct core *)(uintptr_t)8;

    assert_int_equal(handmade_open(disk, &core), wanted);
    assert_null(core);
}

static void unreadable_promises_are_told_apart(void **state)
{
    struct handmade disk;

    (void)state;
    handmade_begin(&disk, 3);
    size_t len = disk.promise.len;
    for (size_t cut = 0; cut < len; cut++) {
        disk.promise.len = cut;
        open_gives(&disk, RESULT_MALFORMED);
    }
    disk.promise.len = len;
    buf_u8(&disk.promise, 0);
    open_gives(&disk, RESULT_MALFORMED);
    disk.promise.len = len;
    for (unsigned version = 0; version < 65536; version += 51) {
        disk.promise.data[4] = (uint8_t)version;
        disk.promise.data[5] = (uint8_t)(version >> 8);
        open_gives(&disk, RESULT_VERSION);
    }
    disk.promise.data[4] = 2;
    disk.promise.data[5] = 0;
    is_kept(&disk, 3);
    disk.promise.data[0] ^= 1;
    open_gives(&disk, RESULT_MALFORMED);
    disk.promise.data[0] ^= 1;
    memset(disk.promise.data + 8, 0, 16); /* its own UUID */
    open_gives(&disk, RESULT_MALFORMED);
    handmade_free(&disk);
}

static void unreadable_snapshots_are_told_apart(void **state)
{
    struct handmade disk;

    (void)state;
    disk_with_snapshot(&disk, 6, 6);
    disk.snapshot.data[4]++;
    open_gives(&disk, RESULT_VERSION);
    disk.snapshot.data[4]--;
    disk.snapshot.len--;
    open_gives(&disk, RESULT_MALFORMED);
    disk.snapshot.len = 0;
    open_gives(&disk, RESULT_MALFORMED);
    handmade_free(&disk);
}

/* What CONNECTED writes is the same promise in the next run. */
static void promise_comes_back(void **state)
{
    const struct core_event event = {.kind = CORE_CONNECTED};
    struct handmade_promise promise = handmade_sample();
    struct effects effects = {0};
    struct buf wanted = {0};
    struct core *core = NULL;
    struct handmade disk;

    (void)state;
    handmade_begin(&disk, 5);
    assert_int_equal(handmade_open(&disk, &core), 0);
    core_step(core, &event, &effects);
    promise.run++;
    handmade_promise(&wanted, &promise);
    assert_int_equal(effects.list[0].kind, EFFECT_PROMISE);
    assert_int_equal(effects.list[0].data_len, wanted.len);
    assert_memory_equal(effects_data(&effects, &effects.list[0]), wanted.data,
                        wanted.len);
    core_close(core);
    buf_free(&disk.promise);
    disk.promise = wanted;
    assert_int_equal(status_of(&disk).run, 42);
    effects_free(&effects);
    handmade_free(&disk);
}

/* A log's last epoch is promised, though the P file may say less. */
static void promise_is_not_below_the_log(void **state)
{
    struct handmade_promise promise = handmade_sample();
    struct handmade disk;

    (void)state;
    for (uint64_t promised = 3; promised <= 7; promised++) {
        handmade_begin(&disk, 6); /* its last epoch is 5 */
        buf_reset(&disk.promise);
        promise.promised = promised;
        handmade_promise(&disk.promise, &promise);
        assert_int_equal(status_of(&disk).promised,
                         promised < 5 ? 5 : promised);
        handmade_free(&disk);
    }
}

/* As the sample, but for what the P file says. */
static void begin_with(struct handmade *disk, uint64_t last,
                       const struct handmade_promise *promise)
{
    handmade_begin(disk, last);
    buf_reset(&disk->promise);
    handmade_promise(&disk->promise, promise);
}

/* The P file names its group, so something of it had been stored. */
static void promise_without_its_log_is_given_up(void **state)
{
    struct handmade_promise promise = handmade_sample();
    struct handmade disk;

    (void)state;
    for (promise.promised = 0; promise.promised <= 2; promise.promised++) {
        begin_with(&disk, 0, &promise);
        is_given_up(&disk, HANDMADE_OWN);
        handmade_free(&disk);
    }
}

static void another_groups_log_is_given_up(void **state)
{
    struct handmade_promise promise = handmade_sample();
    struct handmade disk;

    (void)state;
    promise.group = sample_uuid(7);
    for (uint64_t last = 1; last <= 3; last++) {
        begin_with(&disk, last, &promise);
        is_given_up(&disk, HANDMADE_OWN);
        handmade_free(&disk);
    }
    disk_with_snapshot(&disk, 6, 6);
    buf_reset(&disk.promise);
    handmade_promise(&disk.promise, &promise);
    is_given_up(&disk, HANDMADE_OWN);
    handmade_free(&disk);
}

/* A P file that names no group yet: the first thing of it is there, or nothing,
 * but never more. */
static void joining_cut_off_goes_on(void **state)
{
    struct handmade_promise promise = handmade_sample();
    struct handmade disk;

    (void)state;
    memset(&promise.group, 0, sizeof promise.group);
    memset(&promise.committed, 0, sizeof promise.committed);
    promise.lost = true;
    begin_with(&disk, 0, &promise);
    struct core_status status = status_of(&disk);
    assert_true(uuid_is_none(&status.group));
    assert_true(uuid_equal(&status.uuid, &promise.uuid));
    assert_true(status.lost);
    handmade_free(&disk);
    begin_with(&disk, 1, &promise);
    is_kept(&disk, 1);
    handmade_free(&disk);
    disk_with_snapshot(&disk, 7, 6);
    buf_reset(&disk.promise);
    handmade_promise(&disk.promise, &promise);
    is_kept(&disk, 5);
    handmade_free(&disk);
    for (uint64_t last = 2; last <= 3; last++) {
        begin_with(&disk, last, &promise);
        is_given_up(&disk, HANDMADE_OWN);
        handmade_free(&disk);
    }
}

/* The state belongs to the P file's group. */
static void state_is_of_the_group(void **state)
{
    struct handmade_promise promise = handmade_sample();
    struct core *core = NULL;
    struct buf bytes = {0};
    struct handmade disk;

    (void)state;
    handmade_begin(&disk, 3);
    assert_int_equal(handmade_open(&disk, &core), 0);
    core_snapshot(core, &bytes);
    assert_memory_equal(bytes.data + 32, promise.group.bytes, 16);
    core_close(core);
    buf_free(&bytes);
    handmade_free(&disk);
}

/* ---- configurations ---- */

static void add_config(struct handmade *disk, uint8_t count)
{
    struct config config = handmade_voters(0, count);
    struct buf payload = {0};

    config_encode(&payload, &config);
    struct entry entry = {
        .epoch = 5,
        .seq = disk->count + 1,
        .kind = ENTRY_CONFIG,
        .payload = payload.data,
        .length = (uint32_t)payload.len,
    };
    handmade_add(disk, &entry, disk->records[disk->count - 1].hash);
    buf_free(&payload);
}

/* The newest in the log is in force; the P file, or a later one in the log,
 * proves the one before. */
static void configurations_come_from_promise_and_log(void **state)
{
    struct handmade_promise promise = handmade_sample();
    struct handmade disk;

    (void)state;
    handmade_begin(&disk, 4);
    configurations_are(&disk, 1, 1);
    add_config(&disk, 4); /* entry 5 */
    configurations_are(&disk, 5, 1);
    add_config(&disk, 5); /* entry 6 */
    configurations_are(&disk, 6, 5);
    buf_reset(&disk.promise);
    promise.committed = handmade_voters(6, 5);
    handmade_promise(&disk.promise, &promise);
    configurations_are(&disk, 6, 6);
    handmade_free(&disk);
    disk_with_snapshot(&disk, 6, 6);
    configurations_are(&disk, 1, 1);
    buf_reset(&disk.promise);
    promise.committed = handmade_voters(0, 0);
    handmade_promise(&disk.promise, &promise);
    configurations_are(&disk, 1, 1);
    handmade_free(&disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_blank),
        cmocka_unit_test(promise_and_log_are_itself),
        cmocka_unit_test(log_without_promise_is_given_up),
        cmocka_unit_test(a_mark_alone_is_given_up),
        cmocka_unit_test(giving_up_cut_off_goes_on),
        cmocka_unit_test(log_below_its_mark_is_given_up),
        cmocka_unit_test(log_that_does_not_chain_is_given_up),
        cmocka_unit_test(log_with_a_gap_is_given_up),
        cmocka_unit_test(log_out_of_order_is_given_up),
        cmocka_unit_test(snapshot_and_log_are_itself),
        cmocka_unit_test(snapshot_that_the_log_does_not_meet_is_given_up),
        cmocka_unit_test(another_modes_snapshot_is_refused),
        cmocka_unit_test(unreadable_promises_are_told_apart),
        cmocka_unit_test(unreadable_snapshots_are_told_apart),
        cmocka_unit_test(promise_comes_back),
        cmocka_unit_test(promise_is_not_below_the_log),
        cmocka_unit_test(promise_without_its_log_is_given_up),
        cmocka_unit_test(another_groups_log_is_given_up),
        cmocka_unit_test(joining_cut_off_goes_on),
        cmocka_unit_test(state_is_of_the_group),
        cmocka_unit_test(configurations_come_from_promise_and_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
