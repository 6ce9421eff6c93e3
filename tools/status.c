#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/ocf.h"
#include "lib/result.h"
#include "tools/command.h"
#include "tools/replica.h"

enum { STATUS_PATH = 512, STATUS_WAIT_MS = 10000 };

static void print_lines(const struct ctl_status *status)
{
    for (size_t i = 0; i < status->count; i++)
        printf("%s:%s\n", status->lines[i].key, status->lines[i].value);
}

static int say_answer(const char *path, const struct redisReply *reply)
{
    struct ctl_status status;

    if (reply->type == REDIS_REPLY_ERROR) {
        command_error("%s: %.*s", path, (int)reply->len, reply->str);
        return COMMAND_FAILED;
    }
    if (reply->type != REDIS_REPLY_STRING ||
        ctl_status_parse(&status, reply->str, reply->len) != 0) {
        command_error("%s: what answers there is no hotwarmd", path);
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

int command_status(const struct call *call)
{
    static const char *const words[] = {"HOTWARM", "STATUS"};
    struct redisReply *reply = NULL;
    char path[STATUS_PATH];

    int len =
        snprintf(path, sizeof path, "%s/%s.ctl", call->run_dir, call->group);
    if (len < 0 || (size_t)len >= sizeof path) {
        command_error("--run-dir '%.100s': %s", call->run_dir,
                      strerror(ENAMETOOLONG));
        return COMMAND_FAILED;
    }
    int rc = ctl_ask(path, ocf_now_ms() + STATUS_WAIT_MS, 2, words, &reply);
    if (rc == ENOENT || rc == ECONNREFUSED)
        return say_disk(call);
    if (rc != 0) {
        command_error("%s: %s", path, result_text(rc));
        return COMMAND_FAILED;
    }
    int code = say_answer(path, reply);
    freeReplyObject(reply);
    return code;
}
