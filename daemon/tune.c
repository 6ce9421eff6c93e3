#include "daemon/tune.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "daemon/session.h"

#define TUNE_YEAR_MS (366ull * 24 * 3600 * 1000)

enum key { PREFERENCE, FAILBACK, FAILBACK_DELAY, MAXLAG, PROMOTED_MAX, KEYS };

static const struct {
    const char *name;
    uint64_t low, high; /* 0, 0: a word */
} keys[KEYS] = {
    [PREFERENCE] = {"preference", 0, CORE_PREFERENCE_MAX},
    [FAILBACK] = {"failback", 0, 0},
    [FAILBACK_DELAY] = {"failback_delay", 0, TUNE_YEAR_MS},
    [MAXLAG] = {"maxlag", 0, INT32_MAX},
    [PROMOTED_MAX] = {"promoted_max", 1, CONFIG_MAX},
};

static const char *const failbacks[] = {
    [CORE_FAILBACK_NEVER] = "never",
    [CORE_FAILBACK_DELAYED] = "delayed",
    [CORE_FAILBACK_ALWAYS] = "always",
};

static bool take_number(const struct core_arg *arg, enum key key,
                        uint64_t *number)
{
    *number = 0;
    if (arg->len == 0 || arg->len > 15)
        return false;
    for (size_t i = 0; i < arg->len; i++) {
        if (arg->data[i] < '0' || arg->data[i] > '9')
            return false;
        *number = *number * 10 + (uint64_t)(arg->data[i] - '0');
    }
    return *number >= keys[key].low && *number <= keys[key].high;
}

static bool take_failback(const struct core_arg *arg, uint64_t *number)
{
    *number = 0;
    while (*number <= CORE_FAILBACK_ALWAYS &&
           !session_word(arg, 1, 0, failbacks[*number]))
        ++*number;
    return *number <= CORE_FAILBACK_ALWAYS;
}

/* What a client wrote, to be shown on one line. */
static void quote(struct buf *reply, const struct core_arg *arg)
{
    for (size_t i = 0; i < arg->len && i < 64; i++)
        buf_u8(reply, arg->data[i] < ' ' ? '?' : arg->data[i]);
}

static int refuse_value(enum key key, const struct core_arg *value,
                        struct buf *reply)
{
    buf_printf(reply, "-ERR %s is '", keys[key].name);
    quote(reply, value);
    if (key == FAILBACK)
        buf_printf(reply, "'; it must be never, delayed or always\r\n");
    else
        buf_printf(reply,
                   "'; it must be a number from %" PRIu64 " to %" PRIu64
                   "\r\n",
                   keys[key].low, keys[key].high);
    return EINVAL;
}

static int refuse_key(const struct core_arg *key, struct buf *reply)
{
    buf_printf(reply, "-ERR TUNE does not know '");
    quote(reply, key);
    buf_printf(reply, "'; it knows preference, failback, failback_delay, "
                      "maxlag and promoted_max\r\n");
    return EINVAL;
}

static void put(struct core_tuning *tuning, enum key key, uint64_t number)
{
    switch (key) {
    case PREFERENCE:
        tuning->preference = (unsigned)number;
        break;
    case FAILBACK:
        tuning->failback = (enum core_failback)number;
        break;
    case FAILBACK_DELAY:
        tuning->failback_delay_ns = number * 1000000;
        break;
    case MAXLAG:
        tuning->maxlag = number;
        break;
    case PROMOTED_MAX:
    case KEYS:
        tuning->promoted_max = (unsigned)number;
        break;
    }
}

int tune_parse(const struct core_arg *argv, size_t argc,
               struct core_tuning *tuning, struct buf *reply)
{
    *tuning = (struct core_tuning){.promoted_max = 1};
    for (size_t at = 0; at < argc; at += 2) {
        uint64_t number = 0;
        enum key key = PREFERENCE;
        while (key < KEYS && !session_word(argv, argc, at, keys[key].name))
            key++;
        if (key == KEYS)
            return refuse_key(&argv[at], reply);
        if (at + 1 == argc) {
            buf_printf(reply, "-ERR %s has no value\r\n", keys[key].name);
            return EINVAL;
        }
        if (key == FAILBACK ? !take_failback(&argv[at + 1], &number)
                            : !take_number(&argv[at + 1], key, &number))
            return refuse_value(key, &argv[at + 1], reply);
        put(tuning, key, number);
    }
    return 0;
}
