/* world_effects: carries out what a step wants done. */
#include <assert.h>
#include <string.h>

#include "tests/sim/world.h"

static void after(struct world *world, struct node *node, uint64_t delay,
                  enum sched_kind kind, uint64_t a, uint64_t b)
{
    sched_add(&world->sched, delay,
              (struct sched_event){.kind = kind,
                                   .node = node->index,
                                   .life = node->life,
                                   .a = a,
                                   .b = b});
}

static uint64_t disk_latency(struct world *world, const struct node *node)
{
    struct rng *rng = &world->rng_disk;

    if (node->slow_until > world->sched.now)
        return rng_range(rng, 8, 60) * SIM_MS;
    if (rng_chance(rng, 40))
        return rng_range(rng, 2, 12) * SIM_MS;
    return rng_range(rng, 100, 900) * SIM_US;
}

static void disk_work(struct world *world, struct node *node)
{
    if (node->disk_busy || node->disk.count == 0)
        return;
    node->disk_busy = true;
    after(world, node, disk_latency(world, node), SCHED_DISK, 0, 0);
}

static void give_disk(struct world *world, struct node *node,
                      const struct effect *effect)
{
    const uint8_t *data = effects_data(&world->effects, effect);
    const char *wrong;

    if (effect->kind == EFFECT_APPEND)
        laws_on_append(world, node, data, effect->data_len);
    if (effect->kind == EFFECT_TRUNCATE && effect->seq <= node->config.seq)
        node->config.seq = 0; /* undone; renewed after the step */
    wrong = disk_enqueue(&node->disk, effect, data);
    if (wrong != NULL)
        verdict_fail(&world->verdict, "disk", "n%u: %s", node->id, wrong);
    disk_work(world, node);
    if (effect->kind == EFFECT_RESET)
        node->tampered = false; /* it noticed, and is another replica now */
    if (effect->kind == EFFECT_INSTALL) {
        /* From here on it is again what the group says it is. */
        node->tampered = false;
        faults_on_install(world, node);
    }
}

static void begin_snapshot(struct world *world, struct node *node,
                           const struct effect *effect)
{
    struct buf bytes = {0};
    const char *wrong;

    core_snapshot(node->core, &bytes);
    wrong = disk_snapshot(&node->disk, effect->seq, bytes.data, bytes.len);
    buf_free(&bytes);
    if (wrong != NULL)
        verdict_fail(&world->verdict, "disk", "n%u: %s", node->id, wrong);
    else
        after(world, node, rng_range(&world->rng_disk, 1, 30) * SIM_MS,
              SCHED_SNAPSHOT, 0, 0);
}

static void set_timer(struct world *world, struct node *node, uint64_t at_ns)
{
    uint64_t now = world->sched.now + node->clock_base;
    uint64_t delay = at_ns > now ? at_ns - now : 0;

    node->timer_order = 0;
    node->tick_due = false;
    if (at_ns == UINT64_MAX)
        return;
    delay += rng_below(&world->rng_misc, 1000) * SIM_US;
    node->timer_order = sched_add(&world->sched, delay,
                                  (struct sched_event){.kind = SCHED_TIMER,
                                                       .node = node->index,
                                                       .life = node->life});
}

static void carry_out_one(struct world *world, struct node *node,
                          const struct effect *effect)
{
    const uint8_t *data = effects_data(&world->effects, effect);

    switch (effect->kind) {
    case EFFECT_MULTICAST:
        laws_on_multicast(world, node);
        net_multicast(&world->net, node->index, data, effect->data_len);
        break;
    case EFFECT_PROMISE:
    case EFFECT_APPEND:
    case EFFECT_TRUNCATE:
    case EFFECT_INSTALL:
    case EFFECT_COMPACT:
    case EFFECT_RESET:
        give_disk(world, node, effect);
        break;
    case EFFECT_SNAPSHOT:
        begin_snapshot(world, node, effect);
        break;
    case EFFECT_READ:
        after(world, node, rng_range(&world->rng_disk, 50, 900) * SIM_US,
              SCHED_READ, effect->offset, effect->length);
        break;
    case EFFECT_REPLY:
        laws_on_reply(world, node, effect, data);
        break;
    case EFFECT_SET_TIMER:
        set_timer(world, node, effect->at_ns);
        break;
    case EFFECT_FENCE_MARK:
        fencer_mark(world, node, effect);
        break;
    case EFFECT_SET_SCORE:
    case EFFECT_LEAVE: /* when all others are carried out */
        break;
    }
}

void world_carry_out(struct world *world, struct node *node)
{
    bool leaves = false;

    for (size_t i = 0; i < world->effects.count; i++) {
        const struct effect *effect = &world->effects.list[i];

        if (node->crash_after == 0) {
            world_crash(world, node, node->crash_down);
            return;
        }
        if (node->crash_after > 0)
            node->crash_after--;
        leaves = leaves || effect->kind == EFFECT_LEAVE;
        carry_out_one(world, node, effect);
        if (world->verdict.law != NULL)
            return;
    }
    if (leaves)
        world_crash(world, node, rng_range(&world->rng_misc, 20, 400) * SIM_MS);
}

/* Full: the writer keeps what it has and tries again; told once. */
static void on_full(struct world *world, struct node *node, bool full)
{
    struct core_event event = {.kind = CORE_DISK,
                               .u.full = full ? "the disk is full" : NULL};

    if (full) {
        node->disk_busy = true;
        after(world, node, rng_range(&world->rng_disk, 5, 100) * SIM_MS,
              SCHED_DISK, 0, 0);
    }
    if (node->full == full)
        return;
    node->full = full;
    world->totals.full_disks += full;
    world_step(world, node, &event);
}

static void on_disk(struct world *world, struct node *node)
{
    struct core_event event = {.kind = CORE_STORED};
    uint32_t life = node->life;
    size_t count = node->disk.count;

    node->disk_busy = false;
    if (count == 0)
        return;
    if (node->full_until > world->sched.now) {
        on_full(world, node, true);
        return;
    }
    if (node->slow_until > world->sched.now &&
        rng_chance(&world->rng_disk, 500))
        count = 1;
    else if (rng_chance(&world->rng_disk, 350))
        count = (size_t)rng_range(&world->rng_disk, 1, count);
    while (count > 0) {
        struct disk_image aside = {0};
        count -= disk_finish(&node->disk, count, &aside);
        ident_bury(&world->idents, &aside, node->index);
        disk_image_free(&aside);
        laws_on_stored(world, node);
    }
    disk_work(world, node);
    event.u.stored.op = node->disk.stored_op;
    world_step(world, node, &event);
    if (node->life == life && node->full && world->verdict.law == NULL)
        on_full(world, node, false);
}

static void on_snapshot(struct world *world, struct node *node)
{
    struct core_event event = {.kind = CORE_SNAPSHOT_DONE};

    event.u.snapshot.ok = node->full_until <= world->sched.now &&
                          !rng_chance(&world->rng_disk, 40);
    event.u.snapshot.seq = disk_snapshot_done(&node->disk, event.u.snapshot.ok);
    world_step(world, node, &event);
}

static void on_read(struct world *world, struct node *node, uint64_t offset,
                    uint64_t length)
{
    const struct disk_image *image = &node->disk.image;
    struct core_event event = {.kind = CORE_READ_DONE};

    event.u.read.seq = image->snapshot != NULL ? image->snapshot_seq : 0;
    event.u.read.offset = offset;
    if (offset > image->snapshot_len)
        offset = image->snapshot_len;
    if (length > image->snapshot_len - offset)
        length = image->snapshot_len - offset;
    event.u.read.data =
        image->snapshot != NULL ? image->snapshot + offset : NULL;
    event.u.read.len = image->snapshot != NULL ? (size_t)length : 0;
    world_step(world, node, &event);
}

/* As the agent does when it has started one; not each has preferences. */
static void tune(struct world *world, struct node *node)
{
    struct core_event event = {.kind = CORE_TUNE};
    struct rng *rng = &world->rng_misc;

    if (rng_chance(rng, 500))
        return;
    event.u.tuning =
        (struct core_tuning){.preference = rng_pick(rng, 4),
                             .failback = (enum core_failback)rng_pick(rng, 3),
                             .failback_delay_ns = rng_below(rng, 5000) * SIM_MS,
                             .maxlag = rng_pick(rng, 20),
                             .promoted_max = world->promoted_wanted};
    world_step(world, node, &event);
}

static void on_connect(struct world *world, struct node *node)
{
    uint32_t life = node->life;
    struct core_event event = {.kind = CORE_CONNECTED};

    if (node->connected)
        return;
    if (!world->net.nodes[node->index].up) {
        after(world, node, 40 * SIM_MS, SCHED_CONNECT, 0, 0);
        return;
    }
    node->connected = true;
    node->connections++;
    net_join(&world->net, node->index, node->pid, node->life);
    node->quorum_order = sched_add(
        &world->sched, rng_below(&world->rng_misc, 10) * SIM_MS,
        (struct sched_event){.kind = SCHED_QUORUM,
                             .node = node->index,
                             .life = node->life,
                             .a = net_quorate(&world->net, node->index)});
    world_step(world, node, &event);
    if (node->life == life && world->verdict.law == NULL)
        tune(world, node);
}

static void on_disconnected(struct world *world, struct node *node)
{
    struct core_event event = {.kind = CORE_DISCONNECTED};

    if (!node->connected || world->net.nodes[node->index].handle)
        return;
    node->connected = false;
    node->quorum_order = 0;
    after(world, node, rng_range(&world->rng_misc, 1, 60) * SIM_MS,
          SCHED_CONNECT, 0, 0);
    world_step(world, node, &event);
}

static void tick(struct world *world, struct node *node)
{
    struct core_event event = {.kind = CORE_TICK};

    node->tick_due = false;
    world_step(world, node, &event);
}

static void on_pump(struct world *world, struct node *node)
{
    struct net_node *net = &world->net.nodes[node->index];
    struct core_event event = {.kind = CORE_DELIVER};
    struct inbox_item item;
    uint32_t life = node->life;

    net->pumping = false;
    if (!net_take(&world->net, node->index, &item))
        return;
    if (net_waiting(&world->net, node->index)) {
        net->pumping = true;
        after(world, node, rng_range(&world->rng_misc, 5, 60) * SIM_US,
              SCHED_PUMP, 0, 0);
    }
    if (item.kind == INBOX_MEMBERS) {
        event.kind = CORE_MEMBERS;
        event.u.members.list = item.list;
        event.u.members.count = item.list_count;
        if (item.quorate >= 0)
            node->quorum_order = sched_add(
                &world->sched, rng_below(&world->rng_misc, 35000) * SIM_US,
                (struct sched_event){.kind = SCHED_QUORUM,
                                     .node = node->index,
                                     .life = node->life,
                                     .a = (uint64_t)item.quorate});
    } else {
        event.u.deliver.sender = item.packet->sender;
        event.u.deliver.data = item.packet->data;
        event.u.deliver.len = item.packet->len;
    }
    world_step(world, node, &event);
    net_packet_drop(item.packet);
    if (node->life == life && node->tick_due && node->core != NULL &&
        !net_waiting(&world->net, node->index) && world->verdict.law == NULL)
        tick(world, node);
}

/* It is stopped: the event waits, in order with the others. */
static void defer(struct world *world, struct node *node,
                  const struct sched_event *event)
{
    uint64_t order =
        sched_add(&world->sched, node->paused_until - world->sched.now, *event);

    if (event->kind == SCHED_TIMER && node->timer_order == event->order)
        node->timer_order = order;
    if (event->kind == SCHED_QUORUM && node->quorum_order == event->order)
        node->quorum_order = order;
}

static void on_quorum(struct world *world, struct node *node,
                      const struct sched_event *event)
{
    struct core_event step = {.kind = CORE_QUORUM};

    if (event->order != node->quorum_order || !node->connected)
        return;
    step.u.quorate = event->a != 0;
    world_step(world, node, &step);
}

/* An event for a process. */
void world_event(struct world *world, const struct sched_event *event)
{
    struct node *node = &world->nodes[event->node];

    if (event->life != node->life || node->core == NULL)
        return;
    if (node->paused_until > world->sched.now) {
        defer(world, node, event);
        return;
    }
    switch (event->kind) {
    case SCHED_PUMP:
        on_pump(world, node);
        break;
    case SCHED_TIMER:
        if (event->order != node->timer_order)
            break;
        node->timer_order = 0;
        if (net_waiting(&world->net, node->index))
            node->tick_due = true;
        else
            tick(world, node);
        break;
    case SCHED_DISK:
        on_disk(world, node);
        break;
    case SCHED_SNAPSHOT:
        on_snapshot(world, node);
        break;
    case SCHED_READ:
        on_read(world, node, event->a, event->b);
        break;
    case SCHED_MARKED:
    case SCHED_FENCED:
        fencer_tell(world, node, event);
        break;
    case SCHED_QUORUM:
        on_quorum(world, node, event);
        break;
    case SCHED_CONNECT:
        on_connect(world, node);
        break;
    case SCHED_DISCONNECTED:
        on_disconnected(world, node);
        break;
    default:
        assert(event->kind == SCHED_CRASH);
        if (!world->healing || node->stopping)
            world_crash(world, node, event->a);
        break;
    }
}
