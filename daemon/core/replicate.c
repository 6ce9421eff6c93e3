#include "daemon/core/replicate.h"

#include <assert.h>
#include <string.h>

#include "daemon/core/commit.h"
#include "daemon/core/pair.h"
#include "daemon/core/transfer.h"
#include "daemon/core/view.h"

/* A leader speaks this often within leader_timeout, so that one or two lost
 * messages are not silence. */
enum { REPLICATE_BEATS = 4 };

/* A wall clock beyond this (the year 36812) is not believed, so that sums with
 * expiries stay far from overflowing. */
#define REPLICATE_CLOCK_MAX_MS (1ull << 50)

static uint64_t replicate_beat_ns(const struct core *core)
{
    return core->options.leader_timeout_ns / REPLICATE_BEATS;
}

void replicate_reset(struct core *core)
{
    struct replicate *replicate = &core->replicate;

    replicate->flight_seq = 0;
    replicate->matched_seq = 0;
    replicate->leader_seq = 0;
    replicate->leader_commit = 0;
    replicate->gap = false;
    replicate->fetch_ns = 0;
    replicate->ack_seq = 0;
    replicate->ack_flight = false;
    core->membership.pausing = false;
    core->transfer.active = false; /* the next leader is asked first */
    sessions_free(&replicate->tail);
}

/* ---- the log and its configurations ---- */

static void replicate_take_config(struct core *core,
                                  const struct config *config)
{
    /* A configuration is proposed only when the one before is committed, so
     * the arrival of the next proves the one before. */
    if (core->config.seq != 0)
        core->committed = core->config;
    else
        core->committed = *config;
    core->config = *config;
    core->config_op = 0;
    pair_renew(core);
}

void replicate_store(struct core *core, const uint8_t *bytes, size_t len)
{
    bool first = log_last(&core->log).seq == 0;
    struct config config;

    struct effect *effect = core_disk(core, EFFECT_APPEND, bytes, len);
    const struct log_item *item =
        log_append(&core->log, bytes, len, effect->op);
    effect->seq = item->entry.seq;
    effect->hash = item->hash;
    if (machine_config_of(&item->entry, &config))
        replicate_take_config(core, &config);
    if (core_is_me(core, &item->entry.origin) && item->entry.run == core->run &&
        item->entry.number > core->forward.seen_number)
        core->forward.seen_number = item->entry.number;
    if (first)
        core_hold(core);
}

static void replicate_cut(struct core *core, uint64_t seq)
{
    log_cut(&core->log, seq);
    core_disk(core, EFFECT_TRUNCATE, NULL, 0)->seq = seq;
    core->counters.truncations++;
    core->forward.seen_number = 0;
    if (core->config.seq >= seq) {
        core->config = core->committed;
        core->config_op = 0;
        pair_renew(core); /* the other voter may be another one now */
    }
}

/* ---- the leader ---- */

uint64_t replicate_clock_ms(const struct core *core)
{
    const struct replicate *replicate = &core->replicate;

    return replicate->clock_base_ms +
           (core->now_ns - replicate->clock_from_ns) / STATE_MS;
}

uint64_t replicate_propose(struct core *core, const struct entry *entry)
{
    struct entry numbered = *entry;
    struct buf encoded = {0};

    numbered.epoch = core->view.epoch;
    numbered.seq = log_last(&core->log).seq + 1;
    numbered.clock_ms = replicate_clock_ms(core);
    if (numbered.number != 0)
        sessions_record(&core->replicate.tail, &entry->origin, entry->run,
                        entry->number);
    entry_encode(&encoded, &numbered);
    replicate_store(core, encoded.data, encoded.len);
    buf_free(&encoded);
    core->replicate.matched_seq = numbered.seq;
    return numbered.seq;
}

/* Sessions and clock as of the end of the log, committed or not. */
static void replicate_learn_tail(struct core *core)
{
    struct replicate *replicate = &core->replicate;
    uint64_t last = log_last(&core->log).seq;
    uint64_t clock_ms = core->machine.clock_ms;

    sessions_copy(&replicate->tail, &core->machine.sessions);
    for (uint64_t seq = core->machine.at.seq + 1; seq <= last; seq++) {
        const struct entry *entry = &log_at(&core->log, seq)->entry;
        if (entry->number != 0)
            sessions_record(&replicate->tail, &entry->origin, entry->run,
                            entry->number);
        clock_ms = entry->clock_ms;
    }
    uint64_t wall_ms = core->wall_ms < REPLICATE_CLOCK_MAX_MS
                           ? core->wall_ms
                           : REPLICATE_CLOCK_MAX_MS;
    replicate->clock_base_ms = wall_ms > clock_ms ? wall_ms : clock_ms;
    replicate->clock_from_ns = core->now_ns;
}

void replicate_lead(struct core *core)
{
    struct entry first = {.kind = ENTRY_NOOP};
    struct buf payload = {0};
    struct config own = {0};

    replicate_learn_tail(core);
    core->replicate.next_seq = log_last(&core->log).seq + 1;
    core->replicate.heartbeat_ns = core->now_ns;
    if (core->view.alone &&
        config_add(&own, &core->uuid, core->options.node) == 0) {
        config_encode(&payload, &own);
        first.kind = ENTRY_CONFIG;
        first.payload = payload.data;
        first.length = (uint32_t)payload.len;
        core->counters.config_changes++;
    }
    replicate_propose(core, &first);
    buf_free(&payload);
}

/* Sends the entries behind `from`, up to batch_bytes, or none. The last
 * sequence sent. */
static uint64_t replicate_send(struct core *core, uint64_t from, bool entries)
{
    struct message message = core_message(core, WIRE_APPEND, core->view.epoch);
    struct buf body = {0};
    uint64_t seq = from;

    bool held = log_point_at(&core->log, from, &message.point);
    assert(held);
    (void)held;
    while (entries) {
        const struct log_item *item = log_at(&core->log, seq + 1);
        if (item == NULL ||
            (body.len > 0 && body.len + item->len > core->options.batch_bytes))
            break;
        buf_bytes(&body, item->bytes, item->len);
        message.count++;
        seq++;
    }
    message.commit = core->commit_seq;
    message.body = body.data;
    message.body_len = body.len;
    core_multicast(core, &message);
    buf_free(&body);
    core->replicate.heartbeat_ns = core->now_ns + replicate_beat_ns(core);
    return seq;
}

void replicate_tell_commit(struct core *core)
{
    replicate_send(core, log_last(&core->log).seq, false);
}

void replicate_on_fetch(struct core *core, const struct message *message)
{
    struct log_point last = log_last(&core->log);

    if (core->role != CORE_ROLE_LEADER || message->epoch != core->view.epoch ||
        !core_is_me(core, &message->to) || message->to_run != core->run)
        return;
    if (message->point.seq < core->log.base.seq)
        transfer_offer(core, message);
    else if (message->point.seq <= last.seq &&
             replicate_send(core, message->point.seq, true) >
                 message->point.seq)
        transfer_serve(core);
}

/* At every beat: an ACK may have been lost, and to say it twice is harmless.
 * What is committed was heard; but a learner's is not needed for that, and yet
 * decides when it becomes a voter. */
static void replicate_acknowledge_again(struct core *core, uint64_t commit)
{
    core->replicate.ack_flight = false;
    if (core->replicate.ack_seq > commit || !core_is_voter(core))
        core->replicate.ack_seq = 0;
}

static void leader_settle(struct core *core)
{
    struct replicate *replicate = &core->replicate;

    /* A sole voter commits, and may compact, what is not yet sent. */
    if (replicate->next_seq <= core->log.base.seq)
        replicate->next_seq = core->log.base.seq + 1;
    if (core->now_ns >= replicate->heartbeat_ns) {
        /* A message that did not come back in a beat may be lost; going on is
         * safe, and who missed it will fetch. */
        replicate->flight_seq = 0;
        replicate_acknowledge_again(core, core->commit_seq);
        if (replicate->next_seq > log_last(&core->log).seq)
            replicate_send(core, replicate->next_seq - 1, false);
    }
    if (replicate->flight_seq == 0 &&
        replicate->next_seq <= log_last(&core->log).seq) {
        replicate->flight_seq =
            replicate_send(core, replicate->next_seq - 1, true);
        replicate->next_seq = replicate->flight_seq + 1;
    }
}

/* ---- followers ---- */

/* The leader's history and ours differ at `seq`. */
static void replicate_differs(struct core *core, uint64_t seq)
{
    if (seq <= core->commit_seq)
        core_quarantine(core, "its committed history is not the leader's");
    else
        core->replicate.gap = true;
}

/* Below the base only epochs are left to compare, and they never fall along a
 * log: a later one before the base means another history up to it. So a leader
 * whose log ends below the base is found out by its own first entry. */
static bool replicate_overtakes(const struct core *core, uint64_t seq,
                                uint64_t epoch)
{
    return seq < core->log.base.seq && epoch > core->log.base.epoch;
}

/* Does the log hold what the message's entries follow? */
static bool replicate_meets(struct core *core, const struct log_point *previous)
{
    struct log_point own;

    if (replicate_overtakes(core, previous->seq, previous->epoch)) {
        replicate_differs(core, previous->seq);
        return false;
    }
    if (previous->seq < core->log.base.seq)
        return true; /* seen when the entries reach the base */
    if (!log_point_at(&core->log, previous->seq, &own)) {
        core->replicate.gap = true;
        return false;
    }
    if (own.hash != previous->hash) {
        replicate_differs(core, previous->seq);
        return false;
    }
    return true;
}

/* Takes one entry of an APPEND whose hash in the leader's log is `hash`. False
 * when nothing after it can be taken. */
static bool replicate_take(struct core *core, const struct entry *entry,
                           const uint8_t *bytes, size_t len, uint64_t hash)
{
    struct log_point own;

    if (replicate_overtakes(core, entry->seq, entry->epoch)) {
        replicate_differs(core, entry->seq);
        return false;
    }
    if (entry->seq < core->log.base.seq)
        return true;
    if (log_point_at(&core->log, entry->seq, &own)) {
        if (own.hash == hash)
            return true;
        if (entry->seq <= core->commit_seq) {
            replicate_differs(core, entry->seq);
            return false;
        }
        replicate_cut(core, entry->seq);
    }
    if (entry->seq != log_last(&core->log).seq + 1 ||
        entry->epoch < log_last(&core->log).epoch)
        return false;
    if (core_is_ahead(core)) {
        core->replicate.gap = true; /* fetched when the disk has caught up */
        return false;
    }
    replicate_store(core, bytes, len);
    return true;
}

/* All entries of the message. The sequence up to which the log is now equal to
 * the leader's; 0 when it is not. */
static uint64_t replicate_take_all(struct core *core,
                                   const struct message *message)
{
    struct cursor cursor = cursor_make(message->body, message->body_len);
    uint64_t hash = message->point.hash, seq = message->point.seq;
    struct entry entry;

    for (uint32_t i = 0; i < message->count; i++) {
        size_t at = cursor.pos;
        if (entry_decode(&cursor, &entry) != 0 || entry.seq != seq + 1 ||
            entry.epoch > message->epoch)
            return 0;
        const uint8_t *bytes = message->body + at;
        size_t len = cursor.pos - at;
        hash = entry_hash(hash, bytes, len);
        if (!replicate_take(core, &entry, bytes, len, hash))
            return 0;
        seq++;
    }
    return seq >= core->log.base.seq ? seq : 0;
}

static void replicate_self_delivered(struct core *core,
                                     const struct message *message)
{
    if (message->count > 0 &&
        message->point.seq + message->count >= core->replicate.flight_seq)
        core->replicate.flight_seq = 0;
}

void replicate_on_append(struct core *core, const struct message *message,
                         struct core_member from)
{
    struct replicate *replicate = &core->replicate;
    uint64_t end = message->point.seq + message->count;

    if (core->role == CORE_ROLE_LEADER && view_is_leader(core, message)) {
        replicate_self_delivered(core, message);
        return;
    }
    if (core_is_me(core, &message->sender))
        return; /* of a lead that is over */
    if (core->role != CORE_ROLE_FOLLOWER || !view_is_leader(core, message))
        view_follow(core, message, from);
    core->view.heard_ns = core->now_ns;
    if (end > replicate->leader_seq)
        replicate->leader_seq = end;
    if (message->commit > replicate->leader_commit)
        replicate->leader_commit = message->commit;
    if (!replicate_meets(core, &message->point))
        return;
    uint64_t matched = replicate_take_all(core, message);
    if (core->role != CORE_ROLE_FOLLOWER || matched == 0)
        return;
    if (matched > replicate->matched_seq) {
        replicate->matched_seq = matched;
        replicate->fetch_ns = core->now_ns;
    }
    if (message->count == 0)
        replicate_acknowledge_again(core, replicate->leader_commit);
    if (replicate->gap && replicate->matched_seq >= replicate->leader_seq) {
        replicate->gap = false;
        core->counters.catchups++;
    }
}

static void follower_settle(struct core *core)
{
    struct replicate *replicate = &core->replicate;

    if (!replicate->gap || core->transfer.active || core_is_ahead(core) ||
        core->now_ns < replicate->fetch_ns)
        return;
    uint64_t sure = core->commit_seq > replicate->matched_seq
                        ? core->commit_seq
                        : replicate->matched_seq;
    struct message message = core_message(core, WIRE_FETCH, core->view.epoch);
    message.to = core->view.leader;
    message.to_run = core->view.leader_run;
    bool held = log_point_at(&core->log, sure, &message.point);
    assert(held);
    (void)held;
    core_multicast(core, &message);
    replicate->fetch_ns = core->now_ns + replicate_beat_ns(core);
}

void replicate_settle(struct core *core)
{
    if (core->role == CORE_ROLE_LEADER)
        leader_settle(core);
    else if (core->role == CORE_ROLE_FOLLOWER)
        follower_settle(core);
    else
        return;
    commit_settle(core);
}

uint64_t replicate_deadline(const struct core *core)
{
    if (core->role == CORE_ROLE_LEADER)
        return core->replicate.heartbeat_ns;
    if (core->role == CORE_ROLE_FOLLOWER && core->replicate.gap &&
        !core->transfer.active && !core_is_ahead(core))
        return core->replicate.fetch_ns;
    return STATE_NEVER;
}
