#include "daemon/core/score.h"

#include "daemon/core/handover.h"
#include "daemon/core/revoke.h"
#include "daemon/core/rival.h"

static bool score_offers(const struct core *core, bool silent)
{
    const struct replicate *replicate = &core->replicate;
    uint64_t maxlag = core->tuning.maxlag;

    if (silent || core->leaving || handover_steps_aside(core) ||
        !core_is_voter(core) || rival_prevails(core) || core->gate.replaced)
        return false;
    if (core->role == CORE_ROLE_LEADER)
        return true;
    if (core->role != CORE_ROLE_FOLLOWER)
        return core->score.offered;
    if (replicate->matched_seq >= replicate->leader_seq)
        return true;
    /* In a new view nothing is matched yet; what is committed is equal. */
    uint64_t sure = core->commit_seq > replicate->matched_seq
                        ? core->commit_seq
                        : replicate->matched_seq;
    if (maxlag > 0 && replicate->leader_seq > sure &&
        replicate->leader_seq - sure > maxlag)
        return false;
    return core->score.offered;
}

static bool score_is_present(const struct core *core,
                             const struct promotion *promotion)
{
    if (core_is_me(core, &promotion->uuid))
        return core->gate.token == promotion->token;
    return revoke_is_present(core, promotion);
}

static bool score_vacancy(const struct core *core)
{
    const struct promotions *promotions = &core->machine.promotions;
    size_t present = 0;

    for (size_t i = 0; i < promotions->count; i++)
        present += score_is_present(core, &promotions->list[i]);
    return present < core->tuning.promoted_max;
}

/* When a delayed fail-back is due. */
static uint64_t score_due(const struct core *core)
{
    return core->score.since_ns + core->tuning.failback_delay_ns;
}

static bool score_prefers(const struct core *core)
{
    switch (core->tuning.failback) {
    case CORE_FAILBACK_ALWAYS:
        return true;
    case CORE_FAILBACK_DELAYED:
        return core->now_ns >= score_due(core) || score_vacancy(core);
    case CORE_FAILBACK_NEVER:
        break;
    }
    return score_vacancy(core);
}

void score_settle(struct core *core, bool silent)
{
    struct score *score = &core->score;
    bool offered = score_offers(core, silent);
    int value = 0;

    if (offered && !score->offered)
        score->since_ns = core->now_ns;
    score->offered = offered;
    if (core->connected && core->quorate)
        score->preferred = score_prefers(core);
    if (offered)
        value = SCORE_STANDING +
                (score->preferred ? (int)core->tuning.preference : 0);
    if (value == score->value)
        return;
    score->value = value;
    effects_add(core->effects, EFFECT_SET_SCORE)->score = value;
}

uint64_t score_deadline(const struct core *core)
{
    if (core->score.offered && core->tuning.preference > 0 &&
        core->tuning.failback == CORE_FAILBACK_DELAYED &&
        core->now_ns < score_due(core))
        return score_due(core);
    return STATE_NEVER;
}
