/* A snapshot, as it comes from the disk or from another replica, and committed
 * entries behind it.
 *
 *   u16 length of the snapshot | the snapshot | encoded entries */
#include <string.h>

#include "daemon/core/machine.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/reply.h"

static void apply(struct machine *machine, struct cursor *input)
{
    struct log_item item = {0};
    struct buf reply = {0}, encoded = {0};

    while (cursor_left(input) > 0 && entry_decode(input, &item.entry) == 0) {
        item.entry.seq = machine->at.seq + 1;
        entry_encode(&encoded, &item.entry);
        item.hash = entry_hash(machine->at.hash, encoded.data, encoded.len);
        machine_apply(machine, &item, &reply);
        if (reply.len > 0)
            fuzz_check(reply_is_one(reply.data, reply.len));
        buf_reset(&reply);
        buf_reset(&encoded);
    }
    buf_free(&reply);
    buf_free(&encoded);
}

/* Equal states give equal bytes, so what was read is written as it was. */
static void check_again(const struct machine *machine)
{
    struct machine other = {0};
    struct buf first = {0}, second = {0};

    machine_encode(&first, machine);
    fuzz_check(machine_decode(&other, first.data, first.len) == 0);
    machine_encode(&second, &other);
    fuzz_check(first.len == second.len);
    fuzz_check(memcmp(first.data, second.data, first.len) == 0);
    fuzz_check(machine_digest(machine) == machine_digest(&other));
    machine_free(&other);
    buf_free(&first);
    buf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor input = cursor_make(data, size);
    struct machine machine = {0};
    struct buf again = {0};
    size_t wanted = cursor_u16(&input), len;

    if (input.bad)
        return 0;
    const uint8_t *snapshot = fuzz_take(&input, wanted, &len);
    if (machine_decode(&machine, snapshot, len) == 0) {
        machine_encode(&again, &machine);
        fuzz_check(again.len == len);
        fuzz_check(memcmp(again.data, snapshot, len) == 0);
        buf_free(&again);
    } else if (len > 0) {
        return 0;
    }
    if (machine.at.seq < UINT64_MAX / 2) {
        apply(&machine, &input);
        if (machine.at.seq > 0 && machine.mode != 0)
            check_again(&machine);
    }
    machine_free(&machine);
    return 0;
}
