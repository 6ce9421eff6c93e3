#include "agents/replica_param.h"

#include <ctype.h>
#include <string.h>

#include "lib/endpoint.h"

enum { NAME_BYTES = 64 };

static bool is_name(const char *text, const char *others, size_t limit)
{
    size_t len = strlen(text);

    if (len == 0 || len > limit || !isalnum((unsigned char)text[0]))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text[i]) && strchr(others, text[i]) == NULL)
            return false;
    }
    return true;
}

static bool is_group(const char *text)
{
    return is_name(text, "-_.", NAME_BYTES);
}

static bool is_unix_group(const char *text)
{
    return is_name(text, "-_.", 32) ||
           (*text == '_' && is_unix_group(text + 1));
}

static bool is_dir(const char *text)
{
    size_t len = strlen(text);

    if (text[0] != '/' || len < 2 || len >= REPLICA_DIR_BYTES)
        return false;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    }
    return strstr(text, "/../") == NULL &&
           (len < 3 || strcmp(text + len - 3, "/..") != 0);
}

static bool is_endpoint(const char *text)
{
    struct endpoint endpoint;

    return endpoint_parse(text, &endpoint);
}

static bool is_node_list(const char *text)
{
    char copy[REPLICA_NODES_BYTES], *rest = copy;
    const char *node;

    if (strlen(text) >= sizeof copy)
        return false;
    memcpy(copy, text, strlen(text) + 1);
    while ((node = strsep(&rest, " ,")) != NULL) {
        if (*node != '\0' && !is_name(node, "-_.:", 255))
            return false;
    }
    return true;
}

static const char *const modes[] = {"warm", "hot", NULL};
static const char *const failbacks[] = {"never", "delayed", "always", NULL};
static const char *const read_kinds[] = {"linearizable", "local", NULL};
static const char *const fencings[] = {"required", "none", NULL};

const struct ocf_param replica_params[REPLICA_PARAMS] = {
    [REPLICA_GROUP] =
        {.name = "replica_group",
         .type = OCF_TYPE_STRING,
         .flags = OCF_REQUIRED | OCF_UNIQUE,
         .accepts = is_group,
         .allowed = "1 to 64 letters, digits, '-', '_', '.'; first a letter "
                    "or digit",
         .shortdesc = "Name of the replica group",
         .longdesc =
             "The group whose replica this is. The same name on every node "
             "makes one group. Clients find it as the socket "
             "/run/hotwarm/NAME.sock."},
    [REPLICA_MODE] =
        {.name = "mode",
         .type = OCF_TYPE_SELECT,
         .fallback = "warm",
         .choices = modes,
         .shortdesc = "Who takes writes",
         .longdesc = "warm: one promoted replica takes writes. hot: every "
                     "promoted replica does (set promoted-max on the clone). "
                     "Fixed when the group is created; a replica with another "
                     "mode is refused."},
    [REPLICA_EXPECTED_VOTERS] =
        {.name = "expected_voters",
         .type = OCF_TYPE_INTEGER,
         .min = 1,
         .max = REPLICA_VOTERS_MAX,
         .shortdesc = "Replicas that vote",
         .longdesc =
             "How many replicas count for a majority. The group is created "
             "once so many are there, which must be more than half of "
             "clone-max. Default: clone-max if that is 1 or 2, else the "
             "largest odd number up to it."},
    [REPLICA_PREFERRED_NODES] =
        {.name = "preferred_nodes",
         .type = OCF_TYPE_STRING,
         .flags = OCF_RELOADABLE,
         .accepts = is_node_list,
         .allowed = "node names, separated by spaces or commas",
         .shortdesc = "Nodes to promote, best first",
         .longdesc = "Among replicas that hold the same data, the one on the "
                     "node named first is promoted."},
    [REPLICA_FAILBACK] =
        {.name = "failback",
         .type = OCF_TYPE_SELECT,
         .flags = OCF_RELOADABLE,
         .fallback = "never",
         .choices = failbacks,
         .shortdesc = "Whether a preferred node takes over again",
         .longdesc = "When a preferred node returns while another one is "
                     "promoted. never: nothing changes. delayed: it takes "
                     "over once it has been caught up for failback_delay. "
                     "always: it takes over once it has caught up."},
    [REPLICA_FAILBACK_DELAY] =
        {.name = "failback_delay",
         .type = OCF_TYPE_TIME,
         .flags = OCF_RELOADABLE,
         .fallback = "5min",
         .min = 0,
         .max = INT64_C(30) * 24 * 3600 * 1000,
         .shortdesc = "How long a preferred node must be stable",
         .longdesc = "With failback=delayed: for so long a replica must have "
                     "been caught up before it takes over."},
    [REPLICA_MAXLAG] =
        {.name = "maxlag",
         .type = OCF_TYPE_INTEGER,
         .flags = OCF_RELOADABLE,
         .fallback = "0",
         .min = 0,
         .max = INT32_MAX,
         .shortdesc = "Entries that a standby may lag behind",
         .longdesc =
             "A standby that is more log entries than this behind the "
             "committed ones is not offered for promotion. 0: no limit; "
             "a promotion waits for it to catch up in any case."},
    [REPLICA_READS] = {.name = "reads",
                       .type = OCF_TYPE_SELECT,
                       .fallback = "linearizable",
                       .choices = read_kinds,
                       .shortdesc = "How fresh reads are",
                       .longdesc =
                           "linearizable: a read sees every write that was "
                           "acknowledged before it. local: a read is answered "
                           "at once and may be stale."},
    [REPLICA_FENCING] =
        {.name = "fencing",
         .type = OCF_TYPE_SELECT,
         .fallback = "required",
         .choices = fencings,
         .shortdesc = "What a group of two does when it lost one",
         .longdesc = "With two voters. required: the survivor goes on once "
                     "the other node was confirmed fenced. none: it stays "
                     "frozen until the other returns."},
    [REPLICA_SOCKET_GROUP] = {.name = "socket_group",
                              .type = OCF_TYPE_STRING,
                              .fallback = "hotwarm",
                              .accepts = is_unix_group,
                              .allowed = "the name of a Unix group",
                              .shortdesc = "Unix group that may connect",
                              .longdesc =
                                  "Members of this Unix group may connect to "
                                  "the data socket."},
    [REPLICA_LISTEN] =
        {.name = "listen",
         .type = OCF_TYPE_STRING,
         .accepts = is_endpoint,
         .allowed = ENDPOINT_ALLOWED,
         .shortdesc = "Address and port for clients by TCP",
         .longdesc = "Clients may come by TCP too, to this address of the node "
                     "(0.0.0.0 or [::]: to any), with the password of "
                     "passwd_file. What they send is not encrypted. Default: "
                     "only by the Unix socket."},
    [REPLICA_PASSWD_FILE] =
        {.name = "passwd_file",
         .type = OCF_TYPE_STRING,
         .accepts = is_dir,
         .allowed = "an absolute path without \"..\", to 255 bytes",
         .shortdesc = "File with the password of clients by TCP",
         .longdesc = "With listen. Its first line is the password. On every "
                     "node; not to be read by everybody. Read at start."},
    [REPLICA_STATE_DIR] =
        {.name = "state_dir",
         .type = OCF_TYPE_STRING,
         .flags = OCF_UNIQUE,
         .accepts = is_dir,
         .allowed = "an absolute path without \"..\", to 255 bytes",
         .shortdesc = "Directory of the replica's data",
         .longdesc = "On a local file system, for this replica alone. "
                     "Default: /var/lib/hotwarm/ and the group's name."},
    [REPLICA_MAX_MEMORY] =
        {.name = "max_memory",
         .type = OCF_TYPE_SIZE,
         .fallback = "1G",
         .min = 0,
         .max = INT64_C(1) << 50,
         .shortdesc = "Memory for data",
         .longdesc = "Writes that would need more are refused with -OOM, "
                     "as Redis does. 0: no limit. Bytes, or with K, M, G."},
    [REPLICA_TRANSFER_RATE] =
        {.name = "transfer_rate",
         .type = OCF_TYPE_SIZE,
         .fallback = "32M",
         .min = 0,
         .max = INT64_C(1) << 50,
         .shortdesc = "Bytes per second of a state transfer",
         .longdesc = "How fast a replica that was away may be sent the state, "
                     "so that others' writes are not held up. 0: no limit."},
    [REPLICA_WRITE_TIMEOUT] =
        {.name = "write_timeout",
         .type = OCF_TYPE_TIME,
         .fallback = "10s",
         .min = 100,
         .max = 3600000,
         .shortdesc = "When a client is told that a write's outcome is unknown",
         .longdesc =
             "A write that is neither committed nor refused after this time "
             "is answered with an error that says that its outcome is not "
             "known."},
    [REPLICA_HANG_TIMEOUT] =
        {.name = "hang_timeout",
         .type = OCF_TYPE_TIME,
         .fallback = "10s",
         .min = 2000,
         .max = 3600000,
         .shortdesc = "When a daemon that does nothing is given up",
         .longdesc = "A daemon that gave no sign of life for this time is "
                     "killed and reported to Pacemaker as failed."},
};
