#include <string.h>

#include "daemon/core/peers.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

static const struct core_member members[] = {{1, 100}, {2, 100}, {3, 100}};

/* What replica `who` of node `node` says in its run `run`, from pid 100. */
static struct peer *hear(struct peers *peers, uint8_t who, uint32_t node,
                         uint64_t run)
{
    struct message message = {
        .type = WIRE_HELLO,
        .node = node,
        .sender = sample_uuid(who),
        .run = run,
    };
    struct core_member from = {node, 100};

    return peers_hear(peers, &message, from, 1);
}

static struct peer *find(const struct peers *peers, uint8_t who)
{
    struct uuid uuid = sample_uuid(who);

    return peers_find(peers, &uuid);
}

static void rows_are_made_once(void **state)
{
    static const struct peer zero = {0};
    struct peers peers = {0};

    (void)state;
    for (uint8_t who = 1; who <= 50; who++) {
        struct uuid uuid = sample_uuid(who);
        assert_null(peers_find(&peers, &uuid));
        struct peer *peer = peers_row(&peers, &uuid);
        assert_ptr_equal(peers_find(&peers, &uuid), peer);
        assert_true(uuid_equal(&peer->uuid, &uuid));
        struct peer kept = *peer;
        memset(&kept.uuid, 0, sizeof kept.uuid);
        assert_memory_equal(&kept, &zero, sizeof kept);
        peer->ack_seq = 1000u + who;
    }
    for (uint8_t who = 50; who >= 1; who--) {
        struct uuid uuid = sample_uuid(who);
        assert_int_equal(peers_row(&peers, &uuid)->ack_seq, 1000 + who);
    }
    assert_int_equal(peers.count, 50);
    peers_free(&peers);
    assert_int_equal(peers.count, 0);
    assert_null(peers.list);
}

static void hearing_fills_the_row(void **state)
{
    struct peers peers = {0};

    (void)state;
    peers_set_members(&peers, members, 2);
    struct peer *peer = hear(&peers, 2, 2, 7);
    assert_non_null(peer);
    assert_ptr_equal(peer, find(&peers, 2));
    assert_int_equal(peer->node, 2);
    assert_int_equal(peer->run, 7);
    assert_int_equal(peer->member.node, 2);
    assert_int_equal(peer->member.pid, 100);
    assert_true(peer->present);
    assert_false(hear(&peers, 3, 3, 7)->present);
    peers_free(&peers);
}

static void older_runs_are_not_heard(void **state)
{
    struct peers peers = {0};

    (void)state;
    peers_set_members(&peers, members, 3);
    hear(&peers, 1, 1, 7)->hello = true;
    struct peer before = *find(&peers, 1);
    assert_null(hear(&peers, 1, 3, 6));
    assert_null(hear(&peers, 1, 3, 0));
    assert_memory_equal(find(&peers, 1), &before, sizeof before);
    assert_true(hear(&peers, 1, 1, 7)->hello);
    struct peer *peer = hear(&peers, 1, 1, 8);
    assert_int_equal(peer->run, 8);
    assert_false(peer->hello);
    assert_null(hear(&peers, 1, 1, 7));
    peers_free(&peers);
}

/* A node has one replica: when one speaks, any other of it is gone. */
static void a_new_replica_supersedes_its_nodes_old_one(void **state)
{
    struct peers peers = {0};

    (void)state;
    peers_set_members(&peers, members, 3);
    hear(&peers, 1, 1, 7)->hello = true;
    hear(&peers, 2, 2, 7)->hello = true;
    hear(&peers, 9, 1, 1)->hello = true;
    assert_false(find(&peers, 1)->present);
    assert_false(find(&peers, 1)->hello);
    assert_true(find(&peers, 2)->present);
    assert_true(find(&peers, 2)->hello);
    assert_true(find(&peers, 9)->present);
    assert_true(find(&peers, 9)->hello);
    assert_int_equal(peers.count, 3);
    /* Nor does a new list with its pid bring it back. */
    peers_set_members(&peers, members, 3);
    assert_false(find(&peers, 1)->present);
    assert_true(find(&peers, 9)->present);
    peers_free(&peers);
}

/* A late word of a process that has left changes nothing for who is there. */
static void who_is_not_there_supersedes_nobody(void **state)
{
    static const struct core_member later[] = {{1, 101}, {2, 100}};
    struct message message = {.type = WIRE_HELLO, .node = 1, .run = 1};
    struct peers peers = {0};

    (void)state;
    peers_set_members(&peers, later, 2);
    message.sender = sample_uuid(9);
    peers_hear(&peers, &message, later[0], 1)->hello = true;
    hear(&peers, 1, 1, 7); /* from pid 100 */
    assert_false(find(&peers, 1)->present);
    assert_true(find(&peers, 9)->present);
    assert_true(find(&peers, 9)->hello);
    peers_free(&peers);
}

static void who_left_is_not_present(void **state)
{
    static const struct core_member later[] = {{3, 100}, {1, 101}, {2, 100}};
    struct peers peers = {0};

    (void)state;
    peers_set_members(&peers, members, 3);
    for (uint8_t who = 1; who <= 3; who++)
        hear(&peers, who, who, 7)->hello = true;
    peers_set_members(&peers, later, 3); /* node 1 is back as another process */
    for (uint8_t who = 1; who <= 3; who++) {
        assert_int_equal(find(&peers, who)->present, who != 1);
        assert_int_equal(find(&peers, who)->hello, who != 1);
    }
    peers_set_members(&peers, NULL, 0);
    for (uint8_t who = 1; who <= 3; who++) {
        assert_non_null(find(&peers, who));
        assert_false(find(&peers, who)->present);
        assert_false(find(&peers, who)->hello);
    }
    assert_int_equal(peers.member_count, 0);
    peers_set_members(&peers, members, 3);
    assert_true(find(&peers, 1)->present);
    assert_false(find(&peers, 1)->hello);
    peers_free(&peers);
}

static void a_new_view_forgets_what_was_said_in_the_old(void **state)
{
    struct peers peers = {0};

    (void)state;
    peers_set_members(&peers, members, 3);
    for (uint8_t who = 1; who <= 3; who++) {
        struct peer *peer = hear(&peers, who, who, 7);
        peer->hello = true;
        peer->ack_epoch = peer->ack_seq = peer->ready_epoch = 5;
        peer->answer_id = peer->answer_seq = 5;
        peer->promised = 5;
    }
    peers_forget_view(&peers);
    for (uint8_t who = 1; who <= 3; who++) {
        const struct peer *peer = find(&peers, who);
        assert_false(peer->hello);
        assert_int_equal(peer->ack_epoch + peer->ack_seq, 0);
        assert_int_equal(peer->ready_epoch, 0);
        assert_int_equal(peer->answer_id + peer->answer_seq, 0);
        assert_int_equal(peer->run, 7);
        assert_int_equal(peer->promised, 5);
        assert_true(peer->present);
    }
    peers_free(&peers);
}

static bool acked(const struct peer *peer, uint64_t seq)
{
    return peer->ack_seq >= seq;
}

/* Of `count` voters the first `passing` have acknowledged; replicas that do
 * not vote have too, and are not counted. */
static bool majority(unsigned count, unsigned passing)
{
    struct config config = {0};
    struct peers peers = {0};

    for (uint8_t i = 1; i <= count; i++) {
        struct uuid uuid = sample_uuid(i);
        assert_int_equal(config_add(&config, &uuid, i), 0);
        if (i <= passing)
            peers_row(&peers, &uuid)->ack_seq = 8;
        else if (i % 2 == 0)
            peers_row(&peers, &uuid)->ack_seq = 7;
    }
    for (uint8_t i = 100; i < 120; i++) {
        struct uuid uuid = sample_uuid(i);
        peers_row(&peers, &uuid)->ack_seq = 8;
    }
    bool passed = peers_majority(&peers, &config, acked, 8);
    peers_free(&peers);
    return passed;
}

static void majority_is_of_the_voters(void **state)
{
    (void)state;
    assert_false(majority(0, 0));
    for (unsigned count = 1; count <= CONFIG_MAX; count++) {
        for (unsigned passing = 0; passing <= count; passing++)
            assert_int_equal(majority(count, passing), passing > count / 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_made_once),
        cmocka_unit_test(hearing_fills_the_row),
        cmocka_unit_test(older_runs_are_not_heard),
        cmocka_unit_test(a_new_replica_supersedes_its_nodes_old_one),
        cmocka_unit_test(who_is_not_there_supersedes_nobody),
        cmocka_unit_test(who_left_is_not_present),
        cmocka_unit_test(a_new_view_forgets_what_was_said_in_the_old),
        cmocka_unit_test(majority_is_of_the_voters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
