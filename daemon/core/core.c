#include "daemon/core/core.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/barrier.h"
#include "daemon/core/boot.h"
#include "daemon/core/command.h"
#include "daemon/core/commit.h"
#include "daemon/core/create.h"
#include "daemon/core/force.h"
#include "daemon/core/forward.h"
#include "daemon/core/gate.h"
#include "daemon/core/handover.h"
#include "daemon/core/membership.h"
#include "daemon/core/pair.h"
#include "daemon/core/removal.h"
#include "daemon/core/replicate.h"
#include "daemon/core/revoke.h"
#include "daemon/core/rival.h"
#include "daemon/core/score.h"
#include "daemon/core/state.h"
#include "daemon/core/transfer.h"
#include "daemon/core/view.h"
#include "lib/mem.h"

int core_open(struct core **out, const struct core_options *options,
              const struct core_boot *boot)
{
    struct core *core = mem_calloc(1, sizeof(*core));

    *out = NULL;
    core->options = *options;
    core->why = "is not connected to Corosync";
    core->forward.next_number = 1;
    core->tuning.promoted_max = 1;
    int rc = boot_open(core, boot);
    if (rc != 0) {
        core_close(core);
        return rc;
    }
    if (core->machine.mode != 0 && core->machine.mode != options->mode)
        core_refuse(core, "its mode is not the one the group was created with");
    *out = core;
    return 0;
}

void core_close(struct core *core)
{
    struct effects unheard = {0};

    if (core == NULL)
        return;
    core->effects = &unheard;
    forward_end(core);
    barrier_end(core);
    effects_free(&unheard);
    free(core->barrier.asked.list);
    free(core->barrier.waiting.list);
    buf_free(&core->transfer.bytes);
    sessions_free(&core->replicate.tail);
    peers_free(&core->peers);
    log_free(&core->log);
    backlog_free(&core->backlog);
    machine_free(&core->machine);
    free(core);
}

/* ---- what the rooms use ---- */

struct message core_message(const struct core *core, enum wire_type type,
                            uint64_t epoch)
{
    struct message message = {
        .type = type,
        .node = core->options.node,
        .group = core->group,
        .sender = core->uuid,
        .run = core->run,
        .epoch = epoch,
    };

    return message;
}

void core_multicast(struct core *core, const struct message *message)
{
    struct effect *effect = effects_add(core->effects, EFFECT_MULTICAST);

    wire_encode(&core->effects->arena, message);
    effect->data_len = core->effects->arena.len - effect->data_at;
}

void core_reply(struct core *core, uint64_t request, enum outcome outcome,
                uint64_t seq, const void *text, size_t len)
{
    struct effect *effect =
        effects_add_data(core->effects, EFFECT_REPLY, text, len);

    effect->request = request;
    effect->outcome = outcome;
    effect->seq = seq;
}

void core_reply_text(struct core *core, uint64_t request, enum outcome outcome,
                     const char *text)
{
    core_reply(core, request, outcome, 0, text, strlen(text));
}

struct effect *core_disk(struct core *core, enum effect_kind kind,
                         const void *data, size_t len)
{
    struct effect *effect =
        data == NULL ? effects_add(core->effects, kind)
                     : effects_add_data(core->effects, kind, data, len);

    effect->op = ++core->op;
    backlog_add(&core->backlog, core->op, kind == EFFECT_APPEND ? len : 0);
    return effect;
}

uint64_t core_promise(struct core *core)
{
    bool known = commit_knows_config(core);
    struct buf content = {0};

    boot_promise_encode(&content, core,
                        known ? &core->config : &core->committed);
    core_disk(core, EFFECT_PROMISE, content.data, content.len);
    buf_free(&content);
    core->view.promise_op = core->op;
    return core->op;
}

void core_hold(struct core *core)
{
    core->lost = false;
    core_promise(core);
}

bool core_is_ahead(const struct core *core)
{
    return core->backlog.bytes > core->options.ahead_bytes;
}

bool core_is_me(const struct core *core, const struct uuid *uuid)
{
    return uuid_equal(&core->uuid, uuid);
}

bool core_is_voter(const struct core *core)
{
    return config_find(&core->config, &core->uuid) >= 0;
}

bool core_majority(const struct core *core,
                   bool (*test)(const struct peer *peer, uint64_t argument),
                   uint64_t argument)
{
    if (core->config.seq != core->committed.seq &&
        !peers_majority(&core->peers, &core->committed, test, argument))
        return false;
    return peers_majority(&core->peers, &core->config, test, argument);
}

static void core_silence(struct core *core, enum core_role role,
                         const char *why)
{
    core->role = role;
    core->why = why;
}

void core_quarantine(struct core *core, const char *why)
{
    core_silence(core, CORE_ROLE_QUARANTINED, why);
}

void core_refuse(struct core *core, const char *why)
{
    core_silence(core, CORE_ROLE_REFUSED, why);
}

/* Silent for good: only a new process changes it. */
static bool core_is_silent(const struct core *core)
{
    return core->role == CORE_ROLE_QUARANTINED ||
           core->role == CORE_ROLE_REFUSED || core->role == CORE_ROLE_LEFT;
}

/* ---- events ---- */

static void on_connected(struct core *core)
{
    core->connected = true;
    core->run++;
    pair_begin(core);
    core_promise(core);
    if (core->resetting) {
        core_disk(core, EFFECT_RESET, NULL, 0);
        core->resetting = false;
        core_promise(core);
    }
    struct peer *self = peers_row(&core->peers, &core->uuid);
    self->node = core->options.node;
    self->run = core->run;
}

static void on_disconnected(struct core *core)
{
    core->connected = false;
    core->quorate = false;
    peers_set_members(&core->peers, NULL, 0);
    gate_end(core, OUTCOME_UNKNOWN, "-ERR Corosync is gone\r\n");
    forward_end(core);
    view_wait(core, "is not connected to Corosync");
    core->role = CORE_ROLE_OFFLINE;
}

static void on_message(struct core *core, const struct message *message,
                       struct peer *peer, struct core_member from)
{
    switch (message->type) {
    case WIRE_HELLO:
        view_on_hello(core, message, peer);
        create_on_hello(core, message);
        break;
    case WIRE_VIEW:
        view_on_view(core, message, from);
        break;
    case WIRE_READY:
        view_on_ready(core, message, peer);
        break;
    case WIRE_APPEND:
        replicate_on_append(core, message, from);
        break;
    case WIRE_ACK:
        commit_on_ack(core, message, peer);
        break;
    case WIRE_FETCH:
        replicate_on_fetch(core, message);
        break;
    case WIRE_FORWARD:
        forward_on_forward(core, message);
        break;
    case WIRE_BARRIER:
        barrier_on_barrier(core, message);
        break;
    case WIRE_ANSWER:
        barrier_on_answer(core, message, peer);
        break;
    case WIRE_HANDOVER:
        view_on_handover(core, message);
        break;
    case WIRE_OFFER:
        transfer_on_offer(core, message);
        break;
    case WIRE_PULL:
        transfer_on_pull(core, message);
        break;
    case WIRE_CHUNK:
        transfer_on_chunk(core, message);
        break;
    }
}

/* Queued messages outlive a view change and are delivered in the next one, so
 * all but these are heard only at or above P. */
static bool message_outlives_views(enum wire_type type)
{
    return type == WIRE_HELLO || type == WIRE_PULL || type == WIRE_CHUNK;
}

/* A blank replica belongs to no group: it may be named a voter of one (HELLO)
 * or follow a leader (APPEND). Any other hears only its own group, and the
 * blank. */
static bool message_is_for(const struct core *core,
                           const struct message *message)
{
    if (uuid_is_none(&core->group))
        return message->type == WIRE_HELLO || message->type == WIRE_APPEND;
    if (uuid_is_none(&message->group))
        return message->type == WIRE_HELLO;
    return uuid_equal(&core->group, &message->group);
}

static void on_deliver(struct core *core, const struct core_event *event)
{
    struct message message;

    if (core->role == CORE_ROLE_OFFLINE ||
        wire_decode(event->u.deliver.data, event->u.deliver.len, &message) != 0)
        return;
    if (!message_is_for(core, &message)) {
        rival_on_message(core, &message);
        create_on_other_group(core, &message);
        force_on_message(core, &message);
        if (!message_is_for(core, &message))
            return;
    }
    if (message.epoch < core->view.promised &&
        !message_outlives_views(message.type))
        return;
    if (core_is_me(core, &message.sender) && message.run != core->run)
        return;
    struct peer *peer =
        peers_hear(&core->peers, &message, event->u.deliver.sender,
                   core->now_ns);
    if (peer == NULL)
        return;
    /* A leader that speaks as a new run has started anew: its lead is over. */
    if (core->role == CORE_ROLE_FOLLOWER &&
        message.run > core->view.leader_run &&
        uuid_equal(&message.sender, &core->view.leader))
        view_wait(core, "its leader has started anew");
    on_message(core, &message, peer, event->u.deliver.sender);
}

static void on_command(struct core *core, const struct core_event *event)
{
    uint64_t request = event->u.client.request;
    const struct core_arg *argv = event->u.client.argv;
    size_t argc = event->u.client.argc;
    struct buf reply = {0};

    if (argc == 0 || argc > COMMAND_ARGS_MAX) {
        core_reply_text(core, request, OUTCOME_REFUSED,
                        "-ERR a command takes 1 to 1024 arguments\r\n");
        return;
    }
    const struct command *command = command_find(argv, argc, &reply);
    if (command == NULL)
        core_reply(core, request, OUTCOME_REFUSED, 0, reply.data, reply.len);
    else if (command->effect != COMMAND_READS)
        forward_write(core, request, command, argv, argc);
    else if (event->u.client.kind == CORE_COMMAND)
        barrier_read(core, request, argv, argc);
    else if (core->machine.at.seq == 0)
        core_reply_text(core, request, OUTCOME_REFUSED,
                        "-CLUSTERDOWN this replica has no data yet\r\n");
    else {
        machine_read(&core->machine, argv, argc, &reply);
        core_reply(core, request, OUTCOME_OK, core->machine.at.seq, reply.data,
                   reply.len);
    }
    buf_free(&reply);
}

static void on_client(struct core *core, const struct core_event *event)
{
    uint64_t request = event->u.client.request;

    switch (event->u.client.kind) {
    case CORE_COMMAND:
    case CORE_COMMAND_LOCAL:
        on_command(core, event);
        break;
    case CORE_PROMOTE:
        gate_promote(core, request);
        break;
    case CORE_DEMOTE:
        gate_demote(core);
        core_reply_text(core, request, OUTCOME_OK, "+OK\r\n");
        break;
    case CORE_REMOVE_VOTER:
        removal_ask(core, request, event->u.client.node);
        break;
    case CORE_LEAVE:
        handover_leave(core);
        core_reply_text(core, request, OUTCOME_OK, "+OK\r\n");
        break;
    }
}

static void on_event(struct core *core, const struct core_event *event)
{
    switch (event->kind) {
    case CORE_CONNECTED:
        on_connected(core);
        break;
    case CORE_DISCONNECTED:
        on_disconnected(core);
        break;
    case CORE_MEMBERS:
        peers_set_members(&core->peers, event->u.members.list,
                          event->u.members.count);
        view_on_members(core);
        break;
    case CORE_DELIVER:
        on_deliver(core, event);
        break;
    case CORE_QUORUM:
        core->quorate = event->u.quorate;
        break;
    case CORE_CLIENT:
        on_client(core, event);
        break;
    case CORE_SETTLE:
        break;
    case CORE_TICK:
        view_on_tick(core);
        break;
    case CORE_STORED:
        core->stored_op = event->u.stored.op;
        backlog_stored(&core->backlog, core->stored_op);
        commit_on_stored(core);
        break;
    case CORE_DISK:
        core->full = event->u.full;
        break;
    case CORE_SNAPSHOT_DONE:
        transfer_on_snapshot_done(core, event);
        break;
    case CORE_READ_DONE:
        transfer_on_read_done(core, event);
        break;
    case CORE_MARKED:
        pair_on_marked(core, event->u.mark);
        break;
    case CORE_FENCED:
        pair_on_fenced(core, event->u.node);
        break;
    case CORE_TUNE:
        core->tuning = event->u.tuning;
        break;
    }
}

/* What can still be said once this replica is silent: no. */
static void on_event_silent(struct core *core, const struct core_event *event)
{
    if (event->kind != CORE_CLIENT)
        return;
    if (event->u.client.kind == CORE_LEAVE)
        effects_add(core->effects, EFFECT_LEAVE);
    if (event->u.client.kind == CORE_DEMOTE ||
        event->u.client.kind == CORE_LEAVE)
        core_reply_text(core, event->u.client.request, OUTCOME_OK, "+OK\r\n");
    else
        core_reply_text(core, event->u.client.request, OUTCOME_REFUSED,
                        "-CLUSTERDOWN this replica does not serve\r\n");
}

static uint64_t core_deadline(const struct core *core)
{
    uint64_t deadlines[] = {
        view_deadline(core),     replicate_deadline(core),
        forward_deadline(core),  barrier_deadline(core),
        transfer_deadline(core), handover_deadline(core),
        score_deadline(core),    pair_deadline(core),
        rival_deadline(core),    removal_deadline(core),
    };
    uint64_t earliest = STATE_NEVER;

    for (size_t i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++) {
        if (deadlines[i] < earliest)
            earliest = deadlines[i];
    }
    return earliest;
}

static void core_set_timer(struct core *core)
{
    uint64_t deadline =
        core_is_silent(core) ? STATE_NEVER : core_deadline(core);

    if (deadline == core->timer_ns)
        return;
    core->timer_ns = deadline;
    effects_add(core->effects, EFFECT_SET_TIMER)->at_ns = deadline;
}

static void core_settle(struct core *core)
{
    view_settle(core);
    replicate_settle(core);
    transfer_settle(core);
    removal_settle(core);
    membership_settle(core);
    pair_settle(core);
    handover_settle(core);
    rival_settle(core);
    revoke_settle(core);
    gate_settle(core);
    forward_settle(core);
    barrier_settle(core);
    replicate_settle(core); /* what was proposed just now goes out at once */
    view_explain(core);
}

/* Many clients' commands become one message. */
static bool core_holds(const struct core_event *event)
{
    return event->kind == CORE_CLIENT && event->u.client.hold;
}

void core_step(struct core *core, const struct core_event *event,
               struct effects *effects)
{
    bool was_silent = core_is_silent(core);

    core->effects = effects;
    core->now_ns = event->now_ns;
    core->wall_ms = event->wall_ms;
    if (was_silent) {
        on_event_silent(core, event);
    } else {
        on_event(core, event);
        if (!core_is_silent(core) && !core_holds(event))
            core_settle(core);
        if (core_is_silent(core)) {
            gate_end(core, OUTCOME_REFUSED,
                     "-CLUSTERDOWN this replica does not serve\r\n");
            forward_end(core);
            barrier_end(core);
            removal_end(core);
        }
    }
    score_settle(core, core_is_silent(core));
    core_set_timer(core);
    core->effects = NULL;
}

/* ---- what can be seen ---- */

void core_snapshot(const struct core *core, struct buf *out)
{
    machine_encode(out, &core->machine);
}

/* With a full disk: its clients' writes become durable at the others, and it
 * hears of that. */
static bool core_writes_elsewhere(const struct core *core)
{
    return core->role == CORE_ROLE_FOLLOWER && handover_steps_aside(core) &&
           !core_is_ahead(core);
}

void core_status(const struct core *core, struct core_status *status)
{
    struct log_point last = log_last(&core->log);

    memset(status, 0, sizeof(*status));
    status->role = core->role;
    status->why =
        core->full != NULL && !core_is_silent(core) ? core->full : core->why;
    status->uuid = core->uuid;
    status->former = core->former;
    status->lost = core->lost;
    status->group = core->group;
    status->run = core->run;
    status->promised = core->view.promised;
    status->epoch = core->view.epoch;
    status->leader = core->view.leader;
    status->first_seq = core->log.base.seq + 1;
    status->last_seq = last.seq;
    status->last_epoch = last.epoch;
    status->last_hash = last.hash;
    struct log log = core->log; /* log_durable moves its own mark */
    status->durable_seq = log_durable(&log, core->stored_op);
    status->matched_seq = core->replicate.matched_seq;
    status->commit_seq = core->commit_seq;
    status->applied_seq = core->machine.at.seq;
    status->applied_hash = core->machine.at.hash;
    status->bytes = core->machine.keyspace.bytes;
    status->state_digest = machine_digest(&core->machine);
    status->voter = core_is_voter(core);
    status->quorate = core->quorate;
    status->open = core->gate.token != 0;
    status->replaced = core->gate.replaced;
    status->writable = status->open && core->why[0] == '\0' &&
                       (core->full == NULL || core_writes_elsewhere(core));
    status->alone = pair_alone(core) && core->quorate && !core->leaving;
    status->rival = rival_heard(core);
    const struct promotion *own =
        promotions_of(&core->machine.promotions, &core->uuid);
    status->promoted = own != NULL && own->run == core->run;
    status->token = status->promoted ? own->token : 0;
    status->pending = core->forward.count;
    status->score = core->score.value;
    status->counters = core->counters;
}

bool core_entry(const struct core *core, uint64_t seq, struct entry *entry,
                uint64_t *hash)
{
    const struct log_item *item = log_at(&core->log, seq);

    if (item == NULL)
        return false;
    *entry = item->entry;
    *hash = item->hash;
    return true;
}

void core_configuration(const struct core *core, struct config *newest,
                        struct config *committed)
{
    *newest = core->config;
    if (committed != NULL)
        *committed = core->committed;
}
