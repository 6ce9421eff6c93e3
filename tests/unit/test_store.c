#include <errno.h>
#include <poll.h>
#include <sys/wait.h>
#include <time.h>

#include "daemon/shell/segment.h"
#include "daemon/shell/store.h"
#include "lib/result.h"
#include "tests/unit/faulty.h"
#include "tests/unit/history.h"
#include "tests/unit/place.h"

static const char FIRST[] = "log-0000000000000000-00000000000000000001";

enum { WAIT_MS = 20000, OPS_MAX = 128, LARGE = 125 * 1024 };

/* ---- the disk effects of a test, and what the disk then holds ---- */

struct op {
    enum effect_kind kind;
    uint64_t seq, hash;
    struct buf data;
    bool more; /* the next one follows at once */
};

struct script {
    size_t count; /* op n is list[n - 1] */
    struct op list[OPS_MAX];
};

static struct op *script_add(struct script *script, enum effect_kind kind,
                             uint64_t seq, const char *text)
{
    assert_true(script->count < OPS_MAX);
    struct op *op = &script->list[script->count++];
    *op = (struct op){.kind = kind, .seq = seq};
    if (text != NULL)
        buf_bytes(&op->data, text, strlen(text));
    return op;
}

/* `count` appends from `seq` on, in a row. `text` tells them from others. */
static void script_append(struct script *script, uint64_t seq, size_t count,
                          const char *text)
{
    for (size_t i = 0; i < count; i++) {
        struct op *op = script_add(script, EFFECT_APPEND, seq + i, NULL);
        struct entry entry = {.epoch = 1,
                              .seq = seq + i,
                              .kind = ENTRY_WRITE,
                              .payload = (const uint8_t *)text,
                              .length = (uint32_t)strlen(text)};
        entry_encode(&op->data, &entry);
        op->hash = entry_hash(seq, op->data.data, op->data.len);
        op->more = i + 1 < count;
    }
}

static void script_free(struct script *script)
{
    for (size_t i = 0; i < script->count; i++)
        buf_free(&script->list[i].data);
}

struct model {
    const struct op *promise, *snapshot;
    const struct op *entries[OPS_MAX]; /* by sequence */
    uint64_t first, last;              /* first: at the latest */
};

static void model_do(struct model *model, const struct op *op)
{
    switch (op->kind) {
    case EFFECT_PROMISE:
        model->promise = op;
        break;
    case EFFECT_APPEND:
        assert_true(op->seq < OPS_MAX);
        model->entries[op->seq] = op;
        model->last = op->seq;
        break;
    case EFFECT_TRUNCATE:
        model->last = op->seq - 1;
        break;
    case EFFECT_COMPACT:
        model->first = op->seq + 1;
        break;
    case EFFECT_INSTALL:
        model->snapshot = op;
        memset(model->entries, 0, sizeof model->entries);
        model->last = op->seq;
        model->first = op->seq + 1;
        break;
    default: { /* RESET */
        const struct op *promise = model->promise;
        memset(model, 0, sizeof *model);
        model->promise = promise;
        model->first = 1;
    }
    }
}

static void model_after(struct model *model, const struct script *script,
                        size_t ops)
{
    memset(model, 0, sizeof *model);
    model->first = 1;
    for (size_t i = 0; i < ops; i++)
        model_do(model, &script->list[i]);
}

static bool same_bytes(const struct op *op, const uint8_t *bytes, size_t len)
{
    return op == NULL ? bytes == NULL
                      : bytes != NULL && len == op->data.len &&
                            memcmp(bytes, op->data.data, len) == 0;
}

static uint64_t record_seq(const struct core_record *record)
{
    struct cursor cursor = cursor_make(record->data, record->len);
    struct entry entry;

    assert_int_equal(entry_decode(&cursor, &entry), 0);
    return entry.seq;
}

/* The log up to `last`, from model->first on or from before it. */
static bool same_log(const struct model *model, const struct core_boot *boot,
                     uint64_t last)
{
    uint64_t seq = last + 1;

    for (size_t i = boot->record_count; i > 0; i--) {
        const struct core_record *record = &boot->records[i - 1];
        if (record_seq(record) != --seq)
            return false;
        const struct op *op = model->entries[seq];
        if (op == NULL || op->hash != record->hash ||
            !same_bytes(op, record->data, record->len))
            return false;
    }
    return seq <= model->first;
}

static bool same(const struct model *model, const struct core_boot *boot)
{
    return same_bytes(model->promise, boot->promise, boot->promise_len) &&
           same_bytes(model->snapshot, boot->snapshot, boot->snapshot_len) &&
           same_log(model, boot, model->last) && boot->flushed <= model->last;
}

/* ---- a store ---- */

static struct store *open_store(const struct place *place,
                                struct core_boot *boot)
{
    char error[256] = "";
    struct store *store = NULL;

    assert_int_equal(store_open(&store, place->path, boot, error, sizeof error),
                     0);
    assert_string_equal(error, "");
    return store;
}

static struct store *start_store(const struct place *place)
{
    struct core_boot boot;
    struct store *store = open_store(place, &boot);

    assert_int_equal(store_start(store), 0);
    return store;
}

static void submit(struct store *store, const struct script *script, size_t op)
{
    const struct op *from = &script->list[op - 1];
    struct effect effect = {.kind = from->kind,
                            .op = op,
                            .seq = from->seq,
                            .hash = from->hash,
                            .data_len = from->data.len};

    store_do(store, &effect, from->data.data);
    store_wake(store);
}

static bool saw_full;    /* … reported by a store since a test cleared it */
static bool dies_full;   /* … and then the process ends */
static char reason[256]; /* of the last failure */

/* Waits until `op` is reported, or a failure is, which it returns. */
static int wait_for(struct store *store, uint64_t op)
{
    struct pollfd ready = {.fd = store_fd(store), .events = POLLIN};
    uint64_t done = 0;
    bool full = false;

    for (;;) {
        int rc = store_done(store, &done, &full, reason, sizeof reason);
        assert_true(done <= op);
        saw_full = saw_full || full;
        if (full && dies_full)
            _exit(FAULTY_STATUS);
        if (rc != 0 || done == op)
            return rc;
        assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
    }
}

/* Waits until the store says that its disk is not full. */
static void wait_for_room(struct store *store)
{
    struct pollfd ready = {.fd = store_fd(store), .events = POLLIN};
    uint64_t done = 0;
    bool full = true;

    for (;;) {
        assert_int_equal(store_done(store, &done, &full, reason, sizeof reason),
                         0);
        if (!full)
            return;
        assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
    }
}

/* Everything from op `first` on, a row at a time. 0 or the failure. */
static int run(struct store *store, const struct script *script, size_t first)
{
    struct faulty *faulty = faulty_shared();

    for (size_t op = first; op <= script->count; op++) {
        faulty->submitted = op;
        submit(store, script, op);
        if (script->list[op - 1].more)
            continue;
        int rc = wait_for(store, op);
        if (rc != 0)
            return rc;
        faulty->reported = op;
    }
    return 0;
}

/* Promises, appends, cuts, drops, snapshots and a reset. */
static void full_script(struct script *script)
{
    memset(script, 0, sizeof *script);
    script_add(script, EFFECT_PROMISE, 0, "first promise");
    script_append(script, 1, 3, "one");
    script_append(script, 4, 1, "two");
    script_add(script, EFFECT_PROMISE, 0, "second promise");
    script_append(script, 5, 3, "three");
    script->list[script->count - 1].more = true;
    script_add(script, EFFECT_PROMISE, 0, "a promise behind entries");
    script_add(script, EFFECT_TRUNCATE, 4, NULL);
    script_append(script, 4, 2, "four, instead");
    script_add(script, EFFECT_COMPACT, 3, NULL);
    script_append(script, 6, 1, "");
    script_add(script, EFFECT_TRUNCATE, 6, NULL)->more = true;
    script_append(script, 6, 2, "six, at once");
    script_add(script, EFFECT_INSTALL, 20, "the state at 20");
    script_append(script, 21, 2, "after the snapshot");
    script_add(script, EFFECT_PROMISE, 0, "third promise");
    script_add(script, EFFECT_INSTALL, 30, "the state at 30")->more = true;
    script_append(script, 31, 1, "again");
    script_add(script, EFFECT_TRUNCATE, 31, NULL);
    script_append(script, 31, 1, "and again");
    script_add(script, EFFECT_RESET, 0, NULL);
    script_add(script, EFFECT_PROMISE, 0, "a new life");
    script_append(script, 1, 2, "blank");
    script_add(script, EFFECT_RESET, 0, NULL)->more = true;
    script_append(script, 1, 1, "at once");
}

static int begins(void **state)
{
    static struct place place;

    place = place_make();
    *state = &place;
    return 0;
}

static int ends(void **state)
{
    faulty_disarm();
    place_remove(*state);
    return 0;
}

/* ---- what is written is read ---- */

static void a_blank_directory_gives_nothing(void **state)
{
    struct core_boot boot;
    struct store *store = open_store(*state, &boot);

    assert_null(boot.promise);
    assert_null(boot.snapshot);
    assert_int_equal(boot.record_count, 0);
    assert_int_equal(boot.flushed, 0);
    store_close(store);
}

/* Opened by another after each row of effects, and gone on with. */
static void every_effect_round_trips(void **state)
{
    struct script script;
    struct model model;

    full_script(&script);
    for (int reopen = 0; reopen < 2; reopen++) {
        struct place place = place_make();
        struct store *store = start_store(&place);
        for (size_t op = 1; op <= script.count; op++) {
            submit(store, &script, op);
            if (script.list[op - 1].more)
                continue;
            assert_int_equal(wait_for(store, op), 0);
            struct place copy = place_copy(&place);
            struct core_boot boot;
            struct store *other = open_store(&copy, &boot);
            model_after(&model, &script, op);
            assert_true(same(&model, &boot));
            store_close(other);
            place_remove(&copy);
            if (reopen == 0)
                continue;
            store_close(store);
            store = start_store(&place);
        }
        store_close(store);
        place_remove(&place);
    }
    script_free(&script);
    (void)state;
}

/* Closing waits for what is queued. */
static void what_is_queued_is_written(void **state)
{
    struct script script = {0};
    struct model model;
    struct core_boot boot;
    struct store *store = start_store(*state);

    script_append(&script, 1, 100, "queued");
    for (size_t op = 1; op <= script.count; op++)
        submit(store, &script, op);
    store_close(store);
    store = open_store(*state, &boot);
    model_after(&model, &script, script.count);
    assert_true(same(&model, &boot));
    store_close(store);
    script_free(&script);
}

/* Until then it says what was flushed before the last batch, which may be any
 * part of the entries, but never less than it said before. */
static void an_idle_log_is_marked(void **state)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    struct place *place = *state;
    struct script script = {0};
    struct store *store = start_store(place);
    uint64_t flushed = 0, before = 0;

    script_append(&script, 1, 3, "idle");
    assert_int_equal(run(store, &script, 1), 0);
    for (int waits = 0; flushed != 3; waits++) {
        struct place copy = place_copy(place);
        struct core_boot boot;
        store_close(open_store(&copy, &boot));
        flushed = boot.flushed;
        place_remove(&copy);
        assert_true(flushed >= before && flushed <= 3);
        before = flushed;
        assert_true(waits < WAIT_MS / 5);
        nanosleep(&pause, NULL);
    }
    store_close(store);
    script_free(&script);
}

/* A snapshot's bytes begin with its place (machine.h). */
static struct buf snapshot_of(uint64_t seq, const char *text)
{
    struct buf bytes = {0};

    buf_u64(&bytes, 0);
    buf_u64(&bytes, 0);
    buf_u64(&bytes, seq);
    buf_bytes(&bytes, text, strlen(text));
    return bytes;
}

static void a_snapshot_is_read_in_parts(void **state)
{
    struct place *place = *state;
    struct store *store = start_store(place);
    struct buf content = snapshot_of(77, "0123456789");
    uint8_t bytes[64];
    uint64_t seq = 0;
    size_t got = 1;

    assert_int_equal(store_read_snapshot(store, 0, bytes, 8, &got, &seq),
                     ENOENT);
    assert_int_equal(got, 0);
    assert_int_equal(store_write_snapshot(store, content.data, content.len), 0);
    for (size_t offset = 0; offset <= content.len + 2; offset++) {
        size_t left = offset < content.len ? content.len - offset : 0;
        assert_int_equal(
            store_read_snapshot(store, offset, bytes, 4, &got, &seq), 0);
        assert_int_equal(seq, 77);
        assert_int_equal(got, left < 4 ? left : 4);
        assert_memory_equal(bytes, content.data + content.len - left, got);
    }
    assert_int_equal(
        store_read_snapshot(store, UINT64_MAX - 10, bytes, 64, &got, &seq), 0);
    assert_int_equal(got, 0);
    buf_free(&content);
    content = snapshot_of(78, "");
    assert_int_equal(store_write_snapshot(store, content.data, content.len), 0);
    assert_int_equal(store_read_snapshot(store, 0, bytes, 64, &got, &seq), 0);
    assert_int_equal(seq, 78);
    assert_int_equal(got, content.len);
    /* Not so much as a frame. */
    place_write(place, "snapshot", "short", 5);
    assert_int_equal(store_read_snapshot(store, 0, bytes, 64, &got, &seq), EIO);
    assert_int_equal(got, 0);
    buf_free(&content);
    store_close(store);
}

/* A snapshot of its own keeps the log that follows it. */
static void a_snapshot_of_its_own_keeps_the_log(void **state)
{
    struct script script = {0};
    struct core_boot boot;
    struct store *store = start_store(*state);

    script_add(&script, EFFECT_INSTALL, 5, "the state at 5");
    script_append(&script, 6, 2, "behind it");
    assert_int_equal(run(store, &script, 1), 0);
    assert_int_equal(store_write_snapshot(store, "the state at 7", 14), 0);
    store_close(store);
    store = open_store(*state, &boot);
    assert_int_equal(boot.snapshot_len, 14);
    assert_memory_equal(boot.snapshot, "the state at 7", 14);
    assert_int_equal(boot.record_count, 2);
    store_close(store);
    script_free(&script);
}

/* ---- damage ---- */

static void fill(const struct place *place, struct script *script)
{
    struct store *store = start_store(place);

    script_add(script, EFFECT_PROMISE, 0, "a promise");
    script_add(script, EFFECT_INSTALL, 5, "the state at 5");
    script_append(script, 6, 2, "behind it");
    assert_int_equal(run(store, script, 1), 0);
    store_close(store);
}

static void a_bad_promise_is_no_promise(void **state)
{
    struct place *place = *state;
    struct script script = {0};
    struct core_boot boot;

    fill(place, &script);
    size_t size = place_size(place, "promise");
    for (size_t at = 0; at < 2 * size; at++) {
        struct place copy = place_copy(place);
        char error[256] = "";
        struct store *store = NULL;
        if (at < size)
            place_flip(&copy, "promise", at, (unsigned)(at % 8));
        else
            place_truncate(&copy, "promise", at - size);
        int rc = store_open(&store, copy.path, &boot, error, sizeof error);
        /* Its version is another one's: that is not to be overwritten. */
        if (at >= 4 && at < 8) {
            assert_int_equal(rc, RESULT_VERSION);
            assert_non_null(strstr(error, "/promise: "));
            assert_null(store);
        } else {
            assert_int_equal(rc, 0);
            assert_null(boot.promise);
            assert_int_equal(boot.record_count, 2);
            assert_non_null(boot.snapshot);
        }
        store_close(store);
        place_remove(&copy);
    }
    script_free(&script);
}

/* It is as good as lost; but another version's is not to be overwritten. */
static void a_bad_snapshot_is_a_lost_one(void **state)
{
    struct place *place = *state;
    struct script script = {0};

    fill(place, &script);
    size_t size = place_size(place, "snapshot");
    for (size_t at = 0; at < 2 * size; at++) {
        struct place copy = place_copy(place);
        if (at < size)
            place_flip(&copy, "snapshot", at, (unsigned)(at % 8));
        else
            place_truncate(&copy, "snapshot", at - size);
        struct place before = place_copy(&copy);
        char error[256] = "", expected[512] = "";
        struct core_boot boot;
        struct store *store = (struct store *)&boot;
        int rc = store_open(&store, copy.path, &boot, error, sizeof error);
        if (at >= 4 && at < 8) {
            assert_int_equal(rc, RESULT_VERSION);
            snprintf(expected, sizeof expected, "%s/snapshot: %s", copy.path,
                     result_text(rc));
            assert_null(store);
        } else {
            assert_int_equal(rc, 0);
            assert_null(boot.snapshot);
            assert_true(boot.flushed == UINT64_MAX);
        }
        assert_string_equal(error, expected);
        store_close(store);
        place_equal(&before, &copy);
        place_remove(&before);
        place_remove(&copy);
    }
    script_free(&script);
}

/* Its log is worth nothing, and must not look like a first start. */
static void a_lost_snapshot_is_told(void **state)
{
    struct place *place = *state;
    struct script script = {0};
    struct core_boot boot;

    fill(place, &script);
    assert_int_equal(unlinkat(place->dir, "snapshot", 0), 0);
    struct place before = place_copy(place);
    struct store *store = open_store(place, &boot);
    assert_non_null(boot.promise);
    assert_int_equal(boot.record_count, 0);
    assert_true(boot.flushed == UINT64_MAX);
    store_close(store);
    place_equal(&before, place);
    place_remove(&before);
    script_free(&script);
}

static void an_absent_directory_is_refused_by_name(void **state)
{
    static const char *const paths[] = {"/proc/self/absent", "/dev/null"};
    static const int codes[] = {ENOENT, ENOTDIR};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct core_boot boot;
        struct store *store = NULL;
        char error[256] = "";
        assert_int_equal(
            store_open(&store, paths[i], &boot, error, sizeof error), codes[i]);
        assert_memory_equal(error, paths[i], strlen(paths[i]));
        assert_non_null(strstr(error, strerror(codes[i])));
        assert_null(store);
    }
}

/* Between INSTALL's rename and the end of the old log. */
static void an_old_generation_is_not_read(void **state)
{
    struct place *place = *state;
    struct script script = {0};
    struct core_boot boot;
    struct store *store = start_store(place);

    script_append(&script, 1, 5, "old");
    script_add(&script, EFFECT_INSTALL, 3, "the state at 3");
    submit(store, &script, 1);
    for (size_t op = 2; op <= 5; op++)
        submit(store, &script, op);
    assert_int_equal(wait_for(store, 5), 0);
    struct buf old = place_read(place, FIRST);
    submit(store, &script, 6);
    assert_int_equal(wait_for(store, 6), 0);
    store_close(store);
    assert_false(place_has(place, FIRST));
    place_write(place, FIRST, old.data, old.len);
    store = open_store(place, &boot);
    assert_int_equal(boot.record_count, 0);
    assert_int_equal(boot.flushed, 0);
    assert_int_equal(boot.snapshot_len, 14);
    assert_false(place_has(place, FIRST));
    store_close(store);
    buf_free(&old);
    script_free(&script);
}

static void find_aside(const struct place *place, char path[2 * PLACE_PATH])
{
    DIR *list = opendir(place->path);
    struct dirent *item;
    size_t found = 0;

    assert_non_null(list);
    while ((item = readdir(list)) != NULL) {
        if (strncmp(item->d_name, "aside-", 6) != 0)
            continue;
        snprintf(path, 2 * PLACE_PATH, "%s/%.200s", place->path, item->d_name);
        found++;
    }
    closedir(list);
    assert_int_equal(found, 1);
}

static void a_reset_moves_the_data_aside(void **state)
{
    struct place *place = *state;
    struct script script = {0};
    struct place aside;
    char path[2 * PLACE_PATH] = "";

    fill(place, &script);
    place_write(place, "lock", "", 0);
    struct place before = place_copy(place);
    struct store *store = start_store(place);
    script_add(&script, EFFECT_RESET, 0, NULL);
    submit(store, &script, script.count);
    assert_int_equal(wait_for(store, script.count), 0);
    store_close(store);
    assert_true(place_has(place, "lock"));
    assert_true(place_has(place, "promise"));
    assert_false(place_has(place, "snapshot"));
    assert_int_equal(place_logs(place).count, 0);
    assert_int_equal(unlinkat(before.dir, "lock", 0), 0);
    assert_int_equal(unlinkat(before.dir, "promise", 0), 0);
    find_aside(place, path);
    snprintf(aside.path, sizeof aside.path, "%.255s", path);
    aside.dir = open(aside.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    place_equal(&before, &aside);
    close(aside.dir);
    place_remove(&before);
    script_free(&script);
}

/* However often a RESET finds no room, and wherever: one directory. */
static void a_reset_without_room_goes_on_where_it_was(void **state)
{
    (void)state;
    for (uint64_t at = 1; at <= 2; at++) {
        struct place place = place_make();
        struct script script = {0};
        char path[2 * PLACE_PATH];
        fill(&place, &script);
        struct store *store = start_store(&place);
        script_add(&script, EFFECT_RESET, 0, NULL);
        faulty_arm(FAULTY_RENAME, at, false, ENOSPC);
        faulty_shared()->times = 3;
        assert_int_equal(run(store, &script, script.count), 0);
        assert_true(faulty_shared()->came);
        store_close(store);
        faulty_disarm();
        find_aside(&place, path);
        assert_false(place_has(&place, "snapshot"));
        assert_int_equal(place_logs(&place).count, 0);
        place_remove(&place);
        script_free(&script);
    }
}

/* Of a snapshot's child, or of a loss of power: nobody else takes it away. */
static void what_was_half_written_is_removed(void **state)
{
    static const char *const names[] = {"promise.new", "snapshot.new",
                                        "group.new"};
    struct place *place = *state;
    struct script script = {0};
    struct core_boot boot;

    fill(place, &script);
    struct place before = place_copy(place);
    for (size_t i = 0; i < 3; i++)
        place_write(place, names[i], "half", 4);
    store_close(open_store(place, &boot));
    place_equal(&before, place);
    place_remove(&before);
    script_free(&script);
}

/* ---- writes that fail ---- */

/* The first failure is the last word: nothing after it is written or
 * reported; and it names the file. */
static void fails(enum faulty_call call, int code, bool half)
{
    struct place place = place_make();
    struct script script = {0};
    struct model model;
    struct core_boot boot;
    char expected[512];
    uint64_t done = 99;
    bool full = true;

    script_append(&script, 1, 2, "good");
    script_append(&script, 3, 2, "bad");
    script_add(&script, EFFECT_PROMISE, 0, "never");
    struct store *store = start_store(&place);
    for (size_t op = 1; op <= 2; op++)
        submit(store, &script, op);
    assert_int_equal(wait_for(store, 2), 0);
    faulty_arm(call, 1, half, code);
    assert_int_equal(run(store, &script, 3), code);
    uint64_t calls = faulty_shared()->counts[FAULTY_ANY];
    submit(store, &script, 5);
    assert_int_equal(store_done(store, &done, &full, reason, sizeof reason),
                     code);
    assert_int_equal(done, 2);
    assert_false(full);
    snprintf(expected, sizeof expected, "%s/%s: %s", place.path, FIRST,
             strerror(code));
    assert_string_equal(reason, expected);
    store_close(store);
    assert_int_equal(faulty_shared()->counts[FAULTY_ANY], calls);
    faulty_disarm();
    store = open_store(&place, &boot);
    assert_null(boot.promise);
    /* What was not reported may be there, or a part of it. */
    assert_in_range(boot.record_count, 2, 4);
    model_after(&model, &script, boot.record_count);
    assert_true(same(&model, &boot));
    store_close(store);
    place_remove(&place);
    script_free(&script);
}

static void a_failed_write_is_never_retried(void **state)
{
    (void)state;
    fails(FAULTY_WRITE, EROFS, false);
    fails(FAULTY_WRITE, EIO, false);
    fails(FAULTY_WRITE, EIO, true);
    fails(FAULTY_FDATASYNC, EIO, false);
}

/* What a process wrote before it was killed is not on the disk yet; whoever
 * reads it must not count it as if it were. */
static void what_is_found_is_flushed(void **state)
{
    struct place *place = *state;
    struct script script = {0};
    struct core_boot boot;
    struct stat stat;
    struct store *store = start_store(place);

    script_append(&script, 1, 2, "written");
    assert_int_equal(run(store, &script, 1), 0);
    store_close(store);
    faulty_arm(FAULTY_ANY, 0, false, 0);
    store_close(open_store(place, &boot));
    assert_int_equal(fstatat(place->dir, FIRST, &stat, 0), 0);
    assert_int_equal(faulty_flushed(stat.st_ino), stat.st_size);
    assert_int_equal(faulty_shared()->counts[FAULTY_FSYNC], 1);
    faulty_disarm();
    script_free(&script);
}

/* ---- crashes ---- */

/* Runs the script in a process that ends at call `at`, or finds the disk full
 * from there on and ends then. True if it did. */
static bool crash_with(const struct place *place, const struct script *script,
                       uint64_t at, bool half, int failure)
{
    int status = 0;

    faulty_arm(FAULTY_ANY, at, half, failure);
    faulty_shared()->times = failure == 0 ? 0 : UINT64_MAX;
    faulty_disarm();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct core_boot boot;
        char error[256];
        struct store *store;
        if (store_open(&store, place->path, &boot, error, sizeof error) != 0 ||
            store_start(store) != 0)
            _exit(1);
        faulty_shared()->armed = true;
        int rc = run(store, script, 1);
        _exit(rc == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    faulty_disarm();
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 ||
                WEXITSTATUS(status) == FAULTY_STATUS);
    return WEXITSTATUS(status) == FAULTY_STATUS;
}

static bool crash(const struct place *place, const struct script *script,
                  uint64_t at, bool half)
{
    return crash_with(place, script, at, half, 0);
}

/* An effect that was under way may be half done, if the core can tell (boot.h)
 * or does not care. */
static bool same_halfway(const struct model *before, const struct model *after,
                         const struct op *op, const struct core_boot *boot)
{
    if (op->kind == EFFECT_RESET)
        return same_bytes(before->promise, boot->promise, boot->promise_len);
    if (op->kind != EFFECT_TRUNCATE ||
        !same_bytes(before->promise, boot->promise, boot->promise_len) ||
        !same_bytes(before->snapshot, boot->snapshot, boot->snapshot_len))
        return false;
    for (uint64_t last = after->last; last <= before->last; last++) {
        if (same_log(before, boot, last) && boot->flushed <= last)
            return true;
    }
    return false;
}

/* The disk holds what the first n effects made: n at least what was reported,
 * at most what was asked for. */
static void check_recovered(const struct place *place,
                            const struct script *script, struct model *base)
{
    const struct faulty *faulty = faulty_shared();
    struct core_boot boot;
    struct store *store = open_store(place, &boot);
    struct model now = *base, next;
    bool found = false;

    for (size_t n = 0; n <= faulty->submitted && !found; n++) {
        if (n >= faulty->reported)
            found = same(&now, &boot);
        if (n == faulty->submitted || found)
            break;
        next = now;
        model_do(&next, &script->list[n]);
        if (n >= faulty->reported)
            found = same_halfway(&now, &next, &script->list[n], &boot);
        now = next;
    }
    if (!found)
        print_message("after %llu of %llu effects: promise %.20s, %zu records, "
                      "flushed %llu\n",
                      (unsigned long long)faulty->reported,
                      (unsigned long long)faulty->submitted,
                      boot.promise == NULL ? "none"
                                           : (const char *)boot.promise,
                      boot.record_count, (unsigned long long)boot.flushed);
    assert_true(found);
    store_close(store);
}

enum loss { LOSS_NOTHING, LOSS_ALL, LOSS_HALF, LOSS_ZEROS, LOSS_JUNK, LOSSES };

/* What a file holds beyond its flushed part. False: nothing. */
static bool lose_of(const struct place *place, const struct place *original,
                    const char *name, enum loss loss)
{
    struct stat stat;

    if (fstatat(original->dir, name, &stat, 0) < 0)
        return false;
    off_t flushed = faulty_flushed(stat.st_ino);
    if (flushed >= stat.st_size)
        return false;
    struct buf bytes = place_read(place, name);
    size_t from = (size_t)flushed, to = bytes.len;
    if (loss == LOSS_ALL)
        to = from;
    else if (loss == LOSS_HALF)
        to = from + (to - from) / 2;
    else if (loss == LOSS_ZEROS)
        memset(bytes.data + from, 0, to - from);
    else
        bytes.data[(from + to) / 2] ^= 0x10;
    place_write(place, name, bytes.data, to);
    buf_free(&bytes);
    return true;
}

static bool lose(const struct place *place, const struct place *original,
                 enum loss loss)
{
    struct place_logs logs = place_logs(place);

    if (loss == LOSS_NOTHING)
        return true;
    bool promise = lose_of(place, original, "promise", loss);
    bool snapshot = lose_of(place, original, "snapshot", loss);
    return (logs.count > 0 &&
            lose_of(place, original, logs.names[logs.count - 1], loss)) ||
           promise || snapshot;
}

/* Whoever starts after a failure, on what the kernel shows then, counts as
 * durable only what a loss of power does not take away. */
static void check_restarted(const struct place *place)
{
    struct core_boot boot, later;
    struct store *store = open_store(place, &boot);

    faulty_disarm();
    struct place copy = place_copy(place);
    lose(&copy, place, LOSS_ALL);
    struct store *other = open_store(&copy, &later);
    assert_int_equal(later.record_count, boot.record_count);
    for (size_t i = 0; i < boot.record_count; i++)
        assert_int_equal(later.records[i].hash, boot.records[i].hash);
    assert_true(later.flushed <= boot.flushed);
    assert_int_equal(later.promise_len, boot.promise_len);
    assert_int_equal(later.snapshot_len, boot.snapshot_len);
    store_close(other);
    store_close(store);
    place_remove(&copy);
}

/* Every kind of call, in every kind of effect. */
static void every_failure_is_told(void **state)
{
    struct script script;
    struct model blank;

    (void)state;
    full_script(&script);
    model_after(&blank, &script, 0);
    for (uint64_t at = 1;; at++) {
        struct place place = place_make();
        struct store *store = start_store(&place);
        faulty_arm(FAULTY_ANY, at, false, EIO);
        int rc = run(store, &script, 1);
        bool came = faulty_shared()->counts[FAULTY_ANY] >= at;
        uint64_t reported = faulty_shared()->reported;
        store_close(store);
        assert_int_equal(rc, came ? EIO : 0);
        assert_true(came ? reported < script.count : reported == script.count);
        faulty_shared()->at = 0;
        check_restarted(&place);
        check_recovered(&place, &script, &blank);
        place_remove(&place);
        if (!came) {
            assert_true(at > 60);
            break;
        }
    }
    script_free(&script);
}

/* Recovery itself dies at every call, then another one succeeds. */
static void check_recovery_dies(const struct place *place,
                                const struct script *script, struct model *base)
{
    const struct faulty kept = *faulty_shared();
    bool died = true;

    for (uint64_t at = 1; died; at++) {
        struct place copy = place_copy(place);
        faulty_arm(FAULTY_ANY, at, false, 0);
        pid_t child = fork();
        int status = 0;
        if (child == 0) {
            struct core_boot boot;
            char error[256];
            struct store *store;
            _exit(store_open(&store, copy.path, &boot, error, sizeof error));
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        died = WEXITSTATUS(status) == FAULTY_STATUS;
        assert_true(died || WEXITSTATUS(status) == 0);
        *faulty_shared() = kept;
        check_recovered(&copy, script, base);
        place_remove(&copy);
    }
}

static void a_crash_at_any_call_loses_nothing(void **state)
{
    struct script script;
    struct model blank;
    uint64_t crashes = 0, losses[LOSSES] = {0};
    bool crashed = true;

    (void)state;
    full_script(&script);
    model_after(&blank, &script, 0);
    for (uint64_t at = 2; crashed; at++) {
        struct place place = place_make();
        crashed = crash(&place, &script, at / 2, at % 2 == 1);
        crashes += crashed;
        for (enum loss loss = LOSS_NOTHING; loss < LOSSES; loss++) {
            struct place copy = place_copy(&place);
            if (lose(&copy, &place, loss)) {
                losses[loss]++;
                check_recovered(&copy, &script, &blank);
            }
            place_remove(&copy);
        }
        if (at % 6 == 0)
            check_recovery_dies(&place, &script, &blank);
        place_remove(&place);
    }
    assert_true(crashes > 120);
    for (enum loss loss = LOSS_NOTHING; loss < LOSSES; loss++)
        assert_true(losses[loss] > 15);
    script_free(&script);
}

/* A log of three files; the state is then opened with one effect under way
 * that touches them all. */
static uint64_t large_log(const struct place *place, struct script *script,
                          uint64_t firsts[3])
{
    static char text[LARGE];
    struct store *store = start_store(place);

    memset(text, 'x', sizeof text - 1);
    script_add(script, EFFECT_PROMISE, 0, "a promise");
    script_append(script, 1, 75, text);
    for (size_t i = 0; i < script->count; i++)
        script->list[i].more = i % 3 == 1;
    script->list[script->count - 1].more = false;
    assert_int_equal(run(store, script, 1), 0);
    store_close(store);
    struct place_logs logs = place_logs(place);
    assert_int_equal(logs.count, 3);
    for (size_t i = 0; i < 3; i++)
        firsts[i] = strtoull(logs.names[i] + 21, NULL, 10);
    return 75;
}

static void a_crash_among_many_files_loses_nothing(void **state)
{
    struct place *place = *state;
    struct script script = {0}, effects[6] = {{0}};
    struct model model;
    uint64_t firsts[3];

    uint64_t last = large_log(place, &script, firsts);
    script_add(&effects[0], EFFECT_TRUNCATE, 5, NULL);
    script_add(&effects[1], EFFECT_TRUNCATE, firsts[1], NULL);
    script_add(&effects[2], EFFECT_TRUNCATE, last, NULL);
    script_add(&effects[3], EFFECT_COMPACT, last - 1, NULL);
    script_add(&effects[4], EFFECT_INSTALL, 100, "the state at 100");
    script_add(&effects[5], EFFECT_RESET, 0, NULL);
    model_after(&model, &script, script.count);
    for (size_t i = 0; i < 6; i++) {
        bool crashed = true;
        for (uint64_t at = 1; crashed; at++) {
            struct place copy = place_copy(place);
            crashed = crash(&copy, &effects[i], at, false);
            check_recovered(&copy, &effects[i], &model);
            place_remove(&copy);
            assert_true(crashed || at > 2);
        }
        script_free(&effects[i]);
    }
    script_free(&script);
}

/* What a cut takes away is gone for certain before what stays is made shorter:
 * a file that came back would hold a mark of entries that are not there. */
static void a_cut_takes_files_away_in_order(void **state)
{
    struct place *place = *state;
    struct script script = {0};
    const struct faulty *faulty = faulty_shared();
    uint64_t firsts[3];

    large_log(place, &script, firsts);
    script_free(&script);
    struct store *store = start_store(place);
    memset(&script, 0, sizeof script);
    script_add(&script, EFFECT_TRUNCATE, 5, NULL);
    faulty_arm(FAULTY_TRUNCATE, 1, false, EIO);
    assert_int_equal(run(store, &script, 1), EIO);
    assert_int_equal(faulty->counts[FAULTY_UNLINK], 2);
    assert_true(faulty->counts[FAULTY_FSYNC] >= 2);
    store_close(store);
}

/* ---- a full disk ---- */

/* Every call in every effect finds the disk full, once or more often. Nothing
 * is reported until there was room, and then everything is there. */
static void a_full_disk_is_waited_for(void **state)
{
    struct script script;
    uint64_t came = 0;
    bool full = true;

    (void)state;
    full_script(&script);
    for (uint64_t at = 1; full; at++) {
        struct place place = place_make();
        struct store *store = start_store(&place);
        faulty_arm(FAULTY_ANY, at, true, at % 3 == 0 ? EDQUOT : ENOSPC);
        faulty_shared()->times = at % 2 == 0 ? 0 : 20;
        saw_full = false;
        assert_int_equal(run(store, &script, 1), 0);
        full = faulty_shared()->came;
        assert_true(full || !saw_full); /* there may have been room at once */
        came += full;
        wait_for_room(store);
        store_close(store);
        faulty_disarm();
        struct core_boot boot;
        struct model model;
        store = open_store(&place, &boot);
        model_after(&model, &script, script.count);
        assert_true(same(&model, &boot));
        store_close(store);
        place_remove(&place);
    }
    assert_true(came > 60);
    script_free(&script);
}

/* A snapshot's child has the last block for a moment. */
static void a_moment_without_room_is_not_told(void **state)
{
    struct script script = {0};
    struct store *store = start_store(*state);

    script_append(&script, 1, 50, "an entry");
    saw_full = false;
    for (size_t op = 1; op <= script.count; op++) {
        faulty_arm(FAULTY_WRITE, 1, true, ENOSPC);
        faulty_shared()->times = 8;
        submit(store, &script, op);
        assert_int_equal(wait_for(store, op), 0);
        assert_true(faulty_shared()->came);
    }
    assert_false(saw_full);
    store_close(store);
    script_free(&script);
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void wait_until_full(struct store *store)
{
    struct pollfd ready = {.fd = store_fd(store), .events = POLLIN};
    uint64_t done = 0;
    bool full = false;

    while (!full) {
        assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
        assert_int_equal(store_done(store, &done, &full, reason, sizeof reason),
                         0);
    }
}

/* Else a disk at its edge would be full and not full once a second. */
static void a_full_disk_rests_before_it_is_full_no_more(void **state)
{
    struct script script = {0};
    struct store *store = start_store(*state);

    script_append(&script, 1, 1, "an entry");
    faulty_arm(FAULTY_WRITE, 1, true, ENOSPC);
    faulty_shared()->times = UINT64_MAX;
    submit(store, &script, 1);
    wait_until_full(store);
    uint64_t room_ms = now_ms();
    faulty_disarm();
    assert_int_equal(wait_for(store, 1), 0);
    wait_for_room(store);
    assert_true(now_ms() - room_ms >= 2999); /* both are rounded */
    store_close(store);
    script_free(&script);
}

/* The log's files that a COMPACT deletes are what makes room. */
static void a_compact_overtakes_what_has_no_room(void **state)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    struct place *place = *state;
    struct script script = {0}, model_of = {0};
    uint64_t firsts[3];

    uint64_t last = large_log(place, &model_of, firsts);
    script_free(&model_of);
    for (int held = 1; held >= 0; held--) {
        struct place copy = place_copy(place);
        struct store *store = start_store(&copy);
        memset(&script, 0, sizeof script);
        script_append(&script, last + 1, 1, "no room");
        script_add(&script, EFFECT_PROMISE, 0, "a promise");
        if (held == 1)
            script_add(&script, EFFECT_TRUNCATE, last + 1, NULL);
        script_add(&script, EFFECT_COMPACT, last - 1, NULL);
        faulty_arm(FAULTY_WRITE, 1, true, ENOSPC);
        faulty_shared()->times = UINT64_MAX;
        submit(store, &script, 1);
        wait_until_full(store);
        for (size_t op = 2; op <= script.count; op++)
            submit(store, &script, op);
        const volatile uint64_t *tries = &faulty_shared()->counts[FAULTY_WRITE];
        uint64_t enough = *tries + 20;
        int waits = 0;
        while (held == 1 ? *tries < enough : place_logs(&copy).count != 1) {
            assert_true(waits++ < WAIT_MS / 5);
            nanosleep(&pause, NULL);
        }
        assert_int_equal(place_logs(&copy).count, held == 1 ? 3 : 1);
        faulty_shared()->at = 0;
        assert_int_equal(wait_for(store, script.count), 0);
        assert_int_equal(place_logs(&copy).count, 1);
        store_close(store);
        place_remove(&copy);
        script_free(&script);
    }
}

/* What was written and maybe acknowledged waits for room at a start. One batch,
 * and no mark, which a store would write when its loop is late. */
static void a_start_waits_for_room(void **state)
{
    static const enum faulty_call calls[] = {FAULTY_WRITE, FAULTY_FDATASYNC,
                                             FAULTY_FSYNC};
    const struct place *place = *state;
    struct segments segments = {.dir = place->dir, .fd = -1};
    struct script script = {0};

    store_close(start_store(*state));
    script_append(&script, 1, 2, "written");
    for (size_t i = 0; i < script.count; i++) {
        const struct op *op = &script.list[i];
        segments_append(&segments, i + 1, op->hash, op->data.data,
                        op->data.len);
    }
    assert_int_equal(segments_flush(&segments), 0);
    segments_close(&segments);
    for (size_t i = 0; i < 3; i++) {
        struct place copy = place_copy(*state);
        struct core_boot boot;
        struct stat stat;
        faulty_arm(calls[i], 1, true, i == 0 ? EDQUOT : ENOSPC);
        faulty_shared()->times = 2;
        struct store *store = open_store(&copy, &boot);
        assert_true(faulty_shared()->came);
        assert_int_equal(boot.record_count, 2);
        assert_int_equal(fstatat(copy.dir, FIRST, &stat, 0), 0);
        assert_int_equal(faulty_flushed(stat.st_ino), stat.st_size);
        faulty_disarm();
        store_close(store);
        place_remove(&copy);
    }
    script_free(&script);
}

/* The process, and then the power, is lost while the disk is full. */
static void a_crash_on_a_full_disk_loses_nothing(void **state)
{
    struct script script;
    struct model blank;
    bool crashed = true;

    (void)state;
    full_script(&script);
    model_after(&blank, &script, 0);
    dies_full = true;
    for (uint64_t at = 1; crashed; at++) {
        struct place place = place_make();
        crashed = crash_with(&place, &script, at, true, ENOSPC);
        for (enum loss loss = LOSS_NOTHING; loss < LOSSES; loss++) {
            struct place copy = place_copy(&place);
            if (lose(&copy, &place, loss))
                check_recovered(&copy, &script, &blank);
            place_remove(&copy);
        }
        place_remove(&place);
        assert_true(crashed || at > 60);
    }
    dies_full = false;
    script_free(&script);
}

/* Ending does not wait for room. */
static void a_full_disk_does_not_hold_up_the_end(void **state)
{
    struct script script = {0};
    struct store *store = start_store(*state);
    struct core_boot boot;

    script_append(&script, 1, 2, "no room");
    faulty_arm(FAULTY_WRITE, 1, true, ENOSPC);
    faulty_shared()->times = UINT64_MAX;
    saw_full = false;
    submit(store, &script, 1);
    submit(store, &script, 2);
    struct pollfd ready = {.fd = store_fd(store), .events = POLLIN};
    assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
    store_close(store);
    faulty_disarm();
    store = open_store(*state, &boot);
    assert_int_equal(boot.record_count, 0);
    assert_int_equal(boot.flushed, 0);
    store_close(store);
    script_free(&script);
}

/* A disk that cannot be read is not an empty one: nothing is changed. */
static void what_cannot_be_read_is_refused_by_name(void **state)
{
    static const char *const names[] = {"promise", "snapshot",
                                        "log-0000000000000001-"};
    struct place *place = *state;
    struct script script = {0};
    bool came = true;
    uint64_t at = 0;

    fill(place, &script);
    struct place before = place_copy(place);
    while (came) {
        struct store *store = NULL;
        struct core_boot boot;
        char error[256] = "";
        faulty_arm(FAULTY_READ, ++at, false, EIO);
        int rc = store_open(&store, place->path, &boot, error, sizeof error);
        came = faulty_shared()->came;
        faulty_disarm();
        assert_int_equal(rc, came ? EIO : 0);
        if (came) {
            assert_true(at <= 3);
            assert_non_null(strstr(error, names[at - 1]));
            assert_non_null(strstr(error, strerror(EIO)));
        }
        store_close(store);
        place_equal(&before, place);
    }
    assert_int_equal(at, 4);
    place_remove(&before);
    script_free(&script);
}

static int count_one(void *context, const char *name)
{
    (void)name;
    ++*(size_t *)context;
    return 0;
}

static size_t open_descriptors(void)
{
    int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    size_t count = 0;

    assert_true(dir >= 0);
    assert_int_equal(file_each(dir, count_one, &count), 0);
    close(dir);
    return count;
}

/* At whatever name the list breaks off: what was not listed is not gone. */
static void what_cannot_be_listed_is_refused(void **state)
{
    static const enum faulty_call calls[] = {FAULTY_READDIR, FAULTY_OPENDIR};
    struct place *place = *state;
    struct script script = {0};

    fill(place, &script);
    struct place before = place_copy(place);
    size_t descriptors = open_descriptors();
    for (size_t i = 0; i < 2; i++) {
        bool came = true;
        uint64_t at = 0;
        while (came) {
            struct store *store = NULL;
            struct core_boot boot;
            char error[256] = "";
            faulty_arm(calls[i], ++at, false, EIO);
            int rc =
                store_open(&store, place->path, &boot, error, sizeof error);
            came = faulty_shared()->came;
            faulty_disarm();
            assert_int_equal(rc, came ? EIO : 0);
            assert_true(!came || strstr(error, strerror(EIO)) != NULL);
            store_close(store);
            place_equal(&before, place);
            assert_int_equal(open_descriptors(), descriptors);
        }
        /* "." and "..", three files and the end. */
        assert_int_equal(at, i == 0 ? 7 : 2);
    }
    place_remove(&before);
    script_free(&script);
}

/* Nor is it moved aside; and a log that stays must not become a new one's. */
static void a_reset_that_cannot_list_fails(void **state)
{
    static const enum faulty_call calls[] = {FAULTY_READDIR, FAULTY_OPENDIR};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        bool came = true;
        for (uint64_t at = 1; came; at++) {
            struct place place = place_make();
            struct script script = {0};
            fill(&place, &script);
            struct store *store = start_store(&place);
            script_add(&script, EFFECT_RESET, 0, NULL);
            faulty_arm(calls[i], at, false, EIO);
            int rc = run(store, &script, script.count);
            came = faulty_shared()->came;
            faulty_disarm();
            assert_int_equal(rc, came ? EIO : 0);
            assert_true(came || at > (i == 0 ? 6 : 1));
            store_close(store);
            place_remove(&place);
            script_free(&script);
        }
    }
}

/* A snapshot that cannot be written takes no room, and the old one stays. */
static void a_snapshot_without_room_is_given_up(void **state)
{
    static const enum faulty_call calls[] = {FAULTY_CREATE, FAULTY_WRITE,
                                             FAULTY_FDATASYNC, FAULTY_RENAME};
    struct place *place = *state;
    struct script script = {0};

    fill(place, &script);
    struct place before = place_copy(place);
    struct store *store = start_store(place);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        faulty_arm(calls[i], 1, true, ENOSPC);
        assert_int_equal(store_write_snapshot(store, "another", 7), ENOSPC);
        faulty_disarm();
        place_equal(&before, place);
    }
    store_close(store);
    place_remove(&before);
    script_free(&script);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, begins, ends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PLACE(a_blank_directory_gives_nothing),
        WITH_PLACE(every_effect_round_trips),
        WITH_PLACE(what_is_queued_is_written),
        WITH_PLACE(an_idle_log_is_marked),
        WITH_PLACE(a_snapshot_is_read_in_parts),
        WITH_PLACE(a_snapshot_of_its_own_keeps_the_log),
        WITH_PLACE(a_bad_promise_is_no_promise),
        WITH_PLACE(a_bad_snapshot_is_a_lost_one),
        WITH_PLACE(a_lost_snapshot_is_told),
        WITH_PLACE(an_absent_directory_is_refused_by_name),
        WITH_PLACE(an_old_generation_is_not_read),
        WITH_PLACE(a_reset_moves_the_data_aside),
        WITH_PLACE(a_reset_without_room_goes_on_where_it_was),
        WITH_PLACE(what_was_half_written_is_removed),
        WITH_PLACE(a_failed_write_is_never_retried),
        WITH_PLACE(every_failure_is_told),
        WITH_PLACE(what_is_found_is_flushed),
        WITH_PLACE(a_crash_at_any_call_loses_nothing),
        WITH_PLACE(a_crash_among_many_files_loses_nothing),
        WITH_PLACE(a_cut_takes_files_away_in_order),
        WITH_PLACE(a_full_disk_is_waited_for),
        WITH_PLACE(a_moment_without_room_is_not_told),
        WITH_PLACE(a_full_disk_rests_before_it_is_full_no_more),
        WITH_PLACE(a_compact_overtakes_what_has_no_room),
        WITH_PLACE(a_start_waits_for_room),
        WITH_PLACE(a_crash_on_a_full_disk_loses_nothing),
        WITH_PLACE(a_full_disk_does_not_hold_up_the_end),
        WITH_PLACE(what_cannot_be_read_is_refused_by_name),
        WITH_PLACE(what_cannot_be_listed_is_refused),
        WITH_PLACE(a_reset_that_cannot_list_fails),
        WITH_PLACE(a_snapshot_without_room_is_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
