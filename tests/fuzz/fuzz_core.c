/* A replica in any role is given whatever may come: messages that were made up,
 * real ones that were changed, others at the wrong moment. replica.h says what
 * must hold nevertheless.
 *
 *   u8 story | u8 replica | u16 events: so many of the story's first are given
 *   then, to the end:
 *   u8 kind (its low bits; HOLD: what it causes is not yet given back), and
 *     MADE     u8 sender | u8 mends | u16 length | a message
 *     CHANGED  u8 sender | u8 mends | u8 type | u8 how many of that type ago |
 *              u8 count | count times u16 place, u8 to be added
 *     TIME     u8, in 50 ms
 *     ASK      u8 request | u8 text
 *     MEMBERS  u8 bits
 *     OTHER    u8 */
#include <string.h>

#include "daemon/core/entry.h"
#include "daemon/core/wire.h"
#include "lib/mem.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/ring.h"

enum {
    KINDS = 8, /* two for MADE and two for CHANGED */
    HOLD = 8,
    STEPS = 200,
    MESSAGES = 64,
    /* Where they are in a message (wire.h). */
    GROUP_AT = 6,
    SENDER_AT = 22,
    RUN_AT = 38,
    EPOCH_AT = 46,
    FIELDS_AT = 54
};

/* What is put right in a message, for else few would be looked at. */
enum {
    MEND_GROUP = 1,
    MEND_SENDER = 2,
    MEND_EPOCH = 4,
    MEND_NEXT_EPOCH = 8,
    MEND_LAST = 16,   /* its point: the end of the log */
    MEND_COMMIT = 32, /* its point: the commit point */
    MEND_TO = 64,
    MEND_ENTRIES = 128
};

/* ---- the stories, told once ---- */

struct told {
    struct core_event event;
    struct buf data;
    struct core_member members[RING_REPLICAS];
    struct core_arg argv[8];
};

static struct life {
    struct told *list;
    size_t count;
} lives[RING_STORIES][RING_REPLICAS];

static void remember_args(struct told *told, const struct core_event *event)
{
    size_t at = 0;

    for (size_t i = 0; i < event->u.client.argc; i++)
        buf_bytes(&told->data, event->u.client.argv[i].data,
                  event->u.client.argv[i].len);
    for (size_t i = 0; i < event->u.client.argc; i++) {
        told->argv[i].data = told->data.data + at;
        told->argv[i].len = event->u.client.argv[i].len;
        at += told->argv[i].len;
    }
}

static void remember(void *context, size_t replica,
                     const struct core_event *event)
{
    struct life *life = &((struct life *)context)[replica];

    life->list = mem_realloc(life->list, life->count + 1, sizeof *life->list);
    struct told *told = &life->list[life->count++];
    memset(told, 0, sizeof *told);
    told->event = *event;
    if (event->kind == CORE_DELIVER)
        buf_bytes(&told->data, event->u.deliver.data, event->u.deliver.len);
    else if (event->kind == CORE_READ_DONE)
        buf_bytes(&told->data, event->u.read.data, event->u.read.len);
    else if (event->kind == CORE_MEMBERS)
        memcpy(told->members, event->u.members.list,
               event->u.members.count * sizeof *told->members);
    else if (event->kind == CORE_CLIENT)
        remember_args(told, event);
}

static void give_told(struct replica *replica, struct told *told)
{
    struct core_event event = told->event;

    if (event.kind == CORE_DELIVER)
        event.u.deliver.data = told->data.data;
    else if (event.kind == CORE_READ_DONE)
        event.u.read.data = told->data.data;
    else if (event.kind == CORE_MEMBERS)
        event.u.members.list = told->members;
    else if (event.kind == CORE_CLIENT)
        event.u.client.argv = told->argv;
    replica_repeat(replica, &event);
}

static void tell(void)
{
    for (unsigned story = 0; story < RING_STORIES; story++) {
        struct ring_watch watch = {.event = remember, .context = lives[story]};
        ring_tell((enum ring_story)story, &watch);
    }
}

/* ---- what comes back to a replica ---- */

struct stage {
    struct replica replica;
    const struct life *life;
    size_t self;
    size_t lived; /* so many of the life's events were given */
    uint64_t now_ns, timer_ns;
    uint64_t runs[RING_REPLICAS];    /* as its messages have it */
    uint64_t stored, snapshot, mark; /* to be told; 0: none */
    struct effect read;              /* the same */
    struct buf own[MESSAGES];        /* its own messages, to be delivered */
    size_t own_count;
    size_t steps;
};

static void step(struct stage *stage, struct core_event event);

static void take_effects(struct stage *stage)
{
    const struct effects *effects = &stage->replica.effects;

    for (size_t i = 0; i < effects->count; i++) {
        const struct effect *effect = &effects->list[i];
        if (effect->kind == EFFECT_MULTICAST && stage->own_count < MESSAGES)
            buf_bytes(&stage->own[stage->own_count++],
                      effects_data(effects, effect), effect->data_len);
        else if (effect->kind == EFFECT_SNAPSHOT)
            stage->snapshot = effect->seq;
        else if (effect->kind == EFFECT_READ)
            stage->read = *effect;
        else if (effect->kind == EFFECT_FENCE_MARK)
            stage->mark = effect->seq;
        else if (effect->kind == EFFECT_SET_TIMER)
            stage->timer_ns = effect->at_ns;
    }
}

static void step(struct stage *stage, struct core_event event)
{
    if (stage->steps++ >= STEPS)
        return;
    event.now_ns = stage->now_ns;
    event.wall_ms = 1700000000000 + stage->now_ns / 1000000;
    replica_step(&stage->replica, &event);
    take_effects(stage);
}

static void deliver(struct stage *stage, size_t sender, const uint8_t *data,
                    size_t len)
{
    struct core_event event = {.kind = CORE_DELIVER};

    event.u.deliver.sender.node = (uint32_t)sender + 1;
    event.u.deliver.sender.pid = 100;
    event.u.deliver.data = data;
    event.u.deliver.len = len;
    step(stage, event);
}

static void give_stored(struct stage *stage)
{
    struct core_event event = {.kind = CORE_STORED};

    if (stage->replica.op == stage->stored)
        return;
    event.u.stored.op = stage->stored = stage->replica.op;
    step(stage, event);
}

static void give_read(struct stage *stage)
{
    struct core_event event = {0};
    struct effect wanted = stage->read;
    struct buf copy = {0};

    if (wanted.kind == 0)
        return;
    stage->read.kind = 0;
    replica_read(&stage->replica, &wanted, &event);
    buf_bytes(&copy, event.u.read.data, event.u.read.len);
    event.u.read.data = copy.data;
    step(stage, event);
    buf_free(&copy);
}

static void settle(struct stage *stage)
{
    struct core_event snapshot = {.kind = CORE_SNAPSHOT_DONE};

    give_stored(stage);
    if (stage->snapshot != 0) {
        snapshot.u.snapshot.seq = stage->snapshot;
        snapshot.u.snapshot.ok = true;
        stage->snapshot = 0;
        step(stage, snapshot);
    }
    give_read(stage);
    for (size_t i = 0; i < stage->own_count; i++) {
        deliver(stage, stage->self, stage->own[i].data, stage->own[i].len);
        buf_free(&stage->own[i]);
    }
    stage->own_count = 0;
    give_stored(stage);
}

/* ---- messages ---- */

static void put_u64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

/* Entries become ones that may stand behind the message's point. */
static void mend_entries(struct message *message, uint64_t epoch,
                         struct buf *body)
{
    struct cursor cursor = cursor_make(message->body, message->body_len);
    struct entry entry;

    message->count = 0;
    while (cursor_left(&cursor) > 0 && entry_decode(&cursor, &entry) == 0) {
        entry.seq = message->point.seq + ++message->count;
        entry.epoch = epoch;
        entry_encode(body, &entry);
    }
    message->body = body->data;
    message->body_len = body->len;
}

static void mend_fields(const struct stage *stage, struct message *message,
                        uint8_t mends, const struct core_status *status)
{
    if (mends & MEND_LAST)
        message->point = (struct log_point){
            status->last_epoch, status->last_seq, status->last_hash};
    for (size_t i = 0;
         (mends & MEND_COMMIT) && i < stage->replica.committed_count; i++) {
        if (stage->replica.committed[i].seq == status->commit_seq)
            message->point =
                (struct log_point){status->last_epoch, status->commit_seq,
                                   stage->replica.committed[i].hash};
    }
    if (mends & MEND_TO) {
        message->to = status->uuid;
        message->to_run = status->run;
    }
}

/* `bytes` are the message's own. */
static void give_message(struct stage *stage, size_t sender, uint8_t mends,
                         struct buf *bytes)
{
    struct buf again = {0}, body = {0};
    struct core_status status;
    struct message message;

    core_status(stage->replica.core, &status);
    uint64_t epoch =
        status.epoch > status.promised ? status.epoch : status.promised;
    if (mends & MEND_NEXT_EPOCH)
        epoch++;
    if (bytes->len >= FIELDS_AT) {
        struct uuid uuid = ring_fresh(sender);
        if (mends & MEND_GROUP)
            memcpy(bytes->data + GROUP_AT, status.group.bytes,
                   sizeof status.group.bytes);
        if (mends & MEND_SENDER) {
            memcpy(bytes->data + SENDER_AT, uuid.bytes, sizeof uuid.bytes);
            put_u64(bytes->data + RUN_AT, stage->runs[sender]);
            bytes->data[2] = (uint8_t)(sender + 1);
        }
        if (mends & (MEND_EPOCH | MEND_NEXT_EPOCH))
            put_u64(bytes->data + EPOCH_AT, epoch);
    }
    bool whole = wire_decode(bytes->data, bytes->len, &message) == 0;
    if (whole) {
        mend_fields(stage, &message, mends, &status);
        if ((mends & MEND_ENTRIES) && message.type == WIRE_APPEND)
            mend_entries(&message, epoch, &body);
        wire_encode(&again, &message);
    }
    const struct buf *given = whole ? &again : bytes;
    deliver(stage, sender, given->data, given->len);
    buf_free(&again);
    buf_free(&body);
}

static void give_made(struct stage *stage, struct cursor *input)
{
    size_t sender = fuzz_below(input, RING_REPLICAS), len;
    uint8_t mends = cursor_u8(input);
    uint16_t wanted = cursor_u16(input);
    struct buf bytes = {0};

    if (input->bad)
        return;
    const uint8_t *from = fuzz_take(input, wanted, &len);
    buf_bytes(&bytes, from, len);
    give_message(stage, sender, mends, &bytes);
    buf_free(&bytes);
}

/* The story's message of that type that the replica heard `ago` messages of it
 * before, or one that it would have heard next; NULL if there is none. */
static const struct told *find_told(const struct stage *stage, size_t type,
                                    size_t ago)
{
    const struct life *life = stage->life;
    const struct told *found = NULL;

    for (size_t i = stage->lived; i > 0; i--) {
        const struct told *told = &life->list[i - 1];
        if (told->event.kind != CORE_DELIVER || told->data.data[1] != type)
            continue;
        found = told;
        if (ago-- == 0)
            return found;
    }
    for (size_t i = stage->lived; found == NULL && i < life->count; i++) {
        if (life->list[i].event.kind == CORE_DELIVER &&
            life->list[i].data.data[1] == type)
            found = &life->list[i];
    }
    return found;
}

static void give_changed(struct stage *stage, struct cursor *input)
{
    size_t sender = fuzz_below(input, RING_REPLICAS);
    uint8_t mends = cursor_u8(input);
    size_t type = fuzz_below(input, WIRE_CHUNK) + 1;
    size_t ago = fuzz_below(input, 32);
    size_t changes = fuzz_below(input, 5);
    const struct told *told = find_told(stage, type, ago);
    struct buf bytes = {0};

    if (told == NULL)
        return;
    buf_bytes(&bytes, told->data.data, told->data.len);
    if (!(mends & MEND_SENDER))
        sender = told->event.u.deliver.sender.node - 1;
    for (; changes > 0; changes--) {
        size_t at = cursor_u16(input) % bytes.len;
        bytes.data[at] = (uint8_t)(bytes.data[at] + cursor_u8(input));
    }
    give_message(stage, sender, mends, &bytes);
    buf_free(&bytes);
}

/* ---- other events ---- */

static void give_time(struct stage *stage, struct cursor *input)
{
    stage->now_ns += (uint64_t)cursor_u8(input) * 50000000;
    if (stage->timer_ns <= stage->now_ns) {
        stage->timer_ns = UINT64_MAX;
        step(stage, (struct core_event){.kind = CORE_TICK});
    }
}

static void give_ask(struct stage *stage, struct cursor *input)
{
    static const char *const words[][3] = {
        {"SET", "key", "value"}, {"GET", "key", NULL}, {"INCR", "n", NULL},
        {"HGET", "hash", "f"},   {"DEL", "key", NULL}, {"KEYS", "*", NULL},
        {"FLUSHDB", NULL, NULL}, {"NONE", NULL, NULL},
    };
    struct core_event event = {.kind = CORE_CLIENT};
    struct core_arg argv[3];
    size_t kind = fuzz_below(input, CORE_LEAVE), text = fuzz_below(input, 8);

    for (size_t i = 0; i < 3 && words[text][i] != NULL; i++) {
        argv[i].data = (const uint8_t *)words[text][i];
        argv[i].len = strlen(words[text][i]);
        event.u.client.argc++;
    }
    event.u.client.kind = (enum core_request)(kind + 1);
    event.u.client.argv = argv;
    event.u.client.node = (uint32_t)text;
    step(stage, event);
}

static void give_members(struct stage *stage, struct cursor *input)
{
    struct core_event event = {.kind = CORE_MEMBERS};
    struct core_event quorum = {.kind = CORE_QUORUM};
    struct core_member list[RING_REPLICAS];
    uint8_t bits = cursor_u8(input);

    for (size_t i = 0; i < RING_REPLICAS; i++) {
        if (i == stage->self || (bits & (1u << i)) != 0)
            list[event.u.members.count++] =
                (struct core_member){(uint32_t)i + 1, 100};
    }
    event.u.members.list = list;
    step(stage, event);
    quorum.u.quorate = (bits & 0x10) == 0;
    step(stage, quorum);
}

/* On the same disk, up to where it says HELLO. */
static void restart(struct stage *stage)
{
    struct core_event members = {.kind = CORE_MEMBERS};
    struct core_event quorum = {.kind = CORE_QUORUM, .u.quorate = true};
    struct core_member self = {(uint32_t)stage->self + 1, 100};

    replica_reopen(&stage->replica);
    stage->stored = stage->snapshot = stage->mark = 0;
    stage->read.kind = 0;
    stage->timer_ns = UINT64_MAX;
    members.u.members.list = &self;
    members.u.members.count = 1;
    step(stage, (struct core_event){.kind = CORE_CONNECTED});
    settle(stage);
    step(stage, members);
    step(stage, quorum);
}

static void give_other(struct stage *stage, struct cursor *input)
{
    uint8_t what = cursor_u8(input);
    struct core_event event = {.kind = CORE_FENCED};

    switch (what % 6) {
    case 0:
        restart(stage);
        return;
    case 1:
        event.u.node = what / 6 % (RING_REPLICAS + 1);
        break;
    case 2:
        event.kind = CORE_MARKED;
        event.u.mark = stage->mark;
        break;
    case 3:
        event.kind = CORE_TUNE;
        event.u.tuning = (struct core_tuning){.preference = what,
                                              .failback = CORE_FAILBACK_ALWAYS,
                                              .maxlag = what % 3,
                                              .promoted_max = 1};
        break;
    case 4:
        event.kind = CORE_DISCONNECTED;
        break;
    default:
        event.kind = CORE_CONNECTED;
        break;
    }
    step(stage, event);
}

static void give_one(struct stage *stage, struct cursor *input)
{
    static void (*const kinds[KINDS])(struct stage *, struct cursor *) = {
        give_made, give_changed, give_time,    give_ask,
        give_made, give_changed, give_members, give_other,
    };
    uint8_t kind = cursor_u8(input);

    kinds[kind % KINDS](stage, input);
    if ((kind & HOLD) == 0)
        settle(stage);
}

/* ---- the whole ---- */

static void live(struct stage *stage, size_t events)
{
    stage->lived = events;
    for (size_t i = 0; i < events; i++) {
        struct told *told = &stage->life->list[i];
        stage->now_ns = told->event.now_ns;
        give_told(&stage->replica, told);
        if (told->event.kind == CORE_DELIVER && told->data.len > FIELDS_AT) {
            struct message message;
            size_t sender = told->event.u.deliver.sender.node - 1;
            if (wire_decode(told->data.data, told->data.len, &message) == 0)
                stage->runs[sender] = message.run;
        }
        stage->stored = told->event.kind == CORE_STORED
                            ? told->event.u.stored.op
                            : stage->stored;
        take_effects(stage);
        while (stage->own_count > 0) /* the story has what became of it */
            buf_free(&stage->own[--stage->own_count]);
        stage->snapshot = 0;
        stage->read.kind = 0;
    }
    replica_check(&stage->replica);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor input = cursor_make(data, size);
    struct stage *stage = mem_calloc(1, sizeof *stage);

    if (lives[0][0].count == 0)
        tell();
    size_t story = fuzz_below(&input, RING_STORIES);
    stage->self = fuzz_below(&input, RING_REPLICAS);
    while (lives[story][stage->self].count == 0)
        stage->self--;
    stage->life = &lives[story][stage->self];
    stage->replica.options = ring_options((enum ring_story)story, stage->self);
    stage->replica.fresh = ring_fresh(stage->self);
    stage->timer_ns = UINT64_MAX;
    replica_open(&stage->replica);
    live(stage, cursor_u16(&input) % (stage->life->count + 1));
    while (cursor_left(&input) > 0 && !input.bad && stage->steps < STEPS)
        give_one(stage, &input);
    replica_reopen(&stage->replica);
    replica_close(&stage->replica);
    while (stage->own_count > 0)
        buf_free(&stage->own[--stage->own_count]);
    free(stage);
    return 0;
}
