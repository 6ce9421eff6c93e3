/* driver SOCKET CLOCK CALLS SEED: see compare. */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/command.h"
#include "tests/redis/generate.h"
#include "tests/redis/real.h"
#include "tests/redis/resp.h"
#include "tests/unit/sample.h"

enum { CALLS_PER_ROUND = 300, HISTORY = 25 };

#define CLOCK_START_MS 1700000000123u

struct driver {
    struct real real;
    struct keyspace ours;
    uint64_t clock_ms;
    uint64_t seed; /* of the round */
    uint64_t random;
    uint64_t compared, errors;
    struct buf expected, got; /* the last replies, Redis' and ours */
    struct buf history;       /* the round's calls, readable */
};

/* ---- one call ---- */

#define WORD(text)                                                             \
    {                                                                          \
        (const uint8_t *)(text), sizeof(text) - 1                              \
    }

static void ask_ours(struct driver *driver, const struct core_arg *argv,
                     size_t argc)
{
    buf_reset(&driver->got);
    const struct command *command = command_find(argv, argc, &driver->got);
    struct command_call call = {
        .keyspace = &driver->ours,
        .argv = argv,
        .argc = argc,
        .clock_ms = driver->clock_ms,
        .reply = &driver->got,
    };

    if (command != NULL)
        command->run(&call);
}

static void ask_both(struct driver *driver, const struct core_arg *argv,
                     size_t argc)
{
    real_call(&driver->real, argv, argc, &driver->expected);
    ask_ours(driver, argv, argc);
    driver->compared++;
    driver->errors += driver->expected.data[0] == '-';
}

static void print_bytes(struct buf *text, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool plain = bytes[i] > ' ' && bytes[i] < 0x7f && bytes[i] != '\\' &&
                     bytes[i] != '"';
        buf_printf(text, plain || bytes[i] == ' ' ? "%c" : "\\x%02x", bytes[i]);
    }
}

static void remember(struct driver *driver, const struct core_arg *argv,
                     size_t argc)
{
    for (size_t i = 0; i < argc; i++) {
        buf_printf(&driver->history, " \"");
        print_bytes(&driver->history, argv[i].data, argv[i].len);
        buf_printf(&driver->history, "\"");
    }
    buf_printf(&driver->history, "\n");
}

/* The round's last calls, and the two replies. */
static void differ(struct driver *driver, const char *what)
{
    const struct buf *history = &driver->history;
    size_t from = history->len;
    struct buf text = {0};

    for (unsigned lines = 0; from > 0; from--) {
        if (history->data[from - 1] == '\n' && lines++ == HISTORY)
            break;
    }
    print_bytes(&text, driver->expected.data, driver->expected.len);
    buf_printf(&text, "\n  ours:  ");
    print_bytes(&text, driver->got.data, driver->got.len);
    printf("%.*s%s differs, seed %" PRIu64 "\n  Redis: %.*s\n",
           (int)(history->len - from), (const char *)history->data + from, what,
           driver->seed, (int)text.len, (const char *)text.data);
    exit(1);
}

static bool equal(const struct buf *a, const struct buf *b)
{
    return a->len == b->len &&
           (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* ---- replies without an order ---- */

static int compare_names(const void *a, const void *b)
{
    const struct resp *left = a, *right = b;
    size_t len = left->len < right->len ? left->len : right->len;
    int order = memcmp(left->text, right->text, len);

    if (order != 0)
        return order;
    return left->len < right->len ? -1 : left->len > right->len;
}

/* The array of bulk strings at `at`, sorted, added to `sorted` as it is. */
static void sort_names(const struct buf *reply, size_t at, struct buf *sorted)
{
    struct resp array;

    if (!resp_read(reply, at, &array) || array.type != '*')
        errx(1, "no array in a reply");
    size_t count = (size_t)array.count;
    struct resp *names = calloc(count + 1, sizeof(*names));
    if (names == NULL)
        err(1, "calloc");
    at = array.next;
    for (size_t i = 0; i < count; i++) {
        resp_read(reply, at, &names[i]);
        at = names[i].next;
    }
    qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 0; i < count; i++)
        buf_blob(sorted, names[i].text, names[i].len);
    free(names);
}

static void compare_keys(struct driver *driver)
{
    struct buf expected = {0}, got = {0};

    if (driver->expected.data[0] == '*' && driver->got.data[0] == '*') {
        sort_names(&driver->expected, 0, &expected);
        sort_names(&driver->got, 0, &got);
        if (!equal(&expected, &got))
            differ(driver, "KEYS");
    } else if (!equal(&driver->expected, &driver->got)) {
        differ(driver, "KEYS");
    }
    buf_free(&expected);
    buf_free(&got);
}

/* ---- SCAN ---- */

/* The cursor of a SCAN's reply; `at` is then where its keys are. */
static struct core_arg scan_cursor(const struct buf *reply, size_t *at)
{
    struct resp array, cursor;

    if (!resp_read(reply, 0, &array) || array.type != '*' || array.count != 2 ||
        !resp_read(reply, array.next, &cursor))
        errx(1, "no cursor in a reply");
    *at = cursor.next;
    return (struct core_arg){(const uint8_t *)cursor.text, cursor.len};
}

/* From the reply at hand to the end of the iteration: all names, as an array
 * of bulk strings in `all`. */
static void scan_rest(struct driver *driver, const struct call *call,
                      bool theirs, struct buf *all)
{
    struct buf *reply = theirs ? &driver->expected : &driver->got;
    struct core_arg argv[GENERATE_ARGS];
    struct buf names = {0}, kept = {0};
    size_t count = 0;

    memcpy(argv, call->argv, sizeof(argv));
    for (;;) {
        size_t at;
        struct core_arg cursor = scan_cursor(reply, &at);
        struct resp array;
        resp_read(reply, at, &array);
        count += (size_t)array.count;
        buf_bytes(&names, reply->data + array.next, reply->len - array.next);
        if (cursor.len == 1 && cursor.data[0] == '0')
            break;
        buf_reset(&kept);
        buf_bytes(&kept, cursor.data, cursor.len);
        argv[1] = (struct core_arg){kept.data, kept.len};
        if (theirs)
            real_call(&driver->real, argv, call->argc, reply);
        else
            ask_ours(driver, argv, call->argc);
    }
    buf_printf(all, "*%zu\r\n", count);
    buf_bytes(all, names.data, names.len);
    buf_free(&names);
    buf_free(&kept);
}

/* From 0 all the way; from elsewhere only whether it is an error. */
static void compare_scan(struct driver *driver, const struct call *call)
{
    struct buf expected = {0}, got = {0};
    const struct core_arg *cursor = &call->argv[1];

    if (driver->expected.data[0] != driver->got.data[0])
        differ(driver, "SCAN");
    if (driver->expected.data[0] != '*') {
        if (!equal(&driver->expected, &driver->got))
            differ(driver, "SCAN");
        return;
    }
    if (cursor->len != 1 || cursor->data[0] != '0')
        return;
    scan_rest(driver, call, true, &expected);
    scan_rest(driver, call, false, &got);
    buf_reset(&driver->expected);
    buf_reset(&driver->got);
    sort_names(&expected, 0, &driver->expected);
    sort_names(&got, 0, &driver->got);
    if (!equal(&driver->expected, &driver->got))
        differ(driver, "SCAN");
    buf_free(&expected);
    buf_free(&got);
}

/* ---- a round ---- */

/* What has expired there goes now. */
static void sweep(struct driver *driver)
{
    static const struct core_arg scan[] = {WORD("SCAN"), WORD("0"),
                                           WORD("COUNT"), WORD("1000000")};

    real_call(&driver->real, scan, 4, &driver->expected);
}

static bool is(const struct command *command, const char *name)
{
    return command != NULL && strcmp(command->name, name) == 0;
}

static void compare_call(struct driver *driver, const struct call *call)
{
    struct buf unused = {0};
    const struct command *command =
        command_find(call->argv, call->argc, &unused);

    buf_free(&unused);
    remember(driver, call->argv, call->argc);
    if (is(command, "DBSIZE") || is(command, "SCAN"))
        sweep(driver);
    ask_both(driver, call->argv, call->argc);
    if (is(command, "KEYS"))
        compare_keys(driver);
    else if (is(command, "SCAN"))
        compare_scan(driver, call);
    else if (!equal(&driver->expected, &driver->got))
        differ(driver, "this");
}

static void compare_left(struct driver *driver, const struct core_arg *argv,
                         size_t argc)
{
    ask_both(driver, argv, argc);
    if (equal(&driver->expected, &driver->got))
        return;
    remember(driver, argv, argc);
    differ(driver, "what was left");
}

/* The same keys, with the same contents and expiries. */
static void compare_contents(struct driver *driver)
{
    static const struct core_arg reads[] = {WORD("PTTL"), WORD("GET"),
                                            WORD("HGETALL")};
    static const struct core_arg size[] = {WORD("DBSIZE")};
    const struct table *keys = &driver->ours.keys;

    sweep(driver);
    compare_left(driver, size, 1);
    for (struct table_item *item = table_next(keys, NULL); item != NULL;
         item = table_next(keys, item)) {
        for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
            struct core_arg argv[] = {reads[i], {item->key, item->key_len}};
            compare_left(driver, argv, 2);
        }
    }
}

static bool stands_on_expiry(const struct driver *driver)
{
    for (size_t i = 0; i < driver->ours.heap_count; i++) {
        if (driver->ours.heap[i]->expires_ms == driver->clock_ms)
            return true;
    }
    return false;
}

static void move_clock(struct driver *driver)
{
    driver->clock_ms += sample_below(&driver->random, 2) == 0
                            ? sample_below(&driver->random, 50)
                            : sample_below(&driver->random, 5000);
    while (stands_on_expiry(driver))
        driver->clock_ms++;
    keyspace_advance(&driver->ours, driver->clock_ms);
    real_clock(&driver->real, driver->clock_ms);
    buf_printf(&driver->history, " the clock is at %" PRIu64 "\n",
               driver->clock_ms);
}

/* A snapshot gives back the same contents and the same accounts. */
static void check_snapshot(struct driver *driver)
{
    struct buf first = {0}, second = {0};
    struct keyspace decoded;

    keyspace_encode(&first, &driver->ours);
    struct cursor cursor = cursor_make(first.data, first.len);
    if (keyspace_decode(&cursor, &decoded) != 0 || !cursor_done(&cursor))
        differ(driver, "a snapshot that is malformed");
    keyspace_encode(&second, &decoded);
    if (!equal(&first, &second) || decoded.digest != driver->ours.digest ||
        decoded.bytes != driver->ours.bytes)
        differ(driver, "a snapshot that");
    keyspace_free(&decoded);
    buf_free(&first);
    buf_free(&second);
}

static void round_begin(struct driver *driver, uint64_t seed)
{
    static const struct core_arg flush[] = {WORD("FLUSHDB")};

    driver->seed = seed;
    driver->random = (seed + 1) * 0x9e3779b97f4a7c15u;
    if (driver->random == 0)
        driver->random = 1;
    driver->clock_ms = CLOCK_START_MS;
    real_clock(&driver->real, driver->clock_ms);
    buf_reset(&driver->history);
    ask_both(driver, flush, 1);
}

static void round_run(struct driver *driver, uint64_t seed, uint64_t calls)
{
    struct call call = {.argc = 0};

    round_begin(driver, seed);
    for (uint64_t i = 0; i < calls; i++) {
        if (sample_below(&driver->random, 20) == 0)
            move_clock(driver);
        generate_call(&call, &driver->random, driver->clock_ms);
        compare_call(driver, &call);
    }
    compare_contents(driver);
    check_snapshot(driver);
    generate_free(&call);
}

/* ---- the table ---- */

/* Redis' COMMAND INFO has the same arity, keys, and kind. */
static void compare_info(struct driver *driver, const struct command *command)
{
    const struct core_arg argv[] = {
        WORD("COMMAND"),
        WORD("INFO"),
        {(const uint8_t *)command->name, strlen(command->name)}};
    struct resp value;
    size_t at;

    real_call(&driver->real, argv, 3, &driver->expected);
    const struct buf *reply = &driver->expected;
    int64_t numbers[4] = {command->arity, command->first_key, command->last_key,
                          command->key_step};
    bool writes = false, grows = false, same = true;
    resp_read(reply, 0, &value);
    resp_read(reply, value.next, &value);
    same &= value.type == '*' && value.count >= 6;
    resp_read(reply, value.next, &value);
    at = value.next;
    for (unsigned i = 0; same && i < 4; i++) {
        same &= resp_read(reply, at, &value) && value.type == ':' &&
                value.count == numbers[i];
        at = value.next;
        if (i > 0)
            continue;
        resp_read(reply, at, &value); /* flags */
        at = value.next;
        for (int64_t left = value.count; left > 0; left--) {
            resp_read(reply, at, &value);
            writes |= value.len == 5 && memcmp(value.text, "write", 5) == 0;
            grows |= value.len == 7 && memcmp(value.text, "denyoom", 7) == 0;
            at = value.next;
        }
    }
    if (!same || writes != (command->effect != COMMAND_READS) ||
        grows != (command->effect == COMMAND_GROWS))
        errx(1, "%s: COMMAND INFO says otherwise: %.*s", command->name,
             (int)reply->len, (const char *)reply->data);
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0')
        errx(2, "not a number: %s", text);
    return value;
}

int main(int argc, char **argv)
{
    struct driver driver = {.clock_ms = 0};

    if (argc != 5)
        errx(2, "usage: %s SOCKET CLOCK CALLS SEED", argv[0]);
    uint64_t calls = number(argv[3]), seed = number(argv[4]);
    generate_check();
    real_open(&driver.real, argv[1], argv[2]);
    for (size_t at = 0; command_at(at) != NULL; at++)
        compare_info(&driver, command_at(at));
    for (uint64_t done = 0; done < calls; done += CALLS_PER_ROUND)
        round_run(&driver, seed++,
                  calls - done < CALLS_PER_ROUND ? calls - done
                                                 : CALLS_PER_ROUND);
    printf("%" PRIu64 " calls, seeds %s to %" PRIu64 ": %" PRIu64
           " replies compared, %" PRIu64 " of them errors, no difference\n",
           calls, argv[4], seed - 1, driver.compared, driver.errors);
    real_close(&driver.real);
    keyspace_free(&driver.ours);
    buf_free(&driver.expected);
    buf_free(&driver.got);
    buf_free(&driver.history);
    return calls == 0 || driver.errors == 0;
}
