#include "daemon/core/membership.h"

#include "tests/unit/lead.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

/* ---- one voter alone becomes two ---- */

/* A learner of another node has all of its log. */
static void one_voter_has_a_learner(struct lead *lead)
{
    static const uint32_t nodes[] = {LEAD_SELF, LEAD_OTHER};
    struct uuid other = sample_uuid(LEAD_OTHER), gone = sample_uuid(LEAD_GONE);

    config_remove(&lead->core.config, &other);
    config_remove(&lead->core.config, &gone);
    lead->core.committed = lead->core.config;
    lead->core.options.expected_voters = 2;
    lead_lists(lead, 2, nodes);
    lead_acknowledges(lead, LEAD_SELF, LEAD_LAST);
    lead_acknowledges(lead, LEAD_OTHER, LEAD_LAST);
    lead->from_ns = lead->core.now_ns;
    lead_settles(lead);
    assert_int_equal(lead_last(lead), LEAD_LAST + 1);
    assert_int_equal(lead->core.config.count, 1);
    lead_acknowledges(lead, LEAD_SELF, LEAD_LAST + 1);
    lead_commits(lead);
    lead_settles(lead);
    assert_int_equal(lead_last(lead), LEAD_LAST + 1);
}

static void one_becomes_two_by_a_new_word(void **state)
{
    struct lead *lead = *state;

    one_voter_has_a_learner(lead);
    lead_acknowledges(lead, LEAD_OTHER, LEAD_LAST + 1);
    lead_settles(lead);
    assert_int_equal(lead->core.config.count, 2);
    assert_true(lead_votes(lead, LEAD_OTHER));
}

/* This process was stopped meanwhile. */
static void not_by_an_old_one(void **state)
{
    struct lead *lead = *state;

    one_voter_has_a_learner(lead);
    lead_passes(lead, LEAD_TIMEOUT_MS);
    lead_acknowledges(lead, LEAD_OTHER, LEAD_LAST + 1);
    lead_settles(lead);
    assert_int_equal(lead->core.config.count, 1);
    assert_false(lead->core.membership.pausing);
    assert_int_equal(lead_last(lead), LEAD_LAST + 2);
    lead_acknowledges(lead, LEAD_SELF, LEAD_LAST + 2);
    lead_commits(lead);
    lead_settles(lead);
    assert_int_equal(lead->core.config.count, 1);
    lead_acknowledges(lead, LEAD_OTHER, LEAD_LAST + 2);
    lead_settles(lead);
    assert_int_equal(lead->core.config.count, 2);
}

/* It could not store the configuration either. */
static void nothing_is_said_with_a_full_disk(void **state)
{
    struct lead *lead = *state;

    one_voter_has_a_learner(lead);
    lead->core.full = "the disk is full";
    lead_acknowledges(lead, LEAD_OTHER, LEAD_LAST + 1);
    lead_passes(lead, LEAD_TIMEOUT_MS);
    lead_settles(lead);
    assert_int_equal(lead_last(lead), LEAD_LAST + 1);
    assert_int_equal(lead->core.config.count, 1);
}

#define WITH_LEAD(test)                                                        \
    cmocka_unit_test_setup_teardown(test, lead_begins, lead_ends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LEAD(one_becomes_two_by_a_new_word),
        WITH_LEAD(not_by_an_old_one),
        WITH_LEAD(nothing_is_said_with_a_full_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
