#include <errno.h>

#include "daemon/shell/segment.h"
#include "tests/unit/history.h"
#include "tests/unit/place.h"

static const char FIRST[] = "log-0000000000000000-00000000000000000001";

enum { LARGE = 100 * 1024, MARK_SIZE = 4 + 1 + 8 + 8, ENTRY_AROUND = 21 };

/* Entries in files, and what a load gives back. */
struct fixture {
    struct place place;
    struct history history;
    struct segments segments;
};

struct loaded {
    const struct history *history;
    uint64_t first, last; /* of what was given; 0: nothing */
    uint64_t mark;
    struct segments segments;
};

static int take(void *context, uint64_t hash, const uint8_t *bytes, size_t len)
{
    struct loaded *loaded = context;
    struct cursor cursor = cursor_make(bytes, len);
    struct entry entry;

    assert_int_equal(entry_decode(&cursor, &entry), 0);
    if (loaded->last == 0)
        loaded->first = entry.seq;
    else
        assert_int_equal(entry.seq, loaded->last + 1);
    loaded->last = entry.seq;
    const struct history_item *item = history_at(loaded->history, entry.seq);
    assert_int_equal(hash, item->hash);
    assert_int_equal(len, item->bytes.len);
    assert_memory_equal(bytes, item->bytes.data, len);
    return 0;
}

/* Everything given must be of `history`. */
static void load(const struct place *place, const struct history *history,
                 uint64_t generation, struct loaded *loaded)
{
    const struct segments_reader reader = {take, loaded};

    memset(loaded, 0, sizeof *loaded);
    loaded->history = history;
    assert_int_equal(segments_load(&loaded->segments, place->dir, generation,
                                   &reader, &loaded->mark),
                     0);
}

/* Loads, compares, closes. */
static void loads(const struct place *place, const struct history *history,
                  uint64_t first, uint64_t last, uint64_t mark)
{
    struct loaded loaded;

    load(place, history, 0, &loaded);
    assert_int_equal(loaded.first, first);
    assert_int_equal(loaded.last, last);
    assert_int_equal(loaded.mark, mark);
    segments_close(&loaded.segments);
}

static int begins(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct loaded loaded;

    assert_non_null(f);
    f->place = place_make();
    load(&f->place, &f->history, 0, &loaded);
    assert_int_equal(loaded.last, 0);
    assert_int_equal(loaded.mark, 0);
    f->segments = loaded.segments;
    *state = f;
    return 0;
}

static int ends(void **state)
{
    struct fixture *f = *state;

    segments_close(&f->segments);
    history_free(&f->history);
    place_remove(&f->place);
    free(f);
    return 0;
}

static void append(struct segments *segments, const struct history *history,
                   uint64_t seq)
{
    const struct history_item *item = history_at(history, seq);

    segments_append(segments, seq, item->hash, item->bytes.data,
                    item->bytes.len);
}

/* One batch of `count` more entries. */
static void batch(struct fixture *f, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        history_add(&f->history, 1, size);
        append(&f->segments, &f->history, f->history.count);
    }
    assert_int_equal(segments_flush(&f->segments), 0);
}

/* ---- whole files ---- */

static void batches_round_trip(void **state)
{
    struct fixture *f = *state;

    for (size_t count = 1; count < 6; count++) {
        batch(f, count, count * 7);
        loads(&f->place, &f->history, 1, f->history.count,
              f->history.count - count);
    }
    assert_int_equal(segments_mark(&f->segments), 0);
    loads(&f->place, &f->history, 1, f->history.count, f->history.count);
    batch(f, 1, 0);
    loads(&f->place, &f->history, 1, f->history.count, f->history.count - 1);
}

static void nothing_is_written_before_the_flush(void **state)
{
    struct fixture *f = *state;

    history_add(&f->history, 1, 10);
    append(&f->segments, &f->history, 1);
    assert_int_equal(place_logs(&f->place).count, 0);
    assert_int_equal(segments_flush(&f->segments), 0);
    size_t size = place_size(&f->place, FIRST);
    assert_int_equal(segments_flush(&f->segments), 0);
    assert_int_equal(place_size(&f->place, FIRST), size);
}

/* The bytes on disk, so that a change of the format is noticed. */
static void records_have_this_format(void **state)
{
    static const uint8_t mark[] = {8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0};
    struct fixture *f = *state;

    batch(f, 1, 10);
    struct buf bytes = place_read(&f->place, FIRST);
    const struct history_item *item = history_at(&f->history, 1);
    assert_int_equal(bytes.len, MARK_SIZE + ENTRY_AROUND + item->bytes.len);
    assert_memory_equal(bytes.data, mark, sizeof mark);
    struct cursor cursor = cursor_make(bytes.data, bytes.len);
    cursor_bytes(&cursor, MARK_SIZE);
    assert_int_equal(cursor_u32(&cursor), item->bytes.len + 8);
    assert_int_equal(cursor_u8(&cursor), 1);
    assert_int_equal(cursor_u64(&cursor), item->hash);
    assert_memory_equal(cursor_bytes(&cursor, item->bytes.len),
                        item->bytes.data, item->bytes.len);
    buf_free(&bytes);
}

static void a_log_that_goes_on_after_loading(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 5; i++) {
        struct loaded loaded;
        batch(f, 3, 20);
        segments_close(&f->segments);
        load(&f->place, &f->history, 0, &loaded);
        assert_int_equal(loaded.last, f->history.count);
        f->segments = loaded.segments;
    }
    loads(&f->place, &f->history, 1, 15, 12);
}

/* ---- damage ---- */

/* The whole records in the first `len` bytes: where they end, the last entry
 * and the highest mark. Independent of segment.c's reading. */
struct whole {
    size_t size;
    uint64_t last, mark;
};

static struct whole whole_records(const struct buf *bytes, size_t len)
{
    struct cursor cursor = cursor_make(bytes->data, len);
    struct whole whole = {0};

    for (;;) {
        size_t length = cursor_u32(&cursor);
        uint8_t type = cursor_u8(&cursor);
        const uint8_t *body = cursor_bytes(&cursor, length);
        cursor_u64(&cursor);
        if (cursor.bad)
            return whole;
        struct cursor inside = cursor_make(body, length);
        if (type == 1)
            whole.last++;
        else
            whole.mark = cursor_u64(&inside);
        whole.size = cursor.pos;
    }
}

/* After a load: where entries are missing nothing was touched; else the log
 * goes on from there. */
static void check_damaged(const struct fixture *f, const struct place *before,
                          const struct place *now, struct loaded *loaded)
{
    if (loaded->mark > loaded->last) {
        place_equal(before, now);
        segments_close(&loaded->segments);
        return;
    }
    if (loaded->last < f->history.count) {
        append(&loaded->segments, &f->history, loaded->last + 1);
        assert_int_equal(segments_flush(&loaded->segments), 0);
        loads(now, &f->history, 1, loaded->last + 1, loaded->last);
    }
    segments_close(&loaded->segments);
}

/* A crash in the middle of a write: at every byte. */
static void a_torn_tail_is_cut(void **state)
{
    struct fixture *f = *state;

    batch(f, 1, 5);
    batch(f, 3, 0);
    assert_int_equal(segments_mark(&f->segments), 0);
    batch(f, 2, 40);
    struct buf bytes = place_read(&f->place, FIRST);
    for (size_t len = 0; len <= bytes.len; len++) {
        struct place torn = place_copy(&f->place);
        place_truncate(&torn, FIRST, len);
        struct whole whole = whole_records(&bytes, len);
        struct place before = place_copy(&torn);
        struct loaded loaded;
        load(&torn, &f->history, 0, &loaded);
        assert_int_equal(loaded.last, whole.last);
        assert_int_equal(loaded.mark, whole.mark);
        assert_true(whole.mark <= whole.last);
        assert_int_equal(place_size(&torn, FIRST), whole.size);
        check_damaged(f, &before, &torn, &loaded);
        place_remove(&before);
        place_remove(&torn);
    }
    buf_free(&bytes);
}

/* The same with other bytes where the rest should be: a file may have grown
 * before its bytes were there. */
static void a_torn_tail_of_zeros_or_junk_is_cut(void **state)
{
    static const uint8_t fillings[] = {0x00, 0xff, 0x02, 0x08};
    struct fixture *f = *state;

    batch(f, 2, 5);
    struct buf bytes = place_read(&f->place, FIRST);
    for (size_t len = 0; len < bytes.len; len++) {
        struct place torn = place_copy(&f->place);
        struct buf junk = {0};
        buf_bytes(&junk, bytes.data, len);
        memset(buf_extend(&junk, bytes.len - len), fillings[len % 4],
               bytes.len - len);
        place_write(&torn, FIRST, junk.data, junk.len);
        struct whole whole = whole_records(&bytes, len);
        loads(&torn, &f->history, whole.last > 0, whole.last, whole.mark);
        assert_int_equal(place_size(&torn, FIRST), whole.size);
        buf_free(&junk);
        place_remove(&torn);
    }
    buf_free(&bytes);
}

/* Any one bit of a log that is all flushed: what is lost is told. */
static void a_flipped_bit_is_no_torn_tail(void **state)
{
    struct fixture *f = *state;
    size_t told = 0;

    batch(f, 1, 5);
    batch(f, 2, 30);
    batch(f, 1, 0);
    assert_int_equal(segments_mark(&f->segments), 0);
    size_t size = place_size(&f->place, FIRST);
    for (size_t at = 0; at < size; at++) {
        struct place damaged = place_copy(&f->place);
        place_flip(&damaged, FIRST, at, (unsigned)(at % 8));
        struct place before = place_copy(&damaged);
        struct loaded loaded;
        load(&damaged, &f->history, 0, &loaded);
        assert_true(loaded.last == 4 || loaded.mark > loaded.last);
        assert_true(loaded.last < 4 || at >= size - MARK_SIZE);
        told += loaded.mark > loaded.last;
        check_damaged(f, &before, &damaged, &loaded);
        place_remove(&before);
        place_remove(&damaged);
    }
    assert_int_equal(told, size - MARK_SIZE);
}

/* A value that holds a copy of a log holds no marks: else any torn write of it
 * would look like damage. */
static void a_log_in_a_value_is_no_log(void **state)
{
    struct fixture *f = *state;
    struct buf value = {0};

    for (int i = 0; i < 20; i++)
        batch(f, 1, 0);
    struct buf bytes = place_read(&f->place, FIRST);
    struct entry entry = {.epoch = 1,
                          .seq = 21,
                          .kind = ENTRY_WRITE,
                          .payload = bytes.data,
                          .length = (uint32_t)bytes.len};
    assert_int_equal(segments_cut(&f->segments, 3), 0);
    history_cut(&f->history, 3);
    entry.seq = 3;
    entry_encode(&value, &entry);
    segments_append(&f->segments, 3, 0, value.data, value.len);
    assert_int_equal(segments_flush(&f->segments), 0);
    place_truncate(&f->place, FIRST, place_size(&f->place, FIRST) - 1);
    loads(&f->place, &f->history, 1, 2, 2);
    buf_free(&value);
    buf_free(&bytes);
}

/* ---- many files ---- */

/* Three files of large entries, and where each begins. */
static void fill(struct fixture *f, uint64_t firsts[3])
{
    while (place_logs(&f->place).count < 3)
        batch(f, 2, LARGE);
    batch(f, 1, LARGE);
    struct place_logs logs = place_logs(&f->place);
    for (size_t i = 0; i < 3; i++)
        firsts[i] = strtoull(logs.names[i] + 21, NULL, 10);
    assert_int_equal(firsts[0], 1);
    assert_true(firsts[1] > 20 && firsts[2] > firsts[1] + 20);
}

static void a_large_log_has_many_files(void **state)
{
    struct fixture *f = *state;
    uint64_t firsts[3];

    fill(f, firsts);
    struct place_logs logs = place_logs(&f->place);
    for (size_t i = 0; i < 2; i++) {
        size_t size = place_size(&f->place, logs.names[i]);
        assert_true(size >= 4 * 1024 * 1024 && size < 5 * 1024 * 1024);
    }
    loads(&f->place, &f->history, 1, f->history.count, f->history.count - 1);
}

/* Cuts in each file, at its first entry and inside, then goes on. */
static void a_cut_takes_whole_files_too(void **state)
{
    struct fixture *f = *state;
    uint64_t firsts[3];
    struct loaded loaded;

    fill(f, firsts);
    const uint64_t cuts[] = {f->history.count + 1,
                             f->history.count,
                             firsts[2],
                             firsts[1] + 3,
                             firsts[1],
                             firsts[0] + 3,
                             1};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        uint64_t seq = cuts[i];
        assert_int_equal(segments_cut(&f->segments, seq), 0);
        load(&f->place, &f->history, 0, &loaded);
        assert_int_equal(loaded.last, seq - 1);
        assert_true(loaded.mark <= loaded.last);
        segments_close(&loaded.segments);
        assert_int_equal(place_logs(&f->place).count, (seq > firsts[0]) +
                                                          (seq > firsts[1]) +
                                                          (seq > firsts[2]));
        history_cut(&f->history, seq);
        if (seq > firsts[1] + 3)
            continue; /* leave room below */
        history_add(&f->history, 2 + i, 10);
        append(&f->segments, &f->history, seq);
        assert_int_equal(segments_flush(&f->segments), 0);
        loads(&f->place, &f->history, 1, seq, seq - 1);
    }
}

static void a_drop_takes_whole_files_only(void **state)
{
    struct fixture *f = *state;
    uint64_t firsts[3], count;

    fill(f, firsts);
    count = f->history.count;
    assert_int_equal(segments_drop(&f->segments, firsts[1] - 2), 0);
    loads(&f->place, &f->history, 1, count, count - 1);
    assert_int_equal(segments_drop(&f->segments, firsts[1] - 1), 0);
    loads(&f->place, &f->history, firsts[1], count, count - 1);
    assert_int_equal(segments_drop(&f->segments, count), 0);
    loads(&f->place, &f->history, firsts[2], count, count - 1);
    batch(f, 1, 10);
    loads(&f->place, &f->history, firsts[2], count + 1, count);
}

/* What an idle moment leaves behind right when a file was full. */
static void a_full_file_is_marked_in_the_next(void **state)
{
    struct fixture *f = *state;

    do
        batch(f, 2, LARGE);
    while (place_size(&f->place, FIRST) < 4 * 1024 * 1024);
    uint64_t last = f->history.count;
    assert_int_equal(place_logs(&f->place).count, 1);
    assert_int_equal(segments_mark(&f->segments), 0);
    loads(&f->place, &f->history, 1, last, last);
    struct place damaged = place_copy(&f->place);
    place_flip(&damaged, FIRST, place_size(&damaged, FIRST) - 100, 3);
    loads(&damaged, &f->history, 1, last - 1, last);
    place_remove(&damaged);
    segments_close(&f->segments);
    struct loaded loaded;
    load(&f->place, &f->history, 0, &loaded);
    f->segments = loaded.segments;
    batch(f, 1, 10);
    loads(&f->place, &f->history, 1, last + 1, last);
    assert_int_equal(place_logs(&f->place).count, 2);
}

/* Each file lost, empty, torn or with a flipped bit in its middle. */
static void a_damaged_file_among_many_is_told(void **state)
{
    struct fixture *f = *state;
    uint64_t firsts[3];
    struct loaded loaded;

    fill(f, firsts);
    assert_int_equal(segments_mark(&f->segments), 0);
    struct place_logs logs = place_logs(&f->place);
    for (size_t i = 0; i < 12; i++) {
        const char *name = logs.names[i % 3];
        struct place damaged = place_copy(&f->place);
        size_t size = place_size(&damaged, name);
        if (i % 3 == 2 && i / 3 != 3) { /* the end of it all: inherent */
            place_remove(&damaged);
            continue;
        }
        if (i / 3 == 0)
            assert_int_equal(unlinkat(damaged.dir, name, 0), 0);
        else if (i / 3 == 1)
            place_truncate(&damaged, name, 0);
        else if (i / 3 == 2)
            place_truncate(&damaged, name, size - 1);
        else
            place_flip(&damaged, name, size / 2, 5);
        struct place before = place_copy(&damaged);
        load(&damaged, &f->history, 0, &loaded);
        assert_true(loaded.first != 1 || loaded.mark > loaded.last);
        place_equal(&before, &damaged);
        segments_close(&loaded.segments);
        place_remove(&before);
        place_remove(&damaged);
    }
}

/* A file that a loss of power brought back, with nothing in it and entries in
 * front of it: the log goes on, also when not all of it is marked. */
static void an_empty_file_below_the_end_is_no_loss(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded;

    batch(f, 3, 10);
    batch(f, 2, 10);
    for (uint64_t first = 2; first <= 5; first++) {
        struct place copy = place_copy(&f->place);
        char name[SEGMENT_NAME];
        snprintf(name, sizeof name, "log-%016d-%020d", 0, (int)first);
        place_write(&copy, name, "", 0);
        load(&copy, &f->history, 0, &loaded);
        assert_int_equal(loaded.last, 5);
        assert_int_equal(loaded.mark, 3);
        segments_close(&loaded.segments);
        place_remove(&copy);
    }
}

/* ---- generations ---- */

static void a_restart_begins_a_generation(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded;

    batch(f, 3, 10);
    assert_int_equal(segments_restart(&f->segments, 1), 0);
    assert_int_equal(place_logs(&f->place).count, 0);
    batch(f, 2, 10);
    load(&f->place, &f->history, 1, &loaded);
    assert_int_equal(loaded.first, 4);
    assert_int_equal(loaded.last, 5);
    assert_int_equal(loaded.mark, 0);
    segments_close(&loaded.segments);
}

static void older_generations_are_deleted(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded;

    batch(f, 3, 10);
    load(&f->place, &f->history, 1, &loaded);
    assert_int_equal(loaded.last, 0);
    assert_int_equal(loaded.mark, 0);
    assert_int_equal(place_logs(&f->place).count, 0);
    segments_close(&loaded.segments);
}

/* A snapshot that is lost would else look like a blank disk. */
static void newer_generations_are_kept_and_told(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded;

    assert_int_equal(segments_restart(&f->segments, 1), 0);
    batch(f, 3, 10);
    load(&f->place, &f->history, 0, &loaded);
    assert_int_equal(loaded.last, 0);
    assert_true(loaded.mark == UINT64_MAX);
    assert_int_equal(place_logs(&f->place).count, 1);
    segments_close(&loaded.segments);
}

static void other_files_are_left_alone(void **state)
{
    static const char *const names[] = {
        "log-",
        "log-0-1",
        "log-0000000000000000-00000000000000000001.new",
        "log-000000000000000g-00000000000000000001",
        "log-backup",
        "log-0000000000000000-0000000000000000001",
        "lock"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        place_write(&f->place, names[i], "junk", 4);
    batch(f, 2, 10);
    loads(&f->place, &f->history, 1, 2, 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(place_size(&f->place, names[i]), 4);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, begins, ends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PLACE(batches_round_trip),
        WITH_PLACE(nothing_is_written_before_the_flush),
        WITH_PLACE(records_have_this_format),
        WITH_PLACE(a_log_that_goes_on_after_loading),
        WITH_PLACE(a_torn_tail_is_cut),
        WITH_PLACE(a_torn_tail_of_zeros_or_junk_is_cut),
        WITH_PLACE(a_flipped_bit_is_no_torn_tail),
        WITH_PLACE(a_log_in_a_value_is_no_log),
        WITH_PLACE(a_large_log_has_many_files),
        WITH_PLACE(a_cut_takes_whole_files_too),
        WITH_PLACE(a_drop_takes_whole_files_only),
        WITH_PLACE(a_full_file_is_marked_in_the_next),
        WITH_PLACE(a_damaged_file_among_many_is_told),
        WITH_PLACE(an_empty_file_below_the_end_is_no_loss),
        WITH_PLACE(a_restart_begins_a_generation),
        WITH_PLACE(older_generations_are_deleted),
        WITH_PLACE(newer_generations_are_kept_and_told),
        WITH_PLACE(other_files_are_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
