#include "daemon/core/wire.h"

#include <string.h>

#include "lib/result.h"

static const struct {
    const char *name;
    unsigned fields;
} wire_types[] = {
    [WIRE_HELLO] = {"HELLO", WIRE_HAS_POINT | WIRE_HAS_FLAGS |
                                 WIRE_HAS_FORMER | WIRE_HAS_CONFIG},
    [WIRE_VIEW] = {"VIEW", WIRE_HAS_POINT},
    [WIRE_READY] = {"READY", WIRE_HAS_TO},
    [WIRE_APPEND] = {"APPEND", WIRE_HAS_POINT | WIRE_HAS_COMMIT |
                                   WIRE_HAS_COUNT | WIRE_HAS_BODY},
    [WIRE_ACK] = {"ACK", WIRE_HAS_POINT},
    [WIRE_FETCH] = {"FETCH", WIRE_HAS_TO | WIRE_HAS_POINT},
    [WIRE_FORWARD] = {"FORWARD",
                      WIRE_HAS_NUMBER | WIRE_HAS_COUNT | WIRE_HAS_BODY},
    [WIRE_BARRIER] = {"BARRIER", WIRE_HAS_NUMBER},
    [WIRE_ANSWER] = {"ANSWER", WIRE_HAS_TO | WIRE_HAS_NUMBER | WIRE_HAS_POINT},
    [WIRE_HANDOVER] = {"HANDOVER", WIRE_HAS_TO},
    [WIRE_OFFER] = {"OFFER", WIRE_HAS_TO | WIRE_HAS_POINT},
    [WIRE_PULL] = {"PULL", WIRE_HAS_TO | WIRE_HAS_POINT | WIRE_HAS_OFFSET},
    [WIRE_CHUNK] = {"CHUNK", WIRE_HAS_POINT | WIRE_HAS_FLAGS |
                                 WIRE_HAS_OFFSET | WIRE_HAS_BODY},
};

static bool wire_type_known(uint8_t type)
{
    return type < sizeof(wire_types) / sizeof(wire_types[0]) &&
           wire_types[type].name != NULL;
}

const char *wire_type_name(uint8_t type)
{
    return wire_type_known(type) ? wire_types[type].name : "?";
}

void wire_encode(struct buf *buf, const struct message *message)
{
    unsigned fields = wire_types[message->type].fields;

    buf_u8(buf, WIRE_VERSION);
    buf_u8(buf, (uint8_t)message->type);
    buf_u32(buf, message->node);
    buf_uuid(buf, &message->group);
    buf_uuid(buf, &message->sender);
    buf_u64(buf, message->run);
    buf_u64(buf, message->epoch);
    if (fields & WIRE_HAS_TO) {
        buf_uuid(buf, &message->to);
        buf_u64(buf, message->to_run);
    }
    if (fields & WIRE_HAS_POINT) {
        buf_u64(buf, message->point.epoch);
        buf_u64(buf, message->point.seq);
        buf_u64(buf, message->point.hash);
    }
    if (fields & WIRE_HAS_FLAGS)
        buf_u8(buf, message->flags);
    if (fields & WIRE_HAS_FORMER)
        buf_uuid(buf, &message->former);
    if (fields & WIRE_HAS_CONFIG) {
        buf_u64(buf, message->config.seq);
        config_encode(buf, &message->config);
    }
    if (fields & WIRE_HAS_COMMIT)
        buf_u64(buf, message->commit);
    if (fields & WIRE_HAS_NUMBER)
        buf_u64(buf, message->number);
    if (fields & WIRE_HAS_OFFSET)
        buf_u64(buf, message->offset);
    if (fields & WIRE_HAS_COUNT)
        buf_u32(buf, message->count);
    if (fields & WIRE_HAS_BODY)
        buf_blob(buf, message->body, message->body_len);
}

static int wire_decode_fields(struct cursor *cursor, struct message *message)
{
    unsigned fields = wire_types[message->type].fields;

    if (fields & WIRE_HAS_TO) {
        message->to = cursor_uuid(cursor);
        message->to_run = cursor_u64(cursor);
    }
    if (fields & WIRE_HAS_POINT) {
        message->point.epoch = cursor_u64(cursor);
        message->point.seq = cursor_u64(cursor);
        message->point.hash = cursor_u64(cursor);
    }
    if (fields & WIRE_HAS_FLAGS)
        message->flags = cursor_u8(cursor);
    if (fields & WIRE_HAS_FORMER)
        message->former = cursor_uuid(cursor);
    if (fields & WIRE_HAS_CONFIG) {
        uint64_t seq = cursor_u64(cursor);
        if (config_decode(cursor, &message->config) != 0)
            return RESULT_MALFORMED;
        message->config.seq = seq;
    }
    if (fields & WIRE_HAS_COMMIT)
        message->commit = cursor_u64(cursor);
    if (fields & WIRE_HAS_NUMBER)
        message->number = cursor_u64(cursor);
    if (fields & WIRE_HAS_OFFSET)
        message->offset = cursor_u64(cursor);
    if (fields & WIRE_HAS_COUNT)
        message->count = cursor_u32(cursor);
    if (fields & WIRE_HAS_BODY)
        message->body = cursor_blob(cursor, &message->body_len);
    return cursor_done(cursor) ? 0 : RESULT_MALFORMED;
}

int wire_decode(const uint8_t *data, size_t len, struct message *message)
{
    struct cursor cursor = cursor_make(data, len);

    memset(message, 0, sizeof(*message));
    uint8_t version = cursor_u8(&cursor);
    uint8_t type = cursor_u8(&cursor);
    message->node = cursor_u32(&cursor);
    message->group = cursor_uuid(&cursor);
    message->sender = cursor_uuid(&cursor);
    message->run = cursor_u64(&cursor);
    message->epoch = cursor_u64(&cursor);
    if (cursor.bad)
        return RESULT_MALFORMED;
    if (version != WIRE_VERSION)
        return RESULT_VERSION;
    if (!wire_type_known(type) || uuid_is_none(&message->sender))
        return RESULT_MALFORMED;
    message->type = (enum wire_type)type;
    return wire_decode_fields(&cursor, message);
}
