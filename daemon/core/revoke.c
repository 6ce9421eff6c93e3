#include "daemon/core/revoke.h"

#include "daemon/core/replicate.h"
#include "daemon/core/view.h"

/* Who has not been heard yet in this process may be any member of its node. */
static bool revoke_is_listed(const struct core *core, const struct uuid *uuid)
{
    int place = config_find(&core->config, uuid);

    return place >= 0 &&
           peers_list_node(&core->peers, core->config.voters[place].node);
}

bool revoke_is_present(const struct core *core,
                       const struct promotion *promotion)
{
    if (core_is_me(core, &promotion->uuid))
        return core->run == promotion->run;
    const struct peer *peer = peers_find(&core->peers, &promotion->uuid);
    if (peer == NULL)
        return revoke_is_listed(core, &promotion->uuid);
    return peer->present && peer->run == promotion->run;
}

static void revoke_propose(struct core *core, uint64_t token)
{
    struct buf payload = {0};

    buf_u64(&payload, token);
    struct entry entry = {
        .kind = ENTRY_DEMOTE,
        .payload = payload.data,
        .length = (uint32_t)payload.len,
    };
    core->revoke.epoch = core->view.epoch;
    core->revoke.last_seq = replicate_propose(core, &entry);
    buf_free(&payload);
}

/* One after the other, each judged by a state that has the one before: so none
 * is proposed twice in a view. */
void revoke_settle(struct core *core)
{
    const struct promotions *promotions = &core->machine.promotions;

    if (core->options.mode != CORE_HOT || !core->quorate || !view_takes(core) ||
        core->machine.at.seq < log_epoch_first(&core->log, core->view.epoch) ||
        (core->revoke.epoch == core->view.epoch &&
         core->machine.at.seq < core->revoke.last_seq))
        return;
    for (size_t i = 0; i < promotions->count; i++) {
        if (revoke_is_present(core, &promotions->list[i]))
            continue;
        revoke_propose(core, promotions->list[i].token);
        return;
    }
}
