#include <errno.h>
#include <stdio.h>

#include "tools/command.h"
#include "tools/online.h"

/* The daemon answers within its write_timeout, which is an hour at most, and one
 * that hangs is ended by its supervisor. */
enum { REMOVE_WAIT_MS = 3610000 };

int command_remove_voter(const struct call *call)
{
    const char *node = call->words[0];
    const char *const words[] = {"HOTWARM", "REMOVE-VOTER", node};
    struct redisReply *reply;

    int rc = online_ask(call, REMOVE_WAIT_MS, 3, words, &reply);
    if (rc == ENOENT || rc == ECONNREFUSED)
        command_error("no replica of group '%s' runs on this node; give the "
                      "command where the one runs that leads",
                      call->group);
    if (rc != 0)
        return COMMAND_FAILED;
    printf("node %s has no voter in group '%s' any more\n", node, call->group);
    freeReplyObject(reply);
    return COMMAND_GOOD;
}
