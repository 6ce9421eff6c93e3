#include "daemon/core/gate.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

enum { SELF = 1, OTHER = 2, RUN = 7, TOKEN = 40 };

/* ---- a core of which only this room's facts are true ---- */

struct held {
    struct core core;
    struct effects effects;
};

static void grants(struct held *held, uint8_t number, uint64_t token)
{
    struct promotions *promotions = &held->core.machine.promotions;
    struct promotion_request request = {
        .uuid = sample_uuid(number),
        .run = RUN,
        .seen = promotions->last,
    };

    assert_true(promotions_grant(promotions, &request, token));
}

/* Our own PROMOTE was asked for, and is applied. */
static void is_promoted(struct held *held, uint64_t token)
{
    struct entry entry = {.kind = ENTRY_PROMOTE, .seq = token};

    gate_promote(&held->core, 1);
    grants(held, SELF, token);
    gate_on_applied(&held->core, &entry);
    gate_on_result(&held->core, &entry, OUTCOME_OK);
    assert_int_equal(held->core.gate.token, token);
}

/* One of a warm group, promoted. */
static int begins(void **state)
{
    struct held *held = calloc(1, sizeof *held);

    assert_non_null(held);
    held->core.effects = &held->effects;
    held->core.uuid = sample_uuid(SELF);
    held->core.run = RUN;
    held->core.why = "";
    held->core.machine.promotions.exclusive = true;
    is_promoted(held, TOKEN);
    *state = held;
    return 0;
}

static int ends(void **state)
{
    struct held *held = *state;

    promotions_free(&held->core.machine.promotions);
    effects_free(&held->effects);
    free(held);
    return 0;
}

static void another_is_promoted(struct held *held)
{
    struct entry entry = {.kind = ENTRY_PROMOTE, .seq = TOKEN + 1};

    grants(held, OTHER, entry.seq);
    gate_on_applied(&held->core, &entry);
}

/* Open, or why not. */
static void gate_is(const struct held *held, bool open, bool replaced)
{
    struct core_status status;

    core_status(&held->core, &status);
    assert_int_equal(status.open, open);
    assert_int_equal(status.replaced, replaced);
}

/* ---- who was replaced ---- */

static void another_promotion_replaces_it(void **state)
{
    struct held *held = *state;

    gate_is(held, true, false);
    another_is_promoted(held);
    gate_is(held, false, true);
    assert_false(held->core.gate.wanted); /* it does not strike back */
    gate_demote(&held->core);
    gate_is(held, false, false);
    assert_int_equal(held->core.gate.revoke, 0); /* the other's is not ours */
}

static void a_demotion_by_the_leader_replaces_it(void **state)
{
    struct held *held = *state;
    struct entry entry = {.kind = ENTRY_DEMOTE, .seq = TOKEN + 1};

    promotions_revoke(&held->core.machine.promotions, TOKEN);
    gate_on_applied(&held->core, &entry);
    gate_is(held, false, true);
    is_promoted(held, TOKEN + 2);
    gate_is(held, true, false);
}

static void a_snapshot_without_it_replaces_it(void **state)
{
    struct held *held = *state;

    gate_on_installed(&held->core);
    gate_is(held, true, false);
    grants(held, OTHER, TOKEN + 1);
    gate_on_installed(&held->core);
    gate_is(held, false, true);
}

/* Pacemaker has asked for it: it knows. */
static void the_demoted_was_not_replaced(void **state)
{
    struct held *held = *state;

    gate_demote(&held->core);
    another_is_promoted(held);
    gate_is(held, false, false);
}

static void nor_was_one_that_was_never_promoted(void **state)
{
    struct held *held = *state;
    struct entry own = {.kind = ENTRY_PROMOTE, .seq = TOKEN + 2};

    gate_demote(&held->core);
    gate_promote(&held->core, 2);
    another_is_promoted(held);
    gate_on_result(&held->core, &own, OUTCOME_REFUSED);
    gate_is(held, false, false);
}

/* With Corosync, Pacemaker ends as well, and begins with probes. */
static void nor_one_whose_run_has_ended(void **state)
{
    struct held *held = *state;

    another_is_promoted(held);
    gate_end(&held->core, OUTCOME_UNKNOWN, "-ERR Corosync is gone\r\n");
    gate_is(held, false, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(another_promotion_replaces_it, begins,
                                        ends),
        cmocka_unit_test_setup_teardown(a_demotion_by_the_leader_replaces_it,
                                        begins, ends),
        cmocka_unit_test_setup_teardown(a_snapshot_without_it_replaces_it,
                                        begins, ends),
        cmocka_unit_test_setup_teardown(the_demoted_was_not_replaced, begins,
                                        ends),
        cmocka_unit_test_setup_teardown(nor_was_one_that_was_never_promoted,
                                        begins, ends),
        cmocka_unit_test_setup_teardown(nor_one_whose_run_has_ended, begins,
                                        ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
