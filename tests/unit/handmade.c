#include "tests/unit/handmade.h"

#include <string.h>

#include <xxhash.h>

#include "daemon/core/command.h"
#include "daemon/core/machine.h"
#include "tests/unit/sample.h"

static const struct core_options options = {
    .node = 1,
    .mode = CORE_WARM,
    .expected_voters = 3,
    .leader_timeout_ns = 1000000000,
    .write_timeout_ns = 1000000000,
    .batch_bytes = 65536,
    .snapshot_bytes = 65536,
    .keep_bytes = 65536,
    .ahead_bytes = 1000000,
    .chunk_bytes = 65536,
    .reply_bytes = 65536,
};

struct config handmade_voters(uint64_t seq, uint8_t count)
{
    struct config config = {.seq = seq};

    for (uint8_t i = 1; i <= count; i++) {
        struct uuid uuid = sample_uuid(i);
        config_add(&config, &uuid, i);
    }
    return config;
}

struct uuid handmade_group(void)
{
    struct handmade disk = {0};
    struct uuid group;

    handmade_fill(&disk, 1, 1, 0);
    XXH128_canonical_t hash;
    XXH128_canonicalFromHash(
        &hash, XXH3_128bits(disk.encoded[0].data, disk.encoded[0].len));
    memcpy(group.bytes, hash.digest, sizeof group.bytes);
    handmade_free(&disk);
    return group;
}

struct handmade_promise handmade_sample(void)
{
    return (struct handmade_promise){
        .uuid = sample_uuid(HANDMADE_OWN),
        .former = sample_uuid(HANDMADE_FORMER),
        .group = handmade_group(),
        .run = 41,
        .promised = 17,
        .committed = handmade_voters(1, 3),
    };
}

void handmade_promise(struct buf *buf, const struct handmade_promise *promise)
{
    buf_bytes(buf, "HWPF\2\0", 6);
    buf_u16(buf, (uint16_t)(promise->lost + 2 * promise->resetting));
    buf_uuid(buf, &promise->uuid);
    buf_uuid(buf, &promise->former);
    buf_uuid(buf, &promise->group);
    buf_u64(buf, promise->run);
    buf_u64(buf, promise->promised);
    buf_u64(buf, promise->committed.seq);
    config_encode(buf, &promise->committed);
}

void handmade_add(struct handmade *disk, const struct entry *entry,
                  uint64_t previous)
{
    struct buf *encoded = &disk->encoded[disk->count];
    struct core_record *record = &disk->records[disk->count++];

    entry_encode(encoded, entry);
    record->data = encoded->data;
    record->len = encoded->len;
    record->hash = entry_hash(previous, encoded->data, encoded->len);
}

struct log_point handmade_fill(struct handmade *disk, uint64_t first,
                               uint64_t last, uint64_t point_seq)
{
    struct config config = handmade_voters(1, 3);
    struct buf payload = {0};
    struct log_point point = {0};
    uint64_t hash = 0;

    machine_create_encode(&payload, CORE_WARM, &config);
    for (uint64_t seq = 1; seq <= last || seq <= point_seq; seq++) {
        struct entry entry = {
            .epoch = seq < 4 ? 1 : 5,
            .seq = seq,
            .kind = seq == 1 ? ENTRY_CREATE : ENTRY_NOOP,
            .payload = payload.data,
            .length = seq == 1 ? (uint32_t)payload.len : 0,
        };
        struct buf encoded = {0};
        entry_encode(&encoded, &entry);
        if (seq >= first && seq <= last)
            handmade_add(disk, &entry, hash);
        hash = entry_hash(hash, encoded.data, encoded.len);
        if (seq == point_seq)
            point = (struct log_point){entry.epoch, seq, hash};
        buf_free(&encoded);
    }
    buf_free(&payload);
    return point;
}

void handmade_snapshot(struct handmade *disk, struct log_point at)
{
    struct machine machine = {
        .group = handmade_group(),
        .mode = CORE_WARM,
        .at = at,
        .config = handmade_voters(1, 3),
    };

    machine_encode(&disk->snapshot, &machine);
}

void handmade_free(struct handmade *disk)
{
    buf_free(&disk->promise);
    buf_free(&disk->snapshot);
    for (size_t i = 0; i < HANDMADE_RECORDS_MAX; i++)
        buf_free(&disk->encoded[i]);
    memset(disk, 0, sizeof *disk);
}

static void handmade_add_next(struct handmade *disk, struct entry *entry,
                              const struct buf *payload)
{
    entry->epoch = 5;
    entry->seq = disk->count + 1;
    entry->payload = payload->data;
    entry->length = (uint32_t)payload->len;
    handmade_add(disk, entry, disk->records[disk->count - 1].hash);
}

void handmade_add_write(struct handmade *disk, const char *value)
{
    struct promotion_request request = {.uuid = sample_uuid(2), .run = 3};
    const struct core_arg argv[] = {
        {(const uint8_t *)"SET", 3},
        {(const uint8_t *)"k", 1},
        {(const uint8_t *)value, strlen(value)},
    };
    struct entry promote = {.kind = ENTRY_PROMOTE},
                 write = {.kind = ENTRY_WRITE};
    struct buf payload = {0};

    promotion_request_encode(&payload, &request);
    handmade_add_next(disk, &promote, &payload);
    buf_reset(&payload);
    command_encode(&payload, argv, 3);
    write.token = promote.seq;
    handmade_add_next(disk, &write, &payload);
    buf_free(&payload);
}

int handmade_open(const struct handmade *disk, struct core **core)
{
    struct core_boot boot = {
        .promise = disk->promise.data,
        .promise_len = disk->promise.len,
        .snapshot = disk->snapshot.data,
        .snapshot_len = disk->snapshot.len,
        .records = disk->records,
        .record_count = disk->count,
        .flushed = disk->flushed,
        .fresh = sample_uuid(HANDMADE_FRESH),
    };

    return core_open(core, &options, &boot);
}

void handmade_begin(struct handmade *disk, uint64_t last)
{
    struct handmade_promise promise = handmade_sample();

    memset(disk, 0, sizeof *disk);
    handmade_promise(&disk->promise, &promise);
    handmade_fill(disk, 1, last, 0);
    disk->flushed = last;
}
