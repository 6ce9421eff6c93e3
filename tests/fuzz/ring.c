#include "tests/fuzz/ring.h"

#include <string.h>

#include "lib/mem.h"
#include "tests/fuzz/fuzz.h"

static const uint64_t MS = 1000000; /* nanoseconds */

enum { ARGS = 8 };

struct queued {
    struct queued *next;
    size_t to;
    struct core_event event;
    struct buf data; /* of DELIVER, READ_DONE */
};

struct ring {
    const struct ring_watch *watch;
    struct replica replicas[RING_REPLICAS];
    uint64_t timers_ns[RING_REPLICAS];
    bool here[RING_REPLICAS]; /* in the membership */
    size_t count;
    uint64_t now_ns;
    struct queued *first, **end;
};

struct core_options ring_options(enum ring_story story, size_t replica)
{
    static const unsigned voters[] = {1, 3, 3, 2};

    return (struct core_options){
        .node = (uint32_t)replica + 1,
        .mode = story == RING_HOT ? CORE_HOT : CORE_WARM,
        .expected_voters = voters[story],
        .leader_timeout_ns = 1500 * MS,
        .write_timeout_ns = 5000 * MS,
        .batch_bytes = 4096,
        .snapshot_bytes = 1200,
        .keep_bytes = 300,
        .chunk_bytes = 300,
        .reply_bytes = 300,
        .fencing = story == RING_PAIR,
    };
}

struct uuid ring_fresh(size_t replica)
{
    struct uuid uuid;

    memset(uuid.bytes, 0x5a, sizeof uuid.bytes);
    uuid.bytes[15] = (uint8_t)(replica + 1);
    return uuid;
}

/* ---- events ---- */

static struct queued *enqueue(struct ring *ring, size_t to,
                              enum core_event_kind kind)
{
    struct queued *queued = mem_calloc(1, sizeof *queued);

    queued->to = to;
    queued->event.kind = kind;
    *ring->end = queued;
    ring->end = &queued->next;
    return queued;
}

static void multicast(struct ring *ring, size_t from, const uint8_t *data,
                      size_t len)
{
    for (size_t to = 0; to < ring->count && ring->here[from]; to++) {
        if (!ring->here[to])
            continue;
        struct queued *queued = enqueue(ring, to, CORE_DELIVER);
        buf_bytes(&queued->data, data, len);
        queued->event.u.deliver.sender.node = (uint32_t)from + 1;
        queued->event.u.deliver.sender.pid = 100;
        queued->event.u.deliver.len = len;
    }
}

static void take_effect(struct ring *ring, size_t at,
                        const struct effect *effect)
{
    const struct replica *replica = &ring->replicas[at];
    struct queued *queued;

    switch (effect->kind) {
    case EFFECT_MULTICAST:
        multicast(ring, at, effects_data(&replica->effects, effect),
                  effect->data_len);
        break;
    case EFFECT_SNAPSHOT:
        queued = enqueue(ring, at, CORE_SNAPSHOT_DONE);
        queued->event.u.snapshot.seq = effect->seq;
        queued->event.u.snapshot.ok = true;
        break;
    case EFFECT_READ:
        queued = enqueue(ring, at, CORE_READ_DONE);
        replica_read(replica, effect, &queued->event);
        buf_bytes(&queued->data, queued->event.u.read.data,
                  queued->event.u.read.len);
        break;
    case EFFECT_FENCE_MARK:
        enqueue(ring, at, CORE_MARKED)->event.u.mark = effect->seq;
        break;
    case EFFECT_SET_TIMER:
        ring->timers_ns[at] = effect->at_ns;
        break;
    case EFFECT_REPLY:
    case EFFECT_SET_SCORE:
    case EFFECT_LEAVE:
        break;
    default:
        enqueue(ring, at, CORE_STORED)->event.u.stored.op = effect->op;
        break;
    }
}

static void step(struct ring *ring, size_t at, struct core_event *event)
{
    struct replica *replica = &ring->replicas[at];

    event->now_ns = ring->now_ns;
    event->wall_ms = 1700000000000 + ring->now_ns / MS;
    ring->watch->event(ring->watch->context, at, event);
    replica_step(replica, event);
    for (size_t i = 0; i < replica->effects.count; i++)
        take_effect(ring, at, &replica->effects.list[i]);
}

static void settle(struct ring *ring)
{
    struct queued *queued;

    while ((queued = ring->first) != NULL) {
        ring->first = queued->next;
        if (ring->first == NULL)
            ring->end = &ring->first;
        if (queued->event.kind == CORE_DELIVER)
            queued->event.u.deliver.data = queued->data.data;
        else if (queued->event.kind == CORE_READ_DONE)
            queued->event.u.read.data = queued->data.data;
        step(ring, queued->to, &queued->event);
        buf_free(&queued->data);
        free(queued);
    }
}

static void pass(struct ring *ring, uint64_t ms)
{
    uint64_t until = ring->now_ns + ms * MS;

    for (;;) {
        size_t next = 0;
        for (size_t i = 1; i < ring->count; i++) {
            if (ring->timers_ns[i] < ring->timers_ns[next])
                next = i;
        }
        if (ring->timers_ns[next] > until)
            break;
        if (ring->timers_ns[next] > ring->now_ns)
            ring->now_ns = ring->timers_ns[next];
        ring->timers_ns[next] = UINT64_MAX;
        step(ring, next, &(struct core_event){.kind = CORE_TICK});
        settle(ring);
    }
    ring->now_ns = until;
}

/* ---- what happens ---- */

static void tell_members(struct ring *ring)
{
    struct core_member list[RING_REPLICAS];
    size_t count = 0;

    for (size_t i = 0; i < ring->count; i++) {
        if (ring->here[i])
            list[count++] = (struct core_member){(uint32_t)i + 1, 100};
    }
    for (size_t i = 0; i < ring->count; i++) {
        struct core_event event = {.kind = CORE_MEMBERS};
        struct core_event quorum = {.kind = CORE_QUORUM};
        struct core_member alone = {(uint32_t)i + 1, 100};
        event.u.members.list = ring->here[i] ? list : &alone;
        event.u.members.count = ring->here[i] ? count : 1;
        quorum.u.quorate = ring->here[i];
        step(ring, i, &event);
        step(ring, i, &quorum);
    }
    settle(ring);
}

static void join(struct ring *ring, enum ring_story story, size_t count)
{
    while (ring->count < count) {
        size_t at = ring->count++;
        struct replica *replica = &ring->replicas[at];
        replica->options = ring_options(story, at);
        replica->fresh = ring_fresh(at);
        replica_open(replica);
        ring->timers_ns[at] = UINT64_MAX;
        ring->here[at] = true;
        step(ring, at, &(struct core_event){.kind = CORE_CONNECTED});
    }
    tell_members(ring);
    pass(ring, 500);
}

static void cut(struct ring *ring, size_t at, bool off)
{
    ring->here[at] = !off;
    tell_members(ring);
}

static void ask(struct ring *ring, size_t at, enum core_request kind,
                const char *line)
{
    struct core_event event = {.kind = CORE_CLIENT};
    struct core_arg argv[ARGS];
    size_t argc = 0;

    for (; *line != '\0' && argc < ARGS; argc++) {
        argv[argc].data = (const uint8_t *)line;
        argv[argc].len = strcspn(line, " ");
        line += argv[argc].len;
        line += strspn(line, " ");
    }
    event.u.client.kind = kind;
    event.u.client.argv = argv;
    event.u.client.argc = argc;
    step(ring, at, &event);
    settle(ring);
}

static void write_much(struct ring *ring, size_t at)
{
    char line[512];

    ask(ring, at, CORE_COMMAND, "SET key value EX 100");
    ask(ring, at, CORE_COMMAND, "HSET hash field 1 other two");
    ask(ring, at, CORE_COMMAND, "INCRBY count 5");
    ask(ring, at, CORE_COMMAND, "GET key");
    for (int i = 0; i < 3; i++) {
        snprintf(line, sizeof line, "SET big%d %0300d", i, i);
        ask(ring, at, CORE_COMMAND, line);
    }
}

static size_t leader(const struct ring *ring)
{
    struct core_status status;

    for (size_t i = 0; i < ring->count; i++) {
        core_status(ring->replicas[i].core, &status);
        if (ring->here[i] && status.role == CORE_ROLE_LEADER)
            return i;
    }
    fprintf(stderr, "this story should have a leader by now\n");
    abort();
}

static void story_of_three(struct ring *ring, enum ring_story story)
{
    join(ring, story, 3);
    size_t first = leader(ring), other = (first + 1) % 3;
    ask(ring, other, CORE_PROMOTE, "");
    write_much(ring, other);
    if (story == RING_HOT) {
        ask(ring, first, CORE_PROMOTE, "");
        write_much(ring, first);
    }
    write_much(ring, other);
    join(ring, story, 4);
    pass(ring, 1000);
    cut(ring, first, true);
    pass(ring, 1000);
    write_much(ring, other);
    fuzz_check(leader(ring) != first);
    cut(ring, first, false);
    pass(ring, 1000);
    ask(ring, other, CORE_DEMOTE, "");
    ask(ring, leader(ring), CORE_LEAVE, "");
    pass(ring, 500);
}

static void story_of_two(struct ring *ring)
{
    join(ring, RING_PAIR, 2);
    ask(ring, 0, CORE_PROMOTE, "");
    write_much(ring, 0);
    cut(ring, 1, true);
    pass(ring, 1000);
    struct core_event event = {.kind = CORE_FENCED, .u.node = 2};
    step(ring, 0, &event);
    settle(ring);
    pass(ring, 500);
    write_much(ring, 0);
    fuzz_check(leader(ring) == 0);
    cut(ring, 1, false);
    pass(ring, 1000);
}

void ring_tell(enum ring_story story, const struct ring_watch *watch)
{
    struct ring ring = {.watch = watch, .now_ns = 1000 * MS};

    ring.end = &ring.first;
    if (story == RING_ALONE) {
        join(&ring, story, 1);
        ask(&ring, 0, CORE_PROMOTE, "");
    } else if (story == RING_PAIR) {
        story_of_two(&ring);
    } else {
        story_of_three(&ring, story);
    }
    for (size_t i = 0; i < ring.count; i++) {
        if (watch->end != NULL)
            watch->end(watch->context, i, &ring.replicas[i]);
        replica_close(&ring.replicas[i]);
    }
}
