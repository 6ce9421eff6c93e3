#include "daemon/core/boot.h"

#include <string.h>

#include "daemon/core/create.h"
#include "lib/result.h"

#define BOOT_MAGIC 0x46505748u /* "HWPF" */
#define BOOT_VERSION 2

enum boot_flag { BOOT_LOST = 1 << 0, BOOT_RESETTING = 1 << 1 };

void boot_promise_encode(struct buf *buf, const struct core *core,
                         const struct config *committed)
{
    static const struct uuid none;

    buf_u32(buf, BOOT_MAGIC);
    buf_u16(buf, BOOT_VERSION);
    buf_u16(buf, (uint16_t)((core->lost ? BOOT_LOST : 0) |
                            (core->resetting ? BOOT_RESETTING : 0)));
    buf_uuid(buf, &core->uuid);
    buf_uuid(buf, &core->former);
    buf_uuid(buf, log_last(&core->log).seq > 0 ? &core->group : &none);
    buf_u64(buf, core->run);
    buf_u64(buf, core->view.promised);
    buf_u64(buf, committed->seq);
    config_encode(buf, committed);
}

static int boot_promise_decode(struct core *core, const uint8_t *data,
                               size_t len)
{
    struct cursor cursor = cursor_make(data, len);
    uint32_t magic = cursor_u32(&cursor);
    uint16_t version = cursor_u16(&cursor);
    uint16_t flags = cursor_u16(&cursor);

    if (cursor.bad || magic != BOOT_MAGIC)
        return RESULT_MALFORMED;
    if (version != BOOT_VERSION || (flags & ~(BOOT_LOST | BOOT_RESETTING)) != 0)
        return RESULT_VERSION;
    core->lost = (flags & BOOT_LOST) != 0;
    core->resetting = (flags & BOOT_RESETTING) != 0;
    core->uuid = cursor_uuid(&cursor);
    core->former = cursor_uuid(&cursor);
    core->group = cursor_uuid(&cursor);
    core->run = cursor_u64(&cursor);
    core->view.promised = cursor_u64(&cursor);
    uint64_t seq = cursor_u64(&cursor);
    int rc = config_decode(&cursor, &core->committed);
    core->committed.seq = seq;
    if (rc == 0 && (!cursor_done(&cursor) || uuid_is_none(&core->uuid)))
        rc = RESULT_MALFORMED;
    return rc;
}

/* Where the log's first record begins: at the snapshot, or before it. False
 * when the records do not follow each other from there. */
static bool boot_log(struct core *core, const struct core_boot *boot)
{
    const struct log_point *snapshot = &core->machine.at;
    uint64_t previous = 0;

    for (size_t i = 0; i < boot->record_count; i++) {
        const struct core_record *record = &boot->records[i];
        struct cursor cursor = cursor_make(record->data, record->len);
        struct entry entry;
        if (entry_decode(&cursor, &entry) != 0 || !cursor_done(&cursor))
            return false;
        if (i > 0 || entry.seq == 1) {
            if (entry_hash(previous, record->data, record->len) != record->hash)
                return false;
        }
        previous = record->hash;
        if (entry.seq <= snapshot->seq) {
            if (entry.seq == snapshot->seq && record->hash != snapshot->hash)
                return false;
            continue;
        }
        struct log_point last = log_last(&core->log);
        if (entry.seq != last.seq + 1 || entry.epoch < last.epoch)
            return false;
        if (log_append(&core->log, record->data, record->len, 0)->hash !=
            record->hash)
            return false;
    }
    return log_last(&core->log).seq >= boot->flushed;
}

static void boot_configs(struct core *core)
{
    const struct config *snapshot = &core->machine.config;
    uint64_t last = log_last(&core->log).seq;
    struct config config;

    if (snapshot->seq > core->committed.seq)
        core->committed = *snapshot;
    core->config = core->committed;
    for (uint64_t seq = core->log.base.seq + 1; seq <= last; seq++) {
        if (!machine_config_of(&log_at(&core->log, seq)->entry, &config) ||
            config.seq <= core->config.seq)
            continue;
        /* As in replicate.c: the next configuration proves the one before. */
        core->committed = core->config.seq != 0 ? core->config : config;
        core->config = config;
    }
}

static int boot_snapshot(struct core *core, const struct core_boot *boot)
{
    if (boot->snapshot == NULL)
        return 0;
    int rc = machine_decode(&core->machine, boot->snapshot, boot->snapshot_len);
    if (rc != 0)
        return rc;
    log_reset(&core->log, &core->machine.at, 0);
    core->transfer.own = core->machine.at;
    core->commit_seq = core->machine.at.seq;
    return 0;
}

/* Nothing on this disk counts any more; the state is moved aside. */
static void boot_give_up(struct core *core, const struct core_boot *boot)
{
    /* One that was cut off while it did has its fresh UUID already. */
    if (!core->resetting) {
        core->former = core->uuid;
        core->uuid = boot->fresh;
        core->run = 0;
    }
    core->lost = true;
    memset(&core->group, 0, sizeof(core->group));
    memset(&core->committed, 0, sizeof(core->committed));
    memset(&core->transfer.own, 0, sizeof(core->transfer.own));
    core->view.promised = 0;
    core->commit_seq = 0;
    core->resetting = true;
    log_free(&core->log);
    machine_free(&core->machine);
}

/* The group whose data are there; none when nothing is. */
static struct uuid boot_group(const struct core *core,
                              const struct core_boot *boot)
{
    struct uuid group = {{0}};

    if (boot->snapshot != NULL)
        group = core->machine.group;
    else if (boot->record_count > 0)
        group = create_group(boot->records[0].data, boot->records[0].len);
    return group;
}

/* P is never below the last entry's epoch. */
static void boot_raise(struct core *core)
{
    if (core->view.promised < log_last(&core->log).epoch)
        core->view.promised = log_last(&core->log).epoch;
}

/* Whether all is there that the P file stands for, and nothing else. The P file
 * names a group behind the first thing that was stored of it (core_hold): so one
 * that names none beside just that was cut off, and has not voted since. */
static bool boot_is_whole(struct core *core, const struct core_boot *boot)
{
    struct uuid group = boot_group(core, boot);
    uint64_t first = boot->snapshot != NULL ? core->machine.at.seq : 1;

    if (!boot_log(core, boot))
        return false;
    if (uuid_equal(&core->group, &group))
        return true;
    if (!uuid_is_none(&core->group) || log_last(&core->log).seq != first)
        return false;
    core->group = group;
    core->lost = false;
    boot_raise(core);
    core->view.joined = core->view.promised;
    return true;
}

int boot_open(struct core *core, const struct core_boot *boot)
{
    bool something = boot->snapshot != NULL || boot->record_count > 0 ||
                     boot->flushed > 0;
    int rc = 0;

    if (boot->promise != NULL)
        rc = boot_promise_decode(core, boot->promise, boot->promise_len);
    if (rc == 0)
        rc = boot_snapshot(core, boot);
    if (rc != 0)
        return rc;
    if (boot->promise == NULL && !something)
        core->uuid = boot->fresh;
    else if (boot->promise == NULL || core->resetting ||
             !boot_is_whole(core, boot))
        boot_give_up(core, boot);
    boot_configs(core);
    core->machine.group = core->group;
    boot_raise(core);
    return 0;
}
