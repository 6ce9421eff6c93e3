#include "tests/redis/generate.h"

#include <err.h>
#include <inttypes.h>
#include <string.h>

#include "daemon/core/command.h"
#include "tests/unit/sample.h"

#define BYTES(text)                                                            \
    {                                                                          \
        (const uint8_t *)(text), sizeof(text) - 1                              \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct core_arg names[] = {
    BYTES(""),      BYTES("a"),     BYTES("b"),    BYTES("ab"),   BYTES("abc"),
    BYTES("aab"),   BYTES("A"),     BYTES("a*"),   BYTES("*"),    BYTES("[a]"),
    BYTES("a]"),    BYTES("-"),     BYTES("^"),    BYTES("\\"),   BYTES("a\\b"),
    BYTES("key:1"), BYTES("key:2"), BYTES("\xff"), BYTES("\x80"), BYTES("a\0b"),
    BYTES("\r\n"),  BYTES(HUNDRED),
};

static const struct core_arg fields[] = {
    BYTES("f"), BYTES("g"), BYTES("field"), BYTES(""),
    BYTES("1"), BYTES("F"), BYTES("\0"),    BYTES("f\r\n"),
};

static const struct core_arg values[] = {
    BYTES(""),
    BYTES("v"),
    BYTES("value"),
    BYTES("0"),
    BYTES("1"),
    BYTES("-1"),
    BYTES("12"),
    BYTES("007"),
    BYTES("\0\r\n\xff"),
    BYTES("3.14"),
    BYTES(HUNDRED),
    BYTES("9223372036854775806"),
    BYTES("- 1"),
    BYTES("1\0"),
    BYTES("-9223372036854775807"),
    BYTES("9999999999999999999"),
};

static const struct core_arg numbers[] = {
    BYTES("0"),
    BYTES("1"),
    BYTES("-1"),
    BYTES("2"),
    BYTES("10"),
    BYTES("+1"),
    BYTES("-0"),
    BYTES("01"),
    BYTES(" 1"),
    BYTES("1 "),
    BYTES(""),
    BYTES("-"),
    BYTES("1.0"),
    BYTES("1e3"),
    BYTES("0x1"),
    BYTES("9223372036854775807"),
    BYTES("9223372036854775806"),
    BYTES("9223372036854775808"),
    BYTES("-9223372036854775808"),
    BYTES("-9223372036854775807"),
    BYTES("-9223372036854775809"),
    BYTES("18446744073709551616"),
    BYTES("9223372036854775"),
    BYTES("9223372036854776"),
    BYTES("-9223372036854775"),
    BYTES("-9223372036854776"),
    BYTES("99999999999999999999999"),
};

static const struct core_arg cursors[] = {
    BYTES("0"),
    BYTES("0"),
    BYTES("0"),
    BYTES("0"),
    BYTES("00"),
    BYTES(""),
    BYTES("7"),
    BYTES("-1"),
    BYTES("+5"),
    BYTES("-"),
    BYTES(" 0"),
    BYTES("0 "),
    BYTES("x"),
    BYTES("1x"),
    BYTES("\t1"),
    BYTES("18446744073709551615"),
    BYTES("18446744073709551616"),
    BYTES("-18446744073709551615"),
    BYTES("--1"),
    BYTES("+-1"),
};

static const struct core_arg types[] = {
    BYTES("string"), BYTES("hash"), BYTES("STRING"), BYTES("Hash"),
    BYTES("list"),   BYTES("none"), BYTES(""),       BYTES("strings"),
};

/* Of patterns, with what closes too late or never. */
static const struct core_arg pieces[] = {
    BYTES("*"),      BYTES("a*"),          BYTES("?"),         BYTES("[ab]"),
    BYTES("[^a]"),   BYTES("[a-c]"),       BYTES("[c-a]"),     BYTES("[a-]"),
    BYTES("[-a]"),   BYTES("[]"),          BYTES("[^]"),       BYTES("[]a]"),
    BYTES("[a"),     BYTES("[^"),          BYTES("[a-"),       BYTES("[\\]]"),
    BYTES("[a-\\]"), BYTES("[\x80-\xff]"), BYTES("[\1-\xff]"), BYTES("\\*"),
    BYTES("\\a"),    BYTES("\\"),          BYTES("key:[0-9]"), BYTES("\r"),
};

/* What comes in the place of any argument; the last one is a command of Redis
 * that is not ours, so it does not take the place of the name. */
static const struct core_arg nasty[] = {
    BYTES(""),
    BYTES(" "),
    BYTES("nosuch"),
    BYTES("NX"),
    BYTES("xx"),
    BYTES("GT"),
    BYTES("lt"),
    BYTES("EX"),
    BYTES("px"),
    BYTES("EXAT"),
    BYTES("PXAT"),
    BYTES("KEEPTTL"),
    BYTES("GET"),
    BYTES("COUNT"),
    BYTES("MATCH"),
    BYTES("TYPE"),
    BYTES("PERSIST"),
    BYTES("a\r\nb"),
    BYTES("\r\n"),
    BYTES("x\r\n"),
    BYTES("%s%n"),
    BYTES("$-1"),
    BYTES("\xff\xfe"),
    BYTES("'\""),
    BYTES(HUNDRED HUNDRED),
    BYTES(HUNDRED TEN TEN "0123456"),
    BYTES("SYNC"),
};

/* Commands' arguments by kind: k name, f field, v value, n number, p pattern,
 * c cursor, y type; times: s m from now in s and ms, S M absolute. */
static const struct shape {
    const char *name;
    const char *fixed;
    const char *repeated; /* once to four times behind */
    const char *options;  /* some of these behind: word, or word and kind */
} shapes[] = {
    {"APPEND", "kv", "", ""},
    {"DBSIZE", "", "", ""},
    {"DECR", "k", "", ""},
    {"DECRBY", "kn", "", ""},
    {"DEL", "", "k", ""},
    {"EXISTS", "", "k", ""},
    {"EXPIRE", "ks", "", "NX XX GT LT"},
    {"EXPIREAT", "kS", "", "NX XX GT LT"},
    {"FLUSHDB", "", "", "SYNC ASYNC"},
    {"GET", "k", "", ""},
    {"GETDEL", "k", "", ""},
    {"GETEX", "k", "", "EX:s PX:m EXAT:S PXAT:M PERSIST"},
    {"GETSET", "kv", "", ""},
    {"HDEL", "k", "f", ""},
    {"HEXISTS", "kf", "", ""},
    {"HGET", "kf", "", ""},
    {"HGETALL", "k", "", ""},
    {"HINCRBY", "kfn", "", ""},
    {"HKEYS", "k", "", ""},
    {"HLEN", "k", "", ""},
    {"HMGET", "k", "f", ""},
    {"HSET", "k", "fv", ""},
    {"HVALS", "k", "", ""},
    {"INCR", "k", "", ""},
    {"INCRBY", "kn", "", ""},
    {"KEYS", "p", "", ""},
    {"MGET", "", "k", ""},
    {"MSET", "", "kv", ""},
    {"PERSIST", "k", "", ""},
    {"PEXPIRE", "km", "", "NX XX GT LT"},
    {"PEXPIREAT", "kM", "", "NX XX GT LT"},
    {"PSETEX", "kmv", "", ""},
    {"PTTL", "k", "", ""},
    {"RENAME", "kk", "", ""},
    {"SCAN", "c", "", "MATCH:p COUNT:n TYPE:y"},
    {"SET", "kv", "", "NX XX GET KEEPTTL EX:s PX:m EXAT:S PXAT:M"},
    {"SETEX", "ksv", "", ""},
    {"SETNX", "kv", "", ""},
    {"STRLEN", "k", "", ""},
    {"TTL", "k", "", ""},
    {"TYPE", "k", "", ""},
    {"UNLINK", "", "k", ""},
};

struct maker {
    struct call *call;
    uint64_t *random;
    uint64_t clock_ms;
};

static uint64_t below(struct maker *maker, uint64_t limit)
{
    return sample_below(maker->random, limit);
}

static bool chance(struct maker *maker, unsigned percent)
{
    return below(maker, 100) < percent;
}

/* An argument's bytes may move until the call is whole: argv has no pointers
 * until then, only lengths. */
static void add(struct maker *maker, const void *bytes, size_t len)
{
    struct call *call = maker->call;

    if (call->argc == GENERATE_ARGS)
        return;
    buf_bytes(&call->bytes, bytes, len);
    call->argv[call->argc++].len = len;
}

static void add_of(struct maker *maker, const struct core_arg *pool,
                   size_t count)
{
    const struct core_arg *arg = &pool[below(maker, count)];

    add(maker, arg->data, arg->len);
}

static void add_number(struct maker *maker, int64_t number)
{
    struct buf text = {0};

    buf_printf(&text, "%" PRId64, number);
    add(maker, text.data, text.len);
    buf_free(&text);
}

static void add_any_number(struct maker *maker)
{
    if (chance(maker, 50))
        add_number(maker, (int64_t)below(maker, 30) - 9);
    else
        add_of(maker, numbers, COUNT(numbers));
}

/* The largest number that 64 bits hold once now is added, or nearly. */
static void add_limit(struct maker *maker, int64_t scale, bool absolute)
{
    int64_t now = absolute ? 0 : (int64_t)maker->clock_ms;
    uint64_t limit = (uint64_t)((INT64_MAX - now) / scale);
    struct buf text = {0};

    buf_printf(&text, "%" PRIu64, limit - 2 + below(maker, 5));
    add(maker, text.data, text.len);
    buf_free(&text);
}

/* Around now, but never now itself. */
static void add_time(struct maker *maker, bool seconds, bool absolute)
{
    int64_t scale = seconds ? 1000 : 1;
    int64_t start = absolute ? (int64_t)maker->clock_ms / scale : 0;
    uint64_t choice = below(maker, 10);

    if (choice == 0)
        add_of(maker, numbers, COUNT(numbers));
    else if (choice == 1)
        add_limit(maker, scale, absolute);
    else if (choice == 2)
        add_number(maker, start - 1 - (int64_t)below(maker, 3000));
    else
        add_number(maker,
                   start + 1 + (int64_t)below(maker, seconds ? 20 : 20000));
}

static void add_pattern(struct maker *maker)
{
    static const char alphabet[] = "**??[[]]^--\\\\aabbcAk:12e\xff\x80";
    struct buf text = {0};

    if (chance(maker, 10)) {
        add_of(maker, names, COUNT(names));
        return;
    }
    for (uint64_t left = below(maker, 6); left > 0; left--) {
        const struct core_arg *piece = &pieces[below(maker, COUNT(pieces))];
        if (chance(maker, 50)) /* the NUL too */
            buf_u8(&text, (uint8_t)alphabet[below(maker, sizeof(alphabet))]);
        else
            buf_bytes(&text, piece->data, piece->len);
    }
    add(maker, text.data, text.len);
    buf_free(&text);
}

/* Long ones too, so that strings pass the blocks of their digest. */
static void add_value(struct maker *maker)
{
    if (chance(maker, 2)) {
        size_t len = below(maker, 9000);
        struct buf text = {0};
        memset(buf_extend(&text, len), 'a' + (int)below(maker, 26), len);
        add(maker, text.data, len);
        buf_free(&text);
    } else if (chance(maker, 30)) {
        add_number(maker, (int64_t)below(maker, 200) - 50);
    } else {
        add_of(maker, values, COUNT(values));
    }
}

static void add_kind(struct maker *maker, char kind)
{
    switch (kind) {
    case 'k':
        add_of(maker, names, COUNT(names));
        break;
    case 'f':
        add_of(maker, fields, COUNT(fields));
        break;
    case 'v':
        add_value(maker);
        break;
    case 'n':
        add_any_number(maker);
        break;
    case 'p':
        add_pattern(maker);
        break;
    case 'c':
        add_of(maker, cursors, COUNT(cursors));
        break;
    case 'y':
        add_of(maker, types, COUNT(types));
        break;
    case 's':
        add_time(maker, true, false);
        break;
    case 'm':
        add_time(maker, false, false);
        break;
    case 'S':
        add_time(maker, true, true);
        break;
    case 'M':
        add_time(maker, false, true);
        break;
    default:
        errx(1, "no kind of argument: %c", kind);
    }
}

static void add_kinds(struct maker *maker, const char *kinds)
{
    for (; *kinds != '\0'; kinds++)
        add_kind(maker, *kinds);
}

/* A word as given, in lower case, or mixed. */
static void add_word(struct maker *maker, const char *word, size_t len)
{
    char text[16];
    uint64_t style = below(maker, 3);

    for (size_t i = 0; i < len; i++) {
        bool lower = style == 1 || (style == 2 && chance(maker, 50));
        text[i] = (char)(lower ? word[i] | 0x20 : word[i]);
    }
    add(maker, text, len);
}

static void add_option(struct maker *maker, const char *options)
{
    size_t count = 1;

    for (const char *at = options; *at != '\0'; at++)
        count += *at == ' ';
    for (uint64_t skip = below(maker, count); skip > 0; skip--)
        options = strchr(options, ' ') + 1;
    size_t len = strcspn(options, ": ");
    add_word(maker, options, len);
    if (options[len] == ':' && !chance(maker, 3))
        add_kind(maker, options[len + 1]);
}

static void add_arguments(struct maker *maker, const struct shape *shape)
{
    add_word(maker, shape->name, strlen(shape->name));
    add_kinds(maker, shape->fixed);
    if (shape->repeated[0] != '\0') {
        for (uint64_t left = 1 + below(maker, 4); left > 0; left--)
            add_kinds(maker, shape->repeated);
    }
    if (shape->options[0] != '\0') {
        for (uint64_t left = below(maker, 4); left > 0; left--)
            add_option(maker, shape->options);
    }
}

static void point(struct call *call)
{
    size_t at = 0;

    for (size_t i = 0; i < call->argc; i++) {
        call->argv[i].data = call->bytes.data + at;
        at += call->argv[i].len;
    }
}

static void spoil(struct maker *maker)
{
    struct call *call = maker->call;
    size_t at = below(maker, call->argc);

    switch (below(maker, 4)) {
    case 0: /* one fewer, but not none */
        if (call->argc > 1 && at > 0)
            call->argc--;
        break;
    case 1: /* one more */
        if (call->argc < GENERATE_ARGS)
            call->argv[call->argc++] = nasty[below(maker, COUNT(nasty))];
        break;
    default: /* another one; another command only seldom */
        if (at > 0 || chance(maker, 20))
            call->argv[at] = nasty[below(maker, COUNT(nasty) - (at == 0))];
    }
}

void generate_call(struct call *call, uint64_t *random, uint64_t clock_ms)
{
    struct maker maker = {call, random, clock_ms};

    call->argc = 0;
    buf_reset(&call->bytes);
    buf_extend(&call->bytes, 1); /* so that no argument is at NULL */
    buf_reset(&call->bytes);
    const struct shape *shape = &shapes[below(&maker, COUNT(shapes))];
    /* An empty key space has little to tell. */
    if (strcmp(shape->name, "FLUSHDB") == 0 && chance(&maker, 80))
        shape = &shapes[below(&maker, COUNT(shapes))];
    add_arguments(&maker, shape);
    point(call);
    if (chance(&maker, 5))
        spoil(&maker);
}

void generate_free(struct call *call)
{
    buf_free(&call->bytes);
}

void generate_check(void)
{
    for (size_t at = 0; command_at(at) != NULL; at++) {
        if (at >= COUNT(shapes) ||
            strcmp(shapes[at].name, command_at(at)->name) != 0)
            errx(1, "no calls are made of %s", command_at(at)->name);
    }
}
