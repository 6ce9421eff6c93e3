/* ocf:hotwarm:replica: a group's replica on this node, a promotable clone. The
 * resource is the process: start begins it, stop ends it. */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "agents/agents.h"
#include "agents/arguments.h"
#include "agents/instance.h"
#include "agents/launch.h"
#include "agents/paths.h"
#include "agents/replica_param.h"
#include "build-config.h"
#include "lib/result.h"

enum {
    PAUSE_MS = 20,
    GONE_MS = 500,   /* for so long a daemon that was ready may be missed */
    WHY_MS = 1000,   /* kept back to ask why a promotion did not happen */
    SCORE_MS = 3000, /* for Pacemaker to take a score */
    ASK_MS = 500     /* for the supervisor to answer */
};

/* --- what is meant --- */

/* False when the group is not named: then nothing of it can run. */
static bool find_instance(const struct ocf *ocf, struct instance *instance)
{
    char dir[REPLICA_DIR_BYTES];

    if (!ocf_good(ocf, REPLICA_GROUP))
        return false;
    arguments_state_dir(ocf, dir);
    instance_init(instance, paths_run_dir(), ocf_text(ocf, REPLICA_GROUP),
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

/* --- what is seen of it --- */

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

/* As monitor gives it. *replaced: the log ended its promotion, and nobody has
 * demoted it since. */
static int look_closely(const struct ocf *ocf, uint64_t deadline_ms,
                        bool *replaced)
{
    char why[INSTANCE_WHY_MAX];
    struct instance instance;
    struct ctl_status status;
    int code;

    *replaced = false;
    if (!find_instance(ocf, &instance))
        return OCF_NOT_RUNNING;
    switch (instance_look(&instance, deadline_ms, &status, why)) {
    case INSTANCE_RUNNING:
        code = running(ocf, &status);
        *replaced = is_set(&status, "replaced");
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

static int look(const struct ocf *ocf, uint64_t deadline_ms)
{
    bool unused;

    return look_closely(ocf, deadline_ms, &unused);
}

/* --- start --- */

/* What may change while the daemon runs. The supervisor hears it first: it then
 * keeps back for a moment how the scores move (supervise/cluster.h). */
static int tune(const struct ocf *ocf, const struct instance *instance)
{
    char verb[INSTANCE_VERB_MAX], line[INSTANCE_VERB_MAX + 16], answer[64];
    char why[INSTANCE_WHY_MAX];

    arguments_tuning(ocf, verb);
    snprintf(line, sizeof line, "tuned %s\n", verb);
    instance_ask_supervisor(instance, line, ocf_now_ms() + ASK_MS, answer,
                            sizeof answer);
    if (instance_tell(instance, verb, ocf_deadline_ms(ocf), why) ==
        INSTANCE_RUNNING)
        return OCF_SUCCESS;
    instance_ask_supervisor(instance, "tuned\n", ocf_now_ms() + ASK_MS, answer,
                            sizeof answer);
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

static int begin(const struct ocf *ocf, const struct instance *instance)
{
    struct arguments arguments;
    struct launch launch;
    int code;

    arguments_fill(ocf, &arguments);
    code = launch_start(&launch, arguments.argv);
    if (code != 0) {
        ocf_reason(ocf, "%s: %s", arguments.argv[0], result_text(code));
        return code == ENOENT || code == EACCES ? OCF_ERR_INSTALLED
                                                : OCF_ERR_GENERIC;
    }
    code = await_launch(ocf, &launch);
    launch_end(&launch);
    if (code == OCF_SUCCESS)
        code = await_answer(ocf, instance);
    return code == OCF_SUCCESS ? tune(ocf, instance) : code;
}

static int replica_start(struct ocf *ocf)
{
    struct instance instance;
    int code = look(ocf, ocf_deadline_ms(ocf));

    if (code != OCF_NOT_RUNNING)
        return code == OCF_ERR_GENERIC ? code : OCF_SUCCESS;
    find_instance(ocf, &instance);
    return begin(ocf, &instance);
}

/* --- parameters that have changed --- */

/* Pacemaker 2.1.5 looks at the parameters of an instance's last action, if that
 * was a start, a promotion or a probe. One that was demoted last, by an
 * administrator or on the way to a restart that something interrupted, it neither
 * restarts nor reloads; it only gives the new ones to its next monitor, or to
 * promote. So those see to it. */

/* How the replica was started and tuned. */
static bool ask_started(const struct instance *instance,
                        char lines[ARGUMENTS_BYTES])
{
    return instance_ask_supervisor(instance, "started\n", ocf_now_ms() + ASK_MS,
                                   lines, ARGUMENTS_BYTES);
}

static bool is_outdated(const struct ocf *ocf, const char *lines)
{
    char was[ARGUMENT_BYTES], wanted[ARGUMENT_BYTES];

    if (!arguments_differ(ocf, lines, was, wanted))
        return false;
    ocf_log(ocf, LOG_NOTICE, "runs with %s, its parameters say %s", was,
            wanted);
    return true;
}

/* Unpromoted it becomes what its parameters say. */
static int begin_anew(const struct ocf *ocf, const struct instance *instance)
{
    struct instance started;
    char why[INSTANCE_WHY_MAX];
    bool killed;

    find_started(ocf, &started);
    if (instance_stop(&started, ocf_part_ms(ocf, 1, 4), ocf_part_ms(ocf, 1, 2),
                      &killed, why))
        return begin(ocf, instance);
    ocf_reason(ocf, "%s", why);
    return OCF_ERR_GENERIC;
}

static bool is_managed(const struct ocf *ocf, const struct instance *instance)
{
    char text[ARGUMENT_BYTES];

    return instance_ask_supervisor(instance, "managed\n",
                                   ocf_part_ms(ocf, 1, 4), text, sizeof text) &&
           strncmp(text, "managed yes\n", 12) == 0;
}

/* For a monitor that has found it running. One that is promoted is not restarted:
 * where Pacemaker manages it, it does that by itself. A typo changes nothing. */
static int keep_up(const struct ocf *ocf, const struct instance *instance,
                   int code)
{
    char verb[INSTANCE_VERB_MAX], lines[ARGUMENTS_BYTES];

    for (size_t i = 0; i < REPLICA_PARAMS; i++) {
        if (!ocf_good(ocf, i))
            return code;
    }
    if (!ask_started(instance, lines))
        return code;
    if (code == OCF_SUCCESS && ocf_role(ocf) != OCF_ROLE_PROMOTED &&
        is_outdated(ocf, lines) && is_managed(ocf, instance))
        return begin_anew(ocf, instance);
    arguments_tuning(ocf, verb);
    if (!arguments_tuned(lines, verb) && tune(ocf, instance) != OCF_SUCCESS)
        return OCF_ERR_GENERIC;
    return code;
}

/* --- monitor --- */

/* Until it is demoted, what was replaced is not offered for promotion. Pacemaker
 * may find out by itself that it is unpromoted, as behind a refresh, and then sees
 * nothing to demote; that it runs this monitor says the same. If this fails, the
 * next one does it. */
static void demoted_already(const struct ocf *ocf,
                            const struct instance *instance)
{
    char why[INSTANCE_WHY_MAX];

    instance_tell(instance, "DEMOTE", ocf_part_ms(ocf, 1, 4), why);
}

/* Only a group without a name is refused: a typo elsewhere must not end a
 * replica that serves. A score counts only where Pacemaker knows the instance,
 * and a probe is when it learns of it. */
static int replica_monitor(struct ocf *ocf)
{
    struct instance instance;
    bool replaced;
    int code;

    if (!ocf_good(ocf, REPLICA_GROUP) && !ocf_is_probe(ocf))
        return ocf_refuse(ocf, REPLICA_GROUP);
    code = look_closely(ocf, ocf_deadline_ms(ocf), &replaced);
    if (code == OCF_NOT_RUNNING || !find_instance(ocf, &instance))
        return code;
    if (ocf_is_probe(ocf)) {
        instance_refresh(&instance);
        return code;
    }
    if (replaced && ocf_role(ocf) != OCF_ROLE_PROMOTED)
        demoted_already(ocf, &instance);
    if (code == OCF_SUCCESS || code == OCF_RUNNING_PROMOTED)
        code = keep_up(ocf, &instance, code);
    return code;
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
                "group %s did not end by itself and was killed",
                ocf_text(ocf, REPLICA_GROUP));
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

/* For promote, before anything else. Of two voters, one that began anew is a
 * learner first. */
static int catch_up(const struct ocf *ocf, const struct instance *instance,
                    uint64_t until)
{
    char why[INSTANCE_WHY_MAX], lines[ARGUMENTS_BYTES];
    struct ctl_status status;
    bool done = false;
    int code;

    if (!ask_started(instance, lines) || !is_outdated(ocf, lines) ||
        look(ocf, until) != OCF_SUCCESS)
        return OCF_SUCCESS;
    code = begin_anew(ocf, instance);
    while (code == OCF_SUCCESS && !done && ocf_now_ms() < until &&
           instance_look(instance, until, &status, why) == INSTANCE_RUNNING) {
        done = is_set(&status, "voter");
        ctl_status_free(&status);
        if (!done)
            poll(NULL, 0, PAUSE_MS);
    }
    return code;
}

/* The daemon knows at once what cannot become promoted and says so. */
static int replica_promote(struct ocf *ocf)
{
    uint64_t deadline = ocf_deadline_ms(ocf), now = ocf_now_ms(), until;
    char why[INSTANCE_WHY_MAX], status_why[INSTANCE_WHY_MAX];
    struct instance instance;
    int code;

    find_instance(ocf, &instance);
    until = deadline > now + 2 * WHY_MS ? deadline - WHY_MS
                                        : now + (deadline - now) / 2;
    code = catch_up(ocf, &instance, until);
    if (code != OCF_SUCCESS)
        return code;
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
 * closes it. Pacemaker's next monitor then finds it stopped, as it does where
 * nothing ran any more: its death was told, and Pacemaker would count a 7 here as
 * one more failure of it. */
static int replica_demote(struct ocf *ocf)
{
    char why[INSTANCE_WHY_MAX];
    struct instance instance;
    bool killed;

    if (!find_started(ocf, &instance))
        return OCF_SUCCESS;
    switch (instance_tell(&instance, "DEMOTE", ocf_part_ms(ocf, 1, 2), why)) {
    case INSTANCE_RUNNING:
        return with_score(ocf, &instance);
    case INSTANCE_STOPPED:
        if (!instance_locked(&instance))
            return OCF_SUCCESS;
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
    arguments_state_dir(ocf, dir);
    if (lstat(dir, &is) == 0 ? !S_ISDIR(is.st_mode) : errno != ENOENT) {
        ocf_reason(ocf, "state_dir=\"%.80s\" cannot be a directory here", dir);
        return OCF_ERR_ARGS;
    }
    return OCF_SUCCESS;
}

/* What comes by TCP is asked for a password. */
static const char *clash(const struct ocf *ocf, size_t *param)
{
    if (ocf_given(ocf, REPLICA_LISTEN) == ocf_given(ocf, REPLICA_PASSWD_FILE))
        return NULL;
    *param =
        ocf_given(ocf, REPLICA_LISTEN) ? REPLICA_LISTEN : REPLICA_PASSWD_FILE;
    return *param == REPLICA_LISTEN ? "passwd_file is not set"
                                    : "listen is not set";
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
    .clash = clash,
};
