#include "daemon/core/command_hash.h"

#include "daemon/core/command_call.h"
#include "daemon/core/integer.h"
#include "daemon/core/reply.h"

/* The hash of argument 1, NULL if there is none. */
static bool call_hash(struct command_call *call, struct key **key)
{
    return call_key_of(call, 1, KEY_HASH, key);
}

static struct field *call_field(const struct command_call *call,
                                const struct key *key, size_t arg)
{
    if (key == NULL)
        return NULL;
    return fields_find(&key->fields, call->argv[arg].data, call->argv[arg].len);
}

static void reply_field(struct command_call *call, const struct field *field)
{
    if (field == NULL)
        reply_nil(call->reply);
    else
        reply_bulk(call->reply, field->value, field->value_len);
}

void run_hset(struct command_call *call)
{
    const struct core_arg *argv = call->argv;
    int64_t added = 0;
    struct key *key;

    if (call->argc % 2 != 0) {
        call_wrong_arity(call);
        return;
    }
    if (!call_hash(call, &key))
        return;
    key = keyspace_hash(call->keyspace, argv[1].data, argv[1].len);
    for (size_t at = 2; at < call->argc; at += 2)
        added +=
            keyspace_field_set(call->keyspace, key, argv[at].data, argv[at].len,
                               argv[at + 1].data, argv[at + 1].len);
    reply_integer(call->reply, added);
}

void run_hget(struct command_call *call)
{
    struct key *key;

    if (call_hash(call, &key))
        reply_field(call, call_field(call, key, 2));
}

void run_hmget(struct command_call *call)
{
    struct key *key;

    if (!call_hash(call, &key))
        return;
    reply_array(call->reply, call->argc - 2);
    for (size_t at = 2; at < call->argc && !call_too_long(call); at++)
        reply_field(call, call_field(call, key, at));
}

static void reply_fields(struct command_call *call, bool names, bool values)
{
    const struct field *field;
    struct key *key;

    if (!call_hash(call, &key))
        return;
    if (key == NULL) {
        reply_array(call->reply, 0);
        return;
    }
    reply_array(call->reply,
                key->fields.table.count * (names && values ? 2 : 1));
    for (field = key->fields.first; field != NULL && !call_too_long(call);
         field = field->next) {
        if (names)
            reply_bulk(call->reply, field->name, field->item.key_len);
        if (values)
            reply_bulk(call->reply, field->value, field->value_len);
    }
}

void run_hgetall(struct command_call *call)
{
    reply_fields(call, true, true);
}

void run_hkeys(struct command_call *call)
{
    reply_fields(call, true, false);
}

void run_hvals(struct command_call *call)
{
    reply_fields(call, false, true);
}

void run_hdel(struct command_call *call)
{
    int64_t deleted = 0;
    struct key *key;

    if (!call_hash(call, &key))
        return;
    for (size_t at = 2; at < call->argc && key != NULL; at++) {
        struct field *field = call_field(call, key, at);
        if (field == NULL)
            continue;
        deleted++;
        if (!keyspace_field_remove(call->keyspace, key, field))
            key = NULL;
    }
    reply_integer(call->reply, deleted);
}

void run_hlen(struct command_call *call)
{
    struct key *key;

    if (call_hash(call, &key))
        reply_integer(call->reply,
                      key == NULL ? 0 : (int64_t)key->fields.table.count);
}

void run_hexists(struct command_call *call)
{
    struct key *key;

    if (call_hash(call, &key))
        reply_integer(call->reply, call_field(call, key, 2) != NULL);
}

void run_hincrby(struct command_call *call)
{
    const struct core_arg *argv = call->argv;
    int64_t value = 0, amount;
    char text[INTEGER_TEXT_MAX];
    struct key *key;

    if (!call_integer(call, 3, &amount) || !call_hash(call, &key))
        return;
    const struct field *field = call_field(call, key, 2);
    if (field != NULL &&
        !integer_parse(field->value, field->value_len, &value)) {
        reply_error(call->reply, "ERR hash value is not an integer");
        return;
    }
    if (__builtin_add_overflow(value, amount, &value)) {
        reply_error(call->reply, REPLY_OVERFLOW);
        return;
    }
    key = keyspace_hash(call->keyspace, argv[1].data, argv[1].len);
    keyspace_field_set(call->keyspace, key, argv[2].data, argv[2].len, text,
                       integer_text(text, value));
    reply_integer(call->reply, value);
}
