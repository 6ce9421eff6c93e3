#include "daemon/core/replicate.h"

#include <string.h>

#include "daemon/core/state.h"
#include "tests/unit/handmade.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

/* A follower whose log begins behind a snapshot of sequence 6, epoch 5, and the
 * leader's entries for places before it. */

enum { LEADER = 2, BASE = 6 };

static const struct core_member leader = {LEADER, 200};

static bool says_fetch(const struct effects *effects,
                       const struct effect *effect)
{
    struct message message;

    return effect->kind == EFFECT_MULTICAST &&
           wire_decode(effects_data(effects, effect), effect->data_len,
                       &message) == 0 &&
           message.type == WIRE_FETCH;
}

static bool disk_stands;    /* nothing becomes durable … */
static uint64_t last_op;    /* … of what was given to it up to here */
static bool fetches;        /* the last step said something */
static enum outcome answer; /* … and answered so; 0: it did not */

static void step(struct core *core, struct core_event event)
{
    struct effects effects = {0};

    fetches = false;
    answer = 0;
    event.now_ns = 1000 * STATE_MS;
    core_step(core, &event, &effects);
    uint64_t op = 0;
    for (size_t i = 0; i < effects.count; i++) {
        if (effects.list[i].op > op)
            op = effects.list[i].op;
        fetches = fetches || says_fetch(&effects, &effects.list[i]);
        if (effects.list[i].kind == EFFECT_REPLY)
            answer = effects.list[i].outcome;
    }
    effects_free(&effects);
    last_op = op > 0 ? op : last_op;
    if (op == 0 || disk_stands)
        return;
    struct core_event stored = {.kind = CORE_STORED, .now_ns = event.now_ns};
    stored.u.stored.op = op;
    core_step(core, &stored, &effects);
    effects_free(&effects);
}

static struct core *start(void)
{
    const struct core_member members[] = {{1, 100}, leader};
    struct core_event event = {.kind = CORE_MEMBERS};
    struct handmade disk;
    struct core *core = NULL;

    handmade_begin(&disk, 0);
    struct log_point at = handmade_fill(&disk, BASE + 1, BASE + 1, BASE);
    handmade_snapshot(&disk, at);
    assert_int_equal(handmade_open(&disk, &core), 0);
    handmade_free(&disk);
    step(core, (struct core_event){.kind = CORE_CONNECTED});
    event.u.members.list = members;
    event.u.members.count = 2;
    step(core, event);
    event = (struct core_event){.kind = CORE_QUORUM};
    event.u.quorate = true;
    step(core, event);
    assert_int_equal(core->log.base.seq, BASE);
    assert_int_equal(core->log.base.epoch, 5);
    return core;
}

/* The leader of `epoch` says what follows `point`: `count` NOOPs of its own. */
static void append(struct core *core, uint64_t epoch, struct log_point point,
                   uint32_t count)
{
    struct core_event event = {.kind = CORE_DELIVER};
    struct buf body = {0}, encoded = {0};
    struct message message = {
        .type = WIRE_APPEND,
        .node = LEADER,
        .group = handmade_group(),
        .sender = sample_uuid(LEADER),
        .run = 1,
        .epoch = epoch,
        .point = point,
        .count = count,
    };

    for (uint32_t i = 1; i <= count; i++) {
        struct entry entry = {
            .epoch = epoch, .seq = point.seq + i, .kind = ENTRY_NOOP};
        entry_encode(&body, &entry);
    }
    message.body = body.data;
    message.body_len = body.len;
    wire_encode(&encoded, &message);
    event.u.deliver.sender = leader;
    event.u.deliver.data = encoded.data;
    event.u.deliver.len = encoded.len;
    step(core, event);
    buf_free(&body);
    buf_free(&encoded);
}

static enum core_role role_of(struct core *core)
{
    struct core_status status;

    core_status(core, &status);
    return status.role;
}

static void say_as(struct core *core, uint8_t node, uint64_t run,
                   struct message message)
{
    struct core_event event = {.kind = CORE_DELIVER};
    struct buf encoded = {0};

    message.node = node;
    message.group = handmade_group();
    message.sender = sample_uuid(node);
    message.run = run;
    wire_encode(&encoded, &message);
    event.u.deliver.sender = (struct core_member){node, node * 100u};
    event.u.deliver.data = encoded.data;
    event.u.deliver.len = encoded.len;
    step(core, event);
    buf_free(&encoded);
}

static void say(struct core *core, uint8_t node, struct message message)
{
    say_as(core, node, 1, message);
}

/* A leader that is over, and does not know it yet, need not hold what a later
 * view has committed: a snapshot of that view waits for that view. */
static void a_snapshot_of_a_later_view(void **state)
{
    const struct log_point offered = {5, 20, 1}, later = {5, 40, 2};
    const struct log_point end = {18, 30, 3};
    struct core *core = start();
    struct handmade donor = {0};

    (void)state;
    append(core, 18, end, 0);
    say(core, LEADER,
        (struct message){.type = WIRE_OFFER,
                         .epoch = 18,
                         .to = sample_uuid(1),
                         .to_run = core->run,
                         .point = offered});
    assert_true(core->transfer.active);
    handmade_snapshot(&donor, later);
    struct message chunk = {.type = WIRE_CHUNK,
                            .epoch = 25,
                            .point = later,
                            .flags = WIRE_LAST,
                            .body = donor.snapshot.data,
                            .body_len = donor.snapshot.len};
    say(core, 3, chunk);
    assert_int_equal(core->log.base.seq, BASE);
    append(core, 18, end, 0);
    assert_int_equal(role_of(core), CORE_ROLE_FOLLOWER);
    chunk.epoch = 18; /* committed in this view, or before it */
    say(core, 3, chunk);
    assert_int_equal(core->log.base.seq, later.seq);
    handmade_free(&donor);
    core_close(core);
}

/* What the leader of epoch 30 added before the base is not what was committed
 * there, though no entry is left to compare it with. */
static void a_leader_that_ends_below_the_base(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq < BASE; seq++) {
        struct core *core = start();
        append(core, 30, (struct log_point){4, seq - 1, 99}, 1);
        assert_int_equal(role_of(core), CORE_ROLE_QUARANTINED);
        core_close(core);
        core = start();
        append(core, 30, (struct log_point){30, seq, 99}, 0); /* a beat */
        assert_int_equal(role_of(core), CORE_ROLE_QUARANTINED);
        core_close(core);
    }
}

/* Older epochs tell nothing: a leader sends again from where it is sure. */
static void a_leader_that_begins_below_the_base(void **state)
{
    struct core *core = start();

    (void)state;
    for (uint64_t epoch = 1; epoch <= 5; epoch++) {
        append(core, 30, (struct log_point){epoch, 3, 99}, 0);
        assert_int_equal(role_of(core), CORE_ROLE_FOLLOWER);
    }
    assert_int_equal(log_last(&core->log).seq, BASE + 1);
    core_close(core);
}

static void another_hash_at_the_base(void **state)
{
    struct core *core = start();
    struct log_point base = core->log.base;

    (void)state;
    append(core, 30, base, 0);
    assert_int_equal(role_of(core), CORE_ROLE_FOLLOWER);
    base.hash ^= 1;
    append(core, 30, base, 0);
    assert_int_equal(role_of(core), CORE_ROLE_QUARANTINED);
    core_close(core);
}

/* What it does not take, because too much waits for the disk, is neither
 * acknowledged nor asked for until the disk has caught up. */
static void no_more_is_taken_than_may_wait(void **state)
{
    struct core *core = start();
    struct core_event stored = {.kind = CORE_STORED};

    (void)state;
    append(core, 30, log_last(&core->log), 1);
    core->options.ahead_bytes = 100;
    disk_stands = true;
    append(core, 30, log_last(&core->log), 50);
    uint64_t taken = log_last(&core->log).seq;
    assert_in_range(taken, BASE + 3, BASE + 30);
    assert_true(core->backlog.bytes > 100);
    assert_false(fetches);
    append(core, 30, log_last(&core->log), 1);
    assert_int_equal(log_last(&core->log).seq, taken);
    assert_false(fetches);
    disk_stands = false;
    stored.u.stored.op = last_op;
    step(core, stored);
    assert_int_equal(core->backlog.bytes, 0);
    assert_true(fetches);
    append(core, 30, log_last(&core->log), 1);
    assert_int_equal(log_last(&core->log).seq, taken + 1);
    core_close(core);
}

/* Leaders change while the disk stands, and each cuts what the one before it
 * said: all of it is still in the writer's queue. */
static void what_is_cut_waits_for_the_disk_too(void **state)
{
    struct core *core = start();

    (void)state;
    append(core, 30, log_last(&core->log), 1);
    struct log_point point = log_last(&core->log);
    core->options.ahead_bytes = 1000;
    disk_stands = true;
    for (uint64_t epoch = 31; epoch < 60; epoch++) {
        size_t before = core->backlog.bytes;
        append(core, epoch, point, 4);
        assert_true(core->backlog.bytes >= before);
    }
    assert_in_range(core->backlog.bytes, 1001, 1000 + 29 * 400);
    assert_int_equal(log_last(&core->log).seq, point.seq);
    disk_stands = false;
    core_close(core);
}

/* It says so, and why; nothing but the disk's own word ends it. */
static void a_full_disk_is_told(void **state)
{
    static const char why[] = "the disk is full: /somewhere";
    struct core_event event = {.kind = CORE_DISK, .u.full = why};
    struct core *core = start();
    struct core_status status;

    (void)state;
    append(core, 30, core->log.base, 0);
    step(core, event);
    core_status(core, &status);
    assert_ptr_equal(status.why, why);
    append(core, 30, log_last(&core->log), 1);
    core_status(core, &status);
    assert_int_equal(status.role, CORE_ROLE_FOLLOWER);
    assert_ptr_equal(status.why, why);
    event.u.full = NULL;
    step(core, event);
    core_status(core, &status);
    assert_string_equal(status.why, "");
    core_close(core);
}

static void asks_promotion(struct core *core)
{
    struct core_event event = {.kind = CORE_CLIENT};

    event.u.client.request = 1;
    event.u.client.kind = CORE_PROMOTE;
    step(core, event);
}

static void tell_disk(struct core *core, const char *why)
{
    step(core, (struct core_event){.kind = CORE_DISK, .u.full = why});
}

static void list_all(struct core *core)
{
    const struct core_member members[] = {{1, 100}, leader, {3, 300}};
    struct core_event event = {.kind = CORE_MEMBERS};

    event.u.members.list = members;
    event.u.members.count = 3;
    step(core, event);
}

/* With a full disk it may never hold what it lacks, nor hear what became of a
 * PROMOTE: nothing is waited for, as long as the others are enough. */
static void a_full_one_refuses_its_promotion_at_once(void **state)
{
    struct core *core = start();

    (void)state;
    append(core, 30, core->log.base, 1);
    append(core, 30, (struct log_point){30, BASE + 50, 99}, 0); /* it lags */
    tell_disk(core, "the disk is full");
    asks_promotion(core);
    assert_int_equal(answer, 0); /* one of the others is away: it waits */
    list_all(core);
    assert_int_equal(answer, OUTCOME_REFUSED);
    asks_promotion(core);
    assert_int_equal(answer, OUTCOME_REFUSED);
    core_close(core);
}

static void so_it_does_while_it_is_being_promoted(void **state)
{
    struct core *core = start();

    (void)state;
    list_all(core);
    append(core, 30, core->log.base, 1);
    struct log_point last = log_last(&core->log);
    core->commit_seq = last.seq;
    append(core, 30, last, 0);
    asks_promotion(core);
    assert_int_equal(answer, 0);
    assert_true(core->gate.busy);
    tell_disk(core, "the disk is full");
    assert_int_equal(answer, OUTCOME_REFUSED);
    assert_false(core->gate.wanted); /* and gives it back if it gets it */
    core_close(core);
}

/* ---- what it says of a full disk ---- */

/* It follows a living leader, so it does not wait for one: nobody else counts it
 * among those whose votes can be had. */
static void a_full_followers_hello_elects_nobody(void **state)
{
    struct core *core = start();
    struct message hello = {.type = WIRE_HELLO,
                            .epoch = 17,
                            .point = log_last(&core->log),
                            .flags = WIRE_SETTLED,
                            .config = core->config};
    struct core_event members = {.kind = CORE_MEMBERS};
    const struct core_member both[] = {{1, 100}, {3, 300}};

    (void)state;
    list_all(core);
    members.u.members.list = both; /* the leader is gone: it waits */
    members.u.members.count = 2;
    step(core, members);
    assert_int_equal(role_of(core), CORE_ROLE_WAITING);
    say_as(core, 1, core->run, hello);
    hello.flags |= WIRE_FULL;
    say(core, 3, hello);
    assert_int_equal(role_of(core), CORE_ROLE_WAITING);
    hello.flags &= (uint8_t)~WIRE_FULL; /* the same without: a majority waits */
    say(core, 3, hello);
    assert_int_equal(role_of(core), CORE_ROLE_CANDIDATE);
    core_close(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_followers_hello_elects_nobody),
        cmocka_unit_test(a_leader_that_ends_below_the_base),
        cmocka_unit_test(a_leader_that_begins_below_the_base),
        cmocka_unit_test(another_hash_at_the_base),
        cmocka_unit_test(a_snapshot_of_a_later_view),
        cmocka_unit_test(no_more_is_taken_than_may_wait),
        cmocka_unit_test(what_is_cut_waits_for_the_disk_too),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(a_full_one_refuses_its_promotion_at_once),
        cmocka_unit_test(so_it_does_while_it_is_being_promoted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
