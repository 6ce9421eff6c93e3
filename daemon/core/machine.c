#include "daemon/core/machine.h"

#include <string.h>

#include <xxhash.h>

#include "daemon/core/command.h"
#include "lib/result.h"

#define MACHINE_MAGIC 0x4e535748u /* "HWSN" */
#define MACHINE_VERSION 2

static const char TOKEN_REVOKED[] =
    "-READONLY You can't write against a read only replica.\r\n";

void machine_free(struct machine *machine)
{
    sessions_free(&machine->sessions);
    promotions_free(&machine->promotions);
    keyspace_free(&machine->keyspace);
    memset(machine, 0, sizeof(*machine));
}

static void machine_configure(struct machine *machine,
                              const struct config *config)
{
    machine->previous = machine->config;
    machine->config = *config;
}

static void apply_create(struct machine *machine, const struct entry *entry)
{
    struct config config;
    enum core_mode mode;

    if (machine_create_decode(entry, &mode, &config) != 0)
        return;
    machine->mode = mode;
    machine->promotions.exclusive = mode == CORE_WARM;
    machine_configure(machine, &config);
}

static void apply_config(struct machine *machine, const struct entry *entry)
{
    struct config config;

    if (machine_config_of(entry, &config))
        machine_configure(machine, &config);
}

static enum outcome apply_write(struct machine *machine,
                                const struct entry *entry, struct buf *reply)
{
    struct cursor cursor = cursor_make(entry->payload, entry->length);
    struct core_arg argv[COMMAND_ARGS_MAX];
    size_t argc = 0;

    if (!promotions_valid(&machine->promotions, entry->token)) {
        buf_bytes(reply, TOKEN_REVOKED, sizeof(TOKEN_REVOKED) - 1);
        return OUTCOME_REFUSED;
    }
    if (command_decode(&cursor, argv, &argc) != 0) {
        buf_printf(reply, "-ERR the entry holds no command\r\n");
    } else {
        const struct command *command = command_find(argv, argc, reply);
        struct command_call call = {
            .keyspace = &machine->keyspace,
            .argv = argv,
            .argc = argc,
            .clock_ms = machine->clock_ms,
            .reply = reply,
        };
        if (command != NULL)
            command->run(&call);
    }
    return OUTCOME_OK;
}

static enum outcome apply_promote(struct machine *machine,
                                  const struct entry *entry, struct buf *reply)
{
    struct cursor cursor = cursor_make(entry->payload, entry->length);
    struct promotion_request request;

    if (promotion_request_decode(&cursor, &request) != 0 ||
        !promotions_grant(&machine->promotions, &request, entry->seq)) {
        buf_printf(reply, "-ERR another promotion came first\r\n");
        return OUTCOME_REFUSED;
    }
    buf_printf(reply, ":%llu\r\n", (unsigned long long)entry->seq);
    return OUTCOME_OK;
}

static enum outcome apply_demote(struct machine *machine,
                                 const struct entry *entry, struct buf *reply)
{
    struct cursor cursor = cursor_make(entry->payload, entry->length);
    uint64_t token = cursor_u64(&cursor);

    if (cursor_done(&cursor))
        promotions_revoke(&machine->promotions, token);
    buf_printf(reply, "+OK\r\n");
    return OUTCOME_OK;
}

enum outcome machine_apply(struct machine *machine, const struct log_item *item,
                           struct buf *reply)
{
    const struct entry *entry = &item->entry;
    enum outcome outcome = OUTCOME_OK;

    machine->clock_ms = entry->clock_ms;
    keyspace_advance(&machine->keyspace, machine->clock_ms);
    if (entry->number != 0)
        sessions_record(&machine->sessions, &entry->origin, entry->run,
                        entry->number);
    switch (entry->kind) {
    case ENTRY_CREATE:
        apply_create(machine, entry);
        break;
    case ENTRY_CONFIG:
        apply_config(machine, entry);
        break;
    case ENTRY_WRITE:
        outcome = apply_write(machine, entry, reply);
        break;
    case ENTRY_PROMOTE:
        outcome = apply_promote(machine, entry, reply);
        break;
    case ENTRY_DEMOTE:
        outcome = apply_demote(machine, entry, reply);
        break;
    case ENTRY_NOOP:
    case ENTRY_CLOCK:
        break;
    }
    machine->at.epoch = entry->epoch;
    machine->at.seq = entry->seq;
    machine->at.hash = item->hash;
    return outcome;
}

void machine_read(struct machine *machine, const struct core_arg *argv,
                  size_t argc, struct buf *reply)
{
    const struct command *command = command_find(argv, argc, reply);
    struct command_call call = {
        .keyspace = &machine->keyspace,
        .argv = argv,
        .argc = argc,
        .clock_ms = machine->clock_ms,
        .reply = reply,
    };

    if (command != NULL && command->effect == COMMAND_READS)
        command->run(&call);
}

/* Everything but the key space, which has a running digest of its own. */
static void machine_encode_small(struct buf *buf, const struct machine *machine)
{
    buf_uuid(buf, &machine->group);
    buf_u8(buf, (uint8_t)machine->mode);
    buf_u64(buf, machine->clock_ms);
    buf_u64(buf, machine->config.seq);
    config_encode(buf, &machine->config);
    sessions_encode(buf, &machine->sessions);
    promotions_encode(buf, &machine->promotions);
}

uint64_t machine_digest(const struct machine *machine)
{
    struct buf small = {0};

    machine_encode_small(&small, machine);
    uint64_t digest =
        XXH3_64bits_withSeed(small.data, small.len, machine->keyspace.digest);
    buf_free(&small);
    return digest;
}

void machine_encode(struct buf *buf, const struct machine *machine)
{
    buf_u32(buf, MACHINE_MAGIC);
    buf_u16(buf, MACHINE_VERSION);
    buf_u16(buf, 0);
    buf_u64(buf, machine->at.epoch);
    buf_u64(buf, machine->at.seq);
    buf_u64(buf, machine->at.hash);
    machine_encode_small(buf, machine);
    keyspace_encode(buf, &machine->keyspace);
}

static int machine_decode_body(struct machine *machine, struct cursor *cursor)
{
    machine->at.epoch = cursor_u64(cursor);
    machine->at.seq = cursor_u64(cursor);
    machine->at.hash = cursor_u64(cursor);
    machine->group = cursor_uuid(cursor);
    uint8_t mode = cursor_u8(cursor);
    machine->clock_ms = cursor_u64(cursor);
    uint64_t config_seq = cursor_u64(cursor);
    if (cursor->bad || (mode != CORE_WARM && mode != CORE_HOT) ||
        machine->clock_ms > INT64_MAX)
        return RESULT_MALFORMED;
    machine->mode = (enum core_mode)mode;
    machine->promotions.exclusive = mode == CORE_WARM;
    int rc = config_decode(cursor, &machine->config);
    machine->config.seq = config_seq;
    if (rc == 0)
        rc = sessions_decode(cursor, &machine->sessions);
    if (rc == 0)
        rc = promotions_decode(cursor, &machine->promotions);
    if (rc == 0)
        rc = keyspace_decode(cursor, &machine->keyspace);
    if (rc == 0 &&
        (!cursor_done(cursor) || config_seq > machine->at.seq ||
         machine->promotions.last > machine->at.seq)) /* of a later entry? */
        rc = RESULT_MALFORMED;
    return rc;
}

int machine_decode(struct machine *machine, const uint8_t *data, size_t len)
{
    struct cursor cursor = cursor_make(data, len);

    memset(machine, 0, sizeof(*machine));
    uint32_t magic = cursor_u32(&cursor);
    uint16_t version = cursor_u16(&cursor);
    uint16_t unused = cursor_u16(&cursor);
    if (cursor.bad || magic != MACHINE_MAGIC)
        return RESULT_MALFORMED;
    if (version != MACHINE_VERSION)
        return RESULT_VERSION;
    if (unused != 0) /* one state, one encoding */
        return RESULT_MALFORMED;
    int rc = machine_decode_body(machine, &cursor);
    if (rc != 0)
        machine_free(machine);
    return rc;
}

void machine_create_encode(struct buf *buf, enum core_mode mode,
                           const struct config *config)
{
    buf_u8(buf, (uint8_t)mode);
    config_encode(buf, config);
}

int machine_create_decode(const struct entry *entry, enum core_mode *mode,
                          struct config *config)
{
    struct cursor cursor = cursor_make(entry->payload, entry->length);
    uint8_t value = cursor_u8(&cursor);
    int rc = config_decode(&cursor, config);

    if (rc != 0 || !cursor_done(&cursor) || config->count == 0 ||
        (value != CORE_WARM && value != CORE_HOT))
        return RESULT_MALFORMED;
    config->seq = entry->seq;
    *mode = (enum core_mode)value;
    return 0;
}

bool machine_config_of(const struct entry *entry, struct config *config)
{
    enum core_mode mode;

    if (entry->kind == ENTRY_CREATE)
        return machine_create_decode(entry, &mode, config) == 0;
    if (entry->kind != ENTRY_CONFIG)
        return false;
    struct cursor cursor = cursor_make(entry->payload, entry->length);
    if (config_decode(&cursor, config) != 0 || !cursor_done(&cursor) ||
        config->count == 0)
        return false;
    config->seq = entry->seq;
    return true;
}
