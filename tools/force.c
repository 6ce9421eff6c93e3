#include <stdio.h>
#include <string.h>

#include "tools/command.h"
#include "tools/confirm.h"
#include "tools/replica.h"

static void warn(const struct call *call, const struct ctl_status *status)
{
    const char *others = replica_get(status, "others");
    bool voter = strcmp(replica_get(status, "voter"), "1") == 0;

    printf(
        "The replica of group '%s' in %s holds\n"
        "    last entry     epoch %s, sequence %s (known to be committed, by "
        "its disk: up to %s)\n"
        "    group UUID     %s\n"
        "    voters         on nodes %s; this replica is %s\n\n",
        call->group, call->state_dir, replica_get(status, "last_epoch"),
        replica_get(status, "last_seq"), replica_get(status, "commit_seq"),
        replica_get(status, "group_uuid"), replica_get(status, "voters"),
        voter ? "one of them" : "a learner, and may be far behind them");
    printf(
        "Forced, it goes on alone, as a new group, with all of these entries "
        "and no others.\n"
        "  * Writes that were acknowledged behind epoch %s, sequence %s are "
        "LOST: the voters\n"
        "    on nodes %s may hold such.\n"
        "  * Of all replicas that can still be read, force the one with the "
        "highest epoch,\n"
        "    among equal ones with the highest sequence: compare last_epoch "
        "and last_seq of\n"
        "    `hotwarm status %s` on each.\n"
        "  * The replicas on nodes %s must be off, now and until each is reset "
        "(`hotwarm reset\n"
        "    %s`): together they could serve clients with what is then another "
        "history.\n"
        "    One that meets this group is refused until then.\n\n",
        replica_get(status, "last_epoch"), replica_get(status, "last_seq"),
        others, call->group, others, call->group);
}

static int force(const struct call *call, const struct replica *replica)
{
    struct ctl_status status;

    if (replica_do(replica, "force", &status) != 0)
        return COMMAND_FAILED;
    printf("forced: group UUID %s, this replica its only voter, at epoch %s, "
           "sequence %s\n"
           "The old state is in %s\n"
           "Start it, and reset every other replica of '%s' before that one "
           "starts.\n",
           replica_get(&status, "group_uuid"),
           replica_get(&status, "last_epoch"), replica_get(&status, "last_seq"),
           replica_get(&status, "aside"), call->group);
    ctl_status_free(&status);
    return COMMAND_GOOD;
}

int command_force(const struct call *call)
{
    struct replica replica;
    struct ctl_status status;

    if (replica_take(&replica, call) != 0 ||
        replica_do(&replica, "status", &status) != 0)
        return COMMAND_FAILED;
    const char *refuses = replica_get(&status, "refuses");
    bool can = refuses[0] == '\0';
    if (can)
        warn(call, &status);
    else
        command_error("the replica in %s cannot be forced: it %s",
                      call->state_dir, refuses);
    ctl_status_free(&status);
    return can && confirm_group(call) ? force(call, &replica) : COMMAND_FAILED;
}
