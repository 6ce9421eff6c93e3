#include "daemon/core/config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/result.h"

int config_find(const struct config *config, const struct uuid *uuid)
{
    for (unsigned i = 0; i < config->count; i++) {
        if (uuid_equal(&config->voters[i].uuid, uuid))
            return (int)i;
    }
    return -1;
}

int config_find_node(const struct config *config, uint32_t node)
{
    for (unsigned i = 0; i < config->count; i++) {
        if (config->voters[i].node == node)
            return (int)i;
    }
    return -1;
}

int config_add(struct config *config, const struct uuid *uuid, uint32_t node)
{
    unsigned at = 0;

    if (config_find(config, uuid) >= 0)
        return RESULT_MISMATCH;
    if (config->count == CONFIG_MAX)
        return RESULT_TOO_LARGE;
    while (at < config->count &&
           uuid_compare(&config->voters[at].uuid, uuid) < 0)
        at++;
    memmove(&config->voters[at + 1], &config->voters[at],
            (config->count - at) * sizeof(config->voters[0]));
    config->voters[at].uuid = *uuid;
    config->voters[at].node = node;
    config->count++;
    return 0;
}

bool config_remove(struct config *config, const struct uuid *uuid)
{
    int found = config_find(config, uuid);

    if (found < 0)
        return false;
    unsigned at = (unsigned)found;
    config->count--;
    memmove(&config->voters[at], &config->voters[at + 1],
            (config->count - at) * sizeof(config->voters[0]));
    return true;
}

bool config_equal(const struct config *a, const struct config *b)
{
    if (a->seq != b->seq || a->count != b->count)
        return false;
    for (unsigned i = 0; i < a->count; i++) {
        if (!uuid_equal(&a->voters[i].uuid, &b->voters[i].uuid) ||
            a->voters[i].node != b->voters[i].node)
            return false;
    }
    return true;
}

static int config_compare_nodes(const void *a, const void *b)
{
    const struct voter *left = a, *right = b;

    return (left->node > right->node) - (left->node < right->node);
}

void config_print_nodes(const struct config *config, const struct uuid *but,
                        struct buf *text)
{
    struct config sorted = *config;
    const char *blank = "";

    qsort(sorted.voters, sorted.count, sizeof(sorted.voters[0]),
          config_compare_nodes);
    for (unsigned i = 0; i < sorted.count; i++) {
        if (but != NULL && uuid_equal(&sorted.voters[i].uuid, but))
            continue;
        buf_printf(text, "%s%" PRIu32, blank, sorted.voters[i].node);
        blank = " ";
    }
}

unsigned config_majority(const struct config *config)
{
    return config->count / 2 + 1;
}

void config_encode(struct buf *buf, const struct config *config)
{
    buf_u8(buf, (uint8_t)config->count);
    for (unsigned i = 0; i < config->count; i++) {
        buf_uuid(buf, &config->voters[i].uuid);
        buf_u32(buf, config->voters[i].node);
    }
}

int config_decode(struct cursor *cursor, struct config *config)
{
    memset(config, 0, sizeof(*config));
    unsigned count = cursor_u8(cursor);
    if (count > CONFIG_MAX)
        return RESULT_MALFORMED;
    for (unsigned i = 0; i < count; i++) {
        struct voter *voter = &config->voters[i];
        voter->uuid = cursor_uuid(cursor);
        voter->node = cursor_u32(cursor);
        if (cursor->bad)
            return RESULT_MALFORMED;
        if (i > 0 && uuid_compare(&voter[-1].uuid, &voter->uuid) >= 0)
            return RESULT_MALFORMED;
    }
    config->count = count;
    return cursor->bad ? RESULT_MALFORMED : 0;
}
