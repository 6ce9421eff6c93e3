#include <stdio.h>
#include <string.h>

#include "tools/command.h"
#include "tools/confirm.h"
#include "tools/replica.h"

static void warn(const struct call *call, const struct ctl_status *status)
{
    printf(
        "The replica of group '%s' in %s\n"
        "    last entry     epoch %s, sequence %s\n"
        "    group UUID     %s\n"
        "    voters         on nodes %s\n"
        "is to give up what it holds. Its data are moved aside, not deleted, "
        "but no\nreplica will count them any more: what was acknowledged and "
        "is on no majority\nof the voters without it is lost. Where the other "
        "replicas serve, it is given the\ndata again. Do not reset replicas "
        "one after the other faster than they come back.\n\n",
        call->group, call->state_dir, replica_get(status, "last_epoch"),
        replica_get(status, "last_seq"), replica_get(status, "group_uuid"),
        replica_get(status, "voters"));
}

static int reset(const struct replica *replica)
{
    struct ctl_status status;

    if (replica_do(replica, "reset", &status) != 0)
        return COMMAND_FAILED;
    printf("reset: the old state is in %s\n"
           "Once started, the replica joins the group as a learner.\n",
           replica_get(&status, "aside"));
    ctl_status_free(&status);
    return COMMAND_GOOD;
}

int command_reset(const struct call *call)
{
    struct replica replica;
    struct ctl_status status;

    if (replica_take(&replica, call) != 0 ||
        replica_do(&replica, "status", &status) != 0)
        return COMMAND_FAILED;
    bool holds = strcmp(replica_get(&status, "holds"), "1") == 0;
    if (holds)
        warn(call, &status);
    ctl_status_free(&status);
    if (!holds) {
        printf(
            "the replica of group '%s' in %s holds no data: there is nothing "
            "to reset\n",
            call->group, call->state_dir);
        return COMMAND_GOOD;
    }
    return confirm_group(call) ? reset(&replica) : COMMAND_FAILED;
}
