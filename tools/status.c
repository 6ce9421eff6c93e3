#include <errno.h>
#include <stdio.h>

#include "tools/command.h"
#include "tools/online.h"
#include "tools/replica.h"

static void print_lines(const struct ctl_status *status)
{
    for (size_t i = 0; i < status->count; i++)
        printf("%s:%s\n", status->lines[i].key, status->lines[i].value);
}

static int say_answer(const struct call *call, const struct redisReply *reply)
{
    struct ctl_status status;

    if (reply->type != REDIS_REPLY_STRING ||
        ctl_status_parse(&status, reply->str, reply->len) != 0) {
        command_error("what answers for group '%s' is no hotwarmd",
                      call->group);
        return COMMAND_FAILED;
    }
    puts("running:1");
    print_lines(&status);
    ctl_status_free(&status);
    return COMMAND_GOOD;
}

static int say_disk(const struct call *call)
{
    struct replica replica;
    struct ctl_status status;

    if (replica_take(&replica, call) != 0 ||
        replica_do(&replica, "status", &status) != 0)
        return COMMAND_FAILED;
    puts("running:0");
    print_lines(&status);
    ctl_status_free(&status);
    return COMMAND_GOOD;
}

enum { STATUS_WAIT_MS = 10000 };

int command_status(const struct call *call)
{
    static const char *const words[] = {"HOTWARM", "STATUS"};
    struct redisReply *reply;

    int rc = online_ask(call, STATUS_WAIT_MS, 2, words, &reply);
    if (rc == ENOENT || rc == ECONNREFUSED)
        return say_disk(call);
    if (rc != 0)
        return COMMAND_FAILED;
    int code = say_answer(call, reply);
    freeReplyObject(reply);
    return code;
}
