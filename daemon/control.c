#include "daemon/control.h"

#include <inttypes.h>

#include "daemon/core/integer.h"
#include "daemon/session.h"
#include "daemon/tune.h"
#include "lib/log.h"

static const struct {
    const char *word;
    enum core_request kind;
} plain[] = {
    {"PROMOTE", CORE_PROMOTE},
    {"DEMOTE", CORE_DEMOTE},
    {"STOP", CORE_LEAVE},
};

static bool parse_tune(const struct core_arg *argv, size_t argc,
                       struct core_event *event, struct buf *reply)
{
    event->kind = CORE_TUNE;
    if (tune_parse(argv, argc, &event->u.tuning, reply) != 0)
        return false;
    buf_printf(reply, "+OK\r\n");
    return true;
}

static bool parse_remove_voter(const struct core_arg *argv, size_t argc,
                               struct core_event *event, struct buf *reply)
{
    int64_t node = 0;

    if (argc != 1 || !integer_parse(argv[0].data, argv[0].len, &node) ||
        node < 1 || node > UINT32_MAX) {
        buf_printf(reply, "-ERR HOTWARM REMOVE-VOTER takes one node id, a "
                          "number above 0\r\n");
        return false;
    }
    log_info("asked to remove the voter of node %" PRId64, node);
    event->u.client.kind = CORE_REMOVE_VOTER;
    event->u.client.node = (uint32_t)node;
    return true;
}

bool control_parse(const struct core_arg *argv, size_t argc,
                   struct core_event *event, struct buf *reply)
{
    *event = (struct core_event){.kind = CORE_CLIENT};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (session_word(argv, argc, 1, plain[i].word)) {
            event->u.client.kind = plain[i].kind;
            return true;
        }
    }
    if (session_word(argv, argc, 1, "TUNE"))
        return parse_tune(argv + 2, argc - 2, event, reply);
    if (session_word(argv, argc, 1, "REMOVE-VOTER"))
        return parse_remove_voter(argv + 2, argc - 2, event, reply);
    buf_printf(reply, "-ERR HOTWARM knows STATUS, PROMOTE, DEMOTE, TUNE, "
                      "REMOVE-VOTER and STOP\r\n");
    return false;
}
