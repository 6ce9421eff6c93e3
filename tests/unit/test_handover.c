#include "daemon/core/handover.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

enum { SELF = 1, OTHER = 2, THIRD = 3, RUN = 7, EPOCH = 5, LAST = 3 };

/* ---- a core of which only this room's facts are true ---- */

struct lead {
    struct core core;
    struct effects effects;
};

static struct peer *peer_of(struct lead *lead, uint8_t number)
{
    struct uuid uuid = sample_uuid(number);

    return peers_row(&lead->core.peers, &uuid);
}

static void add_voter(struct lead *lead, uint8_t number)
{
    struct uuid uuid = sample_uuid(number);
    struct peer *peer = peer_of(lead, number);

    peer->node = number;
    peer->run = RUN;
    peer->present = true;
    peer->ack_epoch = EPOCH;
    peer->ack_seq = LAST;
    config_add(&lead->core.config, &uuid, number);
}

/* The leader of three voters, all of them with all of its log, in a warm group
 * without a promoted replica. */
static int begins(void **state)
{
    struct lead *lead = calloc(1, sizeof *lead);
    struct buf encoded = {0};

    assert_non_null(lead);
    struct core *core = &lead->core;
    core->effects = &lead->effects;
    core->uuid = sample_uuid(SELF);
    core->run = RUN;
    core->role = CORE_ROLE_LEADER;
    core->connected = true;
    core->quorate = true;
    core->options.mode = CORE_WARM;
    core->options.leader_timeout_ns = 1000 * STATE_MS;
    core->options.ahead_bytes = 100000;
    core->now_ns = 100000 * STATE_MS;
    core->view.epoch = EPOCH;
    for (uint64_t seq = 1; seq <= LAST; seq++) {
        struct entry entry = {.epoch = EPOCH, .seq = seq, .kind = ENTRY_NOOP};
        buf_reset(&encoded);
        entry_encode(&encoded, &entry);
        log_append(&core->log, encoded.data, encoded.len, seq);
    }
    buf_free(&encoded);
    core->commit_seq = LAST;
    for (uint8_t number = SELF; number <= THIRD; number++)
        add_voter(lead, number);
    *state = lead;
    return 0;
}

static int ends(void **state)
{
    struct lead *lead = *state;

    log_free(&lead->core.log);
    backlog_free(&lead->core.backlog);
    peers_free(&lead->core.peers);
    promotions_free(&lead->core.machine.promotions);
    effects_free(&lead->effects);
    free(lead);
    return 0;
}

static void multicasts(const struct lead *lead, size_t place,
                       struct message *message)
{
    const struct effect *effect = &lead->effects.list[place];

    assert_int_equal(effect->kind, EFFECT_MULTICAST);
    assert_int_equal(wire_decode(effects_data(&lead->effects, effect),
                                 effect->data_len, message),
                     0);
}

/* Settled, it first tells what is committed, then gives the lead to that one;
 * 0: it keeps it. */
static void gives_it_to(struct lead *lead, uint8_t number)
{
    struct uuid uuid = sample_uuid(number);
    struct message message;

    effects_reset(&lead->effects);
    handover_settle(&lead->core);
    assert_int_equal(lead->effects.count, number == 0 ? 0 : 2);
    if (number == 0)
        return;
    multicasts(lead, 0, &message);
    assert_int_equal(message.type, WIRE_APPEND);
    assert_int_equal(message.count, 0);
    assert_int_equal(message.commit, lead->core.commit_seq);
    multicasts(lead, 1, &message);
    assert_int_equal(message.type, WIRE_HANDOVER);
    assert_true(uuid_equal(&message.to, &uuid));
}

/* ---- a leader that cannot write ---- */

static void with_a_full_disk_it_gives_the_lead_away(void **state)
{
    struct lead *lead = *state;

    gives_it_to(lead, 0);
    lead->core.full = "the disk is full";
    peer_of(lead, OTHER)->ack_seq = LAST - 1;
    gives_it_to(lead, THIRD);
}

static void so_it_does_when_its_disk_does_not_keep_up(void **state)
{
    struct lead *lead = *state;

    backlog_add(&lead->core.backlog, 1, 1000);
    lead->core.options.ahead_bytes = 1000;
    gives_it_to(lead, 0);
    lead->core.options.ahead_bytes--;
    gives_it_to(lead, OTHER);
}

/* The others could commit nothing without it: then it helps nobody. */
static void it_does_not_when_it_is_needed(void **state)
{
    struct lead *lead = *state;
    struct uuid third = sample_uuid(THIRD);

    lead->core.full = "the disk is full";
    peer_of(lead, THIRD)->present = false;
    gives_it_to(lead, 0);
    peer_of(lead, THIRD)->present = true;
    peer_of(lead, THIRD)->ack_epoch = EPOCH - 1;
    gives_it_to(lead, 0);
    config_remove(&lead->core.config, &third);
    gives_it_to(lead, 0);
    assert_true(lead->core.view.handover_ns == 0); /* and goes on taking */
}

/* One of the others is quarantined: CPG lists it, and it says nothing. To be
 * promoted elsewhere would end in a promotion that is never committed. */
static void nor_does_it_step_aside_for_a_silent_one(void **state)
{
    struct lead *lead = *state;
    struct core_member members[] = {{SELF, 1}, {OTHER, 2}, {THIRD, 3}};

    for (uint8_t number = SELF; number <= THIRD; number++)
        peer_of(lead, number)->member = members[number - SELF];
    peers_set_members(&lead->core.peers, members, THIRD);
    lead->core.full = "the disk is full";
    assert_true(handover_steps_aside(&lead->core));
    peer_of(lead, THIRD)->ack_epoch = EPOCH - 1;
    assert_false(handover_steps_aside(&lead->core));
    lead->core.commit_seq = 0; /* the view has just begun */
    assert_true(handover_steps_aside(&lead->core));
    lead->core.commit_seq = LAST;
    lead->core.role = CORE_ROLE_FOLLOWER; /* may have missed it */
    assert_true(handover_steps_aside(&lead->core));
}

/* What a full disk does not store is committed all the same; what is not
 * committed needs it, perhaps. */
static void a_change_of_voters_keeps_it_until_committed(void **state)
{
    struct lead *lead = *state;

    lead->core.full = "the disk is full";
    lead->core.config.seq = LAST;
    lead->core.commit_seq = LAST - 1;
    gives_it_to(lead, 0);
    lead->core.commit_seq = LAST;
    gives_it_to(lead, OTHER);
}

/* Whoever has all of the log, but not one whose own disk is full. */
static void a_full_one_is_no_heir(void **state)
{
    struct lead *lead = *state;

    lead->core.full = "the disk is full";
    peer_of(lead, OTHER)->full = true;
    peer_of(lead, OTHER)->hello_ns = lead->core.now_ns;
    gives_it_to(lead, 0); /* the others are not enough */
    add_voter(lead, THIRD + 1);
    add_voter(lead, THIRD + 2);
    gives_it_to(lead, THIRD);
}

static void promotes(struct lead *lead, uint8_t number)
{
    struct promotion_request request = {.uuid = sample_uuid(number),
                                        .run = RUN};

    lead->core.machine.promotions.exclusive = true;
    assert_true(
        promotions_grant(&lead->core.machine.promotions, &request, LAST));
}

/* The promoted one gave the lead away because its disk is slow: it gets it back
 * when it is no longer behind what the others have committed. */
static void the_promoted_one_gets_it_when_it_keeps_up(void **state)
{
    struct lead *lead = *state;

    promotes(lead, OTHER);
    peer_of(lead, OTHER)->ack_seq = LAST - 1;
    gives_it_to(lead, 0);
    assert_true(lead->core.view.handover_ns == 0); /* and goes on taking */
    lead->core.commit_seq = LAST - 1;
    gives_it_to(lead, 0);
    assert_true(lead->core.view.handover_ns != 0); /* it waits for it now */
    lead->core.commit_seq = LAST;
    gives_it_to(lead, 0);
    peer_of(lead, OTHER)->ack_seq = LAST;
    gives_it_to(lead, OTHER);
}

#define WITH_LEAD(test) cmocka_unit_test_setup_teardown(test, begins, ends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LEAD(with_a_full_disk_it_gives_the_lead_away),
        WITH_LEAD(so_it_does_when_its_disk_does_not_keep_up),
        WITH_LEAD(it_does_not_when_it_is_needed),
        WITH_LEAD(nor_does_it_step_aside_for_a_silent_one),
        WITH_LEAD(a_change_of_voters_keeps_it_until_committed),
        WITH_LEAD(a_full_one_is_no_heir),
        WITH_LEAD(the_promoted_one_gets_it_when_it_keeps_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
