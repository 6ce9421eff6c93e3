/* trace: a seed's run as lines of text. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "daemon/core/wire.h"
#include "tests/sim/world.h"

const char *world_role(enum core_role role)
{
    static const char *const names[] = {
        "OFFLINE",  "BLANK",  "WAITING",     "VOTED",   "CANDIDATE",
        "FOLLOWER", "LEADER", "QUARANTINED", "REFUSED", "LEFT"};

    return names[role];
}

static void trace_time(const struct world *world, const struct node *node)
{
    printf("%" PRIu64 ".%06" PRIu64 " ", world->sched.now / SIM_S,
           world->sched.now % SIM_S / SIM_US);
    if (node != NULL)
        printf("n%u ", node->id);
}

void world_trace(struct world *world, const struct node *node,
                 const char *format, ...)
{
    va_list args;

    if (!world->trace)
        return;
    trace_time(world, node);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

static void trace_message(const uint8_t *data, size_t len)
{
    struct message message;

    if (wire_decode(data, len, &message) != 0) {
        printf("%s!", len > 1 ? wire_type_name(data[1]) : "?");
        return;
    }
    printf("%s e%" PRIu64, wire_type_name(data[1]), message.epoch);
    if (message.point.seq != 0)
        printf(" at %" PRIu64 ".%" PRIu64, message.point.epoch,
               message.point.seq);
    if (message.type == WIRE_APPEND)
        printf("+%u commit %" PRIu64, message.count, message.commit);
    if (message.number != 0)
        printf(" #%" PRIu64 "+%u", message.number, message.count);
}

static void trace_event(const struct world *world, const struct node *node,
                        const struct core_event *event)
{
    switch (event->kind) {
    case CORE_CONNECTED:
        printf("connected");
        break;
    case CORE_MEMBERS:
        printf("members");
        for (size_t i = 0; i < event->u.members.count; i++)
            printf(" %u/%u", event->u.members.list[i].node,
                   event->u.members.list[i].pid);
        break;
    case CORE_DELIVER:
        printf("from n%u/%u ", event->u.deliver.sender.node,
               event->u.deliver.sender.pid);
        trace_message(event->u.deliver.data, event->u.deliver.len);
        break;
    case CORE_QUORUM:
        printf("quorum %d", event->u.quorate);
        break;
    case CORE_CLIENT: {
        const struct op *op = &world->clients.ops[event->u.client.request - 1];
        printf("client %" PRIu64 " %s%s", event->u.client.request,
               clients_kind(op->kind), event->u.client.hold ? ", held" : "");
        break;
    }
    case CORE_SETTLE:
        printf("settle");
        break;
    case CORE_TICK:
        printf("tick");
        break;
    case CORE_STORED:
        printf("stored %" PRIu64, event->u.stored.op);
        break;
    case CORE_DISK:
        printf("disk %s", event->u.full != NULL ? "full" : "has room");
        break;
    case CORE_SNAPSHOT_DONE:
        printf("snapshot %" PRIu64 " %s", event->u.snapshot.seq,
               event->u.snapshot.ok ? "done" : "failed");
        break;
    case CORE_READ_DONE:
        printf("read of %" PRIu64 " at %" PRIu64 ": %zu bytes",
               event->u.read.seq, event->u.read.offset, event->u.read.len);
        break;
    case CORE_MARKED:
        printf("marked %" PRIu64, event->u.mark);
        break;
    case CORE_FENCED:
        printf("fenced n%u", event->u.node);
        break;
    case CORE_TUNE:
        printf("tune");
        break;
    case CORE_DISCONNECTED:
        printf("disconnected");
        break;
    }
    (void)node;
}

static void trace_entry(const struct world *world, const struct effect *effect)
{
    static const char *const kinds[] = {"?",     "noop",    "create", "config",
                                        "write", "promote", "demote", "clock"};
    struct cursor cursor =
        cursor_make(effects_data(&world->effects, effect), effect->data_len);
    struct entry entry;

    if (entry_decode(&cursor, &entry) == 0)
        printf(" %s e%" PRIu64, kinds[entry.kind], entry.epoch);
}

static void trace_effect(const struct world *world, const struct effect *effect)
{
    static const char *const outcomes[] = {"?", "ok", "refused", "unknown"};
    static const char *const kinds[] = {
        "?",       "multicast", "promise", "append",   "truncate",
        "install", "compact",   "reset",   "snapshot", "read",
        "reply",   "timer",     "score",   "mark",     "leave"};

    if (effect->kind == EFFECT_SET_TIMER)
        return;
    printf(" | %s", kinds[effect->kind]);
    switch (effect->kind) {
    case EFFECT_MULTICAST:
        putchar(' ');
        trace_message(effects_data(&world->effects, effect), effect->data_len);
        break;
    case EFFECT_APPEND:
        printf(" %" PRIu64, effect->seq);
        trace_entry(world, effect);
        break;
    case EFFECT_REPLY:
        printf(" %" PRIu64 " %s at %" PRIu64, effect->request,
               outcomes[effect->outcome], effect->seq);
        break;
    case EFFECT_SET_SCORE:
        printf(" %d", effect->score);
        break;
    case EFFECT_LEAVE:
        printf(" %.*s", (int)effect->data_len,
               (const char *)effects_data(&world->effects, effect));
        break;
    default:
        if (effect->seq != 0)
            printf(" %" PRIu64, effect->seq);
        break;
    }
    if (effect->op != 0)
        printf(" op%" PRIu64, effect->op);
}

void world_trace_step(struct world *world, const struct node *node,
                      const struct core_event *event,
                      const struct core_status *before)
{
    const struct core_status *status = &node->status;

    trace_time(world, node);
    trace_event(world, node, event);
    for (size_t i = 0; i < world->effects.count; i++)
        trace_effect(world, &world->effects.list[i]);
    if (before->role != status->role || before->epoch != status->epoch)
        printf(" | %s -> %s e%" PRIu64, world_role(before->role),
               world_role(status->role), status->epoch);
    if (before->commit_seq != status->commit_seq)
        printf(" | commit %" PRIu64, status->commit_seq);
    if (before->voter != status->voter)
        printf(" | %s", status->voter ? "voter" : "learner");
    if (before->promoted != status->promoted)
        printf(" | %s", status->promoted ? "promoted" : "not promoted");
    if (before->why != status->why && status->why != NULL)
        printf(" | why: %s", status->why);
    putchar('\n');
}
