#include "daemon/core/command_expire.h"

#include "daemon/core/command_call.h"
#include "daemon/core/reply.h"

enum { ONLY_NEW = 1, ONLY_EXISTING = 2, ONLY_LATER = 4, ONLY_SOONER = 8 };

static const struct {
    const char *name;
    unsigned condition;
} conditions[] = {
    {"NX", ONLY_NEW},
    {"XX", ONLY_EXISTING},
    {"GT", ONLY_LATER},
    {"LT", ONLY_SOONER},
};

static unsigned condition_of(const struct command_call *call, size_t arg)
{
    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        if (call_word(call, arg, conditions[i].name))
            return conditions[i].condition;
    }
    return 0;
}

static void reply_unsupported(struct command_call *call, size_t arg)
{
    size_t from = call->reply->len;

    buf_printf(call->reply, "-ERR Unsupported option ");
    buf_bytes(call->reply, call->argv[arg].data, call->argv[arg].len);
    reply_one_line(call->reply, from);
}

/* The conditions from argument 3 on. False when an error was replied. */
static bool call_conditions(struct command_call *call, unsigned *all)
{
    *all = 0;
    for (size_t at = 3; at < call->argc; at++) {
        unsigned condition = condition_of(call, at);
        if (condition == 0) {
            reply_unsupported(call, at);
            return false;
        }
        *all |= condition;
    }
    if ((*all & ONLY_NEW) != 0 && *all != ONLY_NEW) {
        reply_error(call->reply, "ERR NX and XX, GT or LT options at the same "
                                 "time are not compatible");
        return false;
    }
    if ((*all & ONLY_LATER) != 0 && (*all & ONLY_SOONER) != 0) {
        reply_error(call->reply, "ERR GT and LT options at the same time are "
                                 "not compatible");
        return false;
    }
    return true;
}

/* Argument 2, in units of `scale` ms since `start_ms`, on the group's clock.
 * False when an error was replied. */
static bool call_time(struct command_call *call, int64_t scale,
                      uint64_t start_ms, int64_t *when_ms)
{
    int64_t amount;

    if (!call_integer(call, 2, &amount))
        return false;
    if (__builtin_mul_overflow(amount, scale, when_ms) ||
        __builtin_add_overflow(*when_ms, (int64_t)start_ms, when_ms)) {
        call_bad_expiry(call);
        return false;
    }
    return true;
}

/* May the expiry `now_ms` (0: none, that is later than any) become
 * `when_ms`? */
static bool allowed(unsigned all, uint64_t now_ms, int64_t when_ms)
{
    if (now_ms == 0)
        return (all & (ONLY_EXISTING | ONLY_LATER)) == 0;
    return (all & ONLY_NEW) == 0 &&
           ((all & ONLY_LATER) == 0 || when_ms > (int64_t)now_ms) &&
           ((all & ONLY_SOONER) == 0 || when_ms < (int64_t)now_ms);
}

static void expire(struct command_call *call, int64_t scale, uint64_t start_ms)
{
    unsigned all;
    int64_t when_ms;

    if (!call_conditions(call, &all) ||
        !call_time(call, scale, start_ms, &when_ms))
        return;
    struct key *key = call_key(call, 1);
    if (key == NULL || !allowed(all, key->expires_ms, when_ms)) {
        reply_integer(call->reply, 0);
        return;
    }
    if (when_ms <= (int64_t)call->clock_ms)
        keyspace_delete(call->keyspace, key);
    else
        keyspace_expire(call->keyspace, key, (uint64_t)when_ms);
    reply_integer(call->reply, 1);
}

void run_expire(struct command_call *call)
{
    expire(call, 1000, call->clock_ms);
}

void run_expireat(struct command_call *call)
{
    expire(call, 1000, 0);
}

void run_pexpire(struct command_call *call)
{
    expire(call, 1, call->clock_ms);
}

void run_pexpireat(struct command_call *call)
{
    expire(call, 1, 0);
}

void run_persist(struct command_call *call)
{
    struct key *key = call_key(call, 1);
    bool expires = key != NULL && key->expires_ms != 0;

    if (expires)
        keyspace_expire(call->keyspace, key, 0);
    reply_integer(call->reply, expires);
}

static void reply_left(struct command_call *call, uint64_t scale)
{
    const struct key *key = call_key(call, 1);

    if (key == NULL) {
        reply_integer(call->reply, -2);
    } else if (key->expires_ms == 0) {
        reply_integer(call->reply, -1);
    } else {
        uint64_t left_ms = key->expires_ms - call->clock_ms;
        reply_integer(call->reply, (int64_t)((left_ms + scale / 2) / scale));
    }
}

void run_pttl(struct command_call *call)
{
    reply_left(call, 1);
}

void run_ttl(struct command_call *call)
{
    reply_left(call, 1000);
}
