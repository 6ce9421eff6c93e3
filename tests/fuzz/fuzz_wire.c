/* Messages and entries, as they come from another replica: what is accepted is
 * written again as it was. */
#include <string.h>

#include "daemon/core/command.h"
#include "daemon/core/wire.h"
#include "tests/fuzz/fuzz.h"

static void check_same(const struct buf *again, const uint8_t *from, size_t len)
{
    fuzz_check(again->len == len);
    fuzz_check(memcmp(again->data, from, len) == 0);
}

static void check_command(const struct entry *entry)
{
    struct core_arg argv[COMMAND_ARGS_MAX];
    struct cursor payload = cursor_make(entry->payload, entry->length);
    struct buf again = {0};
    size_t argc;

    if (entry->kind != ENTRY_WRITE ||
        command_decode(&payload, argv, &argc) != 0)
        return;
    command_encode(&again, argv, argc);
    check_same(&again, entry->payload, entry->length);
    buf_free(&again);
}

static void check_entries(const uint8_t *bytes, size_t len)
{
    struct cursor cursor = cursor_make(bytes, len);
    struct entry entry;

    while (cursor_left(&cursor) > 0) {
        size_t from = cursor.pos;
        struct buf again = {0};
        if (entry_decode(&cursor, &entry) != 0)
            return;
        check_command(&entry);
        entry_encode(&again, &entry);
        check_same(&again, bytes + from, cursor.pos - from);
        buf_free(&again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message message;
    struct buf again = {0};

    check_entries(data, size);
    if (wire_decode(data, size, &message) != 0)
        return 0;
    wire_encode(&again, &message);
    check_same(&again, data, size);
    buf_free(&again);
    check_entries(message.body, message.body_len);
    return 0;
}
