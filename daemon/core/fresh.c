#include "daemon/core/fresh.h"

#include "daemon/core/replicate.h"

void fresh_say(struct core *core, struct fresh *fresh)
{
    struct entry entry = {.kind = ENTRY_NOOP};

    if (core_is_ahead(core) || core->full != NULL)
        return;
    fresh->seq = replicate_propose(core, &entry);
    fresh->epoch = core->view.epoch;
    fresh->at_ns = core->now_ns;
}

uint64_t fresh_until_ns(const struct core *core, const struct fresh *fresh)
{
    return fresh->at_ns + core->options.leader_timeout_ns;
}

bool fresh_holds(const struct core *core, const struct fresh *fresh)
{
    return fresh->seq != 0 && fresh->epoch == core->view.epoch &&
           core->now_ns < fresh_until_ns(core, fresh);
}
