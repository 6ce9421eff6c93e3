#include "daemon/core/rival.h"

#include "daemon/core/view.h"

enum {
    RIVAL_HELLO_MS = 1000,
    RIVAL_FRESH_MS = 2500 /* two HELLOs may be late */
};

static uint64_t rival_until(uint64_t heard_ns)
{
    return heard_ns == 0 ? 0 : heard_ns + RIVAL_FRESH_MS * STATE_MS;
}

/* Ours is no rival: a replica may have left the group it was in for this one. */
static bool rival_is_fresh(const struct core *core)
{
    const struct rival *rival = &core->rival;

    return core->now_ns < rival_until(rival->heard_ns) &&
           !uuid_equal(&rival->group, &core->group);
}

/* How many voters it has, if it said so lately and serves; else 0. */
static unsigned rival_voters(const struct core *core)
{
    const struct rival *rival = &core->rival;

    return rival_is_fresh(core) && core->now_ns < rival_until(rival->told_ns)
               ? rival->voters
               : 0;
}

/* Of several rivals the one with most voters is kept in sight. */
void rival_on_message(struct core *core, const struct message *message)
{
    struct rival *rival = &core->rival;
    bool tells =
        message->type == WIRE_HELLO && (message->flags & WIRE_LEADS) != 0;

    if (message->type != WIRE_APPEND && !tells)
        return;
    rival->answer = true;
    if (!uuid_equal(&rival->group, &message->group)) {
        if (rival_is_fresh(core) &&
            (!tells || message->config.count <= rival_voters(core)))
            return;
        rival->told_ns = 0;
    }
    rival->group = message->group;
    rival->heard_ns = core->now_ns;
    if (tells) {
        rival->voters = message->config.count;
        rival->told_ns = core->now_ns;
    }
}

struct uuid rival_heard(const struct core *core)
{
    struct uuid none = {{0}};

    return rival_is_fresh(core) ? core->rival.group : none;
}

bool rival_prevails(const struct core *core)
{
    unsigned voters = rival_voters(core);

    return voters > 0 && voters >= core->config.count;
}

static uint64_t rival_due(const struct core *core)
{
    return core->rival.said_ns == 0
               ? core->now_ns
               : core->rival.said_ns + RIVAL_HELLO_MS * STATE_MS;
}

void rival_settle(struct core *core)
{
    struct rival *rival = &core->rival;

    if (!rival_is_fresh(core))
        rival->answer = false;
    if (!rival->answer || !view_can_commit(core) ||
        core->now_ns < rival_due(core))
        return;
    view_say_hello(core);
    rival->said_ns = core->now_ns;
    rival->answer = false;
}

/* Also when a rival falls out of sight: writes are taken again from then on. */
uint64_t rival_deadline(const struct core *core)
{
    const struct rival *rival = &core->rival;
    uint64_t times[] = {
        rival->answer && view_can_commit(core) ? rival_due(core) : STATE_NEVER,
        rival_until(rival->told_ns),
        rival_until(rival->heard_ns),
    };
    uint64_t earliest = STATE_NEVER;

    if (!rival_is_fresh(core))
        return STATE_NEVER;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        if (times[i] > core->now_ns && times[i] < earliest)
            earliest = times[i];
    }
    return earliest;
}
