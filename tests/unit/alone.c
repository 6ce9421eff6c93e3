#include "tests/unit/alone.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

static const uint64_t MS = 1000000; /* nanoseconds */
static const struct core_member self = {4, 400};

/* ---- the disk ---- */

static void disk_drop(struct alone_disk *disk, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++)
        buf_free(&disk->records[i].data);
    disk->count -= count;
    memmove(&disk->records[from], &disk->records[from + count],
            (disk->count - from) * sizeof *disk->records);
}

static void disk_append(struct alone_disk *disk, const struct effect *effect,
                        const uint8_t *data)
{
    if (disk->count == 0)
        disk->first_seq = effect->seq;
    assert_int_equal(effect->seq, disk->first_seq + disk->count);
    disk->records =
        realloc(disk->records, (disk->count + 1) * sizeof *disk->records);
    assert_non_null(disk->records);
    struct alone_record *record = &disk->records[disk->count++];
    memset(record, 0, sizeof *record);
    buf_bytes(&record->data, data, effect->data_len);
    record->hash = effect->hash;
}

static void disk_compact(struct alone_disk *disk, uint64_t seq)
{
    assert_true(seq >= disk->first_seq);
    assert_true(seq < disk->first_seq + disk->count);
    disk_drop(disk, 0, (size_t)(seq - disk->first_seq + 1));
    disk->first_seq = seq + 1;
}

void alone_tear(struct alone *alone, size_t count)
{
    disk_drop(&alone->disk, alone->disk.count - count, count);
}

void alone_wipe(struct alone *alone)
{
    disk_drop(&alone->disk, 0, alone->disk.count);
    buf_free(&alone->disk.promise);
    buf_free(&alone->disk.snapshot);
}

/* ---- effects ---- */

static struct alone_queued *enqueue(struct alone *alone,
                                    enum core_event_kind kind, uint64_t number)
{
    struct alone_queued *queued = &alone->queue[alone->tail++ % ALONE_QUEUE];

    assert_true(alone->tail - alone->head < ALONE_QUEUE);
    buf_reset(&queued->data);
    queued->kind = kind;
    queued->number = number;
    return queued;
}

static void take_answer(struct alone *alone, const struct effect *effect,
                        const uint8_t *data)
{
    assert_true(effect->request < ALONE_REQUESTS);
    struct alone_answer *answer = &alone->answers[effect->request];
    assert_false(answer->there); /* every request is answered once */
    answer->there = true;
    answer->outcome = effect->outcome;
    answer->seq = effect->seq;
    buf_bytes(&answer->text, data, effect->data_len);
}

static void take_disk_effect(struct alone *alone, const struct effect *effect,
                             const uint8_t *data)
{
    if (effect->kind == EFFECT_PROMISE) {
        buf_reset(&alone->disk.promise);
        buf_bytes(&alone->disk.promise, data, effect->data_len);
    } else if (effect->kind == EFFECT_APPEND) {
        disk_append(&alone->disk, effect, data);
    } else if (effect->kind == EFFECT_COMPACT) {
        disk_compact(&alone->disk, effect->seq);
    } else if (effect->kind == EFFECT_RESET) {
        disk_drop(&alone->disk, 0, alone->disk.count);
        buf_free(&alone->disk.snapshot);
    } else {
        fail_msg("a replica alone has no effect %d", effect->kind);
    }
    if (alone->disk_stands)
        alone->unsaid_op = effect->op;
    else
        enqueue(alone, CORE_STORED, effect->op);
}

static void take_effect(struct alone *alone, const struct effect *effect)
{
    const uint8_t *data = effects_data(&alone->effects, effect);

    switch (effect->kind) {
    case EFFECT_MULTICAST:
        buf_bytes(&enqueue(alone, CORE_DELIVER, 0)->data, data,
                  effect->data_len);
        break;
    case EFFECT_SNAPSHOT:
        if (!alone->snapshots_fail) {
            buf_reset(&alone->disk.snapshot);
            core_snapshot(alone->core, &alone->disk.snapshot);
        }
        enqueue(alone, CORE_SNAPSHOT_DONE, effect->seq);
        break;
    case EFFECT_REPLY:
        take_answer(alone, effect, data);
        break;
    case EFFECT_SET_TIMER:
        alone->timer_ns = effect->at_ns;
        break;
    case EFFECT_SET_SCORE:
        alone->score = effect->score;
        break;
    case EFFECT_LEAVE:
        alone->left = true;
        break;
    default:
        take_disk_effect(alone, effect, data);
        break;
    }
}

static void trace_effect(struct alone *alone, const struct effect *effect)
{
    struct effect plain;

    memset(&plain, 0, sizeof plain);
    plain.kind = effect->kind;
    plain.op = effect->op;
    plain.seq = effect->seq;
    plain.hash = effect->hash;
    plain.request = effect->request;
    plain.at_ns = effect->at_ns;
    plain.outcome = effect->outcome;
    plain.score = effect->score;
    alone->trace = XXH3_64bits_withSeed(&plain, sizeof plain, alone->trace);
    alone->trace = XXH3_64bits_withSeed(effects_data(&alone->effects, effect),
                                        effect->data_len, alone->trace);
}

static void step(struct alone *alone, struct core_event event)
{
    event.now_ns = alone->now_ns;
    event.wall_ms = alone->wall_ms + alone->now_ns / MS;
    effects_reset(&alone->effects);
    core_step(alone->core, &event, &alone->effects);
    for (size_t i = 0; i < alone->effects.count; i++) {
        trace_effect(alone, &alone->effects.list[i]);
        take_effect(alone, &alone->effects.list[i]);
    }
}

void alone_disk_goes_on(struct alone *alone)
{
    alone->disk_stands = false;
    if (alone->unsaid_op != 0)
        enqueue(alone, CORE_STORED, alone->unsaid_op);
    alone->unsaid_op = 0;
    alone_settle(alone);
}

void alone_settle(struct alone *alone)
{
    while (alone->head < alone->tail) {
        struct alone_queued *queued =
            &alone->queue[alone->head++ % ALONE_QUEUE];
        struct core_event event = {.kind = queued->kind};
        if (queued->kind == CORE_STORED) {
            event.u.stored.op = queued->number;
        } else if (queued->kind == CORE_SNAPSHOT_DONE) {
            event.u.snapshot.seq = queued->number;
            event.u.snapshot.ok = !alone->snapshots_fail;
        } else {
            event.u.deliver.sender = self;
            event.u.deliver.data = queued->data.data;
            event.u.deliver.len = queued->data.len;
        }
        step(alone, event);
    }
}

void alone_pass(struct alone *alone, uint64_t ms)
{
    uint64_t until = alone->now_ns + ms * MS;

    while (alone->timer_ns <= until) {
        if (alone->timer_ns > alone->now_ns)
            alone->now_ns = alone->timer_ns;
        step(alone, (struct core_event){.kind = CORE_TICK});
        alone_settle(alone);
        assert_true(alone->timer_ns > alone->now_ns);
    }
    alone->now_ns = until;
}

/* ---- the replica ---- */

void alone_quorum(struct alone *alone, bool quorate)
{
    struct core_event event = {.kind = CORE_QUORUM};

    event.u.quorate = quorate;
    step(alone, event);
    alone_settle(alone);
}

void alone_hear(struct alone *alone, const struct buf *message)
{
    struct core_event event = {.kind = CORE_DELIVER};

    event.u.deliver.sender = (struct core_member){9, 900};
    event.u.deliver.data = message->data;
    event.u.deliver.len = message->len;
    step(alone, event);
    alone_settle(alone);
}

static void alone_open(struct alone *alone, uint8_t fresh)
{
    struct alone_disk *disk = &alone->disk;
    struct core_record *records = calloc(disk->count + 1, sizeof *records);

    assert_non_null(records);
    for (size_t i = 0; i < disk->count; i++) {
        records[i].data = disk->records[i].data.data;
        records[i].len = disk->records[i].data.len;
        records[i].hash = disk->records[i].hash;
    }
    struct core_boot boot = {
        .promise = disk->promise.data,
        .promise_len = disk->promise.len,
        .snapshot = disk->snapshot.data,
        .snapshot_len = disk->snapshot.len,
        .records = records,
        .record_count = disk->count,
        .flushed = disk->count == 0 ? 0 : disk->first_seq + disk->count - 1,
        .fresh = sample_uuid(fresh),
    };
    assert_int_equal(core_open(&alone->core, &alone->options, &boot), 0);
    free(records);
    alone->timer_ns = UINT64_MAX;
    alone->score = 0;
}

void alone_connect(struct alone *alone)
{
    struct core_event event = {.kind = CORE_MEMBERS};

    event.u.members.list = &self;
    event.u.members.count = 1;
    step(alone, (struct core_event){.kind = CORE_CONNECTED});
    step(alone, event);
    alone_settle(alone);
    alone_quorum(alone, true);
}

void alone_reopen(struct alone *alone)
{
    core_close(alone->core);
    alone->head = alone->tail;
    alone->now_ns += 10 * MS;
    alone_open(alone, 2);
}

void alone_restart(struct alone *alone)
{
    alone_reopen(alone);
    alone_connect(alone);
}

struct alone *alone_start(void)
{
    struct alone *alone = calloc(1, sizeof *alone);

    assert_non_null(alone);
    alone->options = (struct core_options){
        .node = self.node,
        .mode = CORE_WARM,
        .expected_voters = 1,
        .leader_timeout_ns = 1500 * MS,
        .write_timeout_ns = 5000 * MS,
        .batch_bytes = 65536,
        .snapshot_bytes = 1000000,
        .keep_bytes = 1000000,
        .ahead_bytes = 1000000,
        .chunk_bytes = 65536,
        .reply_bytes = 65536,
    };
    alone->now_ns = 1000 * MS;
    alone->wall_ms = 1700000000000;
    alone_open(alone, 1);
    alone_connect(alone);
    return alone;
}

void alone_stop(struct alone *alone)
{
    core_close(alone->core);
    alone_wipe(alone);
    free(alone->disk.records);
    effects_free(&alone->effects);
    for (size_t i = 0; i < ALONE_QUEUE; i++)
        buf_free(&alone->queue[i].data);
    for (size_t i = 0; i < ALONE_REQUESTS; i++)
        buf_free(&alone->answers[i].text);
    free(alone);
}

struct core_status alone_status(const struct alone *alone)
{
    struct core_status status;

    core_status(alone->core, &status);
    return status;
}

/* ---- clients ---- */

uint64_t alone_ask(struct alone *alone, enum core_request kind,
                   const char *line)
{
    struct core_event event = {.kind = CORE_CLIENT};
    struct core_arg argv[16];
    size_t argc = 0;

    while (*line != '\0') {
        size_t len = strcspn(line, " ");
        argv[argc].data = (const uint8_t *)line;
        argv[argc++].len = len;
        line += len + strspn(line + len, " ");
    }
    event.u.client.request = ++alone->last_request;
    event.u.client.kind = kind;
    event.u.client.argv = argv;
    event.u.client.argc = argc;
    step(alone, event);
    return alone->last_request;
}

void alone_answered(const struct alone *alone, uint64_t request,
                    enum outcome outcome, const char *text)
{
    const struct alone_answer *answer = &alone->answers[request];

    assert_true(answer->there);
    assert_int_equal(answer->outcome, outcome);
    assert_int_equal(answer->text.len, strlen(text));
    assert_memory_equal(answer->text.data, text, answer->text.len);
}

void alone_says(struct alone *alone, const char *line, const char *text)
{
    uint64_t request = alone_ask(alone, CORE_COMMAND, line);

    alone_settle(alone);
    alone_answered(alone, request, OUTCOME_OK, text);
    assert_true(alone->answers[request].seq > 0);
}

void alone_refuses(struct alone *alone, const char *line, const char *text)
{
    uint64_t request = alone_ask(alone, CORE_COMMAND, line);

    alone_settle(alone);
    alone_answered(alone, request, OUTCOME_REFUSED, text);
}

void alone_office(struct alone *alone, enum core_request kind)
{
    uint64_t request = alone_ask(alone, kind, "");

    alone_settle(alone);
    alone_answered(alone, request, OUTCOME_OK, ALONE_OK);
}
