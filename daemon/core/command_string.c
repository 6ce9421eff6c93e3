#include "daemon/core/command_string.h"

#include "daemon/core/command_call.h"
#include "daemon/core/integer.h"
#include "daemon/core/reply.h"

/* The string of argument `arg`, NULL if there is none. */
static bool call_string(struct command_call *call, size_t arg, struct key **key)
{
    return call_key_of(call, arg, KEY_STRING, key);
}

/* Argument `name` becomes a string of argument `value`. */
static struct key *store(struct command_call *call, size_t name, size_t value,
                         uint64_t expires_ms)
{
    const struct core_arg *argv = call->argv;

    return keyspace_set(call->keyspace, argv[name].data, argv[name].len,
                        argv[value].data, argv[value].len, expires_ms);
}

/* An expiry that is already over deletes at once. */
static void drop_if_over(struct command_call *call, struct key *key)
{
    if (key->expires_ms != 0 && key->expires_ms <= call->clock_ms)
        keyspace_delete(call->keyspace, key);
}

/* ---- options of SET and GETEX ---- */

struct unit {
    const char *name;
    int64_t scale; /* to milliseconds */
    bool from_now;
};

enum { EX, PX, EXAT, PXAT };

static const struct unit units[] = {
    [EX] = {"EX", 1000, true},
    [PX] = {"PX", 1, true},
    [EXAT] = {"EXAT", 1000, false},
    [PXAT] = {"PXAT", 1, false},
};

struct options {
    bool only_new;
    bool only_existing;
    bool give_old;
    bool keep_expiry;
    bool persist;
    const struct unit *unit; /* of the expiry; NULL: none is given */
    size_t amount_arg;
};

static const struct unit *unit_find(const struct command_call *call, size_t arg)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (call_word(call, arg, units[i].name))
            return &units[i];
    }
    return NULL;
}

static bool set_option(struct command_call *call, size_t at,
                       struct options *options)
{
    if (call_word(call, at, "NX") && !options->only_existing)
        options->only_new = true;
    else if (call_word(call, at, "XX") && !options->only_new)
        options->only_existing = true;
    else if (call_word(call, at, "GET"))
        options->give_old = true;
    else if (call_word(call, at, "KEEPTTL") && options->unit == NULL)
        options->keep_expiry = true;
    else
        return false;
    return true;
}

static bool getex_option(struct command_call *call, size_t at,
                         struct options *options)
{
    if (!call_word(call, at, "PERSIST") || options->unit != NULL)
        return false;
    options->persist = true;
    return true;
}

/* An expiry in arguments `at` and the one behind it. */
static bool expiry_option(struct command_call *call, size_t at,
                          struct options *options)
{
    const struct unit *unit = unit_find(call, at);

    if (unit == NULL || at + 1 == call->argc || options->keep_expiry ||
        options->persist || (options->unit != NULL && options->unit != unit))
        return false;
    options->unit = unit;
    options->amount_arg = at + 1;
    return true;
}

/* All options from `at` on. False when an error was replied. */
static bool call_options(struct command_call *call, size_t at,
                         bool (*option)(struct command_call *call, size_t at,
                                        struct options *options),
                         struct options *options)
{
    while (at < call->argc) {
        if (option(call, at, options)) {
            at++;
        } else if (expiry_option(call, at, options)) {
            at += 2;
        } else {
            reply_error(call->reply, REPLY_SYNTAX);
            return false;
        }
    }
    return true;
}

/* Argument `arg` in that unit, on the group's clock. False when an error was
 * replied. */
static bool call_expiry(struct command_call *call, const struct unit *unit,
                        size_t arg, uint64_t *expires_ms)
{
    int64_t amount;
    int64_t start = unit->from_now ? (int64_t)call->clock_ms : 0;

    if (!call_integer(call, arg, &amount))
        return false;
    if (amount <= 0 || amount > (INT64_MAX - start) / unit->scale) {
        call_bad_expiry(call);
        return false;
    }
    *expires_ms = (uint64_t)(amount * unit->scale + start);
    return true;
}

/* ---- setting ---- */

void run_set(struct command_call *call)
{
    struct options options = {0};
    uint64_t expires_ms = 0;
    struct key *key;

    if (!call_options(call, 3, set_option, &options))
        return;
    if (options.unit != NULL &&
        !call_expiry(call, options.unit, options.amount_arg, &expires_ms))
        return;
    if (!options.give_old)
        key = call_key(call, 1);
    else if (!call_string(call, 1, &key))
        return;
    bool refused = (options.only_new && key != NULL) ||
                   (options.only_existing && key == NULL);
    if (options.give_old)
        call_reply_value(call, key);
    else if (refused)
        reply_nil(call->reply);
    else
        reply_status(call->reply, "OK");
    if (refused)
        return;
    if (options.keep_expiry && key != NULL)
        expires_ms = key->expires_ms;
    drop_if_over(call, store(call, 1, 2, expires_ms));
}

static void set_in(struct command_call *call, const struct unit *unit)
{
    uint64_t expires_ms;

    if (!call_expiry(call, unit, 2, &expires_ms))
        return;
    store(call, 1, 3, expires_ms);
    reply_status(call->reply, "OK");
}

void run_setex(struct command_call *call)
{
    set_in(call, &units[EX]);
}

void run_psetex(struct command_call *call)
{
    set_in(call, &units[PX]);
}

void run_setnx(struct command_call *call)
{
    bool new = call_key(call, 1) == NULL;

    if (new)
        store(call, 1, 2, 0);
    reply_integer(call->reply, new);
}

void run_mset(struct command_call *call)
{
    if (call->argc % 2 == 0) {
        call_wrong_arity(call);
        return;
    }
    for (size_t at = 1; at < call->argc; at += 2)
        store(call, at, at + 1, 0);
    reply_status(call->reply, "OK");
}

void run_append(struct command_call *call)
{
    const struct core_arg *more = &call->argv[2];
    struct key *key;

    if (!call_string(call, 1, &key))
        return;
    if (key == NULL) {
        key = store(call, 1, 2, 0);
    } else if (more->len > KEYSPACE_STRING_MAX - key->value_len) {
        reply_error(call->reply, "ERR string exceeds maximum allowed size "
                                 "(proto-max-bulk-len)");
        return;
    } else {
        keyspace_append(call->keyspace, key, more->data, more->len);
    }
    reply_integer(call->reply, (int64_t)key->value_len);
}

/* ---- getting ---- */

void run_get(struct command_call *call)
{
    struct key *key;

    if (call_string(call, 1, &key))
        call_reply_value(call, key);
}

void run_mget(struct command_call *call)
{
    reply_array(call->reply, call->argc - 1);
    for (size_t at = 1; at < call->argc && !call_too_long(call); at++) {
        const struct key *key = call_key(call, at);
        call_reply_value(call,
                         key != NULL && key->type == KEY_STRING ? key : NULL);
    }
}

void run_strlen(struct command_call *call)
{
    struct key *key;

    if (call_string(call, 1, &key))
        reply_integer(call->reply, key == NULL ? 0 : (int64_t)key->value_len);
}

void run_getdel(struct command_call *call)
{
    struct key *key;

    if (!call_string(call, 1, &key))
        return;
    call_reply_value(call, key);
    if (key != NULL)
        keyspace_delete(call->keyspace, key);
}

void run_getset(struct command_call *call)
{
    struct key *key;

    if (!call_string(call, 1, &key))
        return;
    call_reply_value(call, key);
    store(call, 1, 2, 0);
}

void run_getex(struct command_call *call)
{
    struct options options = {0};
    uint64_t expires_ms = 0;
    struct key *key;

    if (!call_options(call, 2, getex_option, &options) ||
        !call_string(call, 1, &key))
        return;
    /* Without a key Redis does not look at the number. */
    if (key != NULL && options.unit != NULL &&
        !call_expiry(call, options.unit, options.amount_arg, &expires_ms))
        return;
    call_reply_value(call, key);
    if (key == NULL || (options.unit == NULL && !options.persist))
        return;
    keyspace_expire(call->keyspace, key, expires_ms);
    drop_if_over(call, key);
}

/* ---- counting ---- */

static void increase(struct command_call *call, int64_t amount)
{
    char text[INTEGER_TEXT_MAX];
    int64_t value = 0;
    struct key *key;

    if (!call_string(call, 1, &key))
        return;
    if (key != NULL && !integer_parse(key->value, key->value_len, &value)) {
        reply_error(call->reply, REPLY_NOT_INTEGER);
        return;
    }
    if (__builtin_add_overflow(value, amount, &value)) {
        reply_error(call->reply, REPLY_OVERFLOW);
        return;
    }
    keyspace_set(call->keyspace, call->argv[1].data, call->argv[1].len, text,
                 integer_text(text, value), key == NULL ? 0 : key->expires_ms);
    reply_integer(call->reply, value);
}

void run_incr(struct command_call *call)
{
    increase(call, 1);
}

void run_decr(struct command_call *call)
{
    increase(call, -1);
}

void run_incrby(struct command_call *call)
{
    int64_t amount;

    if (call_integer(call, 2, &amount))
        increase(call, amount);
}

void run_decrby(struct command_call *call)
{
    int64_t amount;

    if (!call_integer(call, 2, &amount))
        return;
    if (amount == INT64_MIN)
        reply_error(call->reply, "ERR decrement would overflow");
    else
        increase(call, -amount);
}
