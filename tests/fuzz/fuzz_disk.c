/* A state directory with anything in its files, as a daemon finds it when it
 * starts. Records (records.h) make the files, with the checksums that chance
 * would not find. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include "daemon/shell/file.h"
#include "daemon/shell/store.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/records.h"
#include "tests/fuzz/ring.h"

enum {
    PROMISE,  /* the P file's content */
    SNAPSHOT, /* u8 generation, then its content */
    ENTRY,    /* an encoded entry; its rolling hash is put right */
    RECORD,   /* u8 type, then a record's body */
    RAW,      /* bytes of the log */
    SEGMENT,  /* u8 generation | u64 sequence: what follows is in that file */
    WHOLE,    /* u8 which, then the whole file: promise, snapshot, group */
    KINDS
};

enum { FILES = 16, NAME_BYTES = 64, RECORD_ENTRY = 1, SNAPSHOT_HASH_AT = 24 };

#define PROMISE_MAGIC 0x46505748u
#define SNAPSHOT_MAGIC 0x46535748u

struct files {
    int dir;
    char path[256];
    struct buf log; /* of the segment that is open */
    char name[NAME_BYTES];
    uint64_t hash; /* of the entry before */
};

/* ---- the files ---- */

static struct files files = {.dir = -1};

static void empty(void)
{
    struct dirent **list = NULL;
    int count = scandir(files.path, &list, NULL, NULL);

    fuzz_check(count >= 0);
    for (int i = 0; i < count; i++) {
        if (list[i]->d_name[0] != '.')
            unlinkat(files.dir, list[i]->d_name, 0);
        free(list[i]);
    }
    free(list);
}

static void leave(void)
{
    empty();
    rmdir(files.path);
}

static void enter(void)
{
    const char *base = getenv("TMPDIR");

    snprintf(files.path, sizeof files.path, "%s/hotwarm-fuzz-XXXXXX",
             base != NULL ? base : "/tmp");
    fuzz_check(mkdtemp(files.path) != NULL);
    files.dir = open(files.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fuzz_check(files.dir >= 0);
    atexit(leave);
}

static void put(const char *name, const void *bytes, size_t len)
{
    int fd = openat(files.dir, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                    0600);

    fuzz_check(fd >= 0);
    fuzz_check(file_write(fd, bytes, len) == 0);
    close(fd);
}

static void put_frame(const char *name, uint32_t magic, uint64_t generation,
                      const uint8_t *bytes, size_t len)
{
    struct buf frame = {0};

    file_frame(&frame, magic, generation, bytes, len);
    unlinkat(files.dir, name, 0);
    put(name, frame.data, frame.len);
    buf_free(&frame);
}

static void put_log(void)
{
    if (files.log.len > 0)
        put(files.name, files.log.data, files.log.len);
    buf_reset(&files.log);
}

static void name_log(uint64_t generation, uint64_t seq)
{
    put_log();
    snprintf(files.name, sizeof files.name, "log-%016" PRIx64 "-%" PRIu64,
             generation, seq);
}

/* store.h has the format. The place counts from the file's beginning. */
static void log_record(uint8_t type, const void *body, size_t len)
{
    size_t from = files.log.len;

    buf_u32(&files.log, (uint32_t)len);
    buf_u8(&files.log, type);
    buf_bytes(&files.log, body, len);
    buf_u64(&files.log, XXH3_64bits_withSeed(files.log.data + from,
                                             files.log.len - from, from));
}

static void log_entry(const uint8_t *bytes, size_t len)
{
    struct buf body = {0};

    files.hash = entry_hash(files.hash, bytes, len);
    buf_u64(&body, files.hash);
    buf_bytes(&body, bytes, len);
    log_record(RECORD_ENTRY, body.data, body.len);
    buf_free(&body);
}

static void make_snapshot(const uint8_t *bytes, size_t len)
{
    struct cursor content = cursor_make(bytes, len);
    uint64_t generation = cursor_u8(&content);

    if (content.bad)
        return;
    put_frame("snapshot", SNAPSHOT_MAGIC, generation, bytes + 1, len - 1);
    name_log(generation, 1);
    cursor_bytes(&content, SNAPSHOT_HASH_AT);
    files.hash = cursor_u64(&content);
}

static void make_one(const struct record *record)
{
    static const char *const whole[] = {"promise", "snapshot", "group"};
    struct cursor content = cursor_make(record->bytes, record->len);
    uint64_t generation;

    switch (record->kind % KINDS) {
    case PROMISE:
        put_frame("promise", PROMISE_MAGIC, 0, record->bytes, record->len);
        break;
    case SNAPSHOT:
        make_snapshot(record->bytes, record->len);
        break;
    case ENTRY:
        log_entry(record->bytes, record->len);
        break;
    case RECORD:
        if (record->len > 0)
            log_record(record->bytes[0], record->bytes + 1, record->len - 1);
        break;
    case RAW:
        buf_bytes(&files.log, record->bytes, record->len);
        break;
    case SEGMENT:
        generation = cursor_u8(&content);
        name_log(generation, cursor_u64(&content));
        break;
    case WHOLE:
        if (record->len > 0)
            put(whole[record->bytes[0] % 3], record->bytes + 1,
                record->len - 1);
        break;
    }
}

/* ---- the daemon ---- */

static void step(struct core *core, struct core_event *event, struct buf *said,
                 uint64_t *op)
{
    struct effects effects = {0};

    event->now_ns = 1000000000;
    event->wall_ms = 1700000000000;
    core_step(core, event, &effects);
    for (size_t i = 0; i < effects.count; i++) {
        const struct effect *effect = &effects.list[i];
        *op = effect->op > *op ? effect->op : *op;
        if (effect->kind == EFFECT_MULTICAST && said->len == 0)
            buf_bytes(said, effects_data(&effects, effect), effect->data_len);
    }
    effects_free(&effects);
}

/* Up to where it has said something and heard it. */
static void start(struct core *core)
{
    struct core_event event = {.kind = CORE_CONNECTED};
    struct core_member self = {1, 100};
    struct buf said = {0};
    uint64_t op = 0;

    step(core, &event, &said, &op);
    event.kind = CORE_STORED;
    event.u.stored.op = op;
    step(core, &event, &said, &op);
    event.kind = CORE_MEMBERS;
    event.u.members.list = &self;
    event.u.members.count = 1;
    step(core, &event, &said, &op);
    event.kind = CORE_QUORUM;
    event.u.quorate = true;
    step(core, &event, &said, &op);
    event.kind = CORE_DELIVER;
    event.u.deliver.sender = self;
    event.u.deliver.data = said.data;
    event.u.deliver.len = said.len;
    struct buf more = {0};
    if (said.len > 0)
        step(core, &event, &more, &op);
    event.kind = CORE_STORED;
    event.u.stored.op = op;
    step(core, &event, &more, &op);
    buf_free(&said);
    buf_free(&more);
}

static struct store *open_store(struct core_boot *boot)
{
    char error[512];
    struct store *store;
    int rc = store_open(&store, files.path, boot, error, sizeof error);

    fuzz_check(rc <= 0); /* errno: it is the content alone that is odd */
    if (rc == 0)
        store_claim(store, boot, "group", error, sizeof error);
    return store;
}

static bool is_damaged(const struct core_boot *boot, uint64_t last)
{
    return boot->flushed > last;
}

static uint64_t last_of(const struct core_boot *boot)
{
    struct entry entry = {0};

    if (boot->record_count > 0) {
        const struct core_record *last = &boot->records[boot->record_count - 1];
        struct cursor cursor = cursor_make(last->data, last->len);
        fuzz_check(entry_decode(&cursor, &entry) == 0);
    }
    return entry.seq;
}

/* To open cuts a torn tail, and nothing else: what is found again is the same. */
static void check_twice(const struct core_boot *first,
                        const struct core_boot *second)
{
    fuzz_check(first->record_count == second->record_count);
    for (size_t i = 0; i < first->record_count; i++) {
        const struct core_record *a = &first->records[i];
        const struct core_record *b = &second->records[i];
        fuzz_check(a->hash == b->hash && a->len == b->len);
        fuzz_check(memcmp(a->data, b->data, a->len) == 0);
    }
    fuzz_check(first->promise_len == second->promise_len);
    fuzz_check(first->snapshot_len == second->snapshot_len);
    uint64_t last = last_of(first);
    fuzz_check(is_damaged(first, last) == is_damaged(second, last));
}

static void open_all(void)
{
    struct core_options options = ring_options(RING_THREE, 0);
    struct core_boot boot, again;
    struct core *core;
    struct store *store = open_store(&boot);

    if (store == NULL)
        return;
    struct store *second = open_store(&again);
    fuzz_check(second != NULL);
    check_twice(&boot, &again);
    store_close(second);
    boot.fresh = ring_fresh(9);
    if (core_open(&core, &options, &boot) == 0) {
        start(core);
        core_close(core);
    }
    store_close(store);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned seed)
{
    return records_mutate(data, size, max_size, seed, KINDS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor input = cursor_make(data, size);
    struct record record;

    if (files.dir < 0)
        enter();
    files.hash = 0;
    buf_reset(&files.log);
    name_log(0, 1);
    for (size_t i = 0; i < RECORDS_MAX && records_next(&input, &record); i++)
        make_one(&record);
    put_log();
    buf_free(&files.log);
    open_all();
    empty();
    return 0;
}
