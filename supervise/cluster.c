#include "supervise/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/link.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "supervise/command.h"
#include "supervise/crmmon.h"
#include "supervise/timer.h"

enum state { FOLLOWING, ASKING, FAILING, CHECKING, CLEARING, IDLE };

enum { UNKNOWN = -1 };

#define CHECK_TRIES 20
#define CHECK_PAUSE_MS 250

struct cluster {
    qb_loop_t *loop;
    const struct options *options;
    const char *node;
    enum state state;
    struct command *running;
    struct timer pause;    /* between two attempts */
    struct timer again;    /* the score's */
    struct timer deadline; /* of a report, or of clearing */
    struct timer hold;     /* of scores that move */
    struct timer why_hold; /* of the newest why */
    uint64_t retry_ms;     /* 0: the last command succeeded */
    bool complained;
    /* score; UNKNOWN when it is not known what Pacemaker has */
    int score_wanted;
    int score_known;
    int score_sent;
    bool score_due;
    bool score_doubted; /* Pacemaker is to be asked whether it has it */
    bool rewrite_due;   /* and it has not */
    /* why */
    bool why_wanted_any; /* said at least once */
    bool why_known_any;
    char why_wanted[LINK_MAX + 1];
    char why_known[LINK_MAX + 1];
    char why_sent[LINK_MAX + 1];
    /* whether it is managed; NULL: nobody asks */
    void (*managed)(void *context, const char *answer);
    void *managed_context;
    bool managed_due;
    /* report */
    char count_before[CRMMON_COUNT_SIZE];
    unsigned tries;
    /* clearing */
    bool score_cleared;
    bool why_cleared;
    /* of a report or of clearing */
    void (*done)(void *context);
    void *context;
};

/* ---- commands ---- */

static int run(struct cluster *cluster, const char *const *argv,
               enum command_keep keep,
               void (*done)(void *context, const struct command_result *result))
{
    int rc =
        command_start(cluster->loop, cluster->options->tools_dir, argv, keep,
                      CLUSTER_COMMAND_MS, done, cluster, &cluster->running);

    if (rc != 0)
        log_err("%s could not be started: %s", argv[0], strerror(rc));
    return rc;
}

static bool succeeded(const struct command_result *result)
{
    return result->status == COMMAND_EXITED && result->code == 0;
}

static void complain(const char *what, const struct command_result *result)
{
    switch (result->status) {
    case COMMAND_MISSING:
        log_err("%s: Pacemaker's tool is not installed", what);
        return;
    case COMMAND_LATE:
        log_warn("%s: Pacemaker's tool did not end and was killed", what);
        return;
    case COMMAND_KILLED:
        log_warn("%s: Pacemaker's tool ended by signal %d", what, result->code);
        return;
    case COMMAND_EXITED:
    default:
        log_warn("%s: Pacemaker's tool failed with %d: %s", what, result->code,
                 result->text);
    }
}

static int run_score(struct cluster *cluster, int score,
                     void (*done)(void *context,
                                  const struct command_result *result))
{
    char node[300], promotion[300], update[32] = "--delete";
    const char *argv[] = {"crm_attribute", node, promotion, update, NULL};

    /* The resource is named, so that nothing hangs on the environment. */
    snprintf(node, sizeof(node), "--node=%s", cluster->node);
    snprintf(promotion, sizeof(promotion), "--promotion=%s",
             cluster->options->resource);
    if (score > 0)
        snprintf(update, sizeof(update), "--update=%d", score);
    return run(cluster, argv, COMMAND_KEEP_ERRORS, done);
}

static int run_score_query(struct cluster *cluster,
                           void (*done)(void *context,
                                        const struct command_result *result))
{
    char node[300], promotion[300];
    const char *argv[] = {"crm_attribute", node,      promotion,
                          "--query",       "--quiet", NULL};

    snprintf(node, sizeof(node), "--node=%s", cluster->node);
    snprintf(promotion, sizeof(promotion), "--promotion=%s",
             cluster->options->resource);
    return run(cluster, argv, COMMAND_KEEP_OUTPUT, done);
}

static int run_rewrite(struct cluster *cluster,
                       void (*done)(void *context,
                                    const struct command_result *result))
{
    static const char *const argv[] = {"attrd_updater", "--refresh", NULL};

    return run(cluster, argv, COMMAND_KEEP_ERRORS, done);
}

static int run_why(struct cluster *cluster, const char *why,
                   void (*done)(void *context,
                                const struct command_result *result))
{
    char node[300], name[128], update[LINK_MAX + 16] = "--delete";
    const char *argv[] = {"crm_attribute",     node,   name,
                          "--lifetime=reboot", update, NULL};

    snprintf(node, sizeof(node), "--node=%s", cluster->node);
    snprintf(name, sizeof(name), "--name=hotwarm-%s-why",
             cluster->options->group);
    if (why[0] != '\0')
        snprintf(update, sizeof(update), "--update=%s", why);
    return run(cluster, argv, COMMAND_KEEP_ERRORS, done);
}

static int run_crm_mon(struct cluster *cluster,
                       void (*done)(void *context,
                                    const struct command_result *result))
{
    char node[300], resource[300];
    const char *argv[] = {
        "crm_mon", "--one-shot", "--output-as=xml",
        resource,  node,         "--include=none,resources,failcounts",
        NULL};

    snprintf(node, sizeof(node), "--node=%s", cluster->node);
    snprintf(resource, sizeof(resource), "--resource=%s",
             cluster->options->resource);
    return run(cluster, argv, COMMAND_KEEP_OUTPUT, done);
}

/* ---- following ---- */

static void follow(struct cluster *cluster);

static void retry_later(struct cluster *cluster)
{
    cluster->retry_ms *= 2;
    if (cluster->retry_ms < CLUSTER_RETRY_MIN_MS)
        cluster->retry_ms = CLUSTER_RETRY_MIN_MS;
    if (cluster->retry_ms > CLUSTER_RETRY_MAX_MS)
        cluster->retry_ms = CLUSTER_RETRY_MAX_MS;
    timer_arm(&cluster->pause, cluster->retry_ms);
}

static void followed(struct cluster *cluster, const char *what,
                     const struct command_result *result)
{
    cluster->running = NULL;
    if (succeeded(result)) {
        if (cluster->complained)
            log_info("%s: Pacemaker takes it again", what);
        cluster->complained = false;
        cluster->retry_ms = 0;
        follow(cluster);
        return;
    }
    if (!cluster->complained)
        complain(what, result);
    cluster->complained = true;
    retry_later(cluster);
}

static void on_score_followed(void *context,
                              const struct command_result *result)
{
    struct cluster *cluster = context;

    /* A failed command may have got through all the same. */
    int known = succeeded(result) ? cluster->score_sent : UNKNOWN;
    if (known != UNKNOWN && known != cluster->score_known)
        log_info("promotion score is now %d", known);
    cluster->score_known = known;
    followed(cluster, "promotion score", result);
}

static void on_score_asked(void *context, const struct command_result *result)
{
    struct cluster *cluster = context;

    /* What is not there cannot be asked for. */
    int found = succeeded(result) ? atoi(result->text) : 0;

    cluster->running = NULL;
    if (found != cluster->score_known) {
        log_warn("Pacemaker has another promotion score: having all "
                 "attributes written again");
        cluster->rewrite_due = true;
        cluster->why_known_any = false;
    }
    follow(cluster);
}

static void on_rewritten(void *context, const struct command_result *result)
{
    struct cluster *cluster = context;

    cluster->rewrite_due = !succeeded(result);
    followed(cluster, "attributes", result);
}

static void on_why_followed(void *context, const struct command_result *result)
{
    struct cluster *cluster = context;

    cluster->why_known_any = succeeded(result);
    memcpy(cluster->why_known, cluster->why_sent, sizeof(cluster->why_known));
    followed(cluster, "reason attribute", result);
}

static void answer_managed(struct cluster *cluster, const char *answer)
{
    void (*managed)(void *context, const char *answer) = cluster->managed;

    cluster->managed_due = false;
    cluster->managed = NULL;
    if (managed != NULL)
        managed(cluster->managed_context, answer);
}

static void on_managed(void *context, const struct command_result *result)
{
    struct cluster *cluster = context;
    struct crmmon seen;

    cluster->running = NULL;
    if (!succeeded(result) || crmmon_read(result->text, &seen) != 0)
        answer_managed(cluster, "unknown");
    else
        answer_managed(cluster, seen.managed ? "yes" : "no");
    follow(cluster);
}

/* The score that Pacemaker is to have now. */
static int score_now(const struct cluster *cluster)
{
    int score = cluster->score_wanted == UNKNOWN ? 0 : cluster->score_wanted;

    return cluster->hold.armed && score > 0 && cluster->score_known > 0
               ? cluster->score_known
               : score;
}

static bool why_is_due(const struct cluster *cluster)
{
    return cluster->why_wanted_any && !cluster->why_hold.armed &&
           (!cluster->why_known_any ||
            strcmp(cluster->why_wanted, cluster->why_known) != 0);
}

/* What is to be done next, if nothing is being done. */
static void follow(struct cluster *cluster)
{
    int rc = 0, score = score_now(cluster);

    if (cluster->state != FOLLOWING || cluster->running != NULL)
        return;
    if (cluster->managed_due) { /* somebody waits */
        cluster->managed_due = false;
        if (run_crm_mon(cluster, on_managed) == 0)
            return;
        answer_managed(cluster, "unknown");
    }
    if (cluster->pause.armed)
        return;
    if (score != cluster->score_known || cluster->score_due) {
        cluster->score_due = false;
        cluster->score_sent = score;
        rc = run_score(cluster, score, on_score_followed);
    } else if (cluster->score_doubted) {
        cluster->score_doubted = false;
        rc = run_score_query(cluster, on_score_asked);
    } else if (cluster->rewrite_due) {
        rc = run_rewrite(cluster, on_rewritten);
    } else if (why_is_due(cluster)) {
        memcpy(cluster->why_sent, cluster->why_wanted,
               sizeof(cluster->why_sent));
        cluster->why_known_any = false; /* until it has ended well */
        rc = run_why(cluster, cluster->why_sent, on_why_followed);
    }
    if (rc != 0)
        retry_later(cluster);
}

static void cluster_on_held(void *context)
{
    follow(context);
}

static void cluster_on_again(void *context)
{
    struct cluster *cluster = context;

    cluster->score_due = cluster->score_wanted > 0;
    cluster->score_doubted = cluster->score_wanted != UNKNOWN;
    timer_arm(&cluster->again, cluster->options->score_interval_ms);
    follow(cluster);
}

void cluster_set_score(struct cluster *cluster, int score)
{
    if (cluster->state != FOLLOWING || cluster->score_wanted == score)
        return;
    cluster->score_wanted = score;
    timer_stop(&cluster->pause); /* news do not wait for a repetition */
    follow(cluster);
}

void cluster_set_why(struct cluster *cluster, const char *text)
{
    if (cluster->state != FOLLOWING ||
        (cluster->why_wanted_any && strcmp(cluster->why_wanted, text) == 0))
        return;
    cluster->why_wanted_any = true;
    snprintf(cluster->why_wanted, sizeof(cluster->why_wanted), "%s", text);
    timer_arm(&cluster->why_hold, cluster->options->hold_ms);
}

void cluster_hold(struct cluster *cluster)
{
    if (cluster->state == FOLLOWING)
        timer_arm(&cluster->hold, cluster->options->hold_ms);
}

void cluster_ask_managed(struct cluster *cluster,
                         void (*done)(void *context, const char *answer),
                         void *context)
{
    bool asked = cluster->managed != NULL;

    cluster->managed = done;
    cluster->managed_context = context;
    if (cluster->state != FOLLOWING)
        answer_managed(cluster, "unknown");
    if (asked || cluster->managed == NULL)
        return;
    cluster->managed_due = true;
    follow(cluster);
}

void cluster_refresh(struct cluster *cluster)
{
    cluster->score_due = cluster->score_doubted = true;
    timer_stop(&cluster->pause);
    follow(cluster);
}

/* ---- leaving what was being done ---- */

static void leave(struct cluster *cluster)
{
    command_cancel(cluster->running);
    cluster->running = NULL;
    timer_stop(&cluster->pause);
    timer_stop(&cluster->again);
    timer_stop(&cluster->deadline);
    timer_stop(&cluster->hold);
    timer_stop(&cluster->why_hold);
    answer_managed(cluster, "unknown");
}

static void finish(struct cluster *cluster)
{
    leave(cluster);
    cluster->state = IDLE;
    cluster->done(cluster->context);
}

/* ---- report ---- */

static void ask(struct cluster *cluster);

static void on_checked(void *context, const struct command_result *result)
{
    struct cluster *cluster = context;
    struct crmmon seen;

    cluster->running = NULL;
    bool moved = succeeded(result) && crmmon_read(result->text, &seen) == 0 &&
                 (strcmp(seen.count, cluster->count_before) != 0 ||
                  crmmon_count_is_full(seen.count));
    if (moved) {
        log_info("Pacemaker has noted that %s failed on %s",
                 cluster->options->resource, cluster->node);
        finish(cluster);
    } else if (++cluster->tries < CHECK_TRIES) {
        timer_arm(&cluster->pause, CHECK_PAUSE_MS);
    } else {
        log_err("Pacemaker was told that %s failed on %s, but its fail count "
                "has not moved: the next monitor will have to notice",
                cluster->options->resource, cluster->node);
        finish(cluster);
    }
}

static void on_failed(void *context, const struct command_result *result)
{
    struct cluster *cluster = context;

    cluster->running = NULL;
    if (!succeeded(result)) {
        complain("report of the failure", result);
        finish(cluster);
        return;
    }
    cluster->state = CHECKING;
    cluster->tries = 0;
    if (run_crm_mon(cluster, on_checked) != 0)
        finish(cluster);
}

static void fail(struct cluster *cluster)
{
    char node[300], resource[300];
    const char *argv[] = {"crm_resource", "--fail", resource, node, NULL};

    snprintf(node, sizeof(node), "--node=%s", cluster->node);
    snprintf(resource, sizeof(resource), "--resource=%s",
             cluster->options->resource);
    cluster->state = FAILING;
    if (run(cluster, argv, COMMAND_KEEP_ERRORS, on_failed) != 0)
        finish(cluster);
}

static void on_asked(void *context, const struct command_result *result)
{
    struct cluster *cluster = context;
    struct crmmon seen;

    cluster->running = NULL;
    if (!succeeded(result)) {
        complain("report of the failure", result);
        finish(cluster);
    } else if (crmmon_read(result->text, &seen) != 0) {
        log_warn("Pacemaker does not know %s on %s: nothing is reported",
                 cluster->options->resource, cluster->node);
        finish(cluster);
    } else if (!seen.managed) {
        log_warn("Pacemaker does not manage %s now (maintenance mode?): "
                 "nothing is reported",
                 cluster->options->resource);
        finish(cluster);
    } else {
        snprintf(cluster->count_before, sizeof(cluster->count_before), "%s",
                 seen.count);
        fail(cluster);
    }
}

static void ask(struct cluster *cluster)
{
    cluster->state = ASKING;
    if (run_crm_mon(cluster, on_asked) != 0)
        finish(cluster);
}

void cluster_report(struct cluster *cluster, void (*done)(void *context),
                    void *context)
{
    leave(cluster);
    cluster->done = done;
    cluster->context = context;
    timer_arm(&cluster->deadline, CLUSTER_REPORT_MS);
    ask(cluster);
}

/* ---- clearing ---- */

static void clear_next(struct cluster *cluster);

static void on_cleared(void *context, const struct command_result *result)
{
    struct cluster *cluster = context;

    cluster->running = NULL;
    if (!succeeded(result))
        complain("removal of score and reason", result);
    clear_next(cluster);
}

static void clear_next(struct cluster *cluster)
{
    int rc = 0;

    if (!cluster->score_cleared) {
        cluster->score_cleared = true;
        rc = run_score(cluster, 0, on_cleared);
    } else if (!cluster->why_cleared) {
        cluster->why_cleared = true;
        rc = run_why(cluster, "", on_cleared);
    } else {
        finish(cluster);
    }
    if (rc != 0)
        finish(cluster);
}

void cluster_clear(struct cluster *cluster, void (*done)(void *context),
                   void *context)
{
    leave(cluster);
    cluster->state = CLEARING;
    cluster->done = done;
    cluster->context = context;
    cluster->score_cleared = false;
    cluster->why_cleared =
        !cluster->why_wanted_any ||
        (cluster->why_known_any && cluster->why_known[0] == '\0');
    timer_arm(&cluster->deadline, CLUSTER_CLEAR_MS);
    clear_next(cluster);
}

/* ---- timers, and the whole ---- */

static void cluster_on_pause(void *context)
{
    struct cluster *cluster = context;

    if (cluster->state == FOLLOWING)
        follow(cluster);
    else if (cluster->state == CHECKING &&
             run_crm_mon(cluster, on_checked) != 0)
        finish(cluster);
}

static void cluster_on_deadline(void *context)
{
    log_warn("Pacemaker's tools take too long: going on without");
    finish(context);
}

struct cluster *cluster_new(qb_loop_t *loop, const struct options *options,
                            const char *node)
{
    struct cluster *cluster = mem_calloc(1, sizeof(*cluster));

    cluster->loop = loop;
    cluster->options = options;
    cluster->node = node;
    cluster->score_wanted = cluster->score_known = UNKNOWN;
    cluster->pause = (struct timer){
        .loop = loop, .fire = cluster_on_pause, .context = cluster};
    cluster->again = (struct timer){
        .loop = loop, .fire = cluster_on_again, .context = cluster};
    cluster->deadline = (struct timer){
        .loop = loop, .fire = cluster_on_deadline, .context = cluster};
    cluster->hold = (struct timer){
        .loop = loop, .fire = cluster_on_held, .context = cluster};
    cluster->why_hold = (struct timer){
        .loop = loop, .fire = cluster_on_held, .context = cluster};
    timer_arm(&cluster->again, options->score_interval_ms);
    follow(cluster);
    return cluster;
}

void cluster_free(struct cluster *cluster)
{
    if (cluster == NULL)
        return;
    leave(cluster);
    free(cluster);
}

int cluster_score(const struct cluster *cluster)
{
    return cluster->score_wanted;
}

bool cluster_score_is_set(const struct cluster *cluster)
{
    return cluster->state == FOLLOWING && !cluster->score_due &&
           cluster->score_wanted != UNKNOWN &&
           cluster->score_known == cluster->score_wanted;
}

const char *cluster_why(const struct cluster *cluster)
{
    return cluster->why_wanted;
}
