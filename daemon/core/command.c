#include "daemon/core/command.h"

#include <string.h>

#include "lib/result.h"

static const char WRONG_SYNTAX[] = "-ERR syntax error\r\n";
static const char NOT_AN_INTEGER[] =
    "-ERR value is not an integer or out of range\r\n";

/* ---- arguments and replies ---- */

static char ascii_upper(uint8_t byte)
{
    return (char)(byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte);
}

static bool arg_is(const struct core_arg *arg, const char *word)
{
    size_t len = strlen(word);

    if (arg->len != len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (ascii_upper(arg->data[i]) != word[i])
            return false;
    }
    return true;
}

/* A decimal 64-bit integer exactly as Redis takes it: no spaces, no plus sign,
 * no leading zeros. */
static bool bytes_to_integer(const uint8_t *bytes, size_t len, int64_t *value)
{
    size_t at = 0;
    uint64_t sum = 0;
    bool negative = len > 0 && bytes[0] == '-';

    if (negative)
        at++;
    if (at == len || (bytes[at] == '0' && len > 1))
        return false;
    for (; at < len; at++) {
        if (bytes[at] < '0' || bytes[at] > '9')
            return false;
        uint64_t digit = (uint64_t)(bytes[at] - '0');
        if (sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    if (sum > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return false;
    *value = negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}

static void reply_text(struct command_call *call, const char *text)
{
    buf_bytes(call->reply, text, strlen(text));
}

static void reply_integer(struct command_call *call, int64_t value)
{
    buf_printf(call->reply, ":%lld\r\n", (long long)value);
}

static void reply_bulk(struct command_call *call, const struct key *key)
{
    if (key == NULL) {
        reply_text(call, "$-1\r\n");
        return;
    }
    buf_printf(call->reply, "$%zu\r\n", key->value_len);
    buf_bytes(call->reply, key->value, key->value_len);
    reply_text(call, "\r\n");
}

static struct key *call_key(struct command_call *call, size_t arg)
{
    return keyspace_find(call->keyspace, call->argv[arg].data,
                         call->argv[arg].len);
}

/* ---- strings ---- */

struct set_options {
    bool only_new;
    bool only_existing;
    bool keep_expiry;
    bool give_old;
    const struct set_unit *unit; /* of the expiry; NULL: none is given */
    const struct core_arg *amount;
};

static const struct set_unit {
    const char *name;
    int64_t scale; /* to milliseconds */
    bool from_now;
} set_units[] = {
    {"EX", 1000, true},
    {"PX", 1, true},
    {"EXAT", 1000, false},
    {"PXAT", 1, false},
};

static const struct set_unit *set_unit_find(const struct core_arg *arg)
{
    for (size_t i = 0; i < sizeof(set_units) / sizeof(set_units[0]); i++) {
        if (arg_is(arg, set_units[i].name))
            return &set_units[i];
    }
    return NULL;
}

/* One option at *at, which moves past it. False: Redis' syntax error. */
static bool set_option(struct command_call *call, size_t *at,
                       struct set_options *options)
{
    const struct core_arg *arg = &call->argv[(*at)++];
    const struct set_unit *unit = set_unit_find(arg);

    if (arg_is(arg, "NX") && !options->only_existing) {
        options->only_new = true;
    } else if (arg_is(arg, "XX") && !options->only_new) {
        options->only_existing = true;
    } else if (arg_is(arg, "GET")) {
        options->give_old = true;
    } else if (arg_is(arg, "KEEPTTL") && options->unit == NULL) {
        options->keep_expiry = true;
    } else if (unit != NULL && *at < call->argc && !options->keep_expiry &&
               (options->unit == NULL || options->unit == unit)) {
        options->unit = unit;
        options->amount = &call->argv[(*at)++];
    } else {
        return false;
    }
    return true;
}

/* The expiry that the options ask for, 0 for none. False when an error was
 * replied. */
static bool set_expiry(struct command_call *call,
                       const struct set_options *options, uint64_t *expires_ms)
{
    int64_t amount = 0;

    *expires_ms = 0;
    if (options->unit == NULL)
        return true;
    if (!bytes_to_integer(options->amount->data, options->amount->len,
                          &amount)) {
        reply_text(call, NOT_AN_INTEGER);
        return false;
    }
    int64_t scale = options->unit->scale;
    int64_t start = options->unit->from_now ? (int64_t)call->clock_ms : 0;
    if (amount <= 0 || amount > (INT64_MAX - start) / scale) {
        reply_text(call, "-ERR invalid expire time in 'set' command\r\n");
        return false;
    }
    *expires_ms = (uint64_t)(amount * scale + start);
    return true;
}

static void run_set(struct command_call *call)
{
    struct set_options options = {0};
    uint64_t expires_ms = 0;

    for (size_t at = 3; at < call->argc;) {
        if (!set_option(call, &at, &options)) {
            reply_text(call, WRONG_SYNTAX);
            return;
        }
    }
    if (!set_expiry(call, &options, &expires_ms))
        return;
    struct key *key = call_key(call, 1);
    bool refused = (options.only_new && key != NULL) ||
                   (options.only_existing && key == NULL);
    if (options.give_old)
        reply_bulk(call, key);
    else
        reply_text(call, refused ? "$-1\r\n" : "+OK\r\n");
    if (refused)
        return;
    if (options.keep_expiry && key != NULL)
        expires_ms = key->expires_ms;
    key = keyspace_set(call->keyspace, call->argv[1].data, call->argv[1].len,
                       call->argv[2].data, call->argv[2].len, expires_ms);
    if (expires_ms != 0 && expires_ms <= call->clock_ms)
        keyspace_delete(call->keyspace, key);
}

static void run_get(struct command_call *call)
{
    reply_bulk(call, call_key(call, 1));
}

static void run_incr(struct command_call *call)
{
    struct key *key = call_key(call, 1);
    int64_t value = 0;

    if (key != NULL &&
        !bytes_to_integer(key->value, key->value_len, &value)) {
        reply_text(call, NOT_AN_INTEGER);
        return;
    }
    if (value == INT64_MAX) {
        reply_text(call, "-ERR increment or decrement would overflow\r\n");
        return;
    }
    struct buf text = {0};
    buf_printf(&text, "%lld", (long long)++value);
    keyspace_set(call->keyspace, call->argv[1].data, call->argv[1].len,
                 text.data, text.len, key == NULL ? 0 : key->expires_ms);
    buf_free(&text);
    reply_integer(call, value);
}

/* ---- keys ---- */

static void run_del(struct command_call *call)
{
    int64_t deleted = 0;

    for (size_t at = 1; at < call->argc; at++) {
        struct key *key = call_key(call, at);
        if (key != NULL) {
            keyspace_delete(call->keyspace, key);
            deleted++;
        }
    }
    reply_integer(call, deleted);
}

static void run_exists(struct command_call *call)
{
    int64_t found = 0;

    for (size_t at = 1; at < call->argc; at++)
        found += call_key(call, at) != NULL;
    reply_integer(call, found);
}

static void run_dbsize(struct command_call *call)
{
    reply_integer(call, (int64_t)call->keyspace->keys.count);
}

static void run_pttl(struct command_call *call)
{
    const struct key *key = call_key(call, 1);

    if (key == NULL)
        reply_integer(call, -2);
    else if (key->expires_ms == 0)
        reply_integer(call, -1);
    else
        reply_integer(call, (int64_t)(key->expires_ms - call->clock_ms));
}

/* ---- the table ---- */

static const struct command commands[] = {
    {"DBSIZE", 1, false, run_dbsize}, {"DEL", -2, true, run_del},
    {"EXISTS", -2, false, run_exists}, {"GET", 2, false, run_get},
    {"INCR", 2, true, run_incr},       {"PTTL", 2, false, run_pttl},
    {"SET", -3, true, run_set},
};

/* An error is one line, whatever the client sent. */
static void reply_one_line(struct buf *reply, size_t from)
{
    for (size_t at = from; at < reply->len; at++) {
        if (reply->data[at] == '\r' || reply->data[at] == '\n')
            reply->data[at] = ' ';
    }
    buf_bytes(reply, "\r\n", 2);
}

static void reply_unknown(struct buf *reply, const struct core_arg *argv,
                          size_t argc)
{
    size_t from = reply->len;
    int name_len = argv[0].len > 128 ? 128 : (int)argv[0].len;

    buf_printf(reply, "-ERR unknown command '%.*s', with args beginning with: ",
               name_len, (const char *)argv[0].data);
    for (size_t at = 1, shown = 0; at < argc && shown < 128; at++) {
        size_t len = argv[at].len > 128 - shown ? 128 - shown : argv[at].len;
        buf_printf(reply, "'%.*s' ", (int)len, (const char *)argv[at].data);
        shown += len + 3;
    }
    reply_one_line(reply, from);
}

static void reply_arity(struct buf *reply, const struct command *command)
{
    buf_printf(reply, "-ERR wrong number of arguments for '");
    for (const char *at = command->name; *at != '\0'; at++)
        buf_u8(reply, (uint8_t)(*at - 'A' + 'a'));
    buf_printf(reply, "' command\r\n");
}

const struct command *command_find(const struct core_arg *argv, size_t argc,
                                   struct buf *reply)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        const struct command *command = &commands[i];
        if (!arg_is(&argv[0], command->name))
            continue;
        size_t arity = (size_t)(command->arity < 0 ? -command->arity
                                                   : command->arity);
        if (argc >= arity && (command->arity < 0 || argc == arity))
            return command;
        reply_arity(reply, command);
        return NULL;
    }
    reply_unknown(reply, argv, argc);
    return NULL;
}

void command_encode(struct buf *buf, const struct core_arg *argv, size_t argc)
{
    buf_u16(buf, (uint16_t)argc);
    for (size_t i = 0; i < argc; i++)
        buf_blob(buf, argv[i].data, argv[i].len);
}

int command_decode(struct cursor *cursor, struct core_arg *argv, size_t *argc)
{
    *argc = cursor_u16(cursor);
    if (cursor->bad || *argc == 0 || *argc > COMMAND_ARGS_MAX)
        return RESULT_MALFORMED;
    for (size_t i = 0; i < *argc; i++)
        argv[i].data = cursor_blob(cursor, &argv[i].len);
    return cursor_done(cursor) ? 0 : RESULT_MALFORMED;
}
