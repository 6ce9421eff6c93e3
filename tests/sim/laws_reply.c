/* laws_reply: what clients are told. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/laws.h"
#include "tests/sim/operator.h"
#include "tests/sim/world.h"

static bool text_is(const char *text, size_t len, const uint8_t *data,
                    size_t data_len)
{
    return len == data_len && memcmp(text, data, len) == 0;
}

/* The RESP text of a key's value after `seq`. */
static size_t expected_value(struct world *world, unsigned key, uint64_t seq,
                             char *text, size_t room)
{
    const struct ledger_version *version =
        ledger_value(&world->ledger, key, seq);
    char value[CLIENTS_VALUE_MAX];
    size_t len;
    int head;

    if (version == NULL)
        return (size_t)snprintf(text, room, "$-1\r\n");
    if (version->op != 0) {
        len = clients_value(&world->clients,
                            clients_op(&world->clients, version->op), value);
    } else {
        len =
            (size_t)snprintf(value, sizeof value, "%" PRId64, version->number);
    }
    head = snprintf(text, room, "$%zu\r\n", len);
    memcpy(text + head, value, len);
    memcpy(text + (size_t)head + len, "\r\n", 2);
    return (size_t)head + len + 2;
}

static void check_read(struct world *world, const struct op *op,
                       const struct effect *effect, const uint8_t *data)
{
    char text[CLIENTS_VALUE_MAX + 64];
    size_t len;

    world->totals.reads++;
    if (effect->seq > world->ledger.last) {
        verdict_fail(&world->verdict, "fresh-read",
                     "a read saw %" PRIu64 ", which nobody committed",
                     effect->seq);
        return;
    }
    if (op->kind == OP_GET && effect->seq < op->acked_before)
        verdict_fail(&world->verdict, "fresh-read",
                     "n%u answers a read at %" PRIu64 ", but %" PRIu64
                     " had been acknowledged before it",
                     op->node + 1, effect->seq, op->acked_before);
    len = expected_value(world, op->key, effect->seq, text, sizeof text);
    if (!text_is(text, len, data, effect->data_len))
        verdict_fail(&world->verdict, "fresh-read",
                     "n%u answers a read at %" PRIu64
                     " with another value than "
                     "there is",
                     op->node + 1, effect->seq);
}

static void check_order(struct world *world, const struct op *op, uint64_t seq)
{
    struct session_state *session = &world->clients.sessions[op->session];

    if ((op->number > session->answered_number) !=
            (seq > session->answered_seq) &&
        session->answered_number != 0)
        verdict_fail(&world->verdict, "session-order",
                     "session %u: write %u is entry %" PRIu64 ", write %u is "
                     "entry %" PRIu64,
                     op->session, op->number, seq, session->answered_number,
                     session->answered_seq);
    session->answered_number = op->number;
    session->answered_seq = seq;
}

/* Its place must be this client's own write, in effect, with that answer. */
static void check_write(struct world *world, const struct op *op,
                        const struct effect *effect, const uint8_t *data)
{
    uint64_t request = (uint64_t)(op - world->clients.ops) + 1;
    struct ledger_entry *at;
    char text[48];
    int len;

    if (ledger_at(&world->ledger, effect->seq) == NULL) {
        verdict_fail(&world->verdict, "durable",
                     "request %" PRIu64 " is acknowledged at %" PRIu64
                     ", which "
                     "nobody committed",
                     request, effect->seq);
        return;
    }
    at = &world->ledger.entries[effect->seq];
    if (at->kind != ENTRY_WRITE || at->key != op->key ||
        (op->kind != OP_INCR && at->op != request) ||
        (op->kind == OP_INCR && at->claimed)) {
        verdict_fail(&world->verdict, "once",
                     "request %" PRIu64 " is acknowledged at %" PRIu64
                     ", which "
                     "is another write",
                     request, effect->seq);
        return;
    }
    at->claimed = true;
    if (!at->effective)
        verdict_fail(&world->verdict, "stale-primary",
                     "n%u acknowledged a write at %" PRIu64
                     " under a promotion "
                     "revoked before it",
                     op->node + 1, effect->seq);
    len = op->kind == OP_INCR
              ? snprintf(text, sizeof text, ":%" PRId64 "\r\n", at->number)
              : snprintf(text, sizeof text, "+OK\r\n");
    if (!text_is(text, (size_t)len, data, effect->data_len))
        verdict_fail(&world->verdict, "once",
                     "request %" PRIu64 " got another answer than the model's "
                     "%.*s",
                     request, len - 2, text);
    check_order(world, op, effect->seq);
    world->totals.acked_writes++;
    if (effect->seq > world->laws.acked_seq)
        world->laws.acked_seq = effect->seq;
}

static void check_refused(struct world *world, const struct op *op)
{
    const struct session_state *session;

    if (op->kind >= OP_PROMOTE)
        return;
    world->totals.refused++;
    session = &world->clients.sessions[op->session];
    if (op->effects > 0 ||
        session->counted > session->incr_ok + session->incr_maybe)
        verdict_fail(&world->verdict, "refused-applied",
                     "n%u refused a write that had taken effect", op->node + 1);
}

/* An earlier PROMOTE may still be out, and serves the newest request too. */
void laws_on_promote(struct node *node)
{
    if (node->laws.promote_from == 0)
        node->laws.promote_from = node->status.applied_seq + 1;
}

static void check_promotion(struct world *world, struct node *node,
                            const struct effect *effect, const uint8_t *data)
{
    static const char other[] = "-ERR another promotion came first\r\n";
    uint64_t from = node->laws.promote_from;

    if (effect->outcome == OUTCOME_REFUSED &&
        !text_is(other, sizeof other - 1, data, effect->data_len))
        return;
    node->laws.promote_from = 0;
    if (effect->outcome == OUTCOME_REFUSED && !node->tampered &&
        ledger_last_token(&world->ledger, node->status.applied_seq) < from)
        verdict_fail(&world->verdict, "promotion",
                     "n%u calls its promotion void, but none was granted since "
                     "%" PRIu64 ", before it was asked for",
                     node->id, from - 1);
}

/* A group that was left behind does nothing for anybody any more; a local read
 * may be of any time. */
static void foreign_reply(struct world *world, const struct node *node,
                          struct op *op, const struct effect *effect)
{
    if (effect->outcome == OUTCOME_OK && op->kind < OP_PROMOTE &&
        op->kind != OP_GET_LOCAL)
        verdict_fail(&world->verdict, "beside",
                     "n%u answers beside the group that was forced out of its "
                     "own",
                     node->id);
    clients_settle(&world->clients, op,
                   effect->outcome == OUTCOME_OK        ? OP_OK
                   : effect->outcome == OUTCOME_REFUSED ? OP_REFUSED
                                                        : OP_UNKNOWN);
}

void laws_on_reply(struct world *world, struct node *node,
                   const struct effect *effect, const uint8_t *data)
{
    struct op *op = clients_op(&world->clients, effect->request);

    if (op == NULL || op->state != OP_OPEN || op->node != node->index ||
        op->life != node->life) {
        verdict_fail(&world->verdict, "reply-once",
                     "n%u answers request %" PRIu64 ", which is not open there",
                     node->id, effect->request);
        return;
    }
    if (operator_is_foreign(world, node)) {
        foreign_reply(world, node, op, effect);
        return;
    }
    if (op->kind == OP_PROMOTE)
        check_promotion(world, node, effect, data);
    if (op->kind == OP_REMOVE)
        laws_on_removal(world, op, effect->outcome);
    switch (effect->outcome) {
    case OUTCOME_OK:
        clients_settle(&world->clients, op, OP_OK);
        op->seq = effect->seq;
        if (op->kind == OP_GET || op->kind == OP_GET_LOCAL)
            check_read(world, op, effect, data);
        else if (op->kind < OP_PROMOTE)
            check_write(world, op, effect, data);
        break;
    case OUTCOME_REFUSED:
        clients_settle(&world->clients, op, OP_REFUSED);
        check_refused(world, op);
        break;
    case OUTCOME_UNKNOWN:
        clients_settle(&world->clients, op, OP_UNKNOWN);
        world->totals.unknowns++;
        break;
    }
}
