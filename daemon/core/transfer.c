#include "daemon/core/transfer.h"

#include <string.h>

#include "daemon/core/forward.h"
#include "daemon/core/gate.h"
#include "daemon/core/pair.h"
#include "daemon/core/view.h"

enum {
    TRANSFER_RETRY_MS = 200,   /* a donor is silent after this */
    TRANSFER_SERVED_MS = 2000, /* a snapshot asked for this lately is kept */
    TRANSFER_HELD_TIMES = 4,   /* … until the log is so many times too long */
    TRANSFER_DUE_PART = 2, /* log of a half of what the keys take: a snapshot */
    TRANSFER_KEEP_PART = 4 /* of a quarter: kept behind it */
};

static bool transfer_same(const struct log_point *a, const struct log_point *b)
{
    return a->epoch == b->epoch && a->seq == b->seq && a->hash == b->hash;
}

/* ---- the donor ---- */

void transfer_offer(struct core *core, const struct message *fetch)
{
    if (core->transfer.own.seq == 0)
        return;
    struct message message = core_message(core, WIRE_OFFER, core->view.epoch);
    message.to = fetch->sender;
    message.to_run = fetch->run;
    message.point = core->transfer.own;
    core_multicast(core, &message);
}

void transfer_on_pull(struct core *core, const struct message *message)
{
    struct transfer *transfer = &core->transfer;

    if (!core_is_me(core, &message->to) || transfer->own.seq == 0)
        return;
    bool same = transfer_same(&message->point, &transfer->own);
    struct effect *effect = effects_add(core->effects, EFFECT_READ);
    effect->seq = transfer->own.seq;
    effect->offset = same ? message->offset : 0;
    effect->length = core->options.chunk_bytes;
    transfer_serve(core);
}

void transfer_on_read_done(struct core *core, const struct core_event *event)
{
    if (core->role == CORE_ROLE_OFFLINE || event->u.read.seq == 0 ||
        event->u.read.seq != core->transfer.own.seq)
        return;
    struct message message =
        core_message(core, WIRE_CHUNK, core->view.promised);
    message.point = core->transfer.own;
    message.offset = event->u.read.offset;
    message.body = event->u.read.data;
    message.body_len = event->u.read.len;
    if (event->u.read.len < core->options.chunk_bytes)
        message.flags = WIRE_LAST;
    core_multicast(core, &message);
}

/* ---- our own snapshots ---- */

/* The more data there are, the longer the log: else all of them would be
 * written, or sent, for little. In memory it stays the smaller part. */
static size_t transfer_share(const struct core *core, size_t part, size_t least)
{
    size_t share = core->machine.keyspace.bytes / part;

    return share > least ? share : least;
}

static size_t transfer_due(const struct core *core)
{
    return transfer_share(core, TRANSFER_DUE_PART,
                          core->options.snapshot_bytes);
}

static bool transfer_log_is_long(const struct core *core, size_t times)
{
    return core->transfer.applied_bytes >= times * transfer_due(core);
}

void transfer_serve(struct core *core)
{
    core->transfer.served_ns = core->now_ns;
}

void transfer_snapshot_due(struct core *core)
{
    struct transfer *transfer = &core->transfer;
    bool asked_lately =
        transfer->served_ns != 0 &&
        core->now_ns < transfer->served_ns + TRANSFER_SERVED_MS * STATE_MS;

    /* The log has to be durable up to there, and an INSTALL too: a crash must
     * not leave a snapshot beside a log that the disk still has to change. So
     * has the promise: nor beside one of an earlier view. */
    if (core->stored_op < core->view.promise_op ||
        !transfer_log_is_long(core, 1) || transfer->taking.seq != 0 ||
        (asked_lately && !transfer_log_is_long(core, TRANSFER_HELD_TIMES)) ||
        log_durable(&core->log, core->stored_op) < core->machine.at.seq)
        return;
    transfer->taking = core->machine.at;
    transfer->applied_bytes = 0;
    effects_add(core->effects, EFFECT_SNAPSHOT)->seq = transfer->taking.seq;
}

/* The log goes up to the snapshot, but for its end: who was away briefly then
 * needs entries only. */
static void transfer_compact(struct core *core, uint64_t seq)
{
    size_t keep =
        transfer_share(core, TRANSFER_KEEP_PART, core->options.keep_bytes);
    size_t kept = 0;

    while (seq > core->log.base.seq) {
        kept += log_item_bytes(log_at(&core->log, seq));
        if (kept > keep)
            break;
        seq--;
    }
    if (seq == core->log.base.seq)
        return;
    log_compact(&core->log, seq);
    core_disk(core, EFFECT_COMPACT, NULL, 0)->seq = seq;
}

void transfer_on_snapshot_done(struct core *core,
                               const struct core_event *event)
{
    struct transfer *transfer = &core->transfer;
    struct log_point taken = transfer->taking;

    memset(&transfer->taking, 0, sizeof(transfer->taking));
    /* The log stays as long as it is: the next try comes after the least. */
    if (!event->u.snapshot.ok)
        transfer->applied_bytes +=
            transfer_due(core) - core->options.snapshot_bytes;
    if (!event->u.snapshot.ok || event->u.snapshot.seq != taken.seq)
        return;
    transfer->own = taken;
    core->counters.snapshots_taken++;
    transfer_compact(core, taken.seq);
}

/* ---- the receiver ---- */

static void transfer_want(struct core *core, const struct log_point *point)
{
    core->transfer.wanted = *point;
    buf_reset(&core->transfer.bytes);
}

void transfer_end(struct core *core)
{
    core->transfer.active = false;
    buf_reset(&core->transfer.bytes);
}

/* A log that holds the snapshot's place needs no snapshot, and must not lose
 * what it has acknowledged behind it: it learns that all is committed up to
 * there (Raft, section 7: "retain the suffix"). */
static bool transfer_is_held(struct core *core, const struct log_point *point)
{
    struct replicate *replicate = &core->replicate;
    struct log_point own;

    if (!log_point_at(&core->log, point->seq, &own) || own.hash != point->hash)
        return false;
    if (replicate->matched_seq < point->seq)
        replicate->matched_seq = point->seq;
    if (replicate->leader_commit < point->seq)
        replicate->leader_commit = point->seq;
    replicate->fetch_ns = core->now_ns;
    return true;
}

void transfer_on_offer(struct core *core, const struct message *message)
{
    struct transfer *transfer = &core->transfer;

    if (core->role != CORE_ROLE_FOLLOWER || !view_is_leader(core, message) ||
        !core_is_me(core, &message->to) || message->to_run != core->run ||
        message->point.seq <= core->commit_seq)
        return;
    if (transfer_is_held(core, &message->point))
        return;
    if (!transfer_same(&transfer->wanted, &message->point))
        transfer_want(core, &message->point);
    transfer->active = true;
    transfer->donor = message->sender;
    transfer->pull_ns = core->now_ns;
}

/* The next present replica after the donor; the donor itself if there is no
 * other. */
static void transfer_next_donor(struct core *core)
{
    const struct peers *peers = &core->peers;
    size_t at = 0;

    while (at < peers->count &&
           !uuid_equal(&peers->list[at].uuid, &core->transfer.donor))
        at++;
    for (size_t step = 1; step <= peers->count; step++) {
        const struct peer *peer = &peers->list[(at + step) % peers->count];
        if (peer->present && !core_is_me(core, &peer->uuid)) {
            core->transfer.donor = peer->uuid;
            return;
        }
    }
}

static void transfer_pull(struct core *core)
{
    struct transfer *transfer = &core->transfer;
    struct message message = core_message(core, WIRE_PULL, core->view.promised);

    message.to = transfer->donor;
    message.point = transfer->wanted;
    message.offset = transfer->bytes.len;
    core_multicast(core, &message);
    transfer->pull_ns = core->now_ns + TRANSFER_RETRY_MS * STATE_MS;
    transfer_next_donor(core); /* if this one stays silent */
}

static void transfer_install(struct core *core)
{
    struct transfer *transfer = &core->transfer;
    struct machine machine;

    int rc =
        machine_decode(&machine, transfer->bytes.data, transfer->bytes.len);
    if (rc != 0 || !uuid_equal(&machine.group, &core->group) ||
        !transfer_same(&machine.at, &transfer->wanted)) {
        if (rc == 0)
            machine_free(&machine);
        transfer_end(core);
        return;
    }
    if (machine.mode != core->options.mode) {
        machine_free(&machine);
        core_refuse(core, "its mode is not the one the group was created with");
        return;
    }
    if (transfer_is_held(core, &machine.at)) {
        machine_free(&machine);
        transfer_end(core);
        return;
    }
    bool first = log_last(&core->log).seq == 0;
    machine_free(&core->machine);
    core->machine = machine;
    core->commit_seq = machine.at.seq;
    core->config = machine.config;
    core->committed = machine.config;
    core->config_op = 0;
    pair_renew(core); /* the other voter may be another one now */
    core_disk(core, EFFECT_INSTALL, transfer->bytes.data, transfer->bytes.len)
        ->seq = machine.at.seq;
    log_reset(&core->log, &machine.at, core->op);
    if (first)
        core_hold(core);
    transfer->own = machine.at;
    transfer->applied_bytes = 0;
    core->replicate.matched_seq = machine.at.seq;
    core->replicate.fetch_ns = core->now_ns;
    core->counters.snapshots_installed++;
    transfer_end(core);
    forward_on_installed(core);
    gate_on_installed(core);
}

/* How long that many bytes may take at transfer_rate. */
static uint64_t transfer_pause_ns(const struct core *core, size_t bytes)
{
    if (core->options.transfer_rate == 0)
        return 0;
    return bytes * 1000 * STATE_MS / core->options.transfer_rate;
}

void transfer_on_chunk(struct core *core, const struct message *message)
{
    struct transfer *transfer = &core->transfer;

    /* What a later view has committed, this one's leader may not have. */
    if (!transfer->active || core->role != CORE_ROLE_FOLLOWER ||
        message->epoch > core->view.epoch)
        return;
    if (!transfer_same(&message->point, &transfer->wanted)) {
        if (message->offset != 0 || message->point.epoch > core->view.epoch ||
            message->point.seq <= transfer->wanted.seq)
            return;
        transfer_want(core, &message->point);
    }
    if (message->offset != transfer->bytes.len)
        return;
    buf_bytes(&transfer->bytes, message->body, message->body_len);
    transfer->donor = message->sender;
    transfer->pull_ns =
        core->now_ns + transfer_pause_ns(core, message->body_len);
    /* Not while our own is being written: it would replace the newer one. */
    if ((message->flags & WIRE_LAST) != 0) {
        if (transfer->taking.seq == 0)
            transfer_install(core);
        else
            transfer_want(core, &transfer->wanted);
    }
}

void transfer_settle(struct core *core)
{
    struct transfer *transfer = &core->transfer;

    if (!transfer->active || core->role != CORE_ROLE_FOLLOWER)
        return;
    if (transfer->wanted.seq <= core->commit_seq) {
        transfer_end(core);
        return;
    }
    if (core->now_ns >= transfer->pull_ns && transfer->taking.seq == 0)
        transfer_pull(core);
}

uint64_t transfer_deadline(const struct core *core)
{
    if (!core->transfer.active || core->role != CORE_ROLE_FOLLOWER ||
        core->transfer.taking.seq != 0)
        return STATE_NEVER;
    return core->transfer.pull_ns;
}
