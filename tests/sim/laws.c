/* laws: after a step; answers to clients are laws_reply.c's, what is asked by
 * an operator is laws_removal.c's. */
#include "tests/sim/laws.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "tests/sim/operator.h"
#include "tests/sim/world.h"

void laws_free(struct laws *laws)
{
    free(laws->leaders);
    *laws = (struct laws){0};
}

/* The disk that counts for a UUID: its node's, or what the dead one held. */
static const struct disk_image *image_of(struct world *world,
                                         const struct uuid *uuid)
{
    const struct ident *ident = ident_find(&world->idents, uuid);

    if (ident != NULL && ident->dead)
        return &ident->last;
    for (unsigned i = 0; i < world->count; i++)
        if (uuid_equal(&world->nodes[i].disk.image.uuid, uuid))
            return &world->nodes[i].disk.image;
    return NULL;
}

/* A tampered disk is destroyed; what it had held before still counts. */
static bool tampered_held(struct world *world, const struct disk_image *image,
                          uint64_t seq)
{
    for (unsigned i = 0; i < world->count; i++)
        if (&world->nodes[i].disk.image == image && world->nodes[i].tampered)
            return seq <= world->nodes[i].tampered_last;
    return false;
}

bool laws_majority_holds(struct world *world, const struct config *config,
                         uint64_t seq, uint64_t hash)
{
    unsigned holders = 0;

    for (unsigned i = 0; i < config->count; i++) {
        const struct disk_image *image =
            image_of(world, &config->voters[i].uuid);
        holders += image != NULL && (disk_holds(image, seq, hash) ||
                                     tampered_held(world, image, seq));
    }
    return holders >= config->count / 2 + 1;
}

/* Was this entry committed by one that led alone, as it may up to the
 * configuration with which it began? Then that one has it. */
static bool alone_holds(struct world *world, const struct config *config,
                        uint64_t seq, const struct ledger_entry *entry)
{
    for (size_t i = 0; i < world->laws.leader_count; i++) {
        const struct laws_leader *leader = &world->laws.leaders[i];
        const struct disk_image *image = image_of(world, &leader->uuid);
        if (leader->alone_seq >= seq && leader->epoch == entry->commit_epoch &&
            config_find(config, &leader->uuid) >= 0)
            return image != NULL && disk_holds(image, seq, entry->hash);
    }
    return false;
}

/* A configuration's own entry needs both majorities; once it is committed, what
 * comes behind it needs the new one. */
static void check_durable(struct world *world, struct node *node, uint64_t seq)
{
    const struct ledger_entry *entry = ledger_at(&world->ledger, seq);
    const struct config *config = ledger_config(&world->ledger, seq);
    const struct config *before;

    if (config != NULL && alone_holds(world, config, seq, entry))
        return;
    if (config == NULL) {
        verdict_fail(&world->verdict, "config",
                     "entry %" PRIu64 " is committed without a configuration",
                     seq);
        return;
    }
    before = config->seq == seq ? ledger_config(&world->ledger, seq - 1) : NULL;
    if (laws_majority_holds(world, config, seq, entry->hash) &&
        (before == NULL ||
         laws_majority_holds(world, before, seq, entry->hash)))
        return;
    verdict_fail(&world->verdict, "durable",
                 "n%u calls entry %" PRIu64 " (epoch %" PRIu64
                 ") committed; no "
                 "majority of the %u voters has it on disk%s",
                 node->id, seq, entry->epoch, config->count,
                 before != NULL ? " (joint)" : "");
}

static void take_committed(struct world *world, struct node *node, uint64_t seq)
{
    const struct ledger_entry *known = ledger_at(&world->ledger, seq);
    uint64_t epoch =
        node->status.epoch != 0 ? node->status.epoch : node->status.promised;
    uint64_t hash;
    struct entry entry;

    if (!core_entry(node->core, seq, &entry, &hash)) {
        if (known == NULL)
            verdict_fail(&world->verdict, "one-history",
                         "n%u has committed %" PRIu64 " from nowhere", node->id,
                         seq);
        return;
    }
    if (known == NULL) {
        const struct ledger_entry *last =
            ledger_at(&world->ledger, world->ledger.last);
        if (last != NULL && last->commit_epoch > epoch)
            epoch = last->commit_epoch;
        if (seq == 1)
            world->ledger.group = node->status.group;
        ledger_extend(&world->ledger, &entry, hash, epoch);
        check_durable(world, node, seq);
    } else if (known->hash != hash) {
        verdict_fail(&world->verdict, "one-history",
                     "n%u commits another entry %" PRIu64 " than was committed "
                     "before",
                     node->id, seq);
    }
}

static void check_applied(struct world *world, struct node *node)
{
    const struct core_status *status = &node->status;
    struct ledger_entry *at;

    if (status->applied_seq > world->ledger.last) {
        verdict_fail(&world->verdict, "one-history",
                     "n%u has applied %" PRIu64 ", which nobody committed",
                     node->id, status->applied_seq);
        return;
    }
    if (status->applied_seq == 0)
        return;
    at = &world->ledger.entries[status->applied_seq];
    if (at->hash != status->applied_hash)
        verdict_fail(&world->verdict, "one-history",
                     "n%u has applied another entry %" PRIu64, node->id,
                     status->applied_seq);
    if (at->digest_known && at->digest != status->state_digest)
        verdict_fail(&world->verdict, "one-history",
                     "n%u has another state at %" PRIu64, node->id,
                     status->applied_seq);
    at->digest = status->state_digest;
    at->digest_known = true;
}

/* Takes what the replica newly calls committed into the ledger. */
static void check_commit(struct world *world, struct node *node)
{
    const struct core_status *status = &node->status;

    if (node->tampered || operator_is_foreign(world, node))
        return;
    if (status->last_seq < status->commit_seq)
        verdict_fail(&world->verdict, "lost",
                     "n%u cut its log to %" PRIu64 ", below its commit point "
                     "%" PRIu64,
                     node->id, status->last_seq, status->commit_seq);
    for (uint64_t seq = node->laws.commit_seen + 1; seq <= status->commit_seq;
         seq++) {
        take_committed(world, node, seq);
        if (world->verdict.law != NULL)
            return;
    }
    if (status->commit_seq > node->laws.commit_seen)
        faults_on_commit(world, node);
    node->laws.commit_seen = status->commit_seq;
    if (status->applied_seq != node->laws.applied_seen)
        check_applied(world, node);
    node->laws.applied_seen = status->applied_seq;
}

static bool majority_promised(struct world *world, const struct config *config,
                              uint64_t epoch)
{
    unsigned count = 0;

    for (unsigned i = 0; i < config->count; i++) {
        const struct ident *ident =
            ident_find(&world->idents, &config->voters[i].uuid);
        count += ident != NULL && ident->promised >= epoch &&
                 ident->promised_quorate >= epoch;
    }
    return count >= config->count / 2 + 1;
}

/* Of two voters: is the other one's process gone for good since this replica
 * last heard of a view, or its UUID? What the core cannot see, but is so. */
static bool other_is_gone(struct world *world, const struct node *node,
                          const struct config *config)
{
    for (unsigned i = 0; config->count == 2 && i < 2; i++) {
        const struct voter *voter = &config->voters[i];
        const struct ident *ident = ident_find(&world->idents, &voter->uuid);
        if (voter->node == node->id)
            continue;
        return (ident != NULL && ident->dead) ||
               world->nodes[voter->node - 1].fenced_at > node->laws.renewed_at;
    }
    return false;
}

/* Is that entry of the epoch that the replica leads? */
static bool begins_with(const struct node *node, uint64_t seq)
{
    uint64_t hash;
    struct entry entry;

    return core_entry(node->core, seq, &entry, &hash) &&
           entry.epoch == node->status.epoch;
}

static void check_minority(struct world *world, struct node *node)
{
    uint64_t epoch = node->status.epoch;
    struct config newest;
    const struct config *before;

    core_configuration(node->core, &newest, NULL);
    before = newest.seq > world->ledger.last
                 ? ledger_config(&world->ledger, newest.seq - 1)
                 : NULL;
    if (before != NULL && begins_with(node, newest.seq)) {
        world->laws.leaders[world->laws.leader_count - 1].alone_seq =
            newest.seq;
        world->totals.alone_views++;
        if (newest.count == 1 && majority_promised(world, &newest, epoch) &&
            other_is_gone(world, node, before))
            return;
    } else if (newest.count > 0 && majority_promised(world, &newest, epoch) &&
               (before == NULL || majority_promised(world, before, epoch))) {
        return;
    }
    verdict_fail(&world->verdict, "minority",
                 "n%u leads epoch %" PRIu64 " without a majority of %u voters "
                 "that promised it durably and quorate",
                 node->id, epoch, newest.count);
}

static void check_stale_leader(struct world *world, struct node *node)
{
    uint64_t seq = ledger_before_epoch(&world->ledger, node->status.epoch);
    uint64_t hash;
    struct entry entry;

    if (seq == 0)
        return;
    if (core_entry(node->core, seq, &entry, &hash)) {
        if (hash == world->ledger.entries[seq].hash)
            return;
    } else if (seq <= node->status.applied_seq) {
        return; /* in its snapshot, whose hash is checked when it is applied */
    }
    verdict_fail(&world->verdict, "stale-leader",
                 "n%u leads epoch %" PRIu64 " without entry %" PRIu64
                 ", committed in epoch %" PRIu64,
                 node->id, node->status.epoch, seq,
                 world->ledger.entries[seq].commit_epoch);
}

static void check_leader(struct world *world, struct node *node)
{
    const struct core_status *status = &node->status;
    struct laws *laws = &world->laws;

    if (status->role != CORE_ROLE_LEADER ||
        node->laws.led_epoch == status->epoch ||
        operator_is_foreign(world, node))
        return;
    node->laws.led_epoch = status->epoch;
    for (size_t i = 0; i < laws->leader_count; i++) {
        const struct laws_leader *leader = &laws->leaders[i];
        if (leader->epoch == status->epoch &&
            (!uuid_equal(&leader->uuid, &status->uuid) ||
             leader->run != status->run))
            verdict_fail(&world->verdict, "one-leader",
                         "n%u is the second to lead epoch %" PRIu64, node->id,
                         status->epoch);
    }
    laws->leaders = mem_realloc(laws->leaders, laws->leader_count + 1,
                                sizeof *laws->leaders);
    laws->leaders[laws->leader_count++] = (struct laws_leader){
        .epoch = status->epoch, .uuid = status->uuid, .run = status->run};
    check_minority(world, node);
    check_stale_leader(world, node);
    faults_on_leader(world, node);
}

static void check_silence(struct world *world, struct node *node,
                          const struct core_status *before)
{
    const struct core_status *status = &node->status;

    if (status->role == before->role)
        return;
    if (status->role == CORE_ROLE_QUARANTINED) {
        world->totals.quarantines++;
        if (!node->tampered)
            verdict_fail(&world->verdict, "quarantine",
                         "n%u quarantined itself, but its disk was never "
                         "touched: %s",
                         node->id, status->why);
    }
    if (status->role == CORE_ROLE_REFUSED && world->ledger.last > 0 &&
        uuid_equal(&status->group, &world->ledger.group))
        verdict_fail(&world->verdict, "quarantine",
                     "n%u refused its own group: %s", node->id, status->why);
}

static void check_token(struct world *world, struct node *node,
                        const struct core_status *before)
{
    const struct core_status *status = &node->status;

    uint64_t token;

    if (node->tampered || operator_is_foreign(world, node) ||
        (before->token == status->token &&
         before->applied_seq == status->applied_seq))
        return;
    token = ledger_token_of(&world->ledger, &status->uuid, status->run,
                            status->applied_seq);
    if (status->token == token)
        return;
    verdict_fail(&world->verdict,
                 status->token == 0 ? "promotion" : "stale-primary",
                 "n%u thinks its promotion at %" PRIu64 " is %" PRIu64
                 "; it is %" PRIu64,
                 node->id, status->applied_seq, status->token, token);
}

static void check_storm(struct world *world)
{
    struct laws *laws = &world->laws;
    uint64_t second = world->sched.now / SIM_S;

    if (second != laws->second) {
        laws->second = second;
        laws->second_steps = 0;
    }
    if (++laws->second_steps > LAWS_STEPS_PER_SECOND)
        verdict_fail(&world->verdict, "bounded",
                     "more than %u steps within a second",
                     LAWS_STEPS_PER_SECOND);
}

/* Of two voters, one that may lead alone does so, unless its process, its disk or
 * its Corosync does not run as it should. */
static void check_alone(struct world *world, struct node *node)
{
    uint64_t now = world->sched.now;
    const struct net_node *net = &world->net.nodes[node->index];
    bool hindered = !node->connected || node->slow_until > now ||
                    node->paused_until > now || node->crash_after >= 0 ||
                    net->stalled_until > now || net->frozen ||
                    world->net.hostile != 0;

    if (!node->status.alone || hindered) {
        node->laws.free_since = 0;
        return;
    }
    if (node->laws.free_since == 0)
        node->laws.free_since = now;
    if (now > node->laws.free_since + LAWS_ALONE_BOUND)
        verdict_fail(&world->verdict, "serving",
                     "n%u may lead alone since %" PRIu64 " ms, and does not",
                     node->id, node->laws.free_since / SIM_MS);
}

static void note_quorate_promise(struct world *world, struct node *node)
{
    const struct core_status *status = &node->status;
    struct ident *ident;

    if (!status->quorate || (status->role != CORE_ROLE_VOTED &&
                             status->role != CORE_ROLE_CANDIDATE &&
                             status->role != CORE_ROLE_LEADER))
        return;
    ident = ident_find(&world->idents, &status->uuid);
    if (ident == NULL)
        return;
    if (ident->promised_quorate < status->promised)
        ident->promised_quorate = status->promised;
}

static void note_renewal(struct world *world, struct node *node,
                         const struct core_status *before)
{
    const struct core_status *status = &node->status;

    if ((status->role == CORE_ROLE_VOTED &&
         status->promised != before->promised) ||
        (status->epoch != 0 && status->epoch != before->epoch) ||
        (status->last_epoch == status->epoch &&
         before->last_epoch != before->epoch))
        node->laws.renewed_at = world->sched.now;
}

void laws_on_boot(struct world *world, struct node *node)
{
    const struct core_status *status = &node->status;
    const struct ident *ident = ident_find(&world->idents, &status->uuid);

    node->laws = (struct laws_node){.renewed_at = world->sched.now};
    if (ident != NULL && status->promised < ident->promised)
        verdict_fail(&world->verdict, "own-vote",
                     "n%u starts with promise %" PRIu64 " below its durable "
                     "%" PRIu64,
                     node->id, status->promised, ident->promised);
    check_commit(world, node);
}

void laws_on_step(struct world *world, struct node *node,
                  const struct core_status *before)
{
    check_storm(world);
    note_quorate_promise(world, node);
    check_commit(world, node);
    check_leader(world, node);
    check_silence(world, node, before);
    check_token(world, node, before);
    note_renewal(world, node, before);
    check_alone(world, node);
    if (node->disk.image.bytes > LAWS_LOG_MAX)
        verdict_fail(&world->verdict, "bounded",
                     "n%u's log has %zu bytes on disk", node->id,
                     node->disk.image.bytes);
}

void laws_on_stored(struct world *world, struct node *node)
{
    const struct disk_image *image = &node->disk.image;
    struct ident *ident;

    if (node->disk.mismatch && !node->tampered)
        verdict_fail(&world->verdict, "disk",
                     "n%u gave an APPEND whose hash is not that of its bytes",
                     node->id);
    if (uuid_is_none(&image->uuid))
        return;
    ident = ident_get(&world->idents, &image->uuid, node->index);
    if (ident == NULL || ident->dead)
        return;
    /* What is promised, is promised to a group. */
    if (!uuid_equal(&ident->group, &image->group)) {
        ident->group = image->group;
        ident->promised = 0;
        ident->promised_quorate = 0;
    }
    if (image->promised < ident->promised)
        verdict_fail(&world->verdict, "own-vote",
                     "n%u stored promise %" PRIu64 " below %" PRIu64, node->id,
                     image->promised, ident->promised);
    ident->promised = image->promised;
}

void laws_on_multicast(struct world *world, struct node *node)
{
    const struct core_status *status = &node->status;
    const struct disk_image *image = &node->disk.image;
    struct ident *ident = ident_get(&world->idents, &status->uuid, node->index);

    if (net_queued(&world->net, node->index) > LAWS_QUEUE_MAX)
        verdict_fail(&world->verdict, "bounded",
                     "n%u has more than %u messages queued", node->id,
                     LAWS_QUEUE_MAX);
    if (!uuid_equal(&image->uuid, &status->uuid) || image->run != status->run)
        verdict_fail(&world->verdict, "own-vote",
                     "n%u speaks as run %" PRIu64 ", which is not durable",
                     node->id, status->run);
    if (ident == NULL)
        return;
    if (ident->dead || ident->node != node->index)
        verdict_fail(
            &world->verdict, "own-vote", "n%u speaks under a UUID %s", node->id,
            ident->dead ? "whose disk was destroyed" : "of another node");
    if (status->run < ident->run_used || (status->run == ident->run_used &&
                                          ident->run_life != node->connections))
        verdict_fail(&world->verdict, "own-vote",
                     "n%u uses run %" PRIu64 " a second time", node->id,
                     status->run);
    ident->run_used = status->run;
    ident->run_life = node->connections;
}

void laws_on_append(struct world *world, struct node *node, const uint8_t *data,
                    size_t len)
{
    struct cursor cursor = cursor_make(data, len);
    struct entry entry;
    struct config *newest = &node->config;

    if (entry_decode(&cursor, &entry) != 0 || !cursor_done(&cursor)) {
        verdict_fail(&world->verdict, "disk", "n%u appends what is no entry",
                     node->id);
        return;
    }
    if (node->disk.queued + len >
        world->options.ahead_bytes + LAWS_BEYOND_AHEAD)
        verdict_fail(&world->verdict, "bounded",
                     "n%u has %zu bytes of entries waiting for its disk",
                     node->id, node->disk.queued + len);
    if (entry.kind != ENTRY_CONFIG)
        return;
    if (!operator_is_foreign(world, node) && newest->seq < entry.seq &&
        newest->seq > world->ledger.last)
        verdict_fail(&world->verdict, "config",
                     "n%u appends configuration %" PRIu64 " while %" PRIu64
                     " is not committed",
                     node->id, entry.seq, newest->seq);
    struct config before = *newest;
    cursor = cursor_make(entry.payload, entry.length);
    if (config_decode(&cursor, newest) == 0)
        newest->seq = entry.seq;
    laws_on_reconfigure(world, node, &before);
    node->laws.renewed_at = world->sched.now;
    faults_on_config(world, node);
}
