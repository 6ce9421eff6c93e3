#include "daemon/core/gate.h"

#include "daemon/core/forward.h"
#include "daemon/core/handover.h"
#include "daemon/core/log.h"
#include "daemon/core/rival.h"

static void gate_answer(struct core *core, enum outcome outcome,
                        const char *text)
{
    if (!core->gate.has_request)
        return;
    core->gate.has_request = false;
    core_reply_text(core, core->gate.request, outcome, text);
}

void gate_promote(struct core *core, uint64_t request)
{
    struct gate *gate = &core->gate;

    /* An action that ran out of time is repeated: the newest one is waited for,
     * and the PROMOTE that is out, if any, serves it too. */
    gate_answer(core, OUTCOME_REFUSED, "-ERR asked for again\r\n");
    gate->request = request;
    gate->has_request = true;
    gate->wanted = true;
    gate->replaced = false;
    if (gate->token != 0)
        gate_answer(core, OUTCOME_OK, "+OK\r\n");
}

void gate_demote(struct core *core)
{
    struct gate *gate = &core->gate;

    gate->wanted = false;
    gate->replaced = false;
    if (gate->token != 0)
        gate->revoke = gate->token;
    gate->token = 0;
    gate_answer(core, OUTCOME_REFUSED, "-ERR demoted meanwhile\r\n");
}

static void gate_lose(struct core *core)
{
    core->gate.token = 0;
    core->gate.wanted = false;
}

/* The log says that it is not promoted; Pacemaker may not know. */
static void gate_replace(struct core *core)
{
    gate_lose(core);
    core->gate.replaced = true;
}

void gate_on_applied(struct core *core, const struct entry *entry)
{
    struct gate *gate = &core->gate;

    if (entry->kind != ENTRY_PROMOTE && entry->kind != ENTRY_DEMOTE)
        return;
    if (gate->token != 0 &&
        !promotions_valid(&core->machine.promotions, gate->token))
        gate_replace(core);
}

void gate_on_result(struct core *core, const struct entry *entry,
                    enum outcome outcome)
{
    struct gate *gate = &core->gate;

    gate->busy = false;
    if (entry->kind == ENTRY_DEMOTE)
        return;
    if (outcome != OUTCOME_OK) {
        gate_lose(core);
        gate_answer(core, OUTCOME_REFUSED,
                    "-ERR another promotion came first\r\n");
        return;
    }
    core->counters.promotions++;
    if (!gate->wanted) {
        gate->revoke = entry->seq;
        return;
    }
    gate->token = entry->seq;
    gate_answer(core, OUTCOME_OK, "+OK\r\n");
}

void gate_on_installed(struct core *core)
{
    struct gate *gate = &core->gate;
    const struct promotion *own =
        promotions_of(&core->machine.promotions, &core->uuid);
    bool ours = own != NULL && own->run == core->run;

    /* With nothing of ours unanswered, our PROMOTE or DEMOTE was in what the
     * snapshot covers. */
    if (core->forward.count == 0)
        gate->busy = false;
    if (gate->token != 0 && (!ours || own->token != gate->token))
        gate_replace(core);
    if (gate->token != 0 || !ours || gate->busy)
        return;
    if (gate->wanted) {
        gate->token = own->token;
        gate_answer(core, OUTCOME_OK, "+OK\r\n");
    } else {
        gate->revoke = own->token;
    }
}

void gate_end(struct core *core, enum outcome outcome, const char *text)
{
    struct gate *gate = &core->gate;

    gate_lose(core);
    gate->replaced = false;
    gate->revoke = 0;
    gate->busy = false;
    gate_answer(core, outcome, text);
}

static void gate_say_demote(struct core *core)
{
    struct buf payload = {0};

    buf_u64(&payload, core->gate.revoke);
    core->gate.revoke = 0;
    core->gate.busy = true;
    forward_office(core, ENTRY_DEMOTE, &payload);
    buf_free(&payload);
}

/* Only a state that has reached this view's first entry knows of the promotions
 * before it. */
static bool gate_is_current(const struct core *core)
{
    uint64_t first = log_epoch_first(&core->log, core->view.epoch);

    return first != 0 && core->machine.at.seq >= first &&
           core->replicate.matched_seq >= core->replicate.leader_seq;
}

static void gate_say_promote(struct core *core)
{
    struct buf payload = {0};
    struct promotion_request request = {
        .uuid = core->uuid,
        .run = core->run,
        .seen = core->machine.promotions.last,
    };

    promotion_request_encode(&payload, &request);
    core->gate.busy = true;
    forward_office(core, ENTRY_PROMOTE, &payload);
    buf_free(&payload);
}

/* Where waiting cannot help: the answer; else NULL. A full disk may keep it from
 * ever being current, or from hearing what became of a PROMOTE that is out; all
 * else may look different by then. */
static const char *gate_refuses(const struct core *core)
{
    if (handover_steps_aside(core))
        return "-ERR the disk of this replica is full\r\n";
    if (core->gate.busy || !gate_is_current(core))
        return NULL;
    if (!core_is_voter(core))
        return "-ERR this replica is a learner\r\n";
    if (rival_prevails(core))
        return "-ERR another group lives under this name\r\n";
    return NULL;
}

static bool gate_waits(const struct gate *gate)
{
    return gate->wanted && gate->token == 0;
}

void gate_settle(struct core *core)
{
    struct gate *gate = &core->gate;
    const char *refusal = gate_waits(gate) ? gate_refuses(core) : NULL;

    if (refusal != NULL) {
        gate_lose(core);
        gate_answer(core, OUTCOME_REFUSED, refusal);
    }
    if (gate->busy)
        return;
    if (gate->revoke != 0)
        gate_say_demote(core);
    else if (gate_waits(gate) && gate_is_current(core))
        gate_say_promote(core);
}
