#include "daemon/core/command.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/command_expire.h"
#include "daemon/core/command_hash.h"
#include "daemon/core/command_key.h"
#include "daemon/core/command_string.h"
#include "daemon/core/reply.h"
#include "lib/result.h"

/* ---- the table ---- */

/* By ascending name. */
static const struct command commands[] = {
    {"APPEND", 3, COMMAND_GROWS, 1, 1, 1, run_append},
    {"DBSIZE", 1, COMMAND_READS, 0, 0, 0, run_dbsize},
    {"DECR", 2, COMMAND_GROWS, 1, 1, 1, run_decr},
    {"DECRBY", 3, COMMAND_GROWS, 1, 1, 1, run_decrby},
    {"DEL", -2, COMMAND_WRITES, 1, -1, 1, run_del},
    {"EXISTS", -2, COMMAND_READS, 1, -1, 1, run_exists},
    {"EXPIRE", -3, COMMAND_WRITES, 1, 1, 1, run_expire},
    {"EXPIREAT", -3, COMMAND_WRITES, 1, 1, 1, run_expireat},
    {"FLUSHDB", -1, COMMAND_WRITES, 0, 0, 0, run_flushdb},
    {"GET", 2, COMMAND_READS, 1, 1, 1, run_get},
    {"GETDEL", 2, COMMAND_WRITES, 1, 1, 1, run_getdel},
    {"GETEX", -2, COMMAND_WRITES, 1, 1, 1, run_getex},
    {"GETSET", 3, COMMAND_GROWS, 1, 1, 1, run_getset},
    {"HDEL", -3, COMMAND_WRITES, 1, 1, 1, run_hdel},
    {"HEXISTS", 3, COMMAND_READS, 1, 1, 1, run_hexists},
    {"HGET", 3, COMMAND_READS, 1, 1, 1, run_hget},
    {"HGETALL", 2, COMMAND_READS, 1, 1, 1, run_hgetall},
    {"HINCRBY", 4, COMMAND_GROWS, 1, 1, 1, run_hincrby},
    {"HKEYS", 2, COMMAND_READS, 1, 1, 1, run_hkeys},
    {"HLEN", 2, COMMAND_READS, 1, 1, 1, run_hlen},
    {"HMGET", -3, COMMAND_READS, 1, 1, 1, run_hmget},
    {"HSET", -4, COMMAND_GROWS, 1, 1, 1, run_hset},
    {"HVALS", 2, COMMAND_READS, 1, 1, 1, run_hvals},
    {"INCR", 2, COMMAND_GROWS, 1, 1, 1, run_incr},
    {"INCRBY", 3, COMMAND_GROWS, 1, 1, 1, run_incrby},
    {"KEYS", 2, COMMAND_READS, 0, 0, 0, run_keys},
    {"MGET", -2, COMMAND_READS, 1, -1, 1, run_mget},
    {"MSET", -3, COMMAND_GROWS, 1, -1, 2, run_mset},
    {"PERSIST", 2, COMMAND_WRITES, 1, 1, 1, run_persist},
    {"PEXPIRE", -3, COMMAND_WRITES, 1, 1, 1, run_pexpire},
    {"PEXPIREAT", -3, COMMAND_WRITES, 1, 1, 1, run_pexpireat},
    {"PSETEX", 4, COMMAND_GROWS, 1, 1, 1, run_psetex},
    {"PTTL", 2, COMMAND_READS, 1, 1, 1, run_pttl},
    {"RENAME", 3, COMMAND_WRITES, 1, 2, 1, run_rename},
    {"SCAN", -2, COMMAND_READS, 0, 0, 0, run_scan},
    {"SET", -3, COMMAND_GROWS, 1, 1, 1, run_set},
    {"SETEX", 4, COMMAND_GROWS, 1, 1, 1, run_setex},
    {"SETNX", 3, COMMAND_GROWS, 1, 1, 1, run_setnx},
    {"STRLEN", 2, COMMAND_READS, 1, 1, 1, run_strlen},
    {"TTL", 2, COMMAND_READS, 1, 1, 1, run_ttl},
    {"TYPE", 2, COMMAND_READS, 1, 1, 1, run_type},
    {"UNLINK", -2, COMMAND_WRITES, 1, -1, 1, run_del},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* Bytes against an upper-case name, in any case. */
static int compare_name(const void *key, const void *element)
{
    const struct core_arg *arg = key;
    const char *name = ((const struct command *)element)->name;

    for (size_t i = 0; i < arg->len; i++) {
        int byte = arg->data[i];
        if (byte >= 'a' && byte <= 'z')
            byte += 'A' - 'a';
        if (byte != name[i] || name[i] == '\0')
            return byte < name[i] ? -1 : 1;
    }
    return name[arg->len] == '\0' ? 0 : -1;
}

const struct command *command_at(size_t at)
{
    return at < COMMANDS ? &commands[at] : NULL;
}

/* ---- finding ---- */

/* As printf's %.*s, which ends at a NUL too. */
static size_t quote(struct buf *reply, const struct core_arg *arg, size_t max)
{
    size_t len = 0;

    while (len < arg->len && len < max && arg->data[len] != '\0')
        len++;
    buf_bytes(reply, arg->data, len);
    return len;
}

static void reply_unknown(struct buf *reply, const struct core_arg *argv,
                          size_t argc)
{
    size_t from = reply->len;

    buf_printf(reply, "-ERR unknown command '");
    quote(reply, &argv[0], 128);
    buf_printf(reply, "', with args beginning with: ");
    for (size_t at = 1, shown = 0; at < argc && shown < 128; at++) {
        buf_printf(reply, "'");
        shown += quote(reply, &argv[at], 128 - shown) + 3;
        buf_printf(reply, "' ");
    }
    reply_one_line(reply, from);
}

const struct command *command_find(const struct core_arg *argv, size_t argc,
                                   struct buf *reply)
{
    const struct command *command = bsearch(&argv[0], commands, COMMANDS,
                                            sizeof(commands[0]), compare_name);

    if (command == NULL) {
        if (reply != NULL)
            reply_unknown(reply, argv, argc);
        return NULL;
    }
    size_t least = (size_t)abs(command->arity);
    if (argc < least || (command->arity > 0 && argc > least)) {
        if (reply != NULL)
            reply_wrong_arity(reply, argv[0].data, argv[0].len);
        return NULL;
    }
    return command;
}

/* ---- the payload ---- */

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
