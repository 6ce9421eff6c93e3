#include <stdlib.h>
#include <string.h>

#include "daemon/core/command.h"
#include "daemon/core/machine.h"
#include "lib/result.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

#define READ_ONLY "-READONLY You can't write against a read only replica.\r\n"

/* A machine, and the log of what it was given. */
struct fixture {
    struct machine machine;
    struct log log;
    struct buf reply;
    uint64_t clock_ms;
    uint64_t number;
};

static void fixture_free(struct fixture *f)
{
    machine_free(&f->machine);
    log_free(&f->log);
    buf_free(&f->reply);
}

static enum outcome apply(struct fixture *f, enum entry_kind kind,
                          uint64_t token, const struct buf *payload)
{
    struct entry entry = {
        .epoch = 3,
        .seq = log_last(&f->log).seq + 1,
        .clock_ms = f->clock_ms,
        .kind = kind,
        .token = token,
        .payload = payload->data,
        .length = (uint32_t)payload->len,
    };
    struct buf encoded = {0};

    if (kind == ENTRY_WRITE) {
        entry.origin = sample_uuid(1);
        entry.run = 5;
        entry.number = ++f->number;
    }
    entry_encode(&encoded, &entry);
    const struct log_item *item =
        log_append(&f->log, encoded.data, encoded.len, 1);
    buf_reset(&f->reply);
    enum outcome outcome = machine_apply(&f->machine, item, &f->reply);
    buf_free(&encoded);
    assert_int_equal(f->machine.at.seq, item->entry.seq);
    assert_int_equal(f->machine.at.epoch, 3);
    assert_int_equal(f->machine.at.hash, item->hash);
    return outcome;
}

static void reply_is(const struct buf *reply, const char *wanted)
{
    assert_int_equal(reply->len, strlen(wanted));
    assert_memory_equal(reply->data, wanted, reply->len);
}

/* Splits `line` at its blanks. */
static size_t split(const char *line, struct core_arg *argv)
{
    size_t argc = 0;

    while (*line != '\0') {
        size_t len = strcspn(line, " ");
        argv[argc].data = (const uint8_t *)line;
        argv[argc++].len = len;
        line += len + strspn(line + len, " ");
    }
    return argc;
}

static enum outcome write_line(struct fixture *f, uint64_t token,
                               const char *line)
{
    struct core_arg argv[16];
    struct buf payload = {0};

    command_encode(&payload, argv, split(line, argv));
    enum outcome outcome = apply(f, ENTRY_WRITE, token, &payload);
    buf_free(&payload);
    return outcome;
}

static void read_is(struct fixture *f, const char *line, const char *wanted)
{
    struct core_arg argv[16];
    struct buf reply = {0};

    machine_read(&f->machine, argv, split(line, argv), &reply);
    reply_is(&reply, wanted);
    buf_free(&reply);
}

static void create(struct fixture *f, enum core_mode mode, uint8_t voters)
{
    struct config config = {0};
    struct buf payload = {0};

    for (uint8_t i = 1; i <= voters; i++) {
        struct uuid uuid = sample_uuid(i);
        config_add(&config, &uuid, i);
    }
    machine_create_encode(&payload, mode, &config);
    assert_int_equal(apply(f, ENTRY_CREATE, 0, &payload), OUTCOME_OK);
    buf_free(&payload);
}

static enum outcome promote(struct fixture *f, uint8_t who, uint64_t seen)
{
    struct promotion_request request = {
        .uuid = sample_uuid(who), .run = 5, .seen = seen};
    struct buf payload = {0};

    promotion_request_encode(&payload, &request);
    enum outcome outcome = apply(f, ENTRY_PROMOTE, 0, &payload);
    buf_free(&payload);
    return outcome;
}

static void demote(struct fixture *f, uint64_t token)
{
    struct buf payload = {0};

    buf_u64(&payload, token);
    assert_int_equal(apply(f, ENTRY_DEMOTE, 0, &payload), OUTCOME_OK);
    reply_is(&f->reply, "+OK\r\n");
    buf_free(&payload);
}

static void configure(struct fixture *f, uint8_t voters)
{
    struct config config = {0};
    struct buf payload = {0};

    for (uint8_t i = 1; i <= voters; i++) {
        struct uuid uuid = sample_uuid(i);
        config_add(&config, &uuid, i);
    }
    config_encode(&payload, &config);
    assert_int_equal(apply(f, ENTRY_CONFIG, 0, &payload), OUTCOME_OK);
    buf_free(&payload);
}

static void clock_to(struct fixture *f, uint64_t clock_ms)
{
    struct buf none = {0};

    f->clock_ms = clock_ms;
    assert_int_equal(apply(f, ENTRY_CLOCK, 0, &none), OUTCOME_OK);
    assert_int_equal(f->machine.clock_ms, clock_ms);
}

/* A group of three with replica 1 promoted under token 2, at 1000 ms. */
static void begin(struct fixture *f, enum core_mode mode)
{
    memset(f, 0, sizeof *f);
    f->clock_ms = 1000;
    f->machine.group = sample_uuid(99);
    create(f, mode, 3);
    assert_int_equal(promote(f, 1, 0), OUTCOME_OK);
    reply_is(&f->reply, ":2\r\n");
}

/* ---- entries ---- */

static void entries_move_the_state(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, CORE_WARM);
    assert_int_equal(f.machine.mode, CORE_WARM);
    assert_int_equal(f.machine.config.count, 3);
    assert_int_equal(f.machine.config.seq, 1);
    assert_int_equal(f.machine.previous.seq, 0);
    assert_int_equal(f.machine.sessions.count, 0);
    assert_int_equal(write_line(&f, 2, "SET a 41"), OUTCOME_OK);
    reply_is(&f.reply, "+OK\r\n");
    assert_int_equal(write_line(&f, 2, "incr a"), OUTCOME_OK);
    reply_is(&f.reply, ":42\r\n");
    read_is(&f, "GET a", "$2\r\n42\r\n");
    assert_int_equal(write_line(&f, 2, "INCR a b"), OUTCOME_OK);
    assert_int_equal(f.reply.data[0], '-');
    configure(&f, 4);
    assert_int_equal(f.machine.config.count, 4);
    assert_int_equal(f.machine.config.seq, 6);
    assert_int_equal(f.machine.previous.seq, 1);
    assert_int_equal(f.machine.previous.count, 3);
    struct uuid origin = sample_uuid(1);
    assert_int_equal(sessions_last(&f.machine.sessions, &origin, 5), 3);
    fixture_free(&f);
}

static void reads_change_nothing(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, CORE_WARM);
    write_line(&f, 2, "SET a 1");
    uint64_t digest = machine_digest(&f.machine);
    read_is(&f, "GET a", "$1\r\n1\r\n");
    read_is(&f, "EXISTS a b a", ":2\r\n");
    read_is(&f, "SET a 2", "");
    read_is(&f, "DEL a", "");
    read_is(&f, "GET a", "$1\r\n1\r\n");
    assert_int_equal(machine_digest(&f.machine), digest);
    fixture_free(&f);
}

static void revoked_tokens_are_refused(void **state)
{
    struct fixture f;
    struct uuid origin = sample_uuid(1);

    (void)state;
    begin(&f, CORE_WARM);
    assert_int_equal(write_line(&f, 2, "SET a 1"), OUTCOME_OK);
    assert_int_equal(write_line(&f, 0, "SET a 2"), OUTCOME_REFUSED);
    assert_int_equal(write_line(&f, 1, "SET a 2"), OUTCOME_REFUSED);
    assert_int_equal(promote(&f, 2, 2), OUTCOME_OK);
    reply_is(&f.reply, ":6\r\n");
    assert_int_equal(write_line(&f, 2, "SET a 2"), OUTCOME_REFUSED);
    reply_is(&f.reply, READ_ONLY);
    read_is(&f, "GET a", "$1\r\n1\r\n");
    /* It had no effect, and yet its number stands in the log. */
    assert_int_equal(sessions_last(&f.machine.sessions, &origin, 5), 4);
    assert_int_equal(write_line(&f, 6, "SET a 3"), OUTCOME_OK);
    demote(&f, 6);
    assert_int_equal(write_line(&f, 6, "SET a 4"), OUTCOME_REFUSED);
    read_is(&f, "GET a", "$1\r\n3\r\n");
    fixture_free(&f);
}

static void a_void_promotion_is_refused(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, CORE_WARM);
    assert_int_equal(promote(&f, 2, 0), OUTCOME_REFUSED);
    assert_int_equal(f.reply.data[0], '-');
    assert_int_equal(write_line(&f, 3, "SET a 1"), OUTCOME_REFUSED);
    assert_int_equal(write_line(&f, 2, "SET a 1"), OUTCOME_OK);
    fixture_free(&f);
    begin(&f, CORE_HOT);
    assert_int_equal(promote(&f, 2, 0), OUTCOME_OK);
    assert_int_equal(write_line(&f, 3, "SET a 1"), OUTCOME_OK);
    assert_int_equal(write_line(&f, 2, "SET a 1"), OUTCOME_OK);
    fixture_free(&f);
}

static void malformed_payloads_change_nothing(void **state)
{
    struct buf payload = {0};
    struct fixture f;

    (void)state;
    begin(&f, CORE_WARM);
    buf_bytes(&payload, "\x05\x00rubbish", 9);
    struct config config = f.machine.config;
    assert_int_equal(apply(&f, ENTRY_CREATE, 0, &payload), OUTCOME_OK);
    assert_int_equal(apply(&f, ENTRY_CONFIG, 0, &payload), OUTCOME_OK);
    assert_int_equal(apply(&f, ENTRY_PROMOTE, 0, &payload), OUTCOME_REFUSED);
    assert_int_equal(apply(&f, ENTRY_DEMOTE, 0, &payload), OUTCOME_OK);
    assert_int_equal(apply(&f, ENTRY_WRITE, 2, &payload), OUTCOME_OK);
    assert_int_equal(f.reply.data[0], '-'); /* its client is answered */
    assert_memory_equal(&f.machine.config, &config, sizeof config);
    assert_true(promotions_valid(&f.machine.promotions, 2));
    assert_int_equal(f.machine.keyspace.keys.count, 0);
    buf_free(&payload);
    fixture_free(&f);
}

/* ---- the clock ---- */

static void keys_expire_by_the_groups_clock(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, CORE_WARM);
    write_line(&f, 2, "SET a 1 PX 100");
    write_line(&f, 2, "SET b 1 EX 1");
    write_line(&f, 2, "SET c 1");
    read_is(&f, "PTTL a", ":100\r\n");
    clock_to(&f, 1099);
    read_is(&f, "PTTL a", ":1\r\n");
    read_is(&f, "DBSIZE", ":3\r\n");
    clock_to(&f, 1100);
    read_is(&f, "GET a", "$-1\r\n");
    read_is(&f, "PTTL a", ":-2\r\n");
    read_is(&f, "PTTL b", ":900\r\n");
    read_is(&f, "PTTL c", ":-1\r\n");
    read_is(&f, "DBSIZE", ":2\r\n");
    fixture_free(&f);
}

/* A key that the entry's own clock has passed is gone before it is applied. */
static void keys_are_gone_before_the_entry(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, CORE_WARM);
    write_line(&f, 2, "SET a old PX 100");
    f.clock_ms = 1099;
    write_line(&f, 2, "SET a new NX");
    reply_is(&f.reply, "$-1\r\n");
    f.clock_ms = 1100;
    write_line(&f, 2, "SET a new NX");
    reply_is(&f.reply, "+OK\r\n");
    write_line(&f, 2, "SET a x PX 1");
    f.clock_ms = 1101;
    write_line(&f, 0, "SET b x"); /* refused, but time passes */
    read_is(&f, "EXISTS a", ":0\r\n");
    fixture_free(&f);
}

/* ---- digest and bytes ---- */

static void play(struct fixture *f, enum core_mode mode)
{
    begin(f, mode);
    write_line(f, 2, "SET a 1");
    write_line(f, 2, "SET b 2 PX 500");
    write_line(f, 2, "SET c 3 PX 50");
    configure(f, 4);
    promote(f, 2, 2);
    write_line(f, f->machine.at.seq, "SET d 4 KEEPTTL");
    clock_to(f, 1200);
}

static void same_state(const struct machine *a, const struct machine *b)
{
    struct buf left = {0}, right = {0};

    assert_int_equal(machine_digest(a), machine_digest(b));
    machine_encode(&left, a);
    machine_encode(&right, b);
    assert_int_equal(left.len, right.len);
    assert_memory_equal(left.data, right.data, left.len);
    buf_free(&left);
    buf_free(&right);
}

static void equal_histories_make_equal_states(void **state)
{
    static const enum core_mode modes[] = {CORE_WARM, CORE_HOT};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fixture a, b;
        play(&a, modes[i]);
        play(&b, modes[i]);
        same_state(&a.machine, &b.machine);
        fixture_free(&a);
        fixture_free(&b);
    }
}

/* Each step from the same state must be seen in the digest. */
static void digest_tells_states_apart(void **state)
{
    uint64_t digests[9];
    struct fixture f;

    (void)state;
    for (unsigned i = 0; i < 9; i++) {
        play(&f, i == 8 ? CORE_HOT : CORE_WARM);
        if (i == 1)
            write_line(&f, 7, "SET a 2");
        else if (i == 2)
            write_line(&f, 7, "SET a 1 PX 9");
        else if (i == 3)
            write_line(&f, 1, "SET a 2"); /* the session alone */
        else if (i == 4)
            promote(&f, 3, f.machine.promotions.last);
        else if (i == 5)
            demote(&f, f.machine.promotions.last);
        else if (i == 6)
            configure(&f, 5);
        else if (i == 7)
            clock_to(&f, 1201);
        digests[i] = machine_digest(&f.machine);
        fixture_free(&f);
        for (unsigned j = 0; j < i; j++)
            assert_int_not_equal(digests[i], digests[j]);
    }
}

static void decoded_state_is_equal_and_goes_on(void **state)
{
    struct fixture f, g;
    struct buf bytes = {0};

    (void)state;
    play(&f, CORE_WARM);
    play(&g, CORE_WARM);
    machine_free(&g.machine);
    machine_encode(&bytes, &f.machine);
    assert_int_equal(machine_decode(&g.machine, bytes.data, bytes.len), 0);
    same_state(&f.machine, &g.machine);
    assert_true(uuid_equal(&g.machine.group, &f.machine.group));
    assert_int_equal(g.machine.at.seq, f.machine.at.seq);
    assert_int_equal(g.machine.at.hash, f.machine.at.hash);
    assert_int_equal(g.machine.config.seq, 6);
    assert_int_equal(g.machine.previous.seq, 0);
    for (int i = 0; i < 2; i++) {
        struct fixture *each = i == 0 ? &f : &g;
        assert_int_equal(promote(each, 3, 0), OUTCOME_REFUSED);
        assert_int_equal(write_line(each, 7, "INCR n"), OUTCOME_OK);
        clock_to(each, 1500);
        read_is(each, "GET b", "$-1\r\n");
        read_is(each, "DBSIZE", ":3\r\n");
    }
    same_state(&f.machine, &g.machine);
    buf_free(&bytes);
    fixture_free(&f);
    fixture_free(&g);
}

static void is_empty(const struct machine *machine)
{
    static const struct machine zero;

    assert_memory_equal(machine, &zero, sizeof zero);
}

static void malformed_snapshots_leave_nothing(void **state)
{
    struct machine machine;
    struct buf bytes = {0};
    struct fixture f;

    (void)state;
    play(&f, CORE_WARM);
    machine_encode(&bytes, &f.machine);
    assert_memory_equal(bytes.data, "HWSN\2\0\0\0", 8);
    for (size_t cut = 0; cut < bytes.len; cut++) {
        memset(&machine, 0xff, sizeof machine);
        assert_int_equal(machine_decode(&machine, bytes.data, cut),
                         RESULT_MALFORMED);
        is_empty(&machine);
    }
    buf_u8(&bytes, 0);
    assert_int_equal(machine_decode(&machine, bytes.data, bytes.len),
                     RESULT_MALFORMED);
    is_empty(&machine);
    bytes.len--;
    for (size_t unused = 6; unused < 8; unused++) {
        bytes.data[unused] = 1;
        assert_int_equal(machine_decode(&machine, bytes.data, bytes.len),
                         RESULT_MALFORMED);
        is_empty(&machine);
        bytes.data[unused] = 0;
    }
    bytes.data[4] = 1;
    assert_int_equal(machine_decode(&machine, bytes.data, bytes.len),
                     RESULT_VERSION);
    is_empty(&machine);
    bytes.data[0] ^= 1;
    assert_int_equal(machine_decode(&machine, bytes.data, bytes.len),
                     RESULT_MALFORMED);
    bytes.data[0] ^= 1;
    bytes.data[4] = 2;
    uint8_t seq[8]; /* what the state holds is of later entries, then */
    memcpy(seq, bytes.data + 16, 8);
    memset(bytes.data + 16, 0, 8);
    assert_int_equal(machine_decode(&machine, bytes.data, bytes.len),
                     RESULT_MALFORMED);
    is_empty(&machine);
    memcpy(bytes.data + 16, seq, 8);
    for (int mode = 0; mode < 256; mode++) {
        bytes.data[48] = (uint8_t)mode;
        assert_int_equal(
            machine_decode(&machine, bytes.data, bytes.len),
            mode == CORE_WARM || mode == CORE_HOT ? 0 : RESULT_MALFORMED);
        machine_free(&machine);
    }
    buf_free(&bytes);
    fixture_free(&f);
}

/* ---- CREATE and CONFIG ---- */

static void configurations_are_found_in_entries(void **state)
{
    static const enum entry_kind others[] = {
        ENTRY_NOOP, ENTRY_WRITE, ENTRY_PROMOTE, ENTRY_DEMOTE, ENTRY_CLOCK};
    struct config config = {0}, found;
    struct buf payload = {0};
    struct uuid uuid = sample_uuid(7);
    enum core_mode mode = CORE_WARM;

    (void)state;
    config_add(&config, &uuid, 70);
    machine_create_encode(&payload, CORE_HOT, &config);
    struct entry entry = {.seq = 1,
                          .kind = ENTRY_CREATE,
                          .payload = payload.data,
                          .length = (uint32_t)payload.len};
    assert_int_equal(machine_create_decode(&entry, &mode, &found), 0);
    assert_int_equal(mode, CORE_HOT);
    assert_int_equal(found.seq, 1);
    assert_true(machine_config_of(&entry, &found));
    assert_int_equal(found.voters[0].node, 70);
    entry = (struct entry){.seq = 12,
                           .kind = ENTRY_CONFIG,
                           .payload = payload.data + 1,
                           .length = (uint32_t)payload.len - 1};
    assert_true(machine_config_of(&entry, &found));
    assert_int_equal(found.seq, 12);
    assert_int_equal(found.count, 1);
    entry.length--;
    assert_false(machine_config_of(&entry, &found));
    entry.length++;
    buf_u8(&payload, 0);
    entry.payload = payload.data + 1;
    entry.length++;
    assert_false(machine_config_of(&entry, &found));
    entry.length--;
    for (size_t i = 0; i < 5; i++) {
        entry.kind = others[i];
        assert_false(machine_config_of(&entry, &found));
    }
    buf_free(&payload);
}

static void malformed_creates_are_refused(void **state)
{
    struct config config = {0}, found;
    struct buf payload = {0};
    struct uuid uuid = sample_uuid(7);
    enum core_mode mode;

    (void)state;
    config_add(&config, &uuid, 70);
    machine_create_encode(&payload, CORE_WARM, &config);
    size_t len = payload.len;
    buf_u8(&payload, 0);
    struct entry entry = {
        .seq = 1, .kind = ENTRY_CREATE, .payload = payload.data};
    for (size_t cut = 0; cut <= payload.len; cut++) {
        entry.length = (uint32_t)cut;
        assert_int_equal(machine_create_decode(&entry, &mode, &found),
                         cut == len ? 0 : RESULT_MALFORMED);
    }
    entry.length = (uint32_t)len;
    for (int value = 0; value < 256; value++) {
        payload.data[0] = (uint8_t)value;
        assert_int_equal(machine_config_of(&entry, &found),
                         value == 1 || value == 2);
    }
    buf_free(&payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_move_the_state),
        cmocka_unit_test(reads_change_nothing),
        cmocka_unit_test(revoked_tokens_are_refused),
        cmocka_unit_test(a_void_promotion_is_refused),
        cmocka_unit_test(malformed_payloads_change_nothing),
        cmocka_unit_test(keys_expire_by_the_groups_clock),
        cmocka_unit_test(keys_are_gone_before_the_entry),
        cmocka_unit_test(equal_histories_make_equal_states),
        cmocka_unit_test(digest_tells_states_apart),
        cmocka_unit_test(decoded_state_is_equal_and_goes_on),
        cmocka_unit_test(malformed_snapshots_leave_nothing),
        cmocka_unit_test(configurations_are_found_in_entries),
        cmocka_unit_test(malformed_creates_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
