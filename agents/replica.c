/* ocf:hotwarm:replica: a group's replica on this node, a promotable clone. The
 * resource is the process: start begins it, stop ends it. */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "agents/agents.h"
#include "agents/instance.h"
#include "agents/launch.h"
#include "agents/paths.h"
#include "agents/replica_param.h"
#include "build-config.h"
#include "lib/result.h"

enum {
    PAUSE_MS = 20,
    GONE_MS = 500,   /* for so long a daemon that was ready may be missed */
    WHY_MS = 500,    /* kept back to ask why a promotion did not happen */
    SCORE_MS = 3000, /* for Pacemaker to take a score */
    ARGUMENTS = 16,  /* of hotwarm-supervise, with room */
    ARGUMENT_BYTES = 320
};

/* --- what is meant --- */

static const char *group_of(const struct ocf *ocf)
{
    return ocf_text(ocf, REPLICA_GROUP);
}

/* "" when it cannot be told. */
static void state_dir_of(const struct ocf *ocf, char dir[REPLICA_DIR_BYTES])
{
    dir[0] = '\0';
    if (!ocf_good(ocf, REPLICA_STATE_DIR))
        return;
    if (ocf_given(ocf, REPLICA_STATE_DIR))
        snprintf(dir, REPLICA_DIR_BYTES, "%s",
                 ocf_text(ocf, REPLICA_STATE_DIR));
    else
        snprintf(dir, REPLICA_DIR_BYTES, "%s/%s", paths_state_dir(),
                 group_of(ocf));
}

/* False when the group is not named: then nothing of it can run. */
static bool find_instance(const struct ocf *ocf, struct instance *instance)
{
    char dir[REPLICA_DIR_BYTES];

    if (!ocf_good(ocf, REPLICA_GROUP))
        return false;
    state_dir_of(ocf, dir);
    instance_init(instance, paths_run_dir(), group_of(ocf),
                  *dir != '\0' ? dir : NULL);
    return true;
}

/* For what ends it: what was started, whatever the parameters are now. Of a
 * resource that is no longer configured, Pacemaker 2.1.5 gives demote none of
 * them, nor stop, once its controller on this node has been restarted. */
static bool find_started(const struct ocf *ocf, struct instance *instance)
{
    return instance_recall(instance, paths_run_dir(), ocf_instance(ocf)) ||
           find_instance(ocf, instance);
}

/* The largest odd number up to the number of instances, but 2 of 2. */
static int64_t expected_voters(const struct ocf *ocf)
{
    int64_t instances;

    if (ocf_given(ocf, REPLICA_EXPECTED_VOTERS))
        return ocf_number(ocf, REPLICA_EXPECTED_VOTERS);
    instances = ocf_meta("clone_max", 1);
    if (instances > REPLICA_VOTERS_MAX)
        instances = REPLICA_VOTERS_MAX;
    if (instances < 1)
        instances = 1;
    return instances % 2 == 0 && instances > 2 ? instances - 1 : instances;
}

static bool is_set(const struct ctl_status *status, const char *key)
{
    const char *value = ctl_status_get(status, key);

    return value != NULL && strcmp(value, "1") == 0;
}

static const char *text_of(const struct ctl_status *status, const char *key)
{
    const char *value = ctl_status_get(status, key);

    return value != NULL ? value : "";
}

/* Whether it has a fault that stays until somebody mends it. The failed action
 * that Pacemaker then lists stays too, so nothing that passes belongs here. */
static bool is_degraded(const struct ctl_status *status)
{
    const char *why = text_of(status, "why");

    return strcmp(text_of(status, "role"), "quarantined") == 0 ||
           strcasestr(why, "disk full") != NULL ||
           strcasestr(why, "disk is full") != NULL;
}

/* --- monitor --- */

/* Promoted is whose gate is open, not whose promotion ("promoted") still stands in
 * the log: a demotion closes the gate at once, its entry may come much later. Nor
 * is it who takes writes now ("writable"): who waits for quorum stays promoted. */
static int running(const struct ocf *ocf, const struct ctl_status *status)
{
    bool promoted = is_set(status, "open");

    if (is_degraded(status)) {
        ocf_reason(ocf, "%s: %s", text_of(status, "role"),
                   text_of(status, "why"));
        return promoted ? OCF_DEGRADED_PROMOTED : OCF_DEGRADED;
    }
    return promoted ? OCF_RUNNING_PROMOTED : OCF_SUCCESS;
}

/* As monitor gives it. */
static int look(const struct ocf *ocf, uint64_t deadline_ms)
{
    char why[INSTANCE_WHY_MAX];
    struct instance instance;
    struct ctl_status status;
    int code;

    if (!find_instance(ocf, &instance))
        return OCF_NOT_RUNNING;
    switch (instance_look(&instance, deadline_ms, &status, why)) {
    case INSTANCE_RUNNING:
        code = running(ocf, &status);
        ctl_status_free(&status);
        return code;
    case INSTANCE_STOPPED:
        return OCF_NOT_RUNNING;
    case INSTANCE_SILENT:
    case INSTANCE_BROKEN:
        break;
    }
    ocf_reason(ocf, "%s", why);
    return OCF_ERR_GENERIC;
}

/* Only a group without a name is refused: a typo elsewhere must not end a
 * replica that serves. A score counts only where Pacemaker knows the instance,
 * and a probe is when it learns of it. */
static int replica_monitor(struct ocf *ocf)
{
    struct instance instance;
    int code;

    if (!ocf_good(ocf, REPLICA_GROUP) && !ocf_is_probe(ocf))
        return ocf_refuse(ocf, REPLICA_GROUP);
    code = look(ocf, ocf_deadline_ms(ocf));
    if (ocf_is_probe(ocf) && code != OCF_NOT_RUNNING &&
        find_instance(ocf, &instance))
        instance_refresh(&instance);
    return code;
}

/* --- start --- */

struct arguments {
    char text[ARGUMENTS][ARGUMENT_BYTES];
    char *argv[ARGUMENTS + 1];
    size_t count;
};

__attribute__((format(printf, 2, 3))) static void argument(
    struct arguments *arguments, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(arguments->text[arguments->count], ARGUMENT_BYTES, format, args);
    va_end(args);
    arguments->argv[arguments->count] = arguments->text[arguments->count];
    arguments->argv[++arguments->count] = NULL;
}

/* Times in milliseconds, sizes in bytes. */
static void fill_arguments(const struct ocf *ocf, struct arguments *arguments)
{
    char dir[REPLICA_DIR_BYTES];

    state_dir_of(ocf, dir);
    arguments->count = 0;
    argument(arguments, "%s", paths_supervise());
    argument(arguments, "--group=%s", group_of(ocf));
    argument(arguments, "--mode=%s", ocf_text(ocf, REPLICA_MODE));
    argument(arguments, "--expected-voters=%" PRId64, expected_voters(ocf));
    argument(arguments, "--instances=%" PRId64, ocf_meta("clone_max", 0));
    argument(arguments, "--state-dir=%s", dir);
    argument(arguments, "--socket-group=%s",
             ocf_text(ocf, REPLICA_SOCKET_GROUP));
    argument(arguments, "--write-timeout=%" PRId64,
             ocf_number(ocf, REPLICA_WRITE_TIMEOUT));
    argument(arguments, "--hang-timeout=%" PRId64,
             ocf_number(ocf, REPLICA_HANG_TIMEOUT));
    argument(arguments, "--max-memory=%" PRId64,
             ocf_number(ocf, REPLICA_MAX_MEMORY));
    argument(arguments, "--transfer-rate=%" PRId64,
             ocf_number(ocf, REPLICA_TRANSFER_RATE));
    argument(arguments, "--reads=%s", ocf_text(ocf, REPLICA_READS));
    argument(arguments, "--fencing=%s", ocf_text(ocf, REPLICA_FENCING));
    argument(arguments, "--resource=%.255s", ocf_instance(ocf));
}

/* How early this node stands in preferred_nodes: the first has as much as there
 * are nodes, one that is not named has 0. */
static unsigned preference(const struct ocf *ocf)
{
    const char *self = getenv("OCF_RESKEY_CRM_meta_on_node");
    char copy[REPLICA_NODES_BYTES], *rest = copy;
    unsigned place = 0, named = 0;
    const char *node;

    snprintf(copy, sizeof copy, "%s", ocf_text(ocf, REPLICA_PREFERRED_NODES));
    while ((node = strsep(&rest, " ,")) != NULL) {
        if (*node == '\0')
            continue;
        named++;
        if (place == 0 && self != NULL && strcmp(node, self) == 0)
            place = named;
    }
    return place == 0 ? 0 : named - place + 1;
}

/* What may change while the daemon runs. */
static int tune(const struct ocf *ocf, const struct instance *instance)
{
    char verb[INSTANCE_VERB_MAX], why[INSTANCE_WHY_MAX];

    snprintf(verb, sizeof verb,
             "TUNE preference %u failback %s failback_delay %" PRId64
             " maxlag %" PRId64 " promoted_max %" PRId64,
             preference(ocf), ocf_text(ocf, REPLICA_FAILBACK),
             ocf_number(ocf, REPLICA_FAILBACK_DELAY),
             ocf_number(ocf, REPLICA_MAXLAG), ocf_meta("promoted_max", 1));
    if (instance_tell(instance, verb, ocf_deadline_ms(ocf), why) ==
        INSTANCE_RUNNING)
        return OCF_SUCCESS;
    ocf_reason(ocf, "%s", why);
    return OCF_ERR_GENERIC;
}

/* The launched program ends when the daemon is ready, or has failed. */
static int await_launch(const struct ocf *ocf, struct launch *launch)
{
    uint64_t deadline = ocf_deadline_ms(ocf), now = ocf_now_ms();

    launch_poll(launch, now < deadline ? (int)(deadline - now) : 0);
    if (launch->ended && launch->status == 0)
        return OCF_SUCCESS;
    if (launch->len > 0)
        ocf_reason(ocf, "%s", launch->line);
    else if (launch->ended)
        ocf_reason(ocf, "hotwarm-supervise ended with status %d",
                   launch->status);
    else
        ocf_reason(ocf, "hotwarmd is not ready after %" PRIu64 " ms",
                   ocf_now_ms() - now);
    return OCF_ERR_GENERIC;
}

/* Until STATUS answers, whoever else is there or not. */
static int await_answer(const struct ocf *ocf, const struct instance *instance)
{
    uint64_t gone_ms = ocf_now_ms() + GONE_MS;
    char why[INSTANCE_WHY_MAX];
    struct ctl_status status;

    for (;;) {
        switch (instance_look(instance, ocf_deadline_ms(ocf), &status, why)) {
        case INSTANCE_RUNNING:
            ctl_status_free(&status);
            return OCF_SUCCESS;
        case INSTANCE_SILENT:
        case INSTANCE_BROKEN:
            ocf_reason(ocf, "%s", why);
            return OCF_ERR_GENERIC;
        case INSTANCE_STOPPED:
            break;
        }
        if (ocf_now_ms() >= gone_ms)
            break;
        poll(NULL, 0, PAUSE_MS);
    }
    ocf_reason(ocf, "hotwarmd ended before it answered; see the log");
    return OCF_ERR_GENERIC;
}

static int replica_start(struct ocf *ocf)
{
    struct arguments arguments;
    struct instance instance;
    struct launch launch;
    int code = look(ocf, ocf_deadline_ms(ocf));

    if (code != OCF_NOT_RUNNING)
        return code == OCF_ERR_GENERIC ? code : OCF_SUCCESS;
    find_instance(ocf, &instance);
    fill_arguments(ocf, &arguments);
    code = launch_start(&launch, arguments.argv);
    if (code != 0) {
        ocf_reason(ocf, "%s: %s", arguments.argv[0], result_text(code));
        return code == ENOENT || code == EACCES ? OCF_ERR_INSTALLED
                                                : OCF_ERR_GENERIC;
    }
    code = await_launch(ocf, &launch);
    launch_end(&launch);
    if (code == OCF_SUCCESS)
        code = await_answer(ocf, &instance);
    return code == OCF_SUCCESS ? tune(ocf, &instance) : code;
}

/* --- stop, promote, demote --- */

static int replica_stop(struct ocf *ocf)
{
    char why[INSTANCE_WHY_MAX];
    struct instance instance;
    bool killed, done;

    if (!find_started(ocf, &instance))
        return OCF_SUCCESS;
    done = instance_stop(&instance, ocf_part_ms(ocf, 2, 3),
                         ocf_deadline_ms(ocf), &killed, why);
    if (killed)
        ocf_log(ocf, LOG_WARNING,
                "group %s did not end by itself and was killed", group_of(ocf));
    if (done)
        return OCF_SUCCESS;
    ocf_reason(ocf, "%s", why);
    return OCF_ERR_GENERIC;
}

/* Pacemaker's next decision must not miss the score. Whether it has it depends
 * on Pacemaker alone, so that it has not is no fault of the replica. */
static int with_score(const struct ocf *ocf, const struct instance *instance)
{
    uint64_t until = ocf_now_ms() + SCORE_MS, half = ocf_part_ms(ocf, 1, 2);

    if (!instance_await_score(instance, until < half ? until : half))
        ocf_log(ocf, LOG_WARNING, "Pacemaker may not have the promotion score");
    return OCF_SUCCESS;
}

/* Why STATUS says that it does not serve; "" when it does not say. True when
 * only a new process can. */
static bool why_not(const struct instance *instance, uint64_t deadline_ms,
                    char why[INSTANCE_WHY_MAX])
{
    struct ctl_status status;
    char unused[INSTANCE_WHY_MAX];
    const char *role;
    bool silent;

    why[0] = '\0';
    if (instance_look(instance, deadline_ms, &status, unused) !=
        INSTANCE_RUNNING)
        return false;
    role = text_of(&status, "role");
    silent = strcmp(role, "quarantined") == 0 || strcmp(role, "refused") == 0;
    snprintf(why, INSTANCE_WHY_MAX, "%s%s%s", silent ? role : "",
             silent ? ": " : "", text_of(&status, "why"));
    /* A leader does not step down for it, and has nothing else to say. */
    if (*why == '\0' && strcmp(text_of(&status, "quorate"), "0") == 0)
        snprintf(why, INSTANCE_WHY_MAX, "this node has no quorum");
    ctl_status_free(&status);
    return silent;
}

/* The daemon knows at once what cannot become promoted and says so. */
static int replica_promote(struct ocf *ocf)
{
    uint64_t deadline = ocf_deadline_ms(ocf), now = ocf_now_ms(), until;
    char why[INSTANCE_WHY_MAX], status_why[INSTANCE_WHY_MAX];
    struct instance instance;

    find_instance(ocf, &instance);
    until = deadline > now + 2 * WHY_MS ? deadline - WHY_MS
                                        : now + (deadline - now) / 2;
    switch (instance_tell(&instance, "PROMOTE", until, why)) {
    case INSTANCE_RUNNING:
        return with_score(ocf, &instance);
    case INSTANCE_STOPPED:
        ocf_reason(ocf, "not promoted: %s", why);
        return instance_locked(&instance) ? OCF_ERR_GENERIC : OCF_NOT_RUNNING;
    case INSTANCE_BROKEN:
        ocf_reason(ocf, "not promoted: %s",
                   why_not(&instance, deadline, status_why) ? status_why : why);
        return OCF_ERR_GENERIC;
    case INSTANCE_SILENT:
        break;
    }
    why_not(&instance, deadline, status_why);
    ocf_reason(ocf, "not promoted within %" PRIu64 " ms%s%s",
               ocf_now_ms() - now, *status_why != '\0' ? ": " : "", status_why);
    return OCF_ERR_GENERIC;
}

/* Needs nobody: a daemon that does not even close its gate is ended, which
 * closes it. Pacemaker's next monitor then finds it stopped. */
static int replica_demote(struct ocf *ocf)
{
    char why[INSTANCE_WHY_MAX];
    struct instance instance;
    bool killed;

    if (!find_started(ocf, &instance))
        return OCF_NOT_RUNNING;
    switch (instance_tell(&instance, "DEMOTE", ocf_part_ms(ocf, 1, 2), why)) {
    case INSTANCE_RUNNING:
        return with_score(ocf, &instance);
    case INSTANCE_STOPPED:
        if (!instance_locked(&instance))
            return OCF_NOT_RUNNING;
        break;
    case INSTANCE_SILENT:
    case INSTANCE_BROKEN:
        break;
    }
    ocf_log(ocf, LOG_WARNING, "%s: ends it instead", why);
    if (instance_stop(&instance, ocf_part_ms(ocf, 2, 3), ocf_deadline_ms(ocf),
                      &killed, why))
        return OCF_SUCCESS;
    ocf_reason(ocf, "%s", why);
    return OCF_ERR_GENERIC;
}

/* --- the rest --- */

/* Nothing leans on it; it is here because notify may be switched on. */
static int replica_notify(struct ocf *ocf)
{
    (void)ocf;
    return OCF_SUCCESS;
}

static int replica_reload_agent(struct ocf *ocf)
{
    struct instance instance;
    int code = look(ocf, ocf_deadline_ms(ocf));

    if (code == OCF_NOT_RUNNING || code == OCF_ERR_GENERIC)
        return code;
    find_instance(ocf, &instance);
    return tune(ocf, &instance);
}

/* Level 10: whether it could run here. Nothing here is a fault of the
 * configuration, so never OCF_ERR_CONFIGURED. */
static int replica_validate_all(struct ocf *ocf)
{
    char dir[REPLICA_DIR_BYTES];
    struct stat is;

    if (ocf_level(ocf) < 10)
        return OCF_SUCCESS;
    if (access(paths_supervise(), X_OK) != 0) {
        ocf_reason(ocf, "%s: %s", paths_supervise(), result_text(errno));
        return OCF_ERR_INSTALLED;
    }
    if (getgrnam(ocf_text(ocf, REPLICA_SOCKET_GROUP)) == NULL) {
        ocf_reason(ocf, "socket_group=\"%s\": there is no such group here",
                   ocf_text(ocf, REPLICA_SOCKET_GROUP));
        return OCF_ERR_INSTALLED;
    }
    state_dir_of(ocf, dir);
    if (stat(dir, &is) == 0 ? !S_ISDIR(is.st_mode) : errno != ENOENT) {
        ocf_reason(ocf, "state_dir=\"%.80s\" cannot be a directory here", dir);
        return OCF_ERR_ARGS;
    }
    return OCF_SUCCESS;
}

static const struct ocf_action actions[] = {
    {.name = "start", .run = replica_start, .strict = true, .timeout_s = 120},
    {.name = "stop", .run = replica_stop, .timeout_s = 60},
    {.name = "monitor",
     .run = replica_monitor,
     .timeout_s = 20,
     .interval_s = 10},
    {.name = "monitor", .timeout_s = 20, .interval_s = 5, .role = "Promoted"},
    {.name = "promote",
     .run = replica_promote,
     .strict = true,
     .timeout_s = 60},
    {.name = "demote", .run = replica_demote, .timeout_s = 30},
    {.name = "notify", .run = replica_notify, .timeout_s = 20},
    {.name = "reload-agent",
     .run = replica_reload_agent,
     .strict = true,
     .timeout_s = 20},
    {.name = "validate-all",
     .run = replica_validate_all,
     .strict = true,
     .timeout_s = 20,
     .depth = "0"},
    {.name = "validate-all", .timeout_s = 20, .depth = "10"},
};

const struct ocf_agent agents_replica = {
    .name = "replica",
    .version = PACKAGE_VERSION,
    .shortdesc = "Replica of a hotwarm group",
    .longdesc =
        "One node's replica of a hotwarm group: replicated data that clients "
        "reach over the Redis protocol. Use it as a promotable clone. A "
        "promoted replica takes writes; a write is acknowledged once it is "
        "durable on a majority of the group. start does not wait for other "
        "nodes; promote waits until the replica may take writes.",
    .params = replica_params,
    .param_count = REPLICA_PARAMS,
    .actions = actions,
    .action_count = sizeof actions / sizeof actions[0],
};
