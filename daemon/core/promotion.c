#include "daemon/core/promotion.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/result.h"

enum { PROMOTION_ENCODED_SIZE = 32 };

void promotions_free(struct promotions *promotions)
{
    free(promotions->list);
    promotions->list = NULL;
    promotions->count = 0;
    promotions->last = 0;
}

static void promotions_drop(struct promotions *promotions, size_t at)
{
    promotions->count--;
    memmove(&promotions->list[at], &promotions->list[at + 1],
            (promotions->count - at) * sizeof(*promotions->list));
}

static void promotions_push(struct promotions *promotions,
                            const struct promotion *promotion)
{
    promotions->list = mem_realloc(promotions->list, promotions->count + 1,
                                   sizeof(*promotions->list));
    promotions->list[promotions->count++] = *promotion;
}

bool promotions_grant(struct promotions *promotions,
                      const struct promotion_request *request, uint64_t token)
{
    struct promotion promotion = {
        .uuid = request->uuid,
        .run = request->run,
        .token = token,
    };

    if (promotions->exclusive) {
        if (request->seen != promotions->last)
            return false;
        promotions->count = 0;
    } else {
        const struct promotion *older =
            promotions_of(promotions, &request->uuid);
        if (older != NULL)
            promotions_drop(promotions, (size_t)(older - promotions->list));
    }
    promotions_push(promotions, &promotion);
    promotions->last = token;
    return true;
}

bool promotions_revoke(struct promotions *promotions, uint64_t token)
{
    for (size_t i = 0; i < promotions->count; i++) {
        if (promotions->list[i].token == token) {
            promotions_drop(promotions, i);
            return true;
        }
    }
    return false;
}

bool promotions_valid(const struct promotions *promotions, uint64_t token)
{
    for (size_t i = 0; i < promotions->count; i++) {
        if (promotions->list[i].token == token)
            return true;
    }
    return false;
}

const struct promotion *promotions_of(const struct promotions *promotions,
                                      const struct uuid *uuid)
{
    for (size_t i = 0; i < promotions->count; i++) {
        if (uuid_equal(&promotions->list[i].uuid, uuid))
            return &promotions->list[i];
    }
    return NULL;
}

void promotion_request_encode(struct buf *buf,
                              const struct promotion_request *request)
{
    buf_uuid(buf, &request->uuid);
    buf_u64(buf, request->run);
    buf_u64(buf, request->seen);
}

int promotion_request_decode(struct cursor *cursor,
                             struct promotion_request *request)
{
    request->uuid = cursor_uuid(cursor);
    request->run = cursor_u64(cursor);
    request->seen = cursor_u64(cursor);
    return cursor_done(cursor) ? 0 : RESULT_MALFORMED;
}

void promotions_encode(struct buf *buf, const struct promotions *promotions)
{
    buf_u64(buf, promotions->last);
    buf_u32(buf, (uint32_t)promotions->count);
    for (size_t i = 0; i < promotions->count; i++) {
        buf_uuid(buf, &promotions->list[i].uuid);
        buf_u64(buf, promotions->list[i].run);
        buf_u64(buf, promotions->list[i].token);
    }
}

int promotions_decode(struct cursor *cursor, struct promotions *promotions)
{
    uint64_t newest = 0;

    promotions->list = NULL;
    promotions->count = 0;
    promotions->last = cursor_u64(cursor);
    uint32_t count = cursor_u32(cursor);
    if (cursor->bad || count > cursor_left(cursor) / PROMOTION_ENCODED_SIZE) {
        promotions->last = 0;
        return RESULT_MALFORMED;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct promotion promotion;
        promotion.uuid = cursor_uuid(cursor);
        promotion.run = cursor_u64(cursor);
        promotion.token = cursor_u64(cursor);
        if (promotion.token <= newest || promotion.token > promotions->last) {
            promotions_free(promotions);
            return RESULT_MALFORMED;
        }
        newest = promotion.token;
        promotions_push(promotions, &promotion);
    }
    return 0;
}
