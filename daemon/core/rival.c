#include "daemon/core/rival.h"

#include "daemon/core/view.h"

enum {
    RIVAL_HELLO_MS = 1000,
    RIVAL_FRESH_MS = 2500 /* two HELLOs may be late */
};

static bool rival_is_fresh(const struct core *core)
{
    return !uuid_is_none(&core->rival.group) &&
           core->now_ns < core->rival.heard_ns + RIVAL_FRESH_MS * STATE_MS;
}

/* Of several rivals the one with most voters is kept in sight. */
void rival_on_message(struct core *core, const struct message *message)
{
    struct rival *rival = &core->rival;
    bool leads =
        message->type == WIRE_HELLO && (message->flags & WIRE_LEADS) != 0;
    bool same = uuid_equal(&rival->group, &message->group);

    if (message->type != WIRE_APPEND && !leads)
        return;
    rival->answer = true;
    if (!same && rival_is_fresh(core) &&
        (!leads || message->config.count <= rival->voters))
        return;
    if (!same || !rival_is_fresh(core))
        rival->voters = 0;
    if (leads)
        rival->voters = message->config.count;
    rival->group = message->group;
    rival->heard_ns = core->now_ns;
}

struct uuid rival_heard(const struct core *core)
{
    struct uuid none = {{0}};

    return rival_is_fresh(core) ? core->rival.group : none;
}

bool rival_prevails(const struct core *core)
{
    return rival_is_fresh(core) && core->rival.voters >= core->config.count;
}

void rival_settle(struct core *core)
{
    struct rival *rival = &core->rival;

    if (!rival->answer || core->role != CORE_ROLE_LEADER ||
        core->now_ns < rival->said_ns + RIVAL_HELLO_MS * STATE_MS)
        return;
    view_say_hello(core);
    rival->said_ns = core->now_ns;
    rival->answer = false;
}
