#include "daemon/core/force.h"

#include <string.h>

#include <xxhash.h>

#include "daemon/core/boot.h"
#include "daemon/core/view.h"

enum {
    FORCE_FAMILY = 5, /* bytes, at 0 */
    FORCE_TAGS = 3,   /* how many follow … */
    FORCE_TAG = 3,    /* … of so many bytes each */
    FORCE_CHECK = 14  /* where the check begins */
};

const char *force_refuses(const struct core *core)
{
    bool voter = core_is_voter(core);

    if (core->resetting)
        return "has lost a part of what it held: the next start gives up the "
               "rest";
    if (core->lost)
        return "has lost its data, and was given none since";
    if (log_last(&core->log).seq == 0)
        return "is blank: it holds no data";
    if (!voter && core->options.node == 0)
        return "is a learner, and which node this is only Corosync could say, "
               "which does not run";
    if (voter && core->config.count == 1 &&
        core->config.seq == core->committed.seq)
        return "is its group's only voter already: it needs nobody else";
    return NULL;
}

/* ---- the group's UUID ---- */

static void force_put(struct uuid *group, size_t at, size_t len, uint64_t value)
{
    for (size_t i = 0; i < len; i++)
        group->bytes[at + i] = (uint8_t)(value >> (8 * (len - 1 - i)));
}

static uint64_t force_get(const struct uuid *group, size_t at, size_t len)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++)
        value = value << 8 | group->bytes[at + i];
    return value;
}

static uint64_t force_check(const struct uuid *group)
{
    return XXH3_64bits(group->bytes, FORCE_CHECK) & 0xffff;
}

/* One in 65536 of those that were created looks forced: to all alike. */
static bool force_is_forced(const struct uuid *group)
{
    return force_get(group, FORCE_CHECK, 2) == force_check(group);
}

/* The family that begins with that group. */
static uint64_t force_family(const struct uuid *group)
{
    return XXH3_64bits(group->bytes, sizeof(group->bytes)) >> 24;
}

static uint64_t force_tag(const struct uuid *group, size_t place)
{
    return force_get(group, FORCE_FAMILY + place * FORCE_TAG, FORCE_TAG);
}

static size_t force_depth(const struct uuid *group)
{
    size_t depth = 0;

    while (depth < FORCE_TAGS && force_tag(group, depth) != 0)
        depth++;
    return depth;
}

struct uuid force_group(const struct uuid *group, const struct uuid *fresh)
{
    uint64_t tag =
        XXH3_64bits(fresh->bytes, sizeof(fresh->bytes)) >> (64 - 8 * FORCE_TAG);
    struct uuid forced = {{0}};
    size_t depth = 0;

    if (force_is_forced(group) && force_depth(group) < FORCE_TAGS) {
        forced = *group;
        depth = force_depth(group);
    } else {
        force_put(&forced, 0, FORCE_FAMILY, force_family(group));
    }
    force_put(&forced, FORCE_FAMILY + depth * FORCE_TAG, FORCE_TAG,
              tag != 0 ? tag : 1);
    force_put(&forced, FORCE_CHECK, 2, force_check(&forced));
    return forced;
}

bool force_is_later(const struct uuid *later, const struct uuid *group)
{
    size_t depth = force_depth(group);

    if (!force_is_forced(later))
        return false;
    if (force_get(later, 0, FORCE_FAMILY) == force_family(group))
        return true;
    return force_is_forced(group) && depth < force_depth(later) &&
           memcmp(later->bytes, group->bytes,
                  FORCE_FAMILY + depth * FORCE_TAG) == 0;
}

/* Of entry 1 alone a replica lets go for any group that lives (create.h). A leader
 * answers those who do not know yet, before they can make a majority. */
void force_on_message(struct core *core, const struct message *message)
{
    if (log_last(&core->log).seq > 1 &&
        force_is_later(&message->group, &core->group))
        core_refuse(core, "the group was forced on another replica, without "
                          "this one: hotwarm reset");
    else if (core->role == CORE_ROLE_LEADER && message->type == WIRE_HELLO &&
             force_is_later(&core->group, &message->group))
        view_say_hello(core);
}

/* ---- the state ---- */

/* The entry that makes this replica the only voter, at the end of the log. */
static const struct log_item *force_configure(struct core *core)
{
    struct log_point last = log_last(&core->log);
    struct config alone = {.count = 1};
    struct buf payload = {0}, encoded = {0};
    int place = config_find(&core->config, &core->uuid);

    core->view.promised++; /* boot: it is not below the last entry's epoch */
    if (place >= 0)
        alone.voters[0] = core->config.voters[place];
    else
        alone.voters[0] = (struct voter){core->uuid, core->options.node};
    config_encode(&payload, &alone);
    struct entry entry = {
        .epoch = core->view.promised,
        .seq = last.seq + 1,
        .clock_ms = core->machine.clock_ms,
        .kind = ENTRY_CONFIG,
        .payload = payload.data,
        .length = (uint32_t)payload.len,
    };
    entry_encode(&encoded, &entry);
    const struct log_item *item =
        log_append(&core->log, encoded.data, encoded.len, 0);
    buf_free(&encoded);
    buf_free(&payload);
    return item;
}

static void force_apply(struct core *core, const struct log_item *item)
{
    struct buf unheard = {0};

    machine_apply(&core->machine, item, &unheard);
    buf_free(&unheard);
}

void force_make(struct core *core, const struct uuid *fresh,
                struct buf *promise, struct buf *snapshot)
{
    uint64_t last = log_last(&core->log).seq;

    for (uint64_t seq = core->machine.at.seq + 1; seq <= last; seq++)
        force_apply(core, log_at(&core->log, seq));
    force_apply(core, force_configure(core));
    core->group = force_group(&core->group, fresh);
    core->machine.group = core->group;
    core->commit_seq = core->machine.at.seq;
    core->config = core->machine.config;
    core->committed = core->machine.config;
    boot_promise_encode(promise, core, &core->committed);
    machine_encode(snapshot, &core->machine);
}
