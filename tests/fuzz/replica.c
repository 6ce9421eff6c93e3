#include "tests/fuzz/replica.h"

#include <string.h>

#include "daemon/core/wire.h"
#include "lib/mem.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/reply.h"

enum { SNAPSHOT_SEQ_AT = 16 }; /* machine.h */

/* ---- the disk ---- */

static void drop(struct replica *replica, size_t from, size_t count)
{
    if (count == 0)
        return;
    for (size_t i = from; i < from + count; i++)
        buf_free(&replica->records[i].data);
    memmove(&replica->records[from], &replica->records[from + count],
            (replica->count - from - count) * sizeof *replica->records);
    replica->count -= count;
}

/* How many records are below `seq`. */
static size_t below(const struct replica *replica, uint64_t seq)
{
    size_t at = 0;

    while (at < replica->count && replica->records[at].seq < seq)
        at++;
    return at;
}

static void take_append(struct replica *replica, const struct effect *effect,
                        const uint8_t *data)
{
    size_t count = replica->count;

    if (count > 0) {
        const struct replica_record *last = &replica->records[count - 1];
        fuzz_check(effect->seq == last->seq + 1);
        fuzz_check(effect->hash ==
                   entry_hash(last->hash, data, effect->data_len));
    }
    replica->records =
        mem_realloc(replica->records, count + 1, sizeof *replica->records);
    struct replica_record *record = &replica->records[replica->count++];
    *record = (struct replica_record){.seq = effect->seq, .hash = effect->hash};
    buf_bytes(&record->data, data, effect->data_len);
}

static void take_disk_effect(struct replica *replica,
                             const struct effect *effect, const uint8_t *data)
{
    size_t at = below(replica, effect->seq);

    fuzz_check(effect->op == ++replica->op);
    switch (effect->kind) {
    case EFFECT_PROMISE:
        buf_reset(&replica->promise);
        buf_bytes(&replica->promise, data, effect->data_len);
        break;
    case EFFECT_APPEND:
        take_append(replica, effect, data);
        break;
    case EFFECT_TRUNCATE:
        fuzz_check(effect->seq > replica->commit_seq);
        drop(replica, at, replica->count - at);
        break;
    case EFFECT_COMPACT:
        fuzz_check(at < replica->count);
        fuzz_check(replica->snapshot.len > 0);
        drop(replica, 0, at + 1);
        break;
    case EFFECT_INSTALL:
        fuzz_check(effect->seq > replica->commit_seq);
        buf_reset(&replica->snapshot);
        buf_bytes(&replica->snapshot, data, effect->data_len);
        drop(replica, 0, replica->count);
        break;
    default:
        fuzz_check(effect->kind == EFFECT_RESET);
        buf_reset(&replica->snapshot);
        drop(replica, 0, replica->count);
    }
}

void replica_read(const struct replica *replica, const struct effect *effect,
                  struct core_event *event)
{
    const struct buf *snapshot = &replica->snapshot;
    struct cursor cursor = cursor_make(snapshot->data, snapshot->len);

    event->kind = CORE_READ_DONE;
    cursor_bytes(&cursor, SNAPSHOT_SEQ_AT);
    event->u.read.seq = cursor_u64(&cursor);
    event->u.read.offset = effect->offset;
    size_t from =
        effect->offset < snapshot->len ? (size_t)effect->offset : snapshot->len;
    size_t left = snapshot->len - from;
    event->u.read.data = left > 0 ? snapshot->data + from : NULL;
    event->u.read.len = effect->length < left ? (size_t)effect->length : left;
}

/* ---- other effects ---- */

static void take_reply(struct replica *replica, const struct effect *effect,
                       const uint8_t *data)
{
    fuzz_check(effect->request <= replica->last_request);
    fuzz_check(effect->request > 0);
    uint8_t *asked = &replica->asked[effect->request % REPLICA_REQUESTS];
    fuzz_check(*asked == 1);
    *asked = 2;
    fuzz_check(effect->outcome >= OUTCOME_OK &&
               effect->outcome <= OUTCOME_UNKNOWN);
    fuzz_check(reply_is_one(data, effect->data_len));
}

static void take_multicast(const struct replica *replica,
                           const struct effect *effect, const uint8_t *data)
{
    struct message message;

    fuzz_check(effect->data_len <= CORE_MESSAGE_MAX);
    fuzz_check(wire_decode(data, effect->data_len, &message) == 0);
    fuzz_check(message.node == replica->options.node);
}

static void take_effect(struct replica *replica, const struct effect *effect)
{
    const uint8_t *data = effects_data(&replica->effects, effect);

    switch (effect->kind) {
    case EFFECT_MULTICAST:
        take_multicast(replica, effect, data);
        break;
    case EFFECT_REPLY:
        take_reply(replica, effect, data);
        break;
    case EFFECT_SNAPSHOT:
        buf_reset(&replica->snapshot);
        core_snapshot(replica->core, &replica->snapshot);
        break;
    case EFFECT_READ:
    case EFFECT_SET_TIMER:
    case EFFECT_SET_SCORE:
    case EFFECT_FENCE_MARK:
    case EFFECT_LEAVE:
        break;
    default:
        take_disk_effect(replica, effect, data);
        break;
    }
}

/* ---- history ---- */

void replica_check(struct replica *replica)
{
    struct core_status status;
    struct entry entry;
    uint64_t hash;

    core_status(replica->core, &status);
    fuzz_check(status.commit_seq >= replica->commit_seq);
    fuzz_check(status.applied_seq >= replica->applied_seq);
    fuzz_check(status.applied_seq <= status.commit_seq);
    fuzz_check(status.commit_seq <= status.last_seq);
    for (size_t i = 0; i < replica->committed_count; i++) {
        if (core_entry(replica->core, replica->committed[i].seq, &entry, &hash))
            fuzz_check(hash == replica->committed[i].hash);
    }
    replica->commit_seq = status.commit_seq;
    replica->applied_seq = status.applied_seq;
    replica->committed_count = 0;
    if (status.first_seq == 0 || status.first_seq > status.commit_seq)
        return;
    size_t count = (size_t)(status.commit_seq - status.first_seq + 1);
    replica->committed =
        mem_realloc(replica->committed, count, sizeof *replica->committed);
    for (uint64_t seq = status.first_seq; seq <= status.commit_seq; seq++) {
        if (core_entry(replica->core, seq, &entry, &hash))
            replica->committed[replica->committed_count++] =
                (struct replica_committed){seq, hash};
    }
}

/* Settling may set a timer or a score again, whatever the event was. */
static bool has_caused(const struct effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        if (effects->list[i].kind != EFFECT_SET_TIMER &&
            effects->list[i].kind != EFFECT_SET_SCORE)
            return true;
    }
    return false;
}

/* Some messages are refused before anything looks at them. */
static bool is_malformed(const struct core_event *event)
{
    struct message message;

    return event->kind == CORE_DELIVER &&
           wire_decode(event->u.deliver.data, event->u.deliver.len, &message) !=
               0;
}

void replica_repeat(struct replica *replica, struct core_event *event)
{
    if (event->kind == CORE_CLIENT) {
        event->u.client.request = ++replica->last_request;
        replica->asked[replica->last_request % REPLICA_REQUESTS] = 1;
    }
    effects_reset(&replica->effects);
    core_step(replica->core, event, &replica->effects);
    for (size_t i = 0; i < replica->effects.count; i++)
        take_effect(replica, &replica->effects.list[i]);
}

void replica_step(struct replica *replica, struct core_event *event)
{
    struct core_status before, after;
    bool malformed = is_malformed(event);

    if (malformed)
        core_status(replica->core, &before);
    replica_repeat(replica, event);
    replica_check(replica);
    if (malformed) {
        core_status(replica->core, &after);
        fuzz_check(!has_caused(&replica->effects));
        fuzz_check(after.role == before.role);
        fuzz_check(after.promised == before.promised);
        fuzz_check(after.last_hash == before.last_hash);
        fuzz_check(after.commit_seq == before.commit_seq);
        fuzz_check(after.state_digest == before.state_digest);
    }
}

/* ---- the process ---- */

void replica_open(struct replica *replica)
{
    struct core_record *records =
        mem_calloc(replica->count + 1, sizeof *records);

    for (size_t i = 0; i < replica->count; i++) {
        records[i].data = replica->records[i].data.data;
        records[i].len = replica->records[i].data.len;
        records[i].hash = replica->records[i].hash;
    }
    struct core_boot boot = {
        .promise = replica->promise.len > 0 ? replica->promise.data : NULL,
        .promise_len = replica->promise.len,
        .snapshot = replica->snapshot.len > 0 ? replica->snapshot.data : NULL,
        .snapshot_len = replica->snapshot.len,
        .records = records,
        .record_count = replica->count,
        .flushed =
            replica->count == 0 ? 0 : replica->records[replica->count - 1].seq,
        .fresh = replica->fresh,
    };
    fuzz_check(core_open(&replica->core, &replica->options, &boot) == 0);
    free(records);
    replica->op = 0;
    replica->commit_seq = 0;
    replica->applied_seq = 0;
    replica->committed_count = 0;
    memset(replica->asked, 0, sizeof replica->asked);
}

void replica_reopen(struct replica *replica)
{
    core_close(replica->core);
    replica->fresh.bytes[0]++;
    replica_open(replica);
}

void replica_close(struct replica *replica)
{
    core_close(replica->core);
    drop(replica, 0, replica->count);
    free(replica->records);
    free(replica->committed);
    buf_free(&replica->promise);
    buf_free(&replica->snapshot);
    effects_free(&replica->effects);
}
