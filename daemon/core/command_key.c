#include "daemon/core/command_key.h"

#include "daemon/core/command_call.h"
#include "daemon/core/glob.h"
#include "daemon/core/integer.h"
#include "daemon/core/reply.h"

void run_del(struct command_call *call)
{
    int64_t deleted = 0;

    for (size_t at = 1; at < call->argc; at++) {
        struct key *key = call_key(call, at);
        if (key != NULL) {
            keyspace_delete(call->keyspace, key);
            deleted++;
        }
    }
    reply_integer(call->reply, deleted);
}

void run_exists(struct command_call *call)
{
    int64_t found = 0;

    for (size_t at = 1; at < call->argc; at++)
        found += call_key(call, at) != NULL;
    reply_integer(call->reply, found);
}

static const char *type_name(const struct key *key)
{
    if (key == NULL)
        return "none";
    switch (key->type) {
    case KEY_STRING:
        return "string";
    case KEY_HASH:
        return "hash";
    }
    return "unknown";
}

void run_type(struct command_call *call)
{
    reply_status(call->reply, type_name(call_key(call, 1)));
}

void run_rename(struct command_call *call)
{
    struct key *key = call_key(call, 1);

    if (key == NULL) {
        reply_error(call->reply, "ERR no such key");
        return;
    }
    keyspace_rename(call->keyspace, key, call->argv[2].data, call->argv[2].len);
    reply_status(call->reply, "OK");
}

void run_dbsize(struct command_call *call)
{
    reply_integer(call->reply, (int64_t)call->keyspace->keys.count);
}

void run_flushdb(struct command_call *call)
{
    if (call->argc > 2 || (call->argc == 2 && !call_word(call, 1, "SYNC") &&
                           !call_word(call, 1, "ASYNC"))) {
        reply_error(call->reply, REPLY_SYNTAX);
        return;
    }
    keyspace_free(call->keyspace);
    reply_status(call->reply, "OK");
}

/* ---- names, by pattern ---- */

struct search {
    const struct core_arg *pattern; /* NULL: all */
    const struct command_call *call;
    size_t type_arg; /* of SCAN's TYPE; 0: all types */
    struct buf names;
    size_t found; /* in `names` */
    size_t seen;
};

/* `*` alone is all, also the empty name, which no other pattern matches. */
static void search_pattern(struct search *search, const struct core_arg *arg)
{
    search->pattern = arg->len == 1 && arg->data[0] == '*' ? NULL : arg;
}

static void search_visit(struct table_item *item, void *context)
{
    struct search *search = context;
    const struct core_arg *pattern = search->pattern;

    search->seen++;
    if (search->names.len > COMMAND_REPLY_MAX)
        return;
    if (pattern != NULL &&
        !glob_match(pattern->data, pattern->len, item->key, item->key_len))
        return;
    if (search->type_arg != 0 &&
        !call_word(search->call, search->type_arg,
                   type_name((const struct key *)item)))
        return;
    reply_bulk(&search->names, item->key, item->key_len);
    search->found++;
}

static void search_reply(struct command_call *call, struct search *search)
{
    reply_array(call->reply, search->found);
    buf_bytes(call->reply, search->names.data, search->names.len);
    call_too_long(call);
    buf_free(&search->names);
}

void run_keys(struct command_call *call)
{
    const struct table *keys = &call->keyspace->keys;
    struct search search = {.call = call};

    search_pattern(&search, &call->argv[1]);
    for (struct table_item *item = table_next(keys, NULL); item != NULL;
         item = table_next(keys, item))
        search_visit(item, &search);
    search_reply(call, &search);
}

/* ---- SCAN ---- */

/* As Redis reads it, which is as strtoul does: with a sign, modulo 2^64, and
 * nothing at all is 0; but no blank before it. */
static bool call_cursor(const struct core_arg *arg, uint64_t *cursor)
{
    bool negative = arg->len > 0 && arg->data[0] == '-';
    size_t at = negative || (arg->len > 0 && arg->data[0] == '+') ? 1 : 0;
    uint64_t sum = 0;

    if (at == 1 && arg->len == 1)
        return false;
    for (; at < arg->len; at++) {
        unsigned digit = (unsigned)arg->data[at] - '0';
        if (digit > 9 || __builtin_mul_overflow(sum, 10u, &sum) ||
            __builtin_add_overflow(sum, digit, &sum))
            return false;
    }
    *cursor = negative ? 0 - sum : sum;
    return true;
}

/* The options from argument 2 on. False when an error was replied. */
static bool scan_options(struct command_call *call, struct search *search,
                         int64_t *count)
{
    for (size_t at = 2; at < call->argc; at += 2) {
        bool last = at + 1 == call->argc;
        if (!last && call_word(call, at, "COUNT")) {
            if (!call_integer(call, at + 1, count))
                return false;
            if (*count >= 1)
                continue;
        } else if (!last && call_word(call, at, "MATCH")) {
            search_pattern(search, &call->argv[at + 1]);
            continue;
        } else if (!last && call_word(call, at, "TYPE")) {
            search->type_arg = at + 1;
            continue;
        }
        reply_error(call->reply, REPLY_SYNTAX);
        return false;
    }
    return true;
}

/* COUNT is of keys looked at, and at most ten times as many slots. */
static uint64_t scan(struct command_call *call, struct search *search,
                     uint64_t cursor, uint64_t count)
{
    uint64_t slots = count > UINT64_MAX / 10 ? UINT64_MAX : count * 10;

    do
        cursor =
            table_scan(&call->keyspace->keys, cursor, search_visit, search);
    while (cursor != 0 && --slots > 0 && search->seen < count);
    return cursor;
}

static void reply_cursor(struct buf *reply, uint64_t cursor)
{
    struct buf text = {0};

    buf_printf(&text, "%llu", (unsigned long long)cursor);
    reply_bulk(reply, text.data, text.len);
    buf_free(&text);
}

void run_scan(struct command_call *call)
{
    struct search search = {.call = call};
    uint64_t cursor;
    int64_t count = 10;

    if (!call_cursor(&call->argv[1], &cursor)) {
        reply_error(call->reply, "ERR invalid cursor");
        return;
    }
    if (!scan_options(call, &search, &count))
        return;
    cursor = scan(call, &search, cursor, (uint64_t)count);
    reply_array(call->reply, 2);
    reply_cursor(call->reply, cursor);
    search_reply(call, &search);
}
