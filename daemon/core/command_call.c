#include "daemon/core/command_call.h"

#include <string.h>

#include "daemon/core/integer.h"
#include "daemon/core/reply.h"

static int upper(int byte)
{
    return byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte;
}

bool call_word(const struct command_call *call, size_t arg, const char *word)
{
    const struct core_arg *bytes = &call->argv[arg];
    size_t len = strlen(word);

    if (bytes->len != len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (upper(bytes->data[i]) != upper(word[i]))
            return false;
    }
    return true;
}

bool call_integer(struct command_call *call, size_t arg, int64_t *value)
{
    if (integer_parse(call->argv[arg].data, call->argv[arg].len, value))
        return true;
    reply_error(call->reply, REPLY_NOT_INTEGER);
    return false;
}

struct key *call_key(const struct command_call *call, size_t arg)
{
    return keyspace_find(call->keyspace, call->argv[arg].data,
                         call->argv[arg].len);
}

bool call_key_of(struct command_call *call, size_t arg, enum key_type type,
                 struct key **key)
{
    *key = call_key(call, arg);
    if (*key == NULL || (*key)->type == type)
        return true;
    reply_error(call->reply, REPLY_WRONG_TYPE);
    return false;
}

void call_wrong_arity(struct command_call *call)
{
    reply_wrong_arity(call->reply, call->argv[0].data, call->argv[0].len);
}

void call_bad_expiry(struct command_call *call)
{
    reply_bad_expiry(call->reply, call->argv[0].data, call->argv[0].len);
}

bool call_too_long(struct command_call *call)
{
    if (call->reply->len <= COMMAND_REPLY_MAX)
        return false;
    buf_free(call->reply);
    reply_error(call->reply, "ERR the reply would be too long");
    return true;
}

void call_reply_value(struct command_call *call, const struct key *key)
{
    if (key == NULL)
        reply_nil(call->reply);
    else
        reply_bulk(call->reply, key->value, key->value_len);
}
