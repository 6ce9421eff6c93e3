/* world_node: the life of a process, and one step of its core. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/world.h"

static void after(struct world *world, struct node *node, uint64_t delay,
                  enum sched_kind kind, uint64_t a)
{
    sched_add(
        &world->sched, delay,
        (struct sched_event){
            .kind = kind, .node = node->index, .life = node->life, .a = a});
}

/* A version 4 UUID, as the shell would make it. */
static struct uuid fresh_uuid(struct world *world)
{
    struct uuid uuid;

    for (unsigned i = 0; i < sizeof uuid.bytes; i++)
        uuid.bytes[i] = (uint8_t)rng_next(&world->rng_misc);
    uuid.bytes[6] = (uint8_t)((uuid.bytes[6] & 0x0f) | 0x40);
    uuid.bytes[8] = (uint8_t)((uuid.bytes[8] & 0x3f) | 0x80);
    return uuid;
}

void world_start(struct world *world, struct node *node, uint64_t delay)
{
    after(world, node, delay, SCHED_START, 0);
}

static void new_process(struct world *world, struct node *node)
{
    if (node->pid == 0 || !rng_chance(&world->rng_misc, 300))
        node->pid = (uint32_t)rng_range(&world->rng_misc, 100, 999);
    node->clock_base = rng_below(&world->rng_misc, 1000 * SIM_S);
    node->connected = false;
    node->stopping = false;
    node->holding = false;
    node->paused_until = 0;
    node->timer_order = 0;
    node->tick_due = false;
    node->quorum_order = 0;
    node->disk_busy = false;
    node->full = false;
    node->crash_after = -1;
}

void world_boot(struct world *world, struct node *node)
{
    struct core_options options = world->options;
    struct core_record *records;
    struct core_boot boot;
    int rc;

    if (node->core != NULL)
        return;
    new_process(world, node);
    options.node = node->id;
    disk_boot(&node->disk, &world->rng_disk, &boot, &records);
    boot.fresh = fresh_uuid(world);
    rc = core_open(&node->core, &options, &boot);
    free(records);
    if (rc != 0) {
        verdict_fail(&world->verdict, "disk", "n%u cannot open its disk: %d",
                     node->id, rc);
        return;
    }
    core_status(node->core, &node->status);
    core_configuration(node->core, &node->config, NULL);
    world_trace(world, node, "boot pid %u %s last %" PRIu64 " P %" PRIu64,
                node->pid, world_role(node->status.role), node->status.last_seq,
                node->status.promised);
    laws_on_boot(world, node);
    after(world, node, rng_range(&world->rng_misc, 1, 20) * SIM_MS,
          SCHED_CONNECT, 0);
}

void world_count(struct world *world, const struct node *node)
{
    const struct core_counters *from = &node->status.counters;
    struct totals *to = &world->totals;

    to->views += from->views;
    to->truncations += from->truncations;
    to->catchups += from->catchups;
    to->snapshots_taken += from->snapshots_taken;
    to->snapshots_installed += from->snapshots_installed;
    to->reproposals += from->reproposals;
    to->duplicates += from->duplicates;
    to->promotions += from->promotions;
    to->config_changes += from->config_changes;
    to->handovers += from->handovers;
}

/* What the disk makes of a queue that nobody waits for any more. */
static void crash_disk(struct world *world, struct node *node)
{
    size_t left = node->disk.count;
    size_t count = (size_t)rng_below(&world->rng_disk, left + 1);

    if (left > 0)
        world->totals.crashes_in_flush++;
    while (count > 0) {
        struct disk_image aside = {0};
        count -= disk_finish(&node->disk, count, &aside);
        ident_bury(&world->idents, &aside, node->index);
        disk_image_free(&aside);
        laws_on_stored(world, node);
    }
    disk_crash(&node->disk);
}

void world_crash(struct world *world, struct node *node, uint64_t down)
{
    if (node->core == NULL)
        return;
    world->totals.crashes++;
    world_trace(world, node, "crash, %zu disk effects open", node->disk.count);
    world_count(world, node);
    crash_disk(world, node);
    core_close(node->core);
    node->core = NULL;
    net_leave(&world->net, node->index);
    clients_lost(&world->clients, node->index, node->life);
    node->life++;
    memset(&node->status, 0, sizeof node->status);
    world_start(world, node, down);
}

void world_power_off(struct world *world, struct node *node, uint64_t down)
{
    uint64_t ghost = faults_ghost(world);

    if (!world->net.nodes[node->index].up)
        return;
    world_trace(world, node, "power off");
    node->off = true;
    /* First Corosync: nobody may hear of the process's end. */
    net_corosync_down(&world->net, node->index, ghost);
    world_crash(world, node, down + SIM_MS * 20);
    sched_add(
        &world->sched, down,
        (struct sched_event){.kind = SCHED_POWER_UP, .node = node->index});
}

void world_corosync_restart(struct world *world, struct node *node,
                            uint64_t down)
{
    uint64_t ghost = faults_ghost(world);

    if (!world->net.nodes[node->index].up)
        return;
    world_trace(world, node, "corosync dies");
    net_corosync_down(&world->net, node->index, ghost);
    if (node->core != NULL && node->connected)
        after(world, node, rng_below(&world->rng_misc, 10) * SIM_MS,
              SCHED_DISCONNECTED, 0);
    sched_add(
        &world->sched, down,
        (struct sched_event){.kind = SCHED_POWER_UP, .node = node->index});
}

void world_pause(struct world *world, struct node *node, uint64_t length)
{
    if (node->core == NULL)
        return;
    world_trace(world, node, "paused for %" PRIu64 " ms", length / SIM_MS);
    node->paused_until = world->sched.now + length;
}

void world_wipe(struct world *world, struct node *node)
{
    struct disk_image aside;

    world_trace(world, node, "disk wiped");
    world->totals.wiped_disks++;
    disk_wipe(&node->disk, &aside);
    ident_bury(&world->idents, &aside, node->index);
    disk_image_free(&aside);
    node->tampered = false;
    memset(&node->config, 0, sizeof node->config);
}

void world_step(struct world *world, struct node *node,
                struct core_event *event)
{
    struct core_status before = node->status;
    uint32_t life = node->life;

    event->now_ns = world->sched.now + node->clock_base;
    event->wall_ms = world->sched.now / SIM_MS + node->wall_base_ms;
    effects_reset(&world->effects);
    core_step(node->core, event, &world->effects);
    core_status(node->core, &node->status);
    world->step++;
    if (world->trace)
        world_trace_step(world, node, event, &before);
    if (before.role == CORE_ROLE_FOLLOWER && !node->status.voter &&
        before.voter)
        world->totals.learners++;
    laws_on_step(world, node, &before);
    if (world->verdict.law != NULL)
        return;
    world_carry_out(world, node);
    if (node->life != life)
        return;
    if (before.last_seq != node->status.last_seq ||
        before.last_hash != node->status.last_hash)
        core_configuration(node->core, &node->config, NULL);
    if (before.role != node->status.role &&
        node->status.role == CORE_ROLE_FOLLOWER && !node->status.voter)
        world->totals.learners++;
}

/* A client's command, in argv; the texts that it points to. */
struct request_text {
    char key[16];
    char value[CLIENTS_VALUE_MAX];
    struct core_arg argv[5];
    size_t argc;
};

static void put_arg(struct request_text *text, const void *data, size_t len)
{
    text->argv[text->argc++] = (struct core_arg){data, len};
}

static void make_command(struct world *world, const struct op *op,
                         struct request_text *text)
{
    bool set = op->kind == OP_SET || op->kind == OP_SET_EXPIRING;
    bool counter = op->key >= CLIENTS_KEYS;
    int len = snprintf(text->key, sizeof text->key, "%c%u",
                       counter                       ? 'c'
                       : op->kind == OP_SET_EXPIRING ? 'x'
                                                     : 'k',
                       counter ? op->key - CLIENTS_KEYS : op->key);

    if (set)
        put_arg(text, "SET", 3);
    else if (op->kind == OP_INCR)
        put_arg(text, "INCR", 4);
    else
        put_arg(text, "GET", 3);
    put_arg(text, text->key, (size_t)len);
    if (set)
        put_arg(text, text->value,
                clients_value(&world->clients, op, text->value));
    if (op->kind == OP_SET_EXPIRING) {
        put_arg(text, "PX", 2);
        put_arg(text, "500", 3);
    }
}

uint64_t world_request(struct world *world, const struct op *asked)
{
    struct op op = *asked;
    struct node *node = &world->nodes[op.node];
    struct core_event event = {.kind = CORE_CLIENT};
    struct request_text text = {.argc = 0};
    uint64_t request;

    if (op.kind == OP_PROMOTE)
        laws_on_promote(node);
    op.life = node->life;
    op.issued_at = world->sched.now;
    op.acked_before = world->laws.acked_seq;
    op.last_seq = node->status.last_seq;
    request = clients_issue(&world->clients, &op);
    event.u.client.request = request;
    if (op.kind == OP_PROMOTE)
        event.u.client.kind = CORE_PROMOTE;
    else if (op.kind == OP_DEMOTE)
        event.u.client.kind = CORE_DEMOTE;
    else if (op.kind == OP_REMOVE)
        event.u.client.kind = CORE_REMOVE_VOTER;
    else if (op.kind == OP_LEAVE)
        event.u.client.kind = CORE_LEAVE;
    else
        event.u.client.kind =
            op.kind == OP_GET_LOCAL ? CORE_COMMAND_LOCAL : CORE_COMMAND;
    node->stopping = node->stopping || op.kind == OP_LEAVE;
    if (op.kind < OP_PROMOTE)
        make_command(world, clients_op(&world->clients, request), &text);
    event.u.client.argv = text.argv;
    event.u.client.argc = text.argc;
    event.u.client.node = op.target;
    event.u.client.hold = node->holding && op.kind < OP_PROMOTE;
    world_step(world, node, &event);
    return request;
}

void world_hold(struct node *node)
{
    node->holding = true;
}

void world_settle(struct world *world, struct node *node)
{
    struct core_event event = {.kind = CORE_SETTLE};

    node->holding = false;
    world_step(world, node, &event);
}
