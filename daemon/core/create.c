#include "daemon/core/create.h"

#include <string.h>

#include <xxhash.h>

#include "daemon/core/replicate.h"
#include "daemon/core/view.h"

enum { CREATE_PATIENCE_MS = 5000 };

/* One that has not spoken yet may be one with data. But a dead one can stay in
 * CPG's list for ever (Corosync's issue 828), so it is not waited for longer. */
static bool create_heard_all(const struct core *core)
{
    const struct peers *peers = &core->peers;

    if (core->now_ns >= core->view.members_ns + CREATE_PATIENCE_MS * STATE_MS)
        return true;
    for (size_t i = 0; i < peers->member_count; i++) {
        bool heard = false;
        for (size_t at = 0; at < peers->count; at++) {
            const struct peer *peer = &peers->list[at];
            heard |= peer->hello &&
                     peer->member.node == peers->members[i].node &&
                     peer->member.pid == peers->members[i].pid;
        }
        if (!heard)
            return false;
    }
    return true;
}

/* The blank replicas heard, those of the lowest nodes first, expected_voters of
 * them. NULL, or why there cannot be a group of them. */
static const char *create_voters(const struct core *core, struct config *voters)
{
    bool taken[CONFIG_MAX * 8] = {false};

    memset(voters, 0, sizeof(*voters));
    if (core->lost)
        return "its data were lost; it waits for the group to give them back";
    if (!create_heard_all(core))
        return "waits to hear from every replica that is there";
    for (size_t i = 0; i < core->peers.count; i++) {
        const struct peer *peer = &core->peers.list[i];
        if (!peer->hello || !peer->present)
            continue;
        if (peer->lost)
            return "a replica that lost its data is here; a new group is not "
                   "made beside it";
        if (!uuid_is_none(&peer->group))
            return "waits for the group's leader";
    }
    if (core->options.expected_voters * 2 <= core->options.instances)
        return "expected_voters is not more than half of all instances "
               "(clone-max); no group is made";
    while (voters->count < core->options.expected_voters) {
        size_t lowest = core->peers.count;
        for (size_t i = 0; i < core->peers.count && i < sizeof(taken); i++) {
            const struct peer *peer = &core->peers.list[i];
            if (!taken[i] && peer->hello && peer->present &&
                (lowest == core->peers.count ||
                 peer->node < core->peers.list[lowest].node))
                lowest = i;
        }
        if (lowest == core->peers.count)
            return "waits for as many blank replicas as expected_voters";
        taken[lowest] = true;
        const struct peer *peer = &core->peers.list[lowest];
        if (config_add(voters, &peer->uuid, peer->node) != 0)
            return "waits until each node has one replica";
    }
    return NULL;
}

static bool create_is_first(const struct core *core,
                            const struct config *voters)
{
    int self = config_find(voters, &core->uuid);

    for (unsigned i = 0; self >= 0 && i < voters->count; i++) {
        if (voters->voters[i].node < core->options.node)
            return false;
    }
    return self >= 0;
}

struct uuid create_group(const uint8_t *bytes, size_t len)
{
    XXH128_canonical_t canonical;
    struct uuid group;

    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, len));
    memcpy(group.bytes, canonical.digest, sizeof(group.bytes));
    return group;
}

/* Entry 1 of the group of those voters, encoded; and the group's UUID. */
static struct uuid create_entry(enum core_mode mode,
                                const struct config *voters,
                                struct buf *encoded)
{
    struct buf payload = {0};

    machine_create_encode(&payload, mode, voters);
    struct entry entry = {
        .epoch = 1,
        .seq = 1,
        .kind = ENTRY_CREATE,
        .payload = payload.data,
        .length = (uint32_t)payload.len,
    };
    entry_encode(encoded, &entry);
    buf_free(&payload);
    return create_group(encoded->data, encoded->len);
}

/* This replica is a voter of the group that `encoded` begins. */
static void create_join(struct core *core, const struct uuid *group,
                        const struct buf *encoded)
{
    core->group = *group;
    core->machine.group = *group;
    if (core->view.promised < 1)
        core->view.promised = 1; /* the epoch of entry 1 */
    core->view.joined = core->view.promised;
    replicate_store(core, encoded->data, encoded->len);
    view_wait(core, "the group was just created");
}

void create_settle(struct core *core)
{
    struct buf encoded = {0};
    struct config voters;

    if (core->leaving)
        return;
    if (!core->quorate) {
        core->why = "Corosync has no quorum here";
        return;
    }
    const char *lacks = create_voters(core, &voters);
    core->why = lacks != NULL ? lacks : "waits for the group to be created";
    if (lacks != NULL || !create_is_first(core, &voters))
        return;
    struct uuid group = create_entry(core->options.mode, &voters, &encoded);
    create_join(core, &group, &encoded);
    buf_free(&encoded);
}

void create_on_hello(struct core *core, const struct message *message)
{
    enum core_mode mode =
        (message->flags & WIRE_MODE_HOT) != 0 ? CORE_HOT : CORE_WARM;
    struct buf encoded = {0};

    if (core->role != CORE_ROLE_BLANK || message->config.seq != 1 ||
        config_find(&message->config, &core->uuid) < 0)
        return;
    struct uuid group = create_entry(mode, &message->config, &encoded);
    if (!uuid_equal(&group, &message->group))
        goto out;
    if (mode != core->options.mode)
        core_refuse(core, "its mode is not the one the group was created with");
    else
        create_join(core, &group, &encoded);
out:
    buf_free(&encoded);
}

/* Blank again: nothing of a group that never lived is kept, but for P, which
 * only rises. The group's name goes first: a crash between the two leaves
 * entry 1 as it was. */
static void create_drop(struct core *core)
{
    bool holds = log_last(&core->log).seq > 0;

    log_free(&core->log);
    machine_free(&core->machine);
    memset(&core->group, 0, sizeof(core->group));
    memset(&core->config, 0, sizeof(core->config));
    memset(&core->committed, 0, sizeof(core->committed));
    core->commit_seq = 0;
    core->config_op = 0;
    core->view.joined = 0;
    core_promise(core);
    if (holds) {
        core_disk(core, EFFECT_TRUNCATE, NULL, 0)->seq = 1;
        /* Who waits says nothing before it is gone. */
        core->view.promise_op = core->op;
    }
    peers_forget_view(&core->peers);
    view_wait(core, "its group was created twice; this one is dropped");
}

void create_on_other_group(struct core *core, const struct message *message)
{
    const struct peer *peer = peers_find(&core->peers, &message->sender);

    if (uuid_is_none(&core->group) || uuid_is_none(&message->group) ||
        core_is_me(core, &message->sender) ||
        (peer != NULL && message->run < peer->run))
        return;
    if (log_last(&core->log).seq > 1)
        return;
    bool named = config_find(&message->config, &core->uuid) >= 0;
    bool lower = message->type == WIRE_HELLO &&
                 uuid_compare(&message->group, &core->group) < 0;
    bool never_voted = core->view.promised == core->view.joined;
    bool was_to_vote = config_find(&core->config, &message->sender) >= 0;
    if (message->type == WIRE_APPEND ||
        (lower && ((never_voted && named) || was_to_vote)))
        create_drop(core);
}
