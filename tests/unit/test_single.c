#include <stdio.h>
#include <string.h>

#include "tests/unit/alone.h"
#include "tests/unit/unit.h"

#define READ_ONLY "-READONLY You can't write against a read only replica.\r\n"

/* ---- a group of one ---- */

static void it_creates_its_group(void **state)
{
    struct alone *alone = alone_start();
    struct core_status status = alone_status(alone);
    struct config newest, committed;
    struct entry entry;
    uint64_t hash;

    (void)state;
    assert_int_equal(status.role, CORE_ROLE_LEADER);
    assert_string_equal(status.why, "");
    assert_int_equal(status.run, 1);
    assert_true(uuid_equal(&status.leader, &status.uuid));
    assert_false(uuid_is_none(&status.group));
    assert_true(status.voter);
    assert_true(status.epoch > 1);
    assert_int_equal(status.applied_seq, status.last_seq);
    assert_int_equal(status.durable_seq, status.last_seq);
    assert_true(alone->score > 0);
    assert_true(core_entry(alone->core, 1, &entry, &hash));
    assert_int_equal(entry.kind, ENTRY_CREATE);
    core_configuration(alone->core, &newest, &committed);
    assert_int_equal(newest.seq, 1);
    assert_int_equal(committed.seq, 1);
    assert_int_equal(newest.count, 1);
    assert_int_equal(newest.voters[0].node, 4);
    alone_stop(alone);
}

static struct alone *start_promoted(void)
{
    struct alone *alone = alone_start();

    alone_office(alone, CORE_PROMOTE);
    return alone;
}

static void it_serves_when_promoted(void **state)
{
    struct alone *alone = alone_start();

    (void)state;
    alone_refuses(alone, "SET k v", READ_ONLY);
    alone_says(alone, "GET k", "$-1\r\n");
    alone_office(alone, CORE_PROMOTE);
    struct core_status status = alone_status(alone);
    assert_true(status.promoted && status.writable);
    assert_int_equal(status.counters.promotions, 1);
    assert_int_equal(status.token, status.applied_seq);
    alone_says(alone, "SET k v", ALONE_OK);
    alone_says(alone, "GET k", "$1\r\nv\r\n");
    alone_says(alone, "INCR n", ":1\r\n");
    alone_says(alone, "INCR n", ":2\r\n");
    alone_says(alone, "INCR k",
               "-ERR value is not an integer or out of range\r\n");
    alone_says(alone, "DEL k n x", ":2\r\n");
    uint64_t request = alone_ask(alone, CORE_COMMAND_LOCAL, "DBSIZE");
    alone_answered(alone, request, OUTCOME_OK, ":0\r\n"); /* at once */
    assert_int_equal(alone_status(alone).pending, 0);
    alone_stop(alone);
}

static void it_refuses_what_is_no_command(void **state)
{
    struct alone *alone = start_promoted();
    uint64_t last = alone_status(alone).last_seq;

    (void)state;
    alone_refuses(
        alone, "NOSUCH a",
        "-ERR unknown command 'NOSUCH', with args beginning with: 'a' "
        "\r\n");
    alone_refuses(alone, "get",
                  "-ERR wrong number of arguments for 'get' command\r\n");
    assert_int_equal(alone_status(alone).last_seq, last);
    alone_stop(alone);
}

static void a_write_is_answered_when_it_is_durable(void **state)
{
    struct alone *alone = start_promoted();
    uint64_t request = alone_ask(alone, CORE_COMMAND, "SET k v");

    (void)state;
    assert_false(alone->answers[request].there);
    assert_int_equal(alone_status(alone).pending, 1);
    alone_settle(alone);
    alone_answered(alone, request, OUTCOME_OK, ALONE_OK);
    assert_int_equal(alone->answers[request].seq,
                     alone_status(alone).applied_seq);
    assert_int_equal(alone->disk.first_seq + alone->disk.count - 1,
                     alone_status(alone).applied_seq);
    alone_stop(alone);
}

/* ---- starting again ---- */

static void it_finds_everything_again(void **state)
{
    struct alone *alone = start_promoted();
    struct core_status before, after;

    (void)state;
    alone_says(alone, "SET k v", ALONE_OK);
    for (int i = 0; i < 50; i++) {
        uint64_t request = alone_ask(alone, CORE_COMMAND, "INCR n");
        alone_settle(alone);
        assert_int_equal(alone->answers[request].outcome, OUTCOME_OK);
    }
    before = alone_status(alone);
    alone_restart(alone);
    after = alone_status(alone);
    assert_int_equal(after.role, CORE_ROLE_LEADER);
    assert_true(uuid_equal(&after.uuid, &before.uuid));
    assert_true(uuid_equal(&after.group, &before.group));
    assert_true(uuid_is_none(&after.former));
    assert_int_equal(after.run, before.run + 1);
    assert_true(after.epoch > before.epoch);
    assert_true(after.last_seq > before.last_seq);
    assert_true(alone->score > 0);
    alone_says(alone, "GET k", "$1\r\nv\r\n");
    alone_says(alone, "GET n", "$2\r\n50\r\n");
    assert_false(after.promoted || after.writable);
    alone_refuses(alone, "INCR n", READ_ONLY);
    alone_office(alone, CORE_PROMOTE);
    alone_says(alone, "INCR n", ":51\r\n");
    alone_stop(alone);
}

static void it_starts_many_times(void **state)
{
    struct alone *alone = start_promoted();
    char wanted[] = ":1\r\n";

    (void)state;
    for (uint64_t run = 2; run < 10; run++) {
        alone_says(alone, "INCR n", wanted);
        wanted[1]++;
        alone_restart(alone);
        assert_int_equal(alone_status(alone).run, run);
        alone_office(alone, CORE_PROMOTE);
    }
    alone_stop(alone);
}

/* The last record was not reported durable and is lost with the process. */
static void it_dies_with_a_write_under_way(void **state)
{
    struct alone *alone = start_promoted();

    (void)state;
    alone_says(alone, "SET k old", ALONE_OK);
    uint64_t request = alone_ask(alone, CORE_COMMAND, "SET k new");
    alone_tear(alone, 1);
    alone_restart(alone);
    assert_false(alone->answers[request].there);
    alone_says(alone, "GET k", "$3\r\nold\r\n");
    alone_stop(alone);
}

/* The same, but the record was whole: it is applied, answered or not. */
static void it_dies_with_a_write_on_its_disk(void **state)
{
    struct alone *alone = start_promoted();

    (void)state;
    alone_says(alone, "SET k old", ALONE_OK);
    alone_ask(alone, CORE_COMMAND, "SET k new");
    alone_restart(alone);
    alone_says(alone, "GET k", "$3\r\nnew\r\n");
    alone_stop(alone);
}

/* ---- snapshots ---- */

static void fill(struct alone *alone, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        struct buf line = {0};
        buf_printf(&line, "SET key%u value%u", i % 20, i);
        buf_u8(&line, 0);
        uint64_t request =
            alone_ask(alone, CORE_COMMAND, (const char *)line.data);
        alone_settle(alone);
        alone_answered(alone, request, OUTCOME_OK, ALONE_OK);
        buf_free(&line);
    }
}

static void is_filled(struct alone *alone, unsigned to)
{
    for (unsigned i = to - 20; i < to; i++) {
        struct buf line = {0}, value = {0}, wanted = {0};
        buf_printf(&line, "GET key%u", i % 20);
        buf_u8(&line, 0);
        buf_printf(&value, "value%u", i);
        buf_printf(&wanted, "$%zu\r\nvalue%u\r\n", value.len, i);
        buf_u8(&wanted, 0);
        alone_says(alone, (const char *)line.data, (const char *)wanted.data);
        buf_free(&line);
        buf_free(&value);
        buf_free(&wanted);
    }
}

/* Log below the snapshot goes, but for keep_bytes; the rest is enough. */
static void snapshots_take_the_logs_place(void **state)
{
    struct alone *alone = alone_start();
    struct core_status before;

    (void)state;
    alone->options.snapshot_bytes = 3000;
    alone->options.keep_bytes = 500;
    alone_restart(alone);
    alone_office(alone, CORE_PROMOTE);
    fill(alone, 0, 100);
    before = alone_status(alone);
    assert_true(before.counters.snapshots_taken >= 2);
    assert_true(before.first_seq > 30);
    assert_int_equal(alone->disk.first_seq, before.first_seq);
    assert_true(alone->disk.count < 60);
    alone_restart(alone);
    struct core_status after = alone_status(alone);
    assert_true(uuid_equal(&after.uuid, &before.uuid));
    assert_int_equal(after.role, CORE_ROLE_LEADER);
    is_filled(alone, 100);
    alone_office(alone, CORE_PROMOTE);
    fill(alone, 100, 140);
    is_filled(alone, 140);
    alone_stop(alone);
}

/* Writing much for little would never end. */
static void a_large_state_has_a_long_log(void **state)
{
    struct alone *alone = alone_start();
    struct buf line = {0};

    (void)state;
    alone->options.snapshot_bytes = 3000;
    alone->options.keep_bytes = 500;
    alone_restart(alone);
    alone_office(alone, CORE_PROMOTE);
    buf_printf(&line, "SET large ");
    memset(buf_extend(&line, 50000), 'x', 50000);
    buf_u8(&line, 0);
    alone_says(alone, (const char *)line.data, ALONE_OK);
    fill(alone, 0, 20);
    uint64_t taken = alone_status(alone).counters.snapshots_taken;
    assert_true(taken <= 1);
    while (alone_status(alone).last_seq < 90)
        alone_says(alone, "SET small x", ALONE_OK);
    assert_int_equal(alone_status(alone).counters.snapshots_taken, taken);
    alone_says(alone, "DEL large", ":1\r\n");
    assert_int_equal(alone_status(alone).counters.snapshots_taken, taken + 1);
    buf_free(&line);
    alone_stop(alone);
}

static void it_starts_from_snapshot_and_entries(void **state)
{
    struct alone *alone = alone_start();

    (void)state;
    alone->options.snapshot_bytes = 3000;
    alone->options.keep_bytes = 0;
    alone_restart(alone);
    alone_office(alone, CORE_PROMOTE);
    fill(alone, 0, 80);
    struct core_status before = alone_status(alone);
    assert_true(before.counters.snapshots_taken >= 1);
    alone_reopen(alone);
    struct core_status booted = alone_status(alone);
    assert_int_equal(booted.role, CORE_ROLE_OFFLINE);
    assert_true(uuid_equal(&booted.group, &before.group));
    assert_true(booted.first_seq >= before.first_seq);
    assert_int_equal(booted.applied_seq, booted.first_seq - 1);
    assert_int_equal(booted.last_seq, before.last_seq);
    assert_int_equal(booted.last_hash, before.last_hash);
    alone_connect(alone);
    is_filled(alone, 80);
    alone_stop(alone);
}

static void a_failed_snapshot_takes_nothing_away(void **state)
{
    struct alone *alone = alone_start();

    (void)state;
    alone->options.snapshot_bytes = 3000;
    alone->options.keep_bytes = 0;
    alone->snapshots_fail = true;
    alone_restart(alone);
    alone_office(alone, CORE_PROMOTE);
    fill(alone, 0, 100);
    assert_int_equal(alone_status(alone).counters.snapshots_taken, 0);
    assert_int_equal(alone->disk.first_seq, 1);
    assert_int_equal(alone->disk.snapshot.len, 0);
    alone_restart(alone);
    is_filled(alone, 100);
    alone->snapshots_fail = false; /* and it is tried again */
    alone_office(alone, CORE_PROMOTE);
    fill(alone, 100, 140);
    assert_true(alone_status(alone).counters.snapshots_taken >= 1);
    assert_true(alone->disk.first_seq > 100);
    alone_stop(alone);
}

/* ---- the gate ---- */

static void demoted_it_refuses_writes(void **state)
{
    struct alone *alone = start_promoted();

    (void)state;
    alone_says(alone, "SET k v", ALONE_OK);
    uint64_t old = alone_status(alone).token;
    uint64_t request = alone_ask(alone, CORE_DEMOTE, "");
    alone_answered(alone, request, OUTCOME_OK, ALONE_OK); /* at once */
    request = alone_ask(alone, CORE_COMMAND, "SET k w");
    alone_answered(alone, request, OUTCOME_REFUSED, READ_ONLY);
    assert_false(alone_status(alone).writable);
    alone_settle(alone);
    assert_false(alone_status(alone).promoted);
    alone_says(alone, "GET k", "$1\r\nv\r\n");
    alone_office(alone, CORE_PROMOTE);
    assert_true(alone_status(alone).token > old);
    alone_says(alone, "SET k w", ALONE_OK);
    alone_stop(alone);
}

static void promoted_twice_it_keeps_its_token(void **state)
{
    struct alone *alone = start_promoted();
    uint64_t token = alone_status(alone).token;

    (void)state;
    alone_office(alone, CORE_PROMOTE);
    assert_int_equal(alone_status(alone).token, token);
    assert_int_equal(alone_status(alone).counters.promotions, 1);
    alone_stop(alone);
}

static void demoted_while_it_is_being_promoted(void **state)
{
    struct alone *alone = alone_start();
    uint64_t promote = alone_ask(alone, CORE_PROMOTE, "");
    uint64_t second = alone_ask(alone, CORE_PROMOTE, "");
    uint64_t demote = alone_ask(alone, CORE_DEMOTE, "");

    (void)state;
    assert_int_equal(alone->answers[promote].outcome, OUTCOME_REFUSED);
    assert_int_equal(alone->answers[second].outcome, OUTCOME_REFUSED);
    alone_answered(alone, demote, OUTCOME_OK, ALONE_OK);
    alone_settle(alone);
    assert_false(alone_status(alone).promoted);
    assert_false(alone_status(alone).writable);
    alone_refuses(alone, "SET k v", READ_ONLY);
    alone_stop(alone);
}

/* ---- without quorum ---- */

static void without_quorum_the_outcome_is_unknown(void **state)
{
    struct alone *alone = start_promoted();

    (void)state;
    alone_quorum(alone, false);
    uint64_t request = alone_ask(alone, CORE_COMMAND, "SET k v");
    alone_settle(alone);
    alone_pass(alone, 4999);
    assert_false(alone->answers[request].there);
    alone_pass(alone, 1);
    assert_true(alone->answers[request].there);
    assert_int_equal(alone->answers[request].outcome, OUTCOME_UNKNOWN);
    assert_int_equal(alone->answers[request].text.data[0], '-');
    assert_int_equal(alone_status(alone).counters.unknown, 1);
    alone_pass(alone, 60000);
    alone_quorum(alone, true); /* a second answer would fail */
    alone_pass(alone, 60000);
    assert_int_equal(alone_status(alone).pending, 0);
    alone_says(alone, "INCR n", ":1\r\n");
    alone_stop(alone);
}

/* Too much waits for the disk: what is not taken any more leaves no trace. */
static void what_was_never_sent_was_not_done(void **state)
{
    static const char not_done[] =
        "-CLUSTERDOWN no leader took this write in time; it was not done\r\n";
    struct alone *alone = alone_start();

    (void)state;
    alone->options.ahead_bytes = 1;
    alone_restart(alone);
    alone_office(alone, CORE_PROMOTE);
    alone->disk_stands = true;
    uint64_t taken = alone_ask(alone, CORE_COMMAND, "INCR n");
    alone_pass(alone, 1000);
    uint64_t second = alone_ask(alone, CORE_COMMAND, "INCR n");
    uint64_t third = alone_ask(alone, CORE_COMMAND, "INCR n");
    alone_pass(alone, 2000);
    uint64_t last = alone_ask(alone, CORE_COMMAND, "INCR n");
    alone_pass(alone, 2999);
    assert_int_equal(alone->answers[taken].outcome, OUTCOME_UNKNOWN);
    assert_false(alone->answers[second].there);
    alone_pass(alone, 1);
    alone_answered(alone, second, OUTCOME_REFUSED, not_done);
    alone_answered(alone, third, OUTCOME_REFUSED, not_done);
    assert_false(alone->answers[last].there);
    assert_int_equal(alone_status(alone).pending, 2);
    assert_int_equal(alone_status(alone).counters.unknown, 1);
    alone_disk_goes_on(alone);
    alone_answered(alone, last, OUTCOME_OK, ":2\r\n");
    assert_int_equal(alone_status(alone).pending, 0);
    alone_says(alone, "INCR n", ":3\r\n");
    alone_stop(alone);
}

static void without_quorum_a_read_is_refused_in_time(void **state)
{
    struct alone *alone = start_promoted();

    (void)state;
    alone_quorum(alone, false);
    uint64_t first = alone_ask(alone, CORE_COMMAND, "GET k");
    alone_pass(alone, 3000);
    uint64_t second = alone_ask(alone, CORE_COMMAND, "GET k");
    alone_pass(alone, 1999);
    assert_false(alone->answers[first].there);
    alone_pass(alone, 1);
    alone_answered(alone, first, OUTCOME_REFUSED,
                   "-CLUSTERDOWN no majority of the group's voters answers "
                   "this replica\r\n");
    alone_pass(alone, 1000);
    assert_false(alone->answers[second].there);
    alone_quorum(alone, true);
    alone_pass(alone, 1999);
    alone_answered(alone, second, OUTCOME_OK, "$-1\r\n");
    alone_stop(alone);
}

static void with_quorum_in_time_it_answers(void **state)
{
    struct alone *alone = start_promoted();

    (void)state;
    alone_quorum(alone, false);
    uint64_t set = alone_ask(alone, CORE_COMMAND, "SET k v");
    uint64_t get = alone_ask(alone, CORE_COMMAND, "GET k");
    alone_settle(alone);
    alone_pass(alone, 4000);
    assert_false(alone->answers[set].there);
    assert_false(alone->answers[get].there);
    alone_quorum(alone, true);
    alone_pass(alone, 2000);
    alone_answered(alone, set, OUTCOME_OK, ALONE_OK);
    alone_answered(alone, get, OUTCOME_OK, "$1\r\nv\r\n");
    alone_stop(alone);
}

/* Small questions with large answers: not all of them in one step. */
static void replies_come_in_portions(void **state)
{
    struct alone *alone = alone_start();
    uint64_t reads[20];
    size_t answered = 0;

    (void)state;
    alone->options.reply_bytes = 40; /* two replies */
    alone_restart(alone);
    alone_office(alone, CORE_PROMOTE);
    alone_says(alone, "SET k abcdefghijklmno", ALONE_OK);
    for (size_t i = 0; i < 20; i++)
        reads[i] = alone_ask(alone, CORE_COMMAND, "GET k");
    alone_settle(alone);
    for (size_t i = 0; i < 20; i++)
        answered += alone->answers[reads[i]].there;
    assert_in_range(answered, 1, 10);
    /* No event from outside is needed for the others. */
    alone_pass(alone, 1);
    for (size_t i = 0; i < 20; i++)
        alone_answered(alone, reads[i], OUTCOME_OK,
                       "$15\r\nabcdefghijklmno\r\n");
    alone_stop(alone);
}

/* ---- the clock ---- */

static void clock_never_goes_back(const struct alone *alone)
{
    struct core_status status = alone_status(alone);
    uint64_t clock_ms = 0;

    for (uint64_t seq = 1; seq <= status.last_seq; seq++) {
        struct entry entry;
        uint64_t hash;
        assert_true(core_entry(alone->core, seq, &entry, &hash));
        assert_true(entry.clock_ms >= clock_ms);
        clock_ms = entry.clock_ms;
    }
}

/* The wall clock may say anything, and something else at every start. */
static void time_goes_on_by_any_wall_clock(void **state)
{
    static const uint64_t walls[] = {0, 1700000000000,     5, (uint64_t)1 << 63,
                                     1, UINT64_MAX - 3000, 0};

    (void)state;
    struct alone *alone = start_promoted();
    for (size_t i = 0; i < sizeof walls / sizeof walls[0]; i++) {
        alone->wall_ms = walls[i];
        alone_restart(alone);
        alone_office(alone, CORE_PROMOTE);
        alone_says(alone, "SET k v EX 10", ALONE_OK);
        alone_says(alone, "PTTL k", ":10000\r\n");
        alone_pass(alone, 9999);
        alone_says(alone, "SET x v", ALONE_OK);
        alone_says(alone, "PTTL k", ":1\r\n");
        alone_pass(alone, 1);
        alone_says(alone, "SET x v", ALONE_OK);
        alone_says(alone, "GET k", "$-1\r\n");
        clock_never_goes_back(alone);
    }
    alone_stop(alone);
}

/* ---- the end ---- */

static void leaving_it_says_so_and_is_silent(void **state)
{
    struct alone *alone = start_promoted();

    (void)state;
    alone_says(alone, "SET k v", ALONE_OK);
    alone_office(alone, CORE_LEAVE);
    assert_true(alone->left);
    assert_int_equal(alone_status(alone).role, CORE_ROLE_LEFT);
    assert_int_equal(alone->score, 0);
    assert_int_equal(alone->timer_ns, UINT64_MAX);
    alone_refuses(alone, "GET k",
                  "-CLUSTERDOWN this replica does not serve\r\n");
    alone_restart(alone);
    alone_says(alone, "GET k", "$1\r\nv\r\n");
    alone_stop(alone);
}

static void another_mode_is_refused(void **state)
{
    struct alone *alone = start_promoted();

    (void)state;
    alone->options.mode = CORE_HOT;
    alone_restart(alone);
    assert_int_equal(alone_status(alone).role, CORE_ROLE_REFUSED);
    assert_int_equal(alone->score, 0);
    alone->options.mode = CORE_WARM;
    alone_restart(alone);
    assert_int_equal(alone_status(alone).role, CORE_ROLE_LEADER);
    alone_stop(alone);
}

/* ---- a loss ---- */

/* Only who wipes the disk says that nothing was there. */
static void lost_data_are_not_an_empty_group(void **state)
{
    struct alone *alone = start_promoted();
    struct uuid uuid = alone_status(alone).uuid;

    (void)state;
    alone_says(alone, "SET k v", ALONE_OK);
    alone_tear(alone, alone->disk.count);
    for (int round = 0; round < 3; round++) {
        alone_restart(alone);
        alone_pass(alone, 60000);
        struct core_status status = alone_status(alone);
        assert_int_equal(status.role, CORE_ROLE_BLANK);
        assert_true(status.lost);
        assert_string_equal(status.why, "its data were lost; it waits for the "
                                        "group to give them back");
        assert_true(uuid_equal(&status.former, &uuid));
        assert_false(uuid_equal(&status.uuid, &uuid));
        assert_int_equal(alone->score, 0);
        alone_refuses(alone, "SET k w", READ_ONLY);
        uint64_t read = alone_ask(alone, CORE_COMMAND_LOCAL, "GET k");
        alone_answered(alone, read, OUTCOME_REFUSED,
                       "-CLUSTERDOWN this replica has no data yet\r\n");
    }
    alone_wipe(alone);
    alone_restart(alone);
    assert_int_equal(alone_status(alone).role, CORE_ROLE_LEADER);
    assert_false(alone_status(alone).lost);
    alone_says(alone, "GET k", "$-1\r\n");
    alone_stop(alone);
}

/* ---- limits ---- */

static void beyond_max_memory_nothing_grows(void **state)
{
    static const char oom[] =
        "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    struct alone *alone = alone_start();
    char line[64];
    int kept = 0;

    (void)state;
    alone->options.max_memory = 4096;
    alone_restart(alone);
    alone_office(alone, CORE_PROMOTE);
    while (alone_status(alone).bytes <= 4096) {
        snprintf(line, sizeof line, "SET key:%d value", kept++);
        alone_says(alone, line, ALONE_OK);
    }
    assert_true(kept > 10);
    uint64_t last = alone_status(alone).last_seq;
    alone_refuses(alone, "SET one more", oom);
    alone_refuses(alone, "INCR n", oom);
    alone_refuses(alone, "HSET h f v", oom);
    assert_int_equal(alone_status(alone).last_seq, last);
    alone_says(alone, "GET key:0", "$5\r\nvalue\r\n");
    alone_says(alone, "PEXPIRE key:1 600000", ":1\r\n");
    alone_says(alone, "DEL key:0 key:2 key:3", ":3\r\n");
    alone_says(alone, "SET one more", ALONE_OK);
    alone_stop(alone);
}

/* ---- a pure function ---- */

static uint64_t play(uint64_t wall_ms)
{
    struct alone *alone = alone_start();

    alone->options.snapshot_bytes = 3000;
    alone->options.keep_bytes = 100;
    alone->wall_ms = wall_ms;
    alone_restart(alone);
    alone_office(alone, CORE_PROMOTE);
    fill(alone, 0, 60);
    alone_quorum(alone, false);
    alone_ask(alone, CORE_COMMAND, "INCR n");
    alone_settle(alone);
    alone_pass(alone, 6000);
    alone_restart(alone);
    alone_pass(alone, 6000);
    uint64_t trace = alone->trace;
    alone_stop(alone);
    return trace;
}

static void equal_events_give_equal_effects(void **state)
{
    uint64_t trace = play(1700000000000);

    (void)state;
    assert_int_equal(play(1700000000000), trace);
    assert_int_not_equal(play(1700000000001), trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_creates_its_group),
        cmocka_unit_test(it_serves_when_promoted),
        cmocka_unit_test(it_refuses_what_is_no_command),
        cmocka_unit_test(a_write_is_answered_when_it_is_durable),
        cmocka_unit_test(it_finds_everything_again),
        cmocka_unit_test(it_starts_many_times),
        cmocka_unit_test(it_dies_with_a_write_under_way),
        cmocka_unit_test(it_dies_with_a_write_on_its_disk),
        cmocka_unit_test(snapshots_take_the_logs_place),
        cmocka_unit_test(a_large_state_has_a_long_log),
        cmocka_unit_test(it_starts_from_snapshot_and_entries),
        cmocka_unit_test(a_failed_snapshot_takes_nothing_away),
        cmocka_unit_test(demoted_it_refuses_writes),
        cmocka_unit_test(promoted_twice_it_keeps_its_token),
        cmocka_unit_test(demoted_while_it_is_being_promoted),
        cmocka_unit_test(without_quorum_the_outcome_is_unknown),
        cmocka_unit_test(what_was_never_sent_was_not_done),
        cmocka_unit_test(without_quorum_a_read_is_refused_in_time),
        cmocka_unit_test(replies_come_in_portions),
        cmocka_unit_test(with_quorum_in_time_it_answers),
        cmocka_unit_test(time_goes_on_by_any_wall_clock),
        cmocka_unit_test(leaving_it_says_so_and_is_silent),
        cmocka_unit_test(another_mode_is_refused),
        cmocka_unit_test(lost_data_are_not_an_empty_group),
        cmocka_unit_test(beyond_max_memory_nothing_grows),
        cmocka_unit_test(equal_events_give_equal_effects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
