#include <stdlib.h>
#include <string.h>

#include "daemon/core/log.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

enum { MODEL_MAX = 4000, MODEL_STEPS = 20000 };

/* The same log as a plain array, row n for sequence n. */
struct model {
    struct row {
        struct log_point point;
        uint64_t op;
        struct buf bytes;
    } rows[MODEL_MAX];
    uint64_t base, last; /* row `base` is the base itself */
    uint64_t op, stored_op, epoch;
    size_t bytes;
};

static struct model model;

static void encode(struct buf *buf, uint64_t epoch, uint64_t seq, size_t length)
{
    uint8_t payload[64];
    struct entry entry = {
        .epoch = epoch,
        .seq = seq,
        .kind = ENTRY_WRITE,
        .payload = payload,
        .length = (uint32_t)length,
    };

    memset(payload, (int)(seq ^ epoch), sizeof payload);
    buf_reset(buf);
    entry_encode(buf, &entry);
}

/* ---- the model's steps, each also made on the log ---- */

static void step_append(struct log *log, uint64_t *seed)
{
    struct row *row = &model.rows[model.last + 1];

    if (sample_below(seed, 6) == 0)
        model.epoch += 1 + sample_below(seed, 3);
    row->point.epoch = model.epoch;
    row->point.seq = model.last + 1;
    row->op = ++model.op;
    encode(&row->bytes, row->point.epoch, row->point.seq,
           sample_below(seed, 64));
    row->point.hash = entry_hash(model.rows[model.last].point.hash,
                                 row->bytes.data, row->bytes.len);
    model.last++;
    model.bytes += row->bytes.len;
    const struct log_item *item =
        log_append(log, row->bytes.data, row->bytes.len, row->op);
    assert_int_equal(item->hash, row->point.hash);
    assert_int_equal(item->entry.seq, row->point.seq);
}

static void step_cut(struct log *log, uint64_t *seed)
{
    uint64_t seq = model.base + 1 + sample_below(seed, 6) +
                   (model.last - model.base) * sample_below(seed, 2);

    log_cut(log, seq);
    model.op++; /* the disk's TRUNCATE */
    while (model.last >= seq)
        model.bytes -= model.rows[model.last--].bytes.len;
}

static void step_compact(struct log *log, uint64_t *seed)
{
    uint64_t seq = model.base + sample_below(seed, model.last - model.base + 1);

    log_compact(log, seq);
    while (model.base < seq)
        model.bytes -= model.rows[++model.base].bytes.len;
}

static void step_reset(struct log *log, uint64_t *seed)
{
    struct row *row = &model.rows[model.last + sample_below(seed, 20)];

    row->point.epoch = model.epoch;
    row->point.seq = (uint64_t)(row - model.rows);
    row->point.hash = sample_random(seed);
    row->op = ++model.op;
    model.base = model.last = row->point.seq;
    model.bytes = 0;
    log_reset(log, &row->point, row->op);
}

static void step_store(struct log *log, uint64_t *seed)
{
    (void)log;
    model.stored_op += sample_below(seed, model.op - model.stored_op + 1);
}

/* ---- comparison ---- */

static uint64_t model_durable(void)
{
    uint64_t seq = model.base;

    if (model.rows[seq].op > model.stored_op)
        return 0;
    while (seq < model.last && model.rows[seq + 1].op <= model.stored_op)
        seq++;
    return seq;
}

static uint64_t model_epoch_first(uint64_t epoch)
{
    if (model.rows[model.base].point.epoch == epoch)
        return model.base;
    for (uint64_t seq = model.base + 1; seq <= model.last; seq++) {
        if (model.rows[seq].point.epoch == epoch)
            return seq;
    }
    return 0;
}

static void same_point(const struct log_point *a, const struct log_point *b)
{
    assert_int_equal(a->epoch, b->epoch);
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->hash, b->hash);
}

static void compare_rows(struct log *log)
{
    uint64_t from = model.base < 3 ? 0 : model.base - 3;

    for (uint64_t seq = from; seq <= model.last + 3; seq++) {
        const struct row *row = &model.rows[seq];
        const struct log_item *item = log_at(log, seq);
        struct log_point point;
        bool held = seq > model.base && seq <= model.last;
        assert_int_equal(item != NULL, held);
        assert_int_equal(log_point_at(log, seq, &point),
                         held || seq == model.base);
        if (held || seq == model.base)
            same_point(&point, &row->point);
        if (!held)
            continue;
        assert_int_equal(item->op, row->op);
        assert_int_equal(item->len, row->bytes.len);
        assert_memory_equal(item->bytes, row->bytes.data, item->len);
        assert_int_equal(item->entry.epoch, row->point.epoch);
        assert_ptr_equal(item->entry.payload + item->entry.length,
                         item->bytes + item->len);
    }
}

static void compare(struct log *log)
{
    struct log_point last = log_last(log);
    uint64_t base_epoch = model.rows[model.base].point.epoch;

    same_point(&last, &model.rows[model.last].point);
    assert_int_equal(log->count, model.last - model.base);
    assert_int_equal(log->bytes, model.bytes);
    assert_int_equal(log_durable(log, model.stored_op), model_durable());
    for (uint64_t epoch = base_epoch < 2 ? 0 : base_epoch - 2;
         epoch <= model.epoch + 2; epoch++)
        assert_int_equal(log_epoch_first(log, epoch), model_epoch_first(epoch));
    assert_null(log_at(log, UINT64_MAX));
}

/* One random step; false when the model is full. */
static bool step(struct log *log, uint64_t *seed)
{
    uint64_t choice = sample_below(seed, 100);

    if (model.last + 30 > MODEL_MAX)
        return false;
    if (choice < 55)
        step_append(log, seed);
    else if (choice < 70)
        step_store(log, seed);
    else if (choice < 85)
        step_cut(log, seed);
    else if (choice < 99)
        step_compact(log, seed);
    else
        step_reset(log, seed);
    return true;
}

static void log_is_as_a_plain_array(void **state)
{
    struct log log = {0};
    uint64_t seed = 20240229;
    unsigned steps = 0;

    (void)state;
    model.epoch = 1;
    while (steps < MODEL_STEPS && step(&log, &seed)) {
        compare(&log);
        if (steps++ % 7 == 0)
            compare_rows(&log);
    }
    assert_true(steps > 3000);
    assert_true(model.base > 0 && model.stored_op > 0);
    log_free(&log);
    for (size_t i = 0; i < MODEL_MAX; i++)
        buf_free(&model.rows[i].bytes);
    assert_int_equal(log.count + log.bytes, 0);
}

/* ---- by hand ---- */

static void add(struct log *log, uint64_t epoch, uint64_t op)
{
    struct buf buf = {0};

    encode(&buf, epoch, log_last(log).seq + 1, 3);
    log_append(log, buf.data, buf.len, op);
    buf_free(&buf);
}

static void empty_log_is_at_nought(void **state)
{
    struct log log = {0};
    struct log_point point = {.seq = 9};

    (void)state;
    assert_int_equal(log_last(&log).seq, 0);
    assert_true(log_point_at(&log, 0, &point));
    assert_int_equal(point.seq + point.epoch + point.hash, 0);
    assert_false(log_point_at(&log, 1, &point));
    assert_null(log_at(&log, 0));
    assert_int_equal(log_durable(&log, 0), 0);
    assert_int_equal(log_epoch_first(&log, 1), 0);
    log_cut(&log, 1);
    log_compact(&log, 0);
    assert_int_equal(log_last(&log).seq, 0);
    log_free(&log);
}

static void epochs_first_entry(void **state)
{
    struct log log = {0};

    (void)state;
    add(&log, 2, 1);
    add(&log, 2, 2);
    add(&log, 4, 3);
    add(&log, 4, 4);
    add(&log, 7, 5);
    assert_int_equal(log_epoch_first(&log, 1), 0);
    assert_int_equal(log_epoch_first(&log, 2), 1);
    assert_int_equal(log_epoch_first(&log, 3), 0);
    assert_int_equal(log_epoch_first(&log, 4), 3);
    assert_int_equal(log_epoch_first(&log, 7), 5);
    assert_int_equal(log_epoch_first(&log, 8), 0);
    log_compact(&log, 4);
    assert_int_equal(log_epoch_first(&log, 2), 0);
    assert_int_equal(log_epoch_first(&log, 4), 4);
    assert_int_equal(log_epoch_first(&log, 7), 5);
    log_free(&log);
}

/* A cut takes back what was durable; what replaces it is not yet. */
static void durable_after_a_cut(void **state)
{
    struct log log = {0};

    (void)state;
    for (uint64_t op = 1; op <= 5; op++)
        add(&log, 1, op);
    assert_int_equal(log_durable(&log, 3), 3);
    assert_int_equal(log_durable(&log, 5), 5);
    log_cut(&log, 3); /* op 6 */
    assert_int_equal(log_durable(&log, 5), 2);
    add(&log, 2, 7);
    add(&log, 2, 8);
    assert_int_equal(log_durable(&log, 6), 2);
    assert_int_equal(log_durable(&log, 7), 3);
    assert_int_equal(log_durable(&log, 8), 4);
    log_free(&log);
}

static void durable_waits_for_the_base(void **state)
{
    const struct log_point base = {.epoch = 3, .seq = 50, .hash = 1};
    struct log log = {0};

    (void)state;
    add(&log, 1, 1);
    assert_int_equal(log_durable(&log, 1), 1);
    log_reset(&log, &base, 2);
    assert_int_equal(log_durable(&log, 1), 0);
    add(&log, 3, 3);
    assert_int_equal(log_durable(&log, 1), 0);
    assert_int_equal(log_durable(&log, 2), 50);
    assert_int_equal(log_durable(&log, 3), 51);
    log_free(&log);
}

/* log_reset may be given the log's own base. */
static void resets_to_its_own_base(void **state)
{
    const struct log_point base = {.epoch = 3, .seq = 50, .hash = 1};
    struct log log = {0};

    (void)state;
    log_reset(&log, &base, 0);
    add(&log, 3, 1);
    log_reset(&log, &log.base, 2);
    assert_int_equal(log_last(&log).seq, 50);
    assert_int_equal(log_last(&log).epoch, 3);
    log_free(&log);
}

static void order_is_by_epoch_then_by_sequence(void **state)
{
    static const struct log_point ascending[] = {
        {0, 0, 9}, {1, 1, 8}, {1, 2, 7},          {1, UINT64_MAX, 6},
        {2, 1, 5}, {2, 2, 4}, {UINT64_MAX, 0, 3},
    };

    (void)state;
    for (int a = 0; a < 7; a++) {
        for (int b = 0; b < 7; b++) {
            int order = log_compare(&ascending[a], &ascending[b]);
            assert_int_equal((order > 0) - (order < 0), (a > b) - (a < b));
        }
    }
    struct log_point twin = ascending[2];
    twin.hash++;
    assert_int_equal(log_compare(&twin, &ascending[2]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_is_as_a_plain_array),
        cmocka_unit_test(empty_log_is_at_nought),
        cmocka_unit_test(epochs_first_entry),
        cmocka_unit_test(durable_after_a_cut),
        cmocka_unit_test(durable_waits_for_the_base),
        cmocka_unit_test(resets_to_its_own_base),
        cmocka_unit_test(order_is_by_epoch_then_by_sequence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
