/* disk DIR GROUP VALUE: makes DIR the state directory of a replica of GROUP, on
 * node 1, one of three voters whose other two are nowhere. Its log has eight
 * entries: the last one sets the key k to VALUE, for a replica that is promoted.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/shell/store.h"
#include "tests/unit/handmade.h"
#include "tests/unit/sample.h"

enum { NOOPS = 6, WAIT_MS = 20000 };

static void fail(const char *what)
{
    fprintf(stderr, "disk: %s\n", what);
    exit(1);
}

static void put(struct store *store, const struct handmade *disk)
{
    struct effect effect = {
        .kind = EFFECT_PROMISE, .op = 1, .data_len = disk->promise.len};
    struct pollfd stored = {.fd = store_fd(store), .events = POLLIN};
    char error[256];
    uint64_t done = 0;
    bool full = false;

    store_do(store, &effect, disk->promise.data);
    for (size_t i = 0; i < disk->count; i++) {
        effect = (struct effect){.kind = EFFECT_APPEND,
                                 .op = effect.op + 1,
                                 .seq = i + 1,
                                 .hash = disk->records[i].hash,
                                 .data_len = disk->records[i].len};
        store_do(store, &effect, disk->records[i].data);
    }
    store_wake(store);
    while (done < effect.op) {
        if (poll(&stored, 1, WAIT_MS) != 1 ||
            store_done(store, &done, &full, error, sizeof error) != 0)
            fail("nothing was stored");
    }
}

int main(int argc, char **argv)
{
    struct handmade disk;
    struct core_boot boot;
    struct store *store;
    char error[256] = "usage: disk DIR GROUP VALUE";

    if (argc != 4)
        fail(error);
    handmade_begin(&disk, NOOPS);
    handmade_add_write(&disk, argv[3]);
    if (store_open(&store, argv[1], &boot, error, sizeof error) != 0 ||
        store_claim(store, &boot, argv[2], error, sizeof error) != 0)
        fail(error);
    if (store_start(store) != 0)
        fail("the store does not start");
    put(store, &disk);
    store_close(store);
    handmade_free(&disk);
    return 0;
}
