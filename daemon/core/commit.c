#include "daemon/core/commit.h"

#include <stdlib.h>

#include "daemon/core/forward.h"
#include "daemon/core/gate.h"
#include "daemon/core/transfer.h"
#include "daemon/core/view.h"

/* ---- acknowledgement ---- */

static void commit_acknowledge(struct core *core)
{
    struct replicate *replicate = &core->replicate;
    struct log_point point;

    if (!core->quorate || core->stored_op < core->view.promise_op ||
        replicate->ack_flight)
        return;
    uint64_t durable = log_durable(&core->log, core->stored_op);
    uint64_t seq =
        durable < replicate->matched_seq ? durable : replicate->matched_seq;
    if (seq <= replicate->ack_seq || !log_point_at(&core->log, seq, &point))
        return;
    struct message message = core_message(core, WIRE_ACK, core->view.epoch);
    message.point = point;
    core_multicast(core, &message);
    replicate->ack_seq = seq;
    replicate->ack_flight = true;
    struct peer *self = peers_row(&core->peers, &core->uuid);
    self->ack_epoch = core->view.epoch;
    self->ack_seq = seq;
}

void commit_on_ack(struct core *core, const struct message *message,
                   struct peer *peer)
{
    struct log_point own;

    if ((core->role != CORE_ROLE_LEADER && core->role != CORE_ROLE_FOLLOWER) ||
        message->epoch != core->view.epoch)
        return;
    if (core_is_me(core, &message->sender)) {
        core->replicate.ack_flight = false;
        return;
    }
    /* Where both logs are known equal to the leader's they are equal to each
     * other; an ACK that says otherwise is counted for nothing. */
    if (message->point.seq <= core->replicate.matched_seq &&
        log_point_at(&core->log, message->point.seq, &own) &&
        own.hash != message->point.hash)
        return;
    if (peer->ack_epoch != message->epoch) {
        peer->ack_epoch = message->epoch;
        peer->ack_seq = 0;
    }
    if (message->point.seq > peer->ack_seq)
        peer->ack_seq = message->point.seq;
}

/* ---- commit ---- */

static int seq_descending(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;

    return *left > *right ? -1 : *left < *right;
}

/* The highest sequence that a majority of `config` acknowledged in this epoch. */
static uint64_t commit_covered(const struct core *core,
                               const struct config *config)
{
    uint64_t seqs[CONFIG_MAX] = {0};

    for (unsigned i = 0; i < config->count; i++) {
        const struct peer *peer =
            peers_find(&core->peers, &config->voters[i].uuid);
        if (peer != NULL && peer->ack_epoch == core->view.epoch)
            seqs[i] = peer->ack_seq;
    }
    qsort(seqs, config->count, sizeof(seqs[0]), seq_descending);
    return config->count == 0 ? 0 : seqs[config_majority(config) - 1];
}

/* By the configuration in force at each entry: below a pending one the one
 * before alone, from it on both. Who leads alone commits alone the configuration
 * with which it began. */
static uint64_t commit_reached(const struct core *core)
{
    uint64_t reached = commit_covered(core, &core->committed);

    if (core->view.alone &&
        core->config.seq == log_epoch_first(&core->log, core->view.epoch))
        return commit_covered(core, &core->config);
    if (core->config.seq != core->committed.seq &&
        reached >= core->config.seq) {
        uint64_t both = commit_covered(core, &core->config);
        if (both < reached)
            reached = both;
        if (reached < core->config.seq)
            reached = core->config.seq - 1;
    }
    return reached;
}

static void commit_advance(struct core *core)
{
    const struct replicate *replicate = &core->replicate;
    uint64_t first = log_epoch_first(&core->log, core->view.epoch);
    uint64_t reached = commit_reached(core);

    if (first == 0 || reached < first)
        reached = 0;
    if (replicate->leader_commit > reached)
        reached = replicate->leader_commit;
    if (reached > replicate->matched_seq)
        reached = replicate->matched_seq;
    if (reached > core->commit_seq)
        core->commit_seq = reached;
    if (commit_knows_config(core) && core->config_op == 0)
        core->config_op = core_promise(core);
}

bool commit_knows_config(const struct core *core)
{
    return core->config.seq != core->committed.seq &&
           (core->commit_seq >= core->config.seq ||
            core->config_told == core->config.seq);
}

/* There is one committed configuration at a sequence, so whoever holds an equal
 * one there holds that one, whatever else its log has. */
void commit_on_settled(struct core *core, const struct config *config)
{
    if (config->seq != core->config.seq ||
        core->config.seq == core->committed.seq ||
        !config_equal(config, &core->config))
        return;
    core->config_told = config->seq;
    if (core->config_op == 0)
        core->config_op = core_promise(core);
}

void commit_on_stored(struct core *core)
{
    log_durable(&core->log, core->stored_op);
    if (core->config_op != 0 && core->stored_op >= core->config_op) {
        core->committed = core->config;
        core->config_op = 0;
    }
}

/* ---- apply ---- */

static void commit_apply(struct core *core)
{
    struct buf reply = {0};

    while (core->machine.at.seq < core->commit_seq) {
        const struct log_item *item =
            log_at(&core->log, core->machine.at.seq + 1);
        buf_reset(&reply);
        enum outcome outcome = machine_apply(&core->machine, item, &reply);
        core->transfer.applied_bytes += log_item_bytes(item);
        gate_on_applied(core, &item->entry);
        forward_on_applied(core, &item->entry, outcome, &reply);
    }
    buf_free(&reply);
    if (core->machine.mode != 0 && core->machine.mode != core->options.mode)
        core_refuse(core, "its mode is not the one the group was created with");
}

void commit_settle(struct core *core)
{
    commit_acknowledge(core);
    commit_advance(core);
    commit_apply(core);
    transfer_snapshot_due(core);
}
