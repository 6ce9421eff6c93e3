#include "daemon/core/barrier.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/command.h"
#include "daemon/core/replicate.h"
#include "lib/mem.h"

/* ---- batches ---- */

static struct barrier_read *batch_add(struct barrier_batch *batch)
{
    if (batch->count == batch->cap) {
        batch->cap = batch->cap == 0 ? 16 : batch->cap * 2;
        batch->list = mem_realloc(batch->list, batch->cap, sizeof(*batch->list));
    }
    struct barrier_read *read = &batch->list[batch->count++];
    memset(read, 0, sizeof(*read));
    return read;
}

/* Takes the first `count` away. */
static void batch_drop(struct barrier_batch *batch, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_free(&batch->list[i].command);
    batch->count -= count;
    memmove(batch->list, batch->list + count,
            batch->count * sizeof(*batch->list));
}

/* As many as fill a step's room with their replies; all are true at once, and
 * the others still are in the next step. */
static void batch_run(struct core *core, struct barrier_batch *batch)
{
    struct core_arg argv[COMMAND_ARGS_MAX];
    struct buf reply = {0};
    size_t argc = 0, count = 0, bytes = 0;

    while (count < batch->count && bytes < core->options.reply_bytes) {
        const struct barrier_read *read = &batch->list[count++];
        const struct buf *command = &read->command;
        struct cursor cursor = cursor_make(command->data, command->len);
        buf_reset(&reply);
        if (command_decode(&cursor, argv, &argc) == 0)
            machine_read(&core->machine, argv, argc, &reply);
        core_reply(core, read->request, OUTCOME_OK, core->machine.at.seq,
                   reply.data, reply.len);
        bytes += reply.len;
    }
    buf_free(&reply);
    batch_drop(batch, count);
}

/* Refuses those whose time is over at `now_ns`. */
static void batch_refuse(struct core *core, struct barrier_batch *batch,
                         uint64_t now_ns, const char *text)
{
    size_t count = 0;

    while (count < batch->count && batch->list[count].deadline_ns <= now_ns)
        core_reply_text(core, batch->list[count++].request, OUTCOME_REFUSED,
                        text);
    if (count > 0)
        batch_drop(batch, count);
}

/* ---- questions and answers ---- */

void barrier_read(struct core *core, uint64_t request,
                  const struct core_arg *argv, size_t argc)
{
    struct barrier_read *read = batch_add(&core->barrier.waiting);

    read->request = request;
    read->deadline_ns = core->now_ns + core->options.write_timeout_ns;
    command_encode(&read->command, argv, argc);
}

static bool barrier_serves(const struct core *core)
{
    return core->role == CORE_ROLE_LEADER || core->role == CORE_ROLE_FOLLOWER;
}

static void barrier_ask(struct core *core)
{
    struct barrier *barrier = &core->barrier;
    struct message message =
        core_message(core, WIRE_BARRIER, core->view.epoch);

    barrier->id = ++barrier->last_id;
    barrier->retry_ns = core->now_ns + core->options.leader_timeout_ns;
    message.number = barrier->id;
    core_multicast(core, &message);
}

void barrier_on_barrier(struct core *core, const struct message *message)
{
    struct log_point last = log_last(&core->log);

    if (!barrier_serves(core) || !core->quorate ||
        message->epoch != core->view.epoch ||
        core->stored_op < core->view.promise_op ||
        core->replicate.matched_seq != last.seq)
        return;
    struct message answer = core_message(core, WIRE_ANSWER, core->view.epoch);
    answer.to = message->sender;
    answer.to_run = message->run;
    answer.number = message->number;
    answer.point = last;
    core_multicast(core, &answer);
}

void barrier_on_answer(struct core *core, const struct message *message,
                       struct peer *peer)
{
    if (!barrier_serves(core) || message->epoch != core->view.epoch ||
        !core_is_me(core, &message->to) || message->to_run != core->run)
        return;
    peer->answer_id = message->number;
    peer->answer_seq = message->point.seq;
}

static bool peer_answered(const struct peer *peer, uint64_t id)
{
    return peer->answer_id == id;
}

/* The configuration in force at an applied sequence; NULL when it is older
 * than the two that the state remembers. */
static const struct config *barrier_config(const struct core *core,
                                           uint64_t seq)
{
    const struct machine *machine = &core->machine;

    if (machine->config.seq != 0 && machine->config.seq <= seq)
        return &machine->config;
    if (machine->previous.seq != 0 && machine->previous.seq <= seq)
        return &machine->previous;
    return NULL;
}

static bool barrier_is_reached(const struct core *core)
{
    uint64_t id = core->barrier.id, highest = 0;

    for (size_t i = 0; i < core->peers.count; i++) {
        const struct peer *peer = &core->peers.list[i];
        if (peer->answer_id == id && peer->answer_seq > highest)
            highest = peer->answer_seq;
    }
    if (highest == 0 || core->machine.at.seq < highest)
        return false;
    const struct config *config = barrier_config(core, highest);
    return config != NULL &&
           peers_majority(&core->peers, config, peer_answered, id);
}

void barrier_end(struct core *core)
{
    static const char text[] = "-CLUSTERDOWN this replica does not serve\r\n";

    batch_refuse(core, &core->barrier.asked, UINT64_MAX, text);
    batch_refuse(core, &core->barrier.waiting, UINT64_MAX, text);
    core->barrier.id = 0;
}

static void barrier_time_out(struct core *core)
{
    static const char text[] = "-CLUSTERDOWN no majority of the group's voters "
                               "answers this replica\r\n";

    batch_refuse(core, &core->barrier.asked, core->now_ns, text);
    batch_refuse(core, &core->barrier.waiting, core->now_ns, text);
    if (core->barrier.asked.count == 0)
        core->barrier.id = 0; /* the round is for nobody any more */
}

void barrier_settle(struct core *core)
{
    struct barrier *barrier = &core->barrier;

    barrier_time_out(core);
    if (!barrier_serves(core)) {
        barrier->retry_ns = core->now_ns; /* ask anew in the next view */
        return;
    }
    if (barrier->id != 0 && barrier_is_reached(core)) {
        batch_run(core, &barrier->asked);
        if (barrier->asked.count == 0)
            barrier->id = 0;
        else
            barrier->more_ns = core->now_ns + 1;
    }
    if (barrier->id == 0 && barrier->asked.count == 0) {
        struct barrier_batch empty = barrier->asked;
        barrier->asked = barrier->waiting;
        barrier->waiting = empty;
        if (barrier->asked.count > 0)
            barrier_ask(core);
    } else if (core->now_ns >= barrier->retry_ns) {
        barrier_ask(core);
    }
}

uint64_t barrier_deadline(const struct core *core)
{
    const struct barrier *barrier = &core->barrier;
    uint64_t deadline = STATE_NEVER;

    if (barrier->id != 0 && barrier_serves(core))
        deadline = barrier->retry_ns;
    if (barrier->more_ns > core->now_ns && barrier->more_ns < deadline)
        deadline = barrier->more_ns;
    if (barrier->asked.count > 0 &&
        barrier->asked.list[0].deadline_ns < deadline)
        deadline = barrier->asked.list[0].deadline_ns;
    if (barrier->waiting.count > 0 &&
        barrier->waiting.list[0].deadline_ns < deadline)
        deadline = barrier->waiting.list[0].deadline_ns;
    return deadline;
}
