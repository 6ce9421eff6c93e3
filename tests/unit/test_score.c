#include "daemon/core/score.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

enum { SELF = 1, OTHER = 2, THIRD = 3, PREFERENCE = 3 };
enum { RUN = 7, TOKEN = 40 };

static const uint64_t S = 1000 * STATE_MS;

/* ---- a core of which only this room's facts are true ---- */

struct offer {
    struct core core;
    struct effects effects;
};

static struct core_member member_of(uint32_t node)
{
    return (struct core_member){.node = node, .pid = 100 + node};
}

static void add_peer(struct core *core, uint8_t number)
{
    struct uuid uuid = sample_uuid(number);
    struct peer *peer = peers_row(&core->peers, &uuid);

    peer->node = number;
    peer->run = RUN;
    peer->member = member_of(number);
    peer->present = true;
    config_add(&core->config, &uuid, number);
}

/* A follower that holds all, one of three voters, with a preference. */
static int begins(void **state)
{
    struct offer *offer = calloc(1, sizeof *offer);

    assert_non_null(offer);
    offer->core.effects = &offer->effects;
    offer->core.uuid = sample_uuid(SELF);
    offer->core.run = RUN;
    offer->core.role = CORE_ROLE_FOLLOWER;
    offer->core.connected = true;
    offer->core.quorate = true;
    offer->core.now_ns = 100 * S;
    offer->core.tuning.preference = PREFERENCE;
    offer->core.tuning.promoted_max = 1;
    offer->core.machine.promotions.exclusive = true;
    for (uint8_t number = SELF; number <= THIRD; number++)
        add_peer(&offer->core, number);
    *state = offer;
    return 0;
}

static int ends(void **state)
{
    struct offer *offer = *state;

    peers_free(&offer->core.peers);
    promotions_free(&offer->core.machine.promotions);
    effects_free(&offer->effects);
    free(offer);
    return 0;
}

/* Settled, the score is that; Pacemaker is told if it changed, else not. */
static void offers(struct offer *offer, int score)
{
    int before = offer->core.score.value;

    effects_reset(&offer->effects);
    score_settle(&offer->core, false);
    assert_int_equal(offer->core.score.value, score);
    assert_int_equal(offer->effects.count, before == score ? 0 : 1);
    if (before == score)
        return;
    assert_int_equal(offer->effects.list[0].kind, EFFECT_SET_SCORE);
    assert_int_equal(offer->effects.list[0].score, score);
}

static void promote(struct offer *offer, uint8_t number, uint64_t token)
{
    struct promotions *promotions = &offer->core.machine.promotions;
    struct promotion_request request = {
        .uuid = sample_uuid(number),
        .run = RUN,
        .seen = promotions->last,
    };

    assert_true(promotions_grant(promotions, &request, token));
}

static struct peer *peer_of(struct offer *offer, uint8_t number)
{
    struct uuid uuid = sample_uuid(number);

    return peers_find(&offer->core.peers, &uuid);
}

/* CPG lists the nodes up to that one. */
static void lists(struct offer *offer, uint32_t last)
{
    struct core_member members[THIRD];

    for (uint32_t node = SELF; node <= last; node++)
        members[node - SELF] = member_of(node);
    peers_set_members(&offer->core.peers, members, last);
}

/* ---- who is offered ---- */

static void only_a_voter_is_offered(void **state)
{
    struct offer *offer = *state;
    struct uuid uuid = sample_uuid(SELF);

    config_remove(&offer->core.config, &uuid);
    offers(offer, 0);
    config_add(&offer->core.config, &uuid, SELF);
    offers(offer, SCORE_STANDING + PREFERENCE);
    offer->core.leaving = true;
    offers(offer, 0);
    offer->core.leaving = false;
    offers(offer, SCORE_STANDING + PREFERENCE);
    score_settle(&offer->core, true);
    assert_int_equal(offer->core.score.value, 0);
}

/* One of two voters is needed all the same: to promote another helps nobody. So
 * is one of three, when one of the others is gone. */
static void a_full_disk_is_not_offered(void **state)
{
    struct offer *offer = *state;
    struct uuid third = sample_uuid(THIRD);

    offers(offer, SCORE_STANDING + PREFERENCE);
    lists(offer, THIRD);
    offer->core.full = "the disk is full";
    offers(offer, 0);
    config_remove(&offer->core.config, &third);
    offer->core.role = CORE_ROLE_LEADER;
    offers(offer, SCORE_STANDING + PREFERENCE);
    config_add(&offer->core.config, &third, THIRD);
    offers(offer, 0);
    lists(offer, OTHER);
    offers(offer, SCORE_STANDING + PREFERENCE);
    lists(offer, THIRD);
    offers(offer, 0);
    peer_of(offer, OTHER)->leaving = true;
    offers(offer, SCORE_STANDING + PREFERENCE);
    peer_of(offer, OTHER)->leaving = false;
    offers(offer, 0);
    peer_of(offer, OTHER)->full = true;
    offers(offer, 0); /* it said so long ago */
    peer_of(offer, OTHER)->hello_ns = offer->core.now_ns;
    offers(offer, SCORE_STANDING + PREFERENCE);
    peer_of(offer, OTHER)->full = false;
    offers(offer, 0);
    offer->core.full = NULL;
    offers(offer, SCORE_STANDING + PREFERENCE);
}

/* So Pacemaker demotes it, also when it never heard of that. */
static void a_replaced_one_is_not_offered(void **state)
{
    struct offer *offer = *state;

    offers(offer, SCORE_STANDING + PREFERENCE);
    offer->core.gate.replaced = true;
    offers(offer, 0);
    offer->core.role = CORE_ROLE_LEADER;
    offers(offer, 0);
    offer->core.gate.replaced = false;
    offers(offer, SCORE_STANDING + PREFERENCE);
}

static void an_offer_stands_without_a_leader(void **state)
{
    struct offer *offer = *state;

    offer->core.role = CORE_ROLE_WAITING;
    offers(offer, 0);
    offer->core.role = CORE_ROLE_LEADER;
    offers(offer, SCORE_STANDING + PREFERENCE);
    offer->core.role = CORE_ROLE_WAITING;
    offers(offer, SCORE_STANDING + PREFERENCE);
    offer->core.role = CORE_ROLE_CANDIDATE;
    offers(offer, SCORE_STANDING + PREFERENCE);
}

static void a_laggard_is_not_offered(void **state)
{
    struct offer *offer = *state;

    offer->core.replicate.leader_seq = 100;
    offer->core.replicate.matched_seq = 99;
    offers(offer, 0); /* it has not been caught up yet */
    offer->core.replicate.matched_seq = 100;
    offers(offer, SCORE_STANDING + PREFERENCE);
    offer->core.replicate.leader_seq = 1000000;
    offers(offer, SCORE_STANDING + PREFERENCE); /* no limit */
    offer->core.tuning.maxlag = 10;
    offers(offer, 0);
    offer->core.replicate.matched_seq = 999990;
    offers(offer, 0); /* only all brings it back, so that it does not flap */
    offer->core.replicate.matched_seq = 1000000;
    offers(offer, SCORE_STANDING + PREFERENCE);
    offer->core.replicate.leader_seq = 1000010;
    offers(offer, SCORE_STANDING + PREFERENCE);
    offer->core.replicate.leader_seq = 1000011;
    offers(offer, 0);
}

static void nothing_compared_yet_is_no_lag(void **state)
{
    struct offer *offer = *state;

    offers(offer, SCORE_STANDING + PREFERENCE);
    offer->core.tuning.maxlag = 10;
    offer->core.commit_seq = 1000;
    offer->core.replicate.matched_seq = 0; /* a new view */
    offer->core.replicate.leader_seq = 1010;
    offers(offer, SCORE_STANDING + PREFERENCE);
    offer->core.replicate.leader_seq = 1011;
    offers(offer, 0);
}

/* ---- preference ---- */

static void preference_counts_while_nobody_is_promoted(void **state)
{
    struct offer *offer = *state;

    offers(offer, SCORE_STANDING + PREFERENCE);
    promote(offer, OTHER, TOKEN);
    offers(offer, SCORE_STANDING);
    peer_of(offer, OTHER)->present = false;
    offers(offer, SCORE_STANDING + PREFERENCE);
    peer_of(offer, OTHER)->present = true;
    offers(offer, SCORE_STANDING);
    peer_of(offer, OTHER)->run = RUN + 1; /* it started anew: not promoted */
    offers(offer, SCORE_STANDING + PREFERENCE);
    peer_of(offer, OTHER)->run = RUN;
    promotions_revoke(&offer->core.machine.promotions, TOKEN);
    offers(offer, SCORE_STANDING + PREFERENCE);
}

static void who_was_not_heard_yet_may_be_there(void **state)
{
    struct offer *offer = *state;
    struct core_member member = {.node = OTHER, .pid = 1};

    promote(offer, OTHER, TOKEN);
    peers_free(&offer->core.peers);
    offers(offer, SCORE_STANDING + PREFERENCE);
    peers_set_members(&offer->core.peers, &member, 1);
    offers(offer, SCORE_STANDING);
}

static void cut_off_it_does_not_know(void **state)
{
    struct offer *offer = *state;

    promote(offer, OTHER, TOKEN);
    offers(offer, SCORE_STANDING);
    offer->core.quorate = false;
    peer_of(offer, OTHER)->present = false;
    offers(offer, SCORE_STANDING);
    offer->core.quorate = true;
    offers(offer, SCORE_STANDING + PREFERENCE);
    offer->core.connected = false;
    peer_of(offer, OTHER)->present = true;
    offers(offer, SCORE_STANDING + PREFERENCE);
}

static void its_own_promotion_fills_the_place(void **state)
{
    struct offer *offer = *state;

    promote(offer, SELF, TOKEN);
    offer->core.gate.token = TOKEN;
    offers(offer, SCORE_STANDING);
    offer->core.gate.token = 0; /* demoted; its entry is still to come */
    offers(offer, SCORE_STANDING + PREFERENCE);
}

static void a_hot_group_has_more_places(void **state)
{
    struct offer *offer = *state;

    offer->core.machine.promotions.exclusive = false;
    offer->core.tuning.promoted_max = 2;
    promote(offer, OTHER, TOKEN);
    offers(offer, SCORE_STANDING + PREFERENCE);
    promote(offer, THIRD, TOKEN + 1);
    offers(offer, SCORE_STANDING);
    peer_of(offer, OTHER)->present = false;
    offers(offer, SCORE_STANDING + PREFERENCE);
}

static void failback_always_prefers_at_once(void **state)
{
    struct offer *offer = *state;

    offer->core.tuning.failback = CORE_FAILBACK_ALWAYS;
    promote(offer, OTHER, TOKEN);
    offers(offer, SCORE_STANDING + PREFERENCE);
    assert_int_equal(score_deadline(&offer->core), STATE_NEVER);
}

static void failback_delayed_prefers_later(void **state)
{
    struct offer *offer = *state;

    offer->core.tuning.failback = CORE_FAILBACK_DELAYED;
    offer->core.tuning.failback_delay_ns = 60 * S;
    promote(offer, OTHER, TOKEN);
    offers(offer, SCORE_STANDING);
    assert_int_equal(score_deadline(&offer->core), 160 * S);
    offer->core.now_ns = 160 * S - 1;
    offers(offer, SCORE_STANDING);
    offer->core.now_ns = 160 * S;
    offers(offer, SCORE_STANDING + PREFERENCE);
    assert_int_equal(score_deadline(&offer->core), STATE_NEVER);
    /* Not offered in between: it begins again. */
    offer->core.tuning.maxlag = 1;
    offer->core.replicate.leader_seq = 9;
    offers(offer, 0);
    offer->core.now_ns = 200 * S;
    offer->core.replicate.matched_seq = 9;
    offers(offer, SCORE_STANDING);
    assert_int_equal(score_deadline(&offer->core), 260 * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_a_voter_is_offered, begins, ends),
        cmocka_unit_test_setup_teardown(a_full_disk_is_not_offered, begins,
                                        ends),
        cmocka_unit_test_setup_teardown(a_replaced_one_is_not_offered, begins,
                                        ends),
        cmocka_unit_test_setup_teardown(an_offer_stands_without_a_leader,
                                        begins, ends),
        cmocka_unit_test_setup_teardown(a_laggard_is_not_offered, begins, ends),
        cmocka_unit_test_setup_teardown(nothing_compared_yet_is_no_lag, begins,
                                        ends),
        cmocka_unit_test_setup_teardown(who_was_not_heard_yet_may_be_there,
                                        begins, ends),
        cmocka_unit_test_setup_teardown(cut_off_it_does_not_know, begins, ends),
        cmocka_unit_test_setup_teardown(
            preference_counts_while_nobody_is_promoted, begins, ends),
        cmocka_unit_test_setup_teardown(its_own_promotion_fills_the_place,
                                        begins, ends),
        cmocka_unit_test_setup_teardown(a_hot_group_has_more_places, begins,
                                        ends),
        cmocka_unit_test_setup_teardown(failback_always_prefers_at_once, begins,
                                        ends),
        cmocka_unit_test_setup_teardown(failback_delayed_prefers_later, begins,
                                        ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
