#include "daemon/core/forward.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/gate.h"
#include "daemon/core/replicate.h"
#include "daemon/core/rival.h"
#include "daemon/core/view.h"
#include "lib/mem.h"

static const char UNKNOWN_OUTCOME[] =
    "-UNKNOWN the outcome of this write cannot be told\r\n";
static const char NOT_DONE[] =
    "-CLUSTERDOWN no leader took this write in time; it was not done\r\n";
static const char READ_ONLY[] =
    "-READONLY You can't write against a read only replica.\r\n";
static const char OUT_OF_MEMORY[] =
    "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
static const char RIVALLED[] =
    "-CLUSTERDOWN another group lives under this name\r\n";
static const char TOO_LARGE[] =
    "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";

enum {
    FORWARD_ITEM_SIZE = 13,  /* a FORWARD item without its payload */
    FORWARD_ROOM = 64 * 1024 /* beside a largest value, in CORE_MESSAGE_MAX */
};

/* ---- the list of the unanswered ---- */

static struct pending *forward_at(const struct forward *forward,
                                  uint64_t number)
{
    uint64_t first = forward->last_number - forward->count + 1;

    if (number < first || number > forward->last_number)
        return NULL;
    return &forward->list[forward->head + (size_t)(number - first)];
}

static uint64_t forward_first(const struct forward *forward)
{
    return forward->last_number - forward->count + 1;
}

static void forward_make_room(struct forward *forward)
{
    if (forward->head + forward->count < forward->cap)
        return;
    if (forward->head > forward->cap / 2) {
        memmove(forward->list, forward->list + forward->head,
                forward->count * sizeof(*forward->list));
        forward->head = 0;
        return;
    }
    forward->cap = forward->cap == 0 ? 64 : forward->cap * 2;
    forward->list =
        mem_realloc(forward->list, forward->cap, sizeof(*forward->list));
}

static struct pending *forward_push(struct core *core, enum entry_kind kind,
                                    const struct buf *payload)
{
    struct forward *forward = &core->forward;

    forward_make_room(forward);
    struct pending *pending = &forward->list[forward->head + forward->count++];
    memset(pending, 0, sizeof(*pending));
    pending->number = ++forward->last_number;
    pending->kind = kind;
    pending->payload = mem_copy(payload->data, payload->len);
    pending->length = payload->len;
    return pending;
}

/* It keeps its number and loses its effect. */
static void pending_empty(struct pending *pending)
{
    free(pending->payload);
    pending->payload = NULL;
    pending->length = 0;
    pending->kind = ENTRY_NOOP;
    pending->answered = true;
}

static void forward_pop(struct forward *forward)
{
    free(forward->list[forward->head].payload);
    forward->head++;
    forward->count--;
    if (forward->count == 0)
        forward->head = 0;
    if (forward->next_number < forward_first(forward))
        forward->next_number = forward_first(forward);
}

/* ---- in ---- */

/* No value above the limit, and everything in one message: with CORE_VALUE_MAX
 * of values there is room for names, lengths and headers. */
static bool forward_is_too_large(const struct core_arg *argv, size_t argc)
{
    size_t bytes = 0;

    for (size_t i = 0; i < argc; i++) {
        if (argv[i].len > CORE_VALUE_MAX)
            return true;
        bytes += argv[i].len + sizeof(uint32_t);
    }
    return bytes > CORE_VALUE_MAX + FORWARD_ROOM;
}

/* By what is applied here; what is under way comes on top of it. */
static bool forward_is_full(const struct core *core)
{
    return core->options.max_memory != 0 &&
           core->machine.keyspace.bytes > core->options.max_memory;
}

void forward_write(struct core *core, uint64_t request,
                   const struct command *command, const struct core_arg *argv,
                   size_t argc)
{
    struct buf payload = {0};

    if (core->gate.token == 0 || core->leaving) {
        core_reply_text(core, request, OUTCOME_REFUSED, READ_ONLY);
        return;
    }
    if (rival_prevails(core)) {
        core_reply_text(core, request, OUTCOME_REFUSED, RIVALLED);
        return;
    }
    if (forward_is_too_large(argv, argc)) {
        core_reply_text(core, request, OUTCOME_REFUSED, TOO_LARGE);
        return;
    }
    if (command->effect == COMMAND_GROWS && forward_is_full(core)) {
        core_reply_text(core, request, OUTCOME_REFUSED, OUT_OF_MEMORY);
        return;
    }
    command_encode(&payload, argv, argc);
    struct pending *pending = forward_push(core, ENTRY_WRITE, &payload);
    pending->request = request;
    pending->token = core->gate.token;
    pending->deadline_ns = core->now_ns + core->options.write_timeout_ns;
    buf_free(&payload);
}

void forward_office(struct core *core, enum entry_kind kind,
                    const struct buf *payload)
{
    struct pending *pending = forward_push(core, kind, payload);

    pending->answered = true;
    pending->deadline_ns = STATE_NEVER;
}

/* ---- out ---- */

void forward_rewind(struct core *core)
{
    core->forward.next_number = forward_first(&core->forward);
    core->forward.flight = false;
}

static void forward_count_again(struct core *core, uint64_t number)
{
    if (number <= core->forward.sent_number)
        core->counters.reproposals++;
    else
        core->forward.sent_number = number;
}

/* LEADER: our own writes go straight into the log. */
static void forward_propose(struct core *core)
{
    struct forward *forward = &core->forward;

    while (view_takes(core) && forward->next_number <= forward->last_number) {
        struct pending *pending = forward_at(forward, forward->next_number);
        struct entry entry = {
            .kind = pending->kind,
            .origin = core->uuid,
            .run = core->run,
            .number = pending->number,
            .token = pending->token,
            .payload = pending->payload,
            .length = (uint32_t)pending->length,
        };
        forward->next_number++;
        if (sessions_judge(&core->replicate.tail, &core->uuid, core->run,
                           pending->number) != SESSION_NEXT)
            continue;
        forward_count_again(core, pending->number);
        replicate_propose(core, &entry);
    }
}

/* A leader that hands over or changes the voters takes nothing for a moment;
 * soon after, what it passed over has to come again. */
static uint64_t forward_retry_ns(const struct core *core)
{
    return core->options.leader_timeout_ns / 4;
}

static void forward_send(struct core *core)
{
    struct forward *forward = &core->forward;
    struct message message = core_message(core, WIRE_FORWARD, core->view.epoch);
    struct buf body = {0};

    message.number = forward->next_number;
    while (forward->next_number <= forward->last_number) {
        struct pending *pending = forward_at(forward, forward->next_number);
        if (body.len > 0 && body.len + FORWARD_ITEM_SIZE + pending->length >
                                core->options.batch_bytes)
            break;
        buf_u8(&body, (uint8_t)pending->kind);
        buf_u64(&body, pending->token);
        buf_blob(&body, pending->payload, pending->length);
        forward_count_again(core, pending->number);
        forward->next_number++;
        message.count++;
    }
    message.body = body.data;
    message.body_len = body.len;
    core_multicast(core, &message);
    forward->flight = true;
    forward->retry_ns = core->now_ns + forward_retry_ns(core);
    buf_free(&body);
}

void forward_on_forward(struct core *core, const struct message *message)
{
    struct cursor cursor = cursor_make(message->body, message->body_len);
    struct entry entry = {.origin = message->sender, .run = message->run};

    if (core_is_me(core, &message->sender)) {
        core->forward.flight = false;
        return;
    }
    if (message->epoch != core->view.epoch)
        return;
    for (uint32_t i = 0; i < message->count && view_takes(core); i++) {
        size_t length = 0;
        uint8_t kind = cursor_u8(&cursor);
        entry.token = cursor_u64(&cursor);
        entry.payload = cursor_blob(&cursor, &length);
        if (cursor.bad || (kind != ENTRY_NOOP && kind != ENTRY_WRITE &&
                           kind != ENTRY_PROMOTE && kind != ENTRY_DEMOTE))
            return;
        entry.kind = (enum entry_kind)kind;
        entry.length = (uint32_t)length;
        entry.number = message->number + i;
        enum session_verdict verdict = sessions_judge(
            &core->replicate.tail, &entry.origin, entry.run, entry.number);
        if (verdict == SESSION_NEXT)
            replicate_propose(core, &entry);
        else if (verdict == SESSION_OLD)
            core->counters.duplicates++;
    }
}

/* ---- answers ---- */

void forward_on_applied(struct core *core, const struct entry *entry,
                        enum outcome outcome, const struct buf *reply)
{
    struct forward *forward = &core->forward;

    if (entry->run != core->run || entry->number == 0 ||
        !core_is_me(core, &entry->origin))
        return;
    while (forward->count > 0 && forward_first(forward) <= entry->number) {
        struct pending *pending = &forward->list[forward->head];
        if (!pending->answered && pending->number == entry->number)
            core_reply(core, pending->request, outcome, entry->seq, reply->data,
                       reply->len);
        forward_pop(forward);
    }
    if (entry->kind == ENTRY_PROMOTE || entry->kind == ENTRY_DEMOTE)
        gate_on_result(core, entry, outcome);
}

/* The end of an unanswered one: what was never said by this run was not done. */
static void forward_give_up(struct core *core, const struct pending *pending)
{
    if (pending->answered)
        return;
    if (pending->number > core->forward.sent_number) {
        core_reply_text(core, pending->request, OUTCOME_REFUSED, NOT_DONE);
        return;
    }
    core_reply_text(core, pending->request, OUTCOME_UNKNOWN, UNKNOWN_OUTCOME);
    core->counters.unknown++;
}

void forward_on_installed(struct core *core)
{
    struct forward *forward = &core->forward;
    uint64_t last =
        sessions_last(&core->machine.sessions, &core->uuid, core->run);

    while (forward->count > 0 && forward_first(forward) <= last) {
        struct pending *pending = &forward->list[forward->head];
        forward_give_up(core, pending);
        forward_pop(forward);
    }
    forward->seen_number = last;
    forward_rewind(core);
}

static bool pending_is_late(const struct core *core,
                            const struct pending *pending)
{
    return core->now_ns >= pending->deadline_ns;
}

/* Those never sent leave no trace: what came behind them takes their numbers. */
static void forward_drop_unsent(struct core *core)
{
    struct forward *forward = &core->forward;
    uint64_t first = forward_first(forward);
    uint64_t unsent = forward->sent_number + 1;
    size_t kept = unsent > first ? (size_t)(unsent - first) : 0;
    struct pending *list = forward->list + forward->head;
    size_t count = forward->count;

    for (size_t i = kept; i < count; i++) {
        if (pending_is_late(core, &list[i])) {
            forward_give_up(core, &list[i]);
            free(list[i].payload);
            continue;
        }
        list[kept] = list[i];
        list[kept].number = first + kept;
        kept++;
    }
    forward->count = kept;
    forward->last_number = first + kept - 1;
    if (forward->next_number > forward->last_number + 1)
        forward->next_number = forward->last_number + 1;
}

static void forward_time_out(struct core *core)
{
    struct forward *forward = &core->forward;

    if (forward->timed_number < forward_first(forward))
        forward->timed_number = forward_first(forward);
    while (forward->timed_number <= forward->last_number) {
        struct pending *pending = forward_at(forward, forward->timed_number);
        if (pending->deadline_ns != STATE_NEVER) {
            if (!pending_is_late(core, pending))
                return;
            if (pending->number > forward->sent_number) {
                forward_drop_unsent(core);
                continue;
            }
            forward_give_up(core, pending);
            pending_empty(pending);
        }
        forward->timed_number++;
    }
}

void forward_end(struct core *core)
{
    struct forward *forward = &core->forward;

    while (forward->count > 0) {
        struct pending *pending = &forward->list[forward->head];
        forward_give_up(core, pending);
        forward_pop(forward);
    }
    free(forward->list);
    memset(forward, 0, sizeof(*forward));
    forward->next_number = 1;
}

/* What was sent and did not come back in an APPEND goes out again. */
static void forward_retry(struct core *core)
{
    struct forward *forward = &core->forward;

    if (core->now_ns < forward->retry_ns)
        return;
    if (forward->seen_number + 1 < forward->next_number) {
        uint64_t first = forward_first(forward);
        forward->next_number =
            forward->seen_number + 1 > first ? forward->seen_number + 1 : first;
    }
    forward->flight = false;
    forward->retry_ns = core->now_ns + forward_retry_ns(core);
}

void forward_settle(struct core *core)
{
    struct forward *forward = &core->forward;

    forward_time_out(core);
    if (forward->count == 0)
        return;
    if (core->role == CORE_ROLE_LEADER)
        forward_propose(core);
    if (core->role != CORE_ROLE_FOLLOWER)
        return;
    forward_retry(core);
    if (!forward->flight && forward->next_number <= forward->last_number)
        forward_send(core);
}

uint64_t forward_deadline(const struct core *core)
{
    const struct forward *forward = &core->forward;
    uint64_t deadline = STATE_NEVER;

    if (forward->count == 0)
        return STATE_NEVER;
    if (core->role == CORE_ROLE_FOLLOWER)
        deadline = forward->retry_ns;
    const struct pending *pending = forward_at(forward, forward->timed_number);
    if (pending != NULL && pending->deadline_ns < deadline)
        deadline = pending->deadline_ns;
    return deadline;
}
