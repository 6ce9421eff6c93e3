#include "daemon/core/removal.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/membership.h"
#include "daemon/core/replicate.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

enum { SELF = 1, OTHER, GONE, SPARE, PID = 100, RUN = 7, EPOCH = 5, LAST = 3 };
enum { TIMEOUT_MS = 1000, WRITE_MS = 10000, REQUEST = 9 };

/* ---- a core of which only these rooms' facts are true ---- */

struct lead {
    struct core core;
    struct effects effects;
    uint64_t asked_ns;
};

static struct peer *peer_of(struct lead *lead, uint8_t number)
{
    struct uuid uuid = sample_uuid(number);

    return peers_row(&lead->core.peers, &uuid);
}

/* CPG lists the nodes of those. */
static void lists(struct lead *lead, unsigned count, const uint32_t *nodes)
{
    struct core_member members[SPARE];

    for (unsigned i = 0; i < count; i++)
        members[i] = (struct core_member){.node = nodes[i], .pid = PID};
    peers_set_members(&lead->core.peers, members, count);
}

static void add_peer(struct lead *lead, uint8_t number)
{
    struct peer *peer = peer_of(lead, number);

    peer->node = number;
    peer->run = RUN;
    peer->member = (struct core_member){.node = number, .pid = PID};
    peer->ack_epoch = EPOCH;
    peer->ack_seq = LAST;
}

static void add_voter(struct lead *lead, uint8_t number)
{
    struct uuid uuid = sample_uuid(number);

    add_peer(lead, number);
    config_add(&lead->core.config, &uuid, number);
}

/* The leader of three voters, which have all of its log; one is not listed. */
static int begins(void **state)
{
    static const uint32_t nodes[] = {SELF, OTHER};
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
    core->options.node = SELF;
    core->options.expected_voters = 3;
    core->options.leader_timeout_ns = TIMEOUT_MS * STATE_MS;
    core->options.write_timeout_ns = WRITE_MS * STATE_MS;
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
    for (uint8_t number = SELF; number <= GONE; number++)
        add_voter(lead, number);
    core->config.seq = 1;
    core->committed = core->config;
    lists(lead, 2, nodes);
    *state = lead;
    return 0;
}

static int ends(void **state)
{
    struct lead *lead = *state;

    log_free(&lead->core.log);
    backlog_free(&lead->core.backlog);
    peers_free(&lead->core.peers);
    sessions_free(&lead->core.replicate.tail);
    effects_free(&lead->effects);
    free(lead);
    return 0;
}

static void settles(struct lead *lead)
{
    removal_settle(&lead->core);
    membership_settle(&lead->core);
}

static void asks(struct lead *lead, uint32_t node)
{
    effects_reset(&lead->effects);
    lead->asked_ns = lead->core.now_ns;
    removal_ask(&lead->core, REQUEST, node);
    settles(lead);
    lead->core.now_ns++;
}

static const struct effect *answer_of(const struct lead *lead)
{
    for (size_t i = 0; i < lead->effects.count; i++) {
        if (lead->effects.list[i].kind == EFFECT_REPLY)
            return &lead->effects.list[i];
    }
    return NULL;
}

static void says(const struct lead *lead, enum outcome outcome,
                 const char *text)
{
    const struct effect *answer = answer_of(lead);

    assert_non_null(answer);
    assert_int_equal(answer->request, REQUEST);
    assert_int_equal(answer->outcome, outcome);
    assert_true(answer->data_len >= strlen(text));
    assert_memory_equal(effects_data(&lead->effects, answer), text,
                        strlen(text));
    assert_false(lead->core.removal.asked);
}

/* Refused, and the voters are as before. */
static void refuses(const struct lead *lead, const char *text)
{
    says(lead, OUTCOME_REFUSED, text);
    assert_int_equal(lead->core.config.seq, 1);
}

static uint64_t last_of(const struct lead *lead)
{
    return log_last(&lead->core.log).seq;
}

/* A message of that one is delivered. */
static void says_something(struct lead *lead, uint8_t number)
{
    peer_of(lead, number)->heard_ns = lead->core.now_ns;
}

/* All up to there is acknowledged by that one. */
static void acknowledges(struct lead *lead, uint8_t number, uint64_t seq)
{
    peer_of(lead, number)->ack_seq = seq;
    says_something(lead, number);
}

static void commits(struct lead *lead)
{
    lead->core.commit_seq = last_of(lead);
}

static void passes(struct lead *lead, uint64_t ms)
{
    lead->core.now_ns = lead->asked_ns + ms * STATE_MS;
}

static bool votes(const struct lead *lead, uint8_t number)
{
    struct uuid uuid = sample_uuid(number);

    return config_find(&lead->core.config, &uuid) >= 0;
}

/* ---- refused at once ---- */

static void who_does_not_lead_names_who_does(void **state)
{
    struct lead *lead = *state;

    lead->core.role = CORE_ROLE_FOLLOWER;
    lead->core.view.leader_member.node = OTHER;
    asks(lead, GONE);
    refuses(lead, "-ERR node 2 leads; ask there\r\n");
    lead->core.role = CORE_ROLE_WAITING;
    asks(lead, GONE);
    refuses(lead, "-ERR no leader is known here\r\n");
    assert_int_equal(last_of(lead), LAST);
}

static void a_node_without_a_voter_is_told_who_has_one(void **state)
{
    struct lead *lead = *state;

    asks(lead, 77);
    refuses(lead, "-ERR node 77 has no voter; voters: 1 2 3\r\n");
    asks(lead, SELF);
    refuses(lead, "-ERR a leader does not remove itself");
    assert_int_equal(last_of(lead), LAST);
}

static void of_two_none_is_removed(void **state)
{
    struct lead *lead = *state;
    struct uuid other = sample_uuid(OTHER);

    lead->core.options.expected_voters = 2;
    config_remove(&lead->core.config, &other);
    asks(lead, GONE);
    refuses(lead, "-ERR of two voters none is removed so");
}

static void not_while_the_lead_or_the_voters_move(void **state)
{
    struct lead *lead = *state;

    lead->core.leaving = true;
    asks(lead, GONE);
    refuses(lead, "-ERR this replica is being stopped");
    lead->core.leaving = false;
    lead->core.view.handover_ns = lead->core.now_ns + 1;
    asks(lead, GONE);
    refuses(lead, "-ERR the lead is being given to another replica");
    lead->core.view.handover_ns = 0;
    lead->core.committed.seq = 0;
    asks(lead, GONE);
    refuses(lead, "-ERR a change of the voters is under way");
    lead->core.committed.seq = 1;
    lead->core.membership.pausing = true;
    asks(lead, GONE);
    refuses(lead, "-ERR a change of the voters is under way");
    lead->core.membership.pausing = false;
    lead->core.quorate = false;
    asks(lead, GONE);
    refuses(lead, "-ERR Corosync has no quorum here");
    assert_int_equal(last_of(lead), LAST);
}

/* Whatever it said; or its disk was replaced. */
static void who_was_heard_just_now_is_there(void **state)
{
    static const uint32_t all[] = {SELF, OTHER, GONE};
    struct lead *lead = *state;

    lists(lead, 3, all);
    peer_of(lead, GONE)->heard_ns = lead->core.now_ns - 2000 * STATE_MS;
    asks(lead, GONE);
    refuses(lead, "-ERR this node is there");
    peer_of(lead, GONE)->heard_ns = 0;
    add_peer(lead, SPARE);
    peer_of(lead, SPARE)->node = GONE;
    peer_of(lead, SPARE)->present = true;
    says_something(lead, SPARE);
    asks(lead, GONE);
    refuses(lead, "-ERR this node has a new replica");
    assert_int_equal(last_of(lead), LAST);
}

/* It is listed, and has said nothing for long: it may be dead, too. */
static void a_new_replica_that_is_silent_hinders_nothing(void **state)
{
    struct lead *lead = *state;

    add_peer(lead, SPARE);
    peer_of(lead, SPARE)->node = GONE;
    peer_of(lead, SPARE)->present = true;
    peer_of(lead, SPARE)->heard_ns = lead->core.now_ns - 3000 * STATE_MS;
    asks(lead, GONE);
    assert_null(answer_of(lead));
    says_something(lead, SPARE);
    settles(lead);
    refuses(lead, "-ERR this node has a new replica");
}

/* ---- what those that are left have to show ---- */

static void it_is_removed_once_the_others_answer(void **state)
{
    struct lead *lead = *state;

    asks(lead, GONE);
    assert_int_equal(last_of(lead), LAST + 1);
    assert_false(lead->core.membership.pausing); /* writes go on meanwhile */
    acknowledges(lead, SELF, LAST + 1);
    settles(lead);
    assert_false(lead->core.membership.pausing);
    acknowledges(lead, OTHER, LAST + 1);
    settles(lead);
    assert_true(lead->core.membership.pausing);
    assert_int_equal(last_of(lead), LAST + 1);
    commits(lead);
    settles(lead);
    assert_int_equal(last_of(lead), LAST + 2);
    assert_int_equal(lead->core.config.seq, LAST + 2);
    assert_int_equal(lead->core.config.count, 2);
    assert_false(votes(lead, GONE));
    assert_null(answer_of(lead));
    commits(lead);
    settles(lead);
    assert_null(answer_of(lead)); /* the others do not know yet */
    assert_int_equal(last_of(lead), LAST + 3);
    settles(lead);
    assert_null(answer_of(lead));
    commits(lead);
    settles(lead);
    says(lead, OUTCOME_OK, "+OK\r\n");
    assert_int_equal(last_of(lead), LAST + 3);
}

/* Of the three one is gone and another hangs, which CPG lists, and which had
 * all of the log: two voters would wait for it. */
static void not_while_another_one_hangs(void **state)
{
    struct lead *lead = *state;

    asks(lead, GONE);
    acknowledges(lead, SELF, LAST + 1);
    passes(lead, WRITE_MS - 1);
    settles(lead);
    assert_null(answer_of(lead));
    assert_int_equal(removal_deadline(&lead->core),
                     lead->asked_ns + WRITE_MS * STATE_MS);
    passes(lead, WRITE_MS);
    settles(lead);
    refuses(lead, "-ERR the voters that would be left do not acknowledge");
    assert_false(lead->core.membership.pausing);
    assert_int_equal(removal_deadline(&lead->core), STATE_NEVER);
}

/* This process was stopped; the word was said before that, by one that may be
 * gone since. */
static void an_old_word_does_not_count(void **state)
{
    struct lead *lead = *state;

    asks(lead, GONE);
    passes(lead, TIMEOUT_MS);
    acknowledges(lead, SELF, LAST + 1);
    acknowledges(lead, OTHER, LAST + 1);
    commits(lead);
    settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    assert_int_equal(last_of(lead), LAST + 2);
    acknowledges(lead, SELF, LAST + 2);
    acknowledges(lead, OTHER, LAST + 2);
    commits(lead);
    settles(lead);
    assert_int_equal(lead->core.config.seq, LAST + 3);
}

/* It acknowledged the fresh entry, and then it left, is being stopped, or its
 * disk is full; or it has not got what came behind. */
static void they_are_looked_at_once_more(void **state)
{
    static const uint32_t alone[] = {SELF}, both[] = {SELF, OTHER};
    struct lead *lead = *state;
    struct entry entry = {.kind = ENTRY_NOOP};

    asks(lead, GONE);
    replicate_propose(&lead->core, &entry);
    acknowledges(lead, SELF, LAST + 2);
    acknowledges(lead, OTHER, LAST + 1);
    commits(lead);
    settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    acknowledges(lead, OTHER, LAST + 2);
    lists(lead, 1, alone);
    settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    lists(lead, 2, both);
    peer_of(lead, OTHER)->leaving = true;
    settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    peer_of(lead, OTHER)->leaving = false;
    peer_of(lead, OTHER)->full = true;
    peer_of(lead, OTHER)->hello_ns = lead->core.now_ns;
    settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    peer_of(lead, OTHER)->full = false;
    settles(lead);
    assert_int_equal(lead->core.config.seq, LAST + 3);
}

/* ---- what the one that is named has to show ---- */

static void who_acknowledges_is_there(void **state)
{
    struct lead *lead = *state;

    asks(lead, GONE);
    acknowledges(lead, SELF, LAST + 1);
    acknowledges(lead, GONE, LAST + 1);
    commits(lead);
    settles(lead);
    refuses(lead, "-ERR this node is there");
}

/* Catching up, it acknowledges nothing yet. */
static void who_says_anything_is_there(void **state)
{
    struct lead *lead = *state;

    asks(lead, GONE);
    says_something(lead, GONE);
    settles(lead);
    refuses(lead, "-ERR this node is there");
}

/* Dead, and listed all the same; or it hangs. */
static void who_is_listed_has_to_be_silent(void **state)
{
    static const uint32_t all[] = {SELF, OTHER, GONE};
    struct lead *lead = *state;

    lists(lead, 3, all);
    asks(lead, GONE);
    passes(lead, 10);
    acknowledges(lead, SELF, LAST + 1);
    acknowledges(lead, OTHER, LAST + 1);
    commits(lead);
    passes(lead, TIMEOUT_MS - 1);
    settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    assert_int_equal(removal_deadline(&lead->core),
                     lead->asked_ns + TIMEOUT_MS * STATE_MS);
    passes(lead, TIMEOUT_MS);
    settles(lead);
    assert_int_equal(lead->core.config.seq, 1); /* the others are asked anew */
    acknowledges(lead, SELF, LAST + 2);
    acknowledges(lead, OTHER, LAST + 2);
    commits(lead);
    passes(lead, 2 * TIMEOUT_MS - 2);
    settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    passes(lead, 2 * TIMEOUT_MS - 1);
    settles(lead);
    assert_int_equal(lead->core.config.seq, LAST + 3);
}

/* Nor does it help when it acknowledged the first entry, and hung then. */
static void who_acknowledged_the_first_was_there(void **state)
{
    struct lead *lead = *state;

    asks(lead, GONE);
    passes(lead, TIMEOUT_MS);
    settles(lead);
    assert_int_equal(last_of(lead), LAST + 2);
    acknowledges(lead, GONE, LAST + 1);
    settles(lead);
    refuses(lead, "-ERR this node is there");
}

/* ---- who takes its place ---- */

static void a_learner_takes_the_vote_by_the_same_entry(void **state)
{
    static const uint32_t nodes[] = {SELF, OTHER, SPARE};
    struct lead *lead = *state;

    add_peer(lead, SPARE);
    lists(lead, 3, nodes);
    asks(lead, GONE);
    acknowledges(lead, SELF, LAST + 1);
    acknowledges(lead, OTHER, LAST + 1);
    acknowledges(lead, SPARE, LAST + 1);
    commits(lead);
    settles(lead);
    assert_int_equal(lead->core.config.count, 3);
    assert_false(votes(lead, GONE));
    assert_true(votes(lead, SPARE));
}

/* The others have acknowledged the fresh entry; the learner has not yet. */
static void waits_for_a_learner(struct lead *lead)
{
    static const uint32_t nodes[] = {SELF, OTHER, SPARE};

    add_peer(lead, SPARE);
    lists(lead, 3, nodes);
    asks(lead, GONE);
    acknowledges(lead, SELF, LAST + 1);
    acknowledges(lead, OTHER, LAST + 1);
    commits(lead);
    settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    assert_false(lead->core.membership.pausing);
}

static void whose_word_comes_last(void **state)
{
    struct lead *lead = *state;

    waits_for_a_learner(lead);
    acknowledges(lead, SPARE, LAST + 1);
    settles(lead);
    assert_int_equal(lead->core.config.count, 3);
    assert_true(votes(lead, SPARE));
}

/* It hangs, or is far behind. */
static void who_misses_an_entry_is_waited_for_no_more(void **state)
{
    struct lead *lead = *state;

    waits_for_a_learner(lead);
    passes(lead, TIMEOUT_MS);
    settles(lead);
    acknowledges(lead, SELF, LAST + 2);
    acknowledges(lead, OTHER, LAST + 2);
    commits(lead);
    settles(lead);
    assert_int_equal(lead->core.config.count, 2);
    assert_false(votes(lead, SPARE));
}

/* It hung once its vote was as good as given. */
static void nor_given_a_vote_without_all_of_the_log(void **state)
{
    struct lead *lead = *state;
    struct entry entry = {.kind = ENTRY_NOOP};

    waits_for_a_learner(lead);
    acknowledges(lead, SPARE, LAST + 1);
    replicate_propose(&lead->core, &entry);
    acknowledges(lead, SELF, LAST + 2);
    acknowledges(lead, OTHER, LAST + 2);
    commits(lead);
    settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    acknowledges(lead, SPARE, LAST + 2);
    settles(lead);
    assert_true(votes(lead, SPARE));
}

/* ---- one voter alone becomes two ---- */

/* A learner of another node has all of its log. */
static void one_voter_has_a_learner(struct lead *lead)
{
    static const uint32_t nodes[] = {SELF, OTHER};
    struct uuid other = sample_uuid(OTHER), gone = sample_uuid(GONE);

    config_remove(&lead->core.config, &other);
    config_remove(&lead->core.config, &gone);
    lead->core.committed = lead->core.config;
    lead->core.options.expected_voters = 2;
    lists(lead, 2, nodes);
    acknowledges(lead, SELF, LAST);
    acknowledges(lead, OTHER, LAST);
    lead->asked_ns = lead->core.now_ns;
    settles(lead);
    assert_int_equal(last_of(lead), LAST + 1);
    assert_int_equal(lead->core.config.count, 1);
    acknowledges(lead, SELF, LAST + 1);
    commits(lead);
    settles(lead);
    assert_int_equal(last_of(lead), LAST + 1);
}

static void one_becomes_two_by_a_new_word(void **state)
{
    struct lead *lead = *state;

    one_voter_has_a_learner(lead);
    acknowledges(lead, OTHER, LAST + 1);
    settles(lead);
    assert_int_equal(lead->core.config.count, 2);
    assert_true(votes(lead, OTHER));
}

/* This process was stopped meanwhile. */
static void not_by_an_old_one(void **state)
{
    struct lead *lead = *state;

    one_voter_has_a_learner(lead);
    passes(lead, TIMEOUT_MS);
    acknowledges(lead, OTHER, LAST + 1);
    settles(lead);
    assert_int_equal(lead->core.config.count, 1);
    assert_false(lead->core.membership.pausing);
    assert_int_equal(last_of(lead), LAST + 2);
    acknowledges(lead, SELF, LAST + 2);
    commits(lead);
    settles(lead);
    assert_int_equal(lead->core.config.count, 1);
    acknowledges(lead, OTHER, LAST + 2);
    settles(lead);
    assert_int_equal(lead->core.config.count, 2);
}

/* ---- when the lead is lost ---- */

static void before_it_is_proposed_it_is_not_done(void **state)
{
    struct lead *lead = *state;

    asks(lead, GONE);
    lead->core.view.epoch = EPOCH + 1; /* it leads again */
    settles(lead);
    refuses(lead, "-ERR the lead has changed meanwhile");
    asks(lead, GONE);
    removal_end(&lead->core);
    refuses(lead, "-ERR this replica does not serve; nothing was changed");
}

static void proposes(struct lead *lead)
{
    asks(lead, GONE);
    acknowledges(lead, SELF, LAST + 1);
    acknowledges(lead, OTHER, LAST + 1);
    commits(lead);
    settles(lead);
    assert_int_equal(lead->core.config.seq, LAST + 2);
}

/* Two are left, and from here on each is told when the other one is fenced. */
static void two_that_are_left_are_a_pair(void **state)
{
    struct lead *lead = *state;
    const struct effect *mark = NULL;

    lead->core.options.fencing = true;
    proposes(lead);
    for (size_t i = 0; i < lead->effects.count; i++) {
        if (lead->effects.list[i].kind == EFFECT_FENCE_MARK)
            mark = &lead->effects.list[i];
    }
    assert_non_null(mark);
    assert_int_equal(mark->node, OTHER);
}

static void behind_that_it_is_unknown(void **state)
{
    struct lead *lead = *state;

    proposes(lead);
    lead->core.role = CORE_ROLE_WAITING;
    settles(lead);
    says(lead, OUTCOME_UNKNOWN, "-UNKNOWN ");
}

/* A short write_timeout would not let anybody be silent for long enough. */
static void there_is_time_to_be_sure(void **state)
{
    struct lead *lead = *state;

    lead->core.options.write_timeout_ns = 100 * STATE_MS;
    asks(lead, GONE);
    passes(lead, 3 * TIMEOUT_MS - 1);
    settles(lead);
    assert_null(answer_of(lead));
    passes(lead, 3 * TIMEOUT_MS);
    settles(lead);
    refuses(lead, "-ERR the voters that would be left do not acknowledge");
}

static void so_it_is_when_the_time_is_over(void **state)
{
    struct lead *lead = *state;

    proposes(lead);
    passes(lead, WRITE_MS - 1);
    settles(lead);
    assert_null(answer_of(lead));
    passes(lead, WRITE_MS);
    settles(lead);
    says(lead, OUTCOME_UNKNOWN, "-UNKNOWN ");
}

#define WITH_LEAD(test) cmocka_unit_test_setup_teardown(test, begins, ends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LEAD(who_does_not_lead_names_who_does),
        WITH_LEAD(a_node_without_a_voter_is_told_who_has_one),
        WITH_LEAD(of_two_none_is_removed),
        WITH_LEAD(not_while_the_lead_or_the_voters_move),
        WITH_LEAD(who_was_heard_just_now_is_there),
        WITH_LEAD(a_new_replica_that_is_silent_hinders_nothing),
        WITH_LEAD(it_is_removed_once_the_others_answer),
        WITH_LEAD(not_while_another_one_hangs),
        WITH_LEAD(an_old_word_does_not_count),
        WITH_LEAD(they_are_looked_at_once_more),
        WITH_LEAD(who_acknowledges_is_there),
        WITH_LEAD(who_says_anything_is_there),
        WITH_LEAD(who_is_listed_has_to_be_silent),
        WITH_LEAD(who_acknowledged_the_first_was_there),
        WITH_LEAD(a_learner_takes_the_vote_by_the_same_entry),
        WITH_LEAD(whose_word_comes_last),
        WITH_LEAD(who_misses_an_entry_is_waited_for_no_more),
        WITH_LEAD(nor_given_a_vote_without_all_of_the_log),
        WITH_LEAD(one_becomes_two_by_a_new_word),
        WITH_LEAD(not_by_an_old_one),
        WITH_LEAD(before_it_is_proposed_it_is_not_done),
        WITH_LEAD(two_that_are_left_are_a_pair),
        WITH_LEAD(behind_that_it_is_unknown),
        WITH_LEAD(there_is_time_to_be_sure),
        WITH_LEAD(so_it_is_when_the_time_is_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
