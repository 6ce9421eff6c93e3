#include "daemon/core/removal.h"

#include <string.h>

#include "daemon/core/replicate.h"
#include "tests/unit/lead.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

enum { REQUEST = 9 };

static void asks(struct lead *lead, uint32_t node)
{
    effects_reset(&lead->effects);
    lead->from_ns = lead->core.now_ns;
    removal_ask(&lead->core, REQUEST, node);
    lead_settles(lead);
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

/* ---- refused at once ---- */

static void who_does_not_lead_names_who_does(void **state)
{
    struct lead *lead = *state;

    lead->core.role = CORE_ROLE_FOLLOWER;
    lead->core.view.leader_member.node = LEAD_OTHER;
    asks(lead, LEAD_GONE);
    refuses(lead, "-ERR node 2 leads; ask there\r\n");
    lead->core.role = CORE_ROLE_WAITING;
    asks(lead, LEAD_GONE);
    refuses(lead, "-ERR no leader is known here\r\n");
    assert_int_equal(lead_last(lead), LEAD_LAST);
}

static void a_node_without_a_voter_is_told_who_has_one(void **state)
{
    struct lead *lead = *state;

    asks(lead, 77);
    refuses(lead, "-ERR node 77 has no voter; voters: 1 2 3\r\n");
    asks(lead, LEAD_SELF);
    refuses(lead, "-ERR a leader does not remove itself");
    assert_int_equal(lead_last(lead), LEAD_LAST);
}

static void of_two_none_is_removed(void **state)
{
    struct lead *lead = *state;
    struct uuid other = sample_uuid(LEAD_OTHER);

    lead->core.options.expected_voters = 2;
    config_remove(&lead->core.config, &other);
    asks(lead, LEAD_GONE);
    refuses(lead, "-ERR of two voters none is removed so");
}

static void not_while_the_lead_or_the_voters_move(void **state)
{
    struct lead *lead = *state;

    lead->core.leaving = true;
    asks(lead, LEAD_GONE);
    refuses(lead, "-ERR this replica is being stopped");
    lead->core.leaving = false;
    lead->core.view.handover_ns = lead->core.now_ns + 1;
    asks(lead, LEAD_GONE);
    refuses(lead, "-ERR the lead is being given to another replica");
    lead->core.view.handover_ns = 0;
    lead->core.committed.seq = 0;
    asks(lead, LEAD_GONE);
    refuses(lead, "-ERR a change of the voters is under way");
    lead->core.committed.seq = 1;
    lead->core.membership.pausing = true;
    asks(lead, LEAD_GONE);
    refuses(lead, "-ERR a change of the voters is under way");
    lead->core.membership.pausing = false;
    lead->core.quorate = false;
    asks(lead, LEAD_GONE);
    refuses(lead, "-ERR Corosync has no quorum here");
    assert_int_equal(lead_last(lead), LEAD_LAST);
}

/* Whatever it said; or its disk was replaced. */
static void who_was_heard_just_now_is_there(void **state)
{
    static const uint32_t all[] = {LEAD_SELF, LEAD_OTHER, LEAD_GONE};
    struct lead *lead = *state;

    lead_lists(lead, 3, all);
    lead_peer(lead, LEAD_GONE)->heard_ns = lead->core.now_ns - 2000 * STATE_MS;
    asks(lead, LEAD_GONE);
    refuses(lead, "-ERR this node is there");
    lead_peer(lead, LEAD_GONE)->heard_ns = 0;
    lead_add_peer(lead, LEAD_SPARE);
    lead_peer(lead, LEAD_SPARE)->node = LEAD_GONE;
    lead_peer(lead, LEAD_SPARE)->present = true;
    lead_hears(lead, LEAD_SPARE);
    asks(lead, LEAD_GONE);
    refuses(lead, "-ERR this node has a new replica");
    assert_int_equal(lead_last(lead), LEAD_LAST);
}

/* It is listed, and has said nothing for long: it may be dead, too. */
static void a_new_replica_that_is_silent_hinders_nothing(void **state)
{
    struct lead *lead = *state;

    lead_add_peer(lead, LEAD_SPARE);
    lead_peer(lead, LEAD_SPARE)->node = LEAD_GONE;
    lead_peer(lead, LEAD_SPARE)->present = true;
    lead_peer(lead, LEAD_SPARE)->heard_ns = lead->core.now_ns - 3000 * STATE_MS;
    asks(lead, LEAD_GONE);
    assert_null(answer_of(lead));
    lead_hears(lead, LEAD_SPARE);
    lead_settles(lead);
    refuses(lead, "-ERR this node has a new replica");
}

/* ---- what those that are left have to show ---- */

static void it_is_removed_once_the_others_answer(void **state)
{
    struct lead *lead = *state;

    asks(lead, LEAD_GONE);
    assert_int_equal(lead_last(lead), LEAD_LAST + 1);
    assert_false(lead->core.membership.pausing); /* writes go on meanwhile */
    lead_acknowledges(lead, LEAD_SELF, LEAD_LAST + 1);
    lead_settles(lead);
    assert_false(lead->core.membership.pausing);
    lead_acknowledges(lead, LEAD_OTHER, LEAD_LAST + 1);
    lead_settles(lead);
    assert_true(lead->core.membership.pausing);
    assert_int_equal(lead_last(lead), LEAD_LAST + 1);
    lead_commits(lead);
    lead_settles(lead);
    assert_int_equal(lead_last(lead), LEAD_LAST + 2);
    assert_int_equal(lead->core.config.seq, LEAD_LAST + 2);
    assert_int_equal(lead->core.config.count, 2);
    assert_false(lead_votes(lead, LEAD_GONE));
    assert_null(answer_of(lead));
    lead_commits(lead);
    lead_settles(lead);
    assert_null(answer_of(lead)); /* the others do not know yet */
    assert_int_equal(lead_last(lead), LEAD_LAST + 3);
    lead_settles(lead);
    assert_null(answer_of(lead));
    lead_commits(lead);
    lead_settles(lead);
    says(lead, OUTCOME_OK, "+OK\r\n");
    assert_int_equal(lead_last(lead), LEAD_LAST + 3);
}

/* Of the three one is gone and another hangs, which CPG lists, and which had
 * all of the log: two voters would wait for it. */
static void not_while_another_one_hangs(void **state)
{
    struct lead *lead = *state;

    asks(lead, LEAD_GONE);
    lead_acknowledges(lead, LEAD_SELF, LEAD_LAST + 1);
    lead_passes(lead, LEAD_WRITE_MS - 1);
    lead_settles(lead);
    assert_null(answer_of(lead));
    assert_int_equal(removal_deadline(&lead->core),
                     lead->from_ns + LEAD_WRITE_MS * STATE_MS);
    lead_passes(lead, LEAD_WRITE_MS);
    lead_settles(lead);
    refuses(lead, "-ERR the voters that would be left do not acknowledge");
    assert_false(lead->core.membership.pausing);
    assert_int_equal(removal_deadline(&lead->core), STATE_NEVER);
}

/* This process was stopped; the word was said before that, by one that may be
 * gone since. */
static void an_old_word_does_not_count(void **state)
{
    struct lead *lead = *state;

    asks(lead, LEAD_GONE);
    lead_passes(lead, LEAD_TIMEOUT_MS);
    lead_acknowledges(lead, LEAD_SELF, LEAD_LAST + 1);
    lead_acknowledges(lead, LEAD_OTHER, LEAD_LAST + 1);
    lead_commits(lead);
    lead_settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    assert_int_equal(lead_last(lead), LEAD_LAST + 2);
    lead_acknowledges(lead, LEAD_SELF, LEAD_LAST + 2);
    lead_acknowledges(lead, LEAD_OTHER, LEAD_LAST + 2);
    lead_commits(lead);
    lead_settles(lead);
    assert_int_equal(lead->core.config.seq, LEAD_LAST + 3);
}

/* It acknowledged the fresh entry, and then it left, is being stopped, or its
 * disk is full; or it has not got what came behind. */
static void they_are_looked_at_once_more(void **state)
{
    static const uint32_t alone[] = {LEAD_SELF},
                          both[] = {LEAD_SELF, LEAD_OTHER};
    struct lead *lead = *state;
    struct entry entry = {.kind = ENTRY_NOOP};

    asks(lead, LEAD_GONE);
    replicate_propose(&lead->core, &entry);
    lead_acknowledges(lead, LEAD_SELF, LEAD_LAST + 2);
    lead_acknowledges(lead, LEAD_OTHER, LEAD_LAST + 1);
    lead_commits(lead);
    lead_settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    lead_acknowledges(lead, LEAD_OTHER, LEAD_LAST + 2);
    lead_lists(lead, 1, alone);
    lead_settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    lead_lists(lead, 2, both);
    lead_peer(lead, LEAD_OTHER)->leaving = true;
    lead_settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    lead_peer(lead, LEAD_OTHER)->leaving = false;
    lead_peer(lead, LEAD_OTHER)->full = true;
    lead_peer(lead, LEAD_OTHER)->hello_ns = lead->core.now_ns;
    lead_settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    lead_peer(lead, LEAD_OTHER)->full = false;
    lead_settles(lead);
    assert_int_equal(lead->core.config.seq, LEAD_LAST + 3);
}

/* ---- what the one that is named has to show ---- */

static void who_acknowledges_is_there(void **state)
{
    struct lead *lead = *state;

    asks(lead, LEAD_GONE);
    lead_acknowledges(lead, LEAD_SELF, LEAD_LAST + 1);
    lead_acknowledges(lead, LEAD_GONE, LEAD_LAST + 1);
    lead_commits(lead);
    lead_settles(lead);
    refuses(lead, "-ERR this node is there");
}

/* Catching up, it acknowledges nothing yet. */
static void who_says_anything_is_there(void **state)
{
    struct lead *lead = *state;

    asks(lead, LEAD_GONE);
    lead_hears(lead, LEAD_GONE);
    lead_settles(lead);
    refuses(lead, "-ERR this node is there");
}

/* Dead, and listed all the same; or it hangs. */
static void who_is_listed_has_to_be_silent(void **state)
{
    static const uint32_t all[] = {LEAD_SELF, LEAD_OTHER, LEAD_GONE};
    struct lead *lead = *state;

    lead_lists(lead, 3, all);
    asks(lead, LEAD_GONE);
    lead_passes(lead, 10);
    lead_acknowledges(lead, LEAD_SELF, LEAD_LAST + 1);
    lead_acknowledges(lead, LEAD_OTHER, LEAD_LAST + 1);
    lead_commits(lead);
    lead_passes(lead, LEAD_TIMEOUT_MS - 1);
    lead_settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    assert_int_equal(removal_deadline(&lead->core),
                     lead->from_ns + LEAD_TIMEOUT_MS * STATE_MS);
    lead_passes(lead, LEAD_TIMEOUT_MS);
    lead_settles(lead);
    assert_int_equal(lead->core.config.seq, 1); /* the others are asked anew */
    lead_acknowledges(lead, LEAD_SELF, LEAD_LAST + 2);
    lead_acknowledges(lead, LEAD_OTHER, LEAD_LAST + 2);
    lead_commits(lead);
    lead_passes(lead, 2 * LEAD_TIMEOUT_MS - 2);
    lead_settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    lead_passes(lead, 2 * LEAD_TIMEOUT_MS - 1);
    lead_settles(lead);
    assert_int_equal(lead->core.config.seq, LEAD_LAST + 3);
}

/* Nor does it help when it acknowledged the first entry, and hung then. */
static void who_acknowledged_the_first_was_there(void **state)
{
    struct lead *lead = *state;

    asks(lead, LEAD_GONE);
    lead_passes(lead, LEAD_TIMEOUT_MS);
    lead_settles(lead);
    assert_int_equal(lead_last(lead), LEAD_LAST + 2);
    lead_acknowledges(lead, LEAD_GONE, LEAD_LAST + 1);
    lead_settles(lead);
    refuses(lead, "-ERR this node is there");
}

/* ---- who takes its place ---- */

static void a_learner_takes_the_vote_by_the_same_entry(void **state)
{
    static const uint32_t nodes[] = {LEAD_SELF, LEAD_OTHER, LEAD_SPARE};
    struct lead *lead = *state;

    lead_add_peer(lead, LEAD_SPARE);
    lead_lists(lead, 3, nodes);
    asks(lead, LEAD_GONE);
    lead_acknowledges(lead, LEAD_SELF, LEAD_LAST + 1);
    lead_acknowledges(lead, LEAD_OTHER, LEAD_LAST + 1);
    lead_acknowledges(lead, LEAD_SPARE, LEAD_LAST + 1);
    lead_commits(lead);
    lead_settles(lead);
    assert_int_equal(lead->core.config.count, 3);
    assert_false(lead_votes(lead, LEAD_GONE));
    assert_true(lead_votes(lead, LEAD_SPARE));
}

/* The others have acknowledged the fresh entry; the learner has not yet. */
static void waits_for_a_learner(struct lead *lead)
{
    static const uint32_t nodes[] = {LEAD_SELF, LEAD_OTHER, LEAD_SPARE};

    lead_add_peer(lead, LEAD_SPARE);
    lead_lists(lead, 3, nodes);
    asks(lead, LEAD_GONE);
    lead_acknowledges(lead, LEAD_SELF, LEAD_LAST + 1);
    lead_acknowledges(lead, LEAD_OTHER, LEAD_LAST + 1);
    lead_commits(lead);
    lead_settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    assert_false(lead->core.membership.pausing);
}

static void whose_word_comes_last(void **state)
{
    struct lead *lead = *state;

    waits_for_a_learner(lead);
    lead_acknowledges(lead, LEAD_SPARE, LEAD_LAST + 1);
    lead_settles(lead);
    assert_int_equal(lead->core.config.count, 3);
    assert_true(lead_votes(lead, LEAD_SPARE));
}

/* It hangs, or is far behind. */
static void who_misses_an_entry_is_waited_for_no_more(void **state)
{
    struct lead *lead = *state;

    waits_for_a_learner(lead);
    lead_passes(lead, LEAD_TIMEOUT_MS);
    lead_settles(lead);
    lead_acknowledges(lead, LEAD_SELF, LEAD_LAST + 2);
    lead_acknowledges(lead, LEAD_OTHER, LEAD_LAST + 2);
    lead_commits(lead);
    lead_settles(lead);
    assert_int_equal(lead->core.config.count, 2);
    assert_false(lead_votes(lead, LEAD_SPARE));
}

/* It hung once its vote was as good as given. */
static void nor_given_a_vote_without_all_of_the_log(void **state)
{
    struct lead *lead = *state;
    struct entry entry = {.kind = ENTRY_NOOP};

    waits_for_a_learner(lead);
    lead_acknowledges(lead, LEAD_SPARE, LEAD_LAST + 1);
    replicate_propose(&lead->core, &entry);
    lead_acknowledges(lead, LEAD_SELF, LEAD_LAST + 2);
    lead_acknowledges(lead, LEAD_OTHER, LEAD_LAST + 2);
    lead_commits(lead);
    lead_settles(lead);
    assert_int_equal(lead->core.config.seq, 1);
    lead_acknowledges(lead, LEAD_SPARE, LEAD_LAST + 2);
    lead_settles(lead);
    assert_true(lead_votes(lead, LEAD_SPARE));
}

/* ---- when the lead is lost ---- */

static void before_it_is_proposed_it_is_not_done(void **state)
{
    struct lead *lead = *state;

    asks(lead, LEAD_GONE);
    lead->core.view.epoch++; /* it leads again */
    lead_settles(lead);
    refuses(lead, "-ERR the lead has changed meanwhile");
    asks(lead, LEAD_GONE);
    removal_end(&lead->core);
    refuses(lead, "-ERR this replica does not serve; nothing was changed");
}

static void proposes(struct lead *lead)
{
    asks(lead, LEAD_GONE);
    lead_acknowledges(lead, LEAD_SELF, LEAD_LAST + 1);
    lead_acknowledges(lead, LEAD_OTHER, LEAD_LAST + 1);
    lead_commits(lead);
    lead_settles(lead);
    assert_int_equal(lead->core.config.seq, LEAD_LAST + 2);
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
    assert_int_equal(mark->node, LEAD_OTHER);
}

/* Two that are left vote anew: for the same leader, which goes on. */
static void a_new_epoch_of_the_same_leader_is_waited_for(void **state)
{
    struct lead *lead = *state;

    proposes(lead);
    lead_commits(lead);
    lead_settles(lead);
    assert_int_equal(lead_last(lead), LEAD_LAST + 3);
    lead->core.role = CORE_ROLE_VOTED;
    lead_settles(lead);
    assert_null(answer_of(lead));
    lead->core.view.epoch++;
    lead->core.role = CORE_ROLE_LEADER;
    lead_commits(lead);
    lead_settles(lead);
    assert_null(answer_of(lead));
    assert_int_equal(lead_last(lead), LEAD_LAST + 4);
    lead_commits(lead);
    lead_settles(lead);
    says(lead, OUTCOME_OK, "+OK\r\n");
}

static void of_another_leader_it_is_unknown(void **state)
{
    struct lead *lead = *state;

    proposes(lead);
    lead->core.role = CORE_ROLE_FOLLOWER;
    lead_settles(lead);
    says(lead, OUTCOME_UNKNOWN, "-UNKNOWN ");
}

/* A short write_timeout would not let anybody be silent for long enough. */
static void there_is_time_to_be_sure(void **state)
{
    struct lead *lead = *state;

    lead->core.options.write_timeout_ns = 100 * STATE_MS;
    asks(lead, LEAD_GONE);
    lead_passes(lead, 5 * LEAD_TIMEOUT_MS - 1);
    lead_settles(lead);
    assert_null(answer_of(lead));
    lead_passes(lead, 5 * LEAD_TIMEOUT_MS);
    lead_settles(lead);
    refuses(lead, "-ERR the voters that would be left do not acknowledge");
}

static void so_it_is_when_the_time_is_over(void **state)
{
    struct lead *lead = *state;

    proposes(lead);
    lead_passes(lead, LEAD_WRITE_MS - 1);
    lead_settles(lead);
    assert_null(answer_of(lead));
    lead_passes(lead, LEAD_WRITE_MS);
    lead_settles(lead);
    says(lead, OUTCOME_UNKNOWN, "-UNKNOWN ");
}

#define WITH_LEAD(test)                                                        \
    cmocka_unit_test_setup_teardown(test, lead_begins, lead_ends)

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
        WITH_LEAD(before_it_is_proposed_it_is_not_done),
        WITH_LEAD(two_that_are_left_are_a_pair),
        WITH_LEAD(a_new_epoch_of_the_same_leader_is_waited_for),
        WITH_LEAD(of_another_leader_it_is_unknown),
        WITH_LEAD(there_is_time_to_be_sure),
        WITH_LEAD(so_it_is_when_the_time_is_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
