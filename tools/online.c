#include "tools/online.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/ocf.h"
#include "lib/result.h"

enum { ONLINE_PATH = 512 };

int online_ask(const struct call *call, uint64_t wait_ms, size_t argc,
               const char *const *words, struct redisReply **reply)
{
    char path[ONLINE_PATH];

    *reply = NULL;
    int len =
        snprintf(path, sizeof path, "%s/%s.ctl", call->run_dir, call->group);
    if (len < 0 || (size_t)len >= sizeof path) {
        command_error("--run-dir '%.100s': %s", call->run_dir,
                      strerror(ENAMETOOLONG));
        return ENAMETOOLONG;
    }
    int rc = ctl_ask(path, ocf_now_ms() + wait_ms, argc, words, reply);
    if (rc == ENOENT || rc == ECONNREFUSED)
        return rc;
    if (rc != 0) {
        command_error("%s: %s", path, result_text(rc));
        return rc;
    }
    if ((*reply)->type != REDIS_REPLY_ERROR)
        return 0;
    command_error("%.*s", (int)(*reply)->len, (*reply)->str);
    freeReplyObject(*reply);
    *reply = NULL;
    return EINVAL;
}
