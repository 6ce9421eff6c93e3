#include "supervise/life.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "supervise/cluster.h"
#include "supervise/control.h"
#include "supervise/fencing.h"
#include "supervise/timer.h"

enum state { STARTING, SERVING, STOPPING, REPORTING, CLEARING, GONE };

struct life {
    qb_loop_t *loop;
    struct life_settings settings;
    enum state state;
    struct child *child;
    struct cluster *cluster;
    struct control *control;
    struct fencing *fencing;
    struct timer grace;
    uint64_t grace_ends_ms;
    bool stop_asked;
    bool cleared;
    char tuned[CONTROL_LINE_MAX]; /* "": not, or not to be relied on */
    int status;
    char reason[LINK_MAX + 1]; /* the daemon's own, from "failed" */
};

/* ---- the end ---- */

static void go_if_all_done(struct life *life)
{
    if (life->state != CLEARING || !life->cleared || child_running(life->child))
        return;
    life->state = GONE;
    sockets_remove(life->settings.sockets);
    close(*life->settings.lock_fd);
    *life->settings.lock_fd = -1;
    control_answer_stops(life->control);
    qb_loop_stop(life->loop);
}

static void life_on_cleared(void *context)
{
    struct life *life = context;

    life->cleared = true;
    go_if_all_done(life);
}

static void clear(struct life *life)
{
    life->state = CLEARING;
    cluster_clear(life->cluster, life_on_cleared, life);
}

static void life_on_reported(void *context)
{
    clear(context);
}

/* The daemon does not serve any more, and nobody asked for that. */
static void report(struct life *life)
{
    life->state = REPORTING;
    life->status = 1;
    cluster_report(life->cluster, life_on_reported, life);
}

/* ---- what happens: the daemon ---- */

static void on_ready(struct life *life)
{
    if (life->state != STARTING)
        return;
    life->state = SERVING;
    log_info("%s: the daemon (pid %d) is ready", life->settings.options->group,
             (int)child_pid(life->child));
    launch_ready(life->settings.launch);
}

static void life_on_said(void *context, const struct link_message *message)
{
    struct life *life = context;

    switch (message->kind) {
    case LINK_READY:
        on_ready(life);
        return;
    case LINK_SCORE:
        if (!life->stop_asked)
            cluster_set_score(life->cluster, message->score);
        return;
    case LINK_WHY:
        if (!life->stop_asked)
            cluster_set_why(life->cluster, message->text);
        return;
    case LINK_MARK:
        if (strcmp(life->settings.options->fencing, "required") == 0)
            fencing_mark(life->fencing, message->mark, message->node);
        return;
    case LINK_FAILED:
        log_err("%s: the daemon ends: %s", life->settings.options->group,
                message->text);
        memcpy(life->reason, message->text, sizeof(life->reason));
        return;
    case LINK_ALIVE:
    default:
        return;
    }
}

static void life_on_silent(void *context)
{
    struct life *life = context;

    if (life->state != SERVING)
        return;
    log_err("%s: the daemon (pid %d) has not been heard of for %" PRIu32
            " ms: killing it",
            life->settings.options->group, (int)child_pid(life->child),
            life->settings.options->hang_timeout_ms);
    child_kill(life->child);
    report(life);
}

static void fail_start(struct life *life, const char *end)
{
    char text[LINK_MAX + 1];

    if (life->reason[0] != '\0')
        snprintf(text, sizeof(text), "%s", life->reason);
    else
        snprintf(text, sizeof(text), "the daemon ended before it was ready: %s",
                 end);
    launch_failed(life->settings.launch, text);
    life->status = 1;
    clear(life);
}

static void life_on_ended(void *context, const struct process_end *end)
{
    struct life *life = context;
    char text[64];

    fencing_end(life->fencing);
    process_end_text(end, text, sizeof(text));
    if (life->stop_asked && !end->signalled && end->code == 0)
        log_info("%s: the daemon has ended", life->settings.options->group);
    else
        log_warn("%s: the daemon has ended with %s",
                 life->settings.options->group, text);
    switch (life->state) {
    case STARTING:
        fail_start(life, text);
        return;
    case SERVING:
        report(life);
        return;
    case STOPPING:
        timer_stop(&life->grace);
        clear(life);
        return;
    case REPORTING:
        return;
    case CLEARING:
    case GONE:
    default:
        go_if_all_done(life);
    }
}

/* ---- what happens: a stop ---- */

static void life_on_grace_over(void *context)
{
    struct life *life = context;

    log_warn("%s: the daemon (pid %d) did not stop in time: killing it",
             life->settings.options->group, (int)child_pid(life->child));
    child_kill(life->child);
}

static void shorten_grace(struct life *life, uint64_t grace_ms)
{
    uint64_t ends = timer_now_ms() + grace_ms;

    if (life->grace_ends_ms != 0 && life->grace_ends_ms <= ends)
        return;
    life->grace_ends_ms = ends;
    timer_arm(&life->grace, grace_ms);
}

static void stop(struct life *life, uint64_t grace_ms)
{
    life->stop_asked = true;
    switch (life->state) {
    case STARTING:
    case SERVING:
        log_info("%s: stopping", life->settings.options->group);
        launch_failed(life->settings.launch, "it was stopped while starting");
        life->state = STOPPING;
        /* A daemon that cannot hear it is killed in the end. */
        int rc = child_stop(life->child);
        if (rc != 0)
            log_warn("%s: the daemon cannot be asked to stop: %s",
                     life->settings.options->group, strerror(rc));
        shorten_grace(life, grace_ms);
        return;
    case STOPPING:
        shorten_grace(life, grace_ms);
        return;
    case REPORTING:
        clear(life);
        return;
    case CLEARING:
    case GONE:
    default:
        return;
    }
}

void life_stop(struct life *life)
{
    stop(life, CONTROL_GRACE_MS);
}

/* ---- what happens: fencing ---- */

static void complain(const struct life *life, const char *what, int rc)
{
    if (rc != 0)
        log_warn("%s: the daemon cannot be told of %s: %s",
                 life->settings.options->group, what, strerror(rc));
}

static void life_on_marked(void *context, uint64_t mark)
{
    struct life *life = context;

    complain(life, "a mark", child_marked(life->child, mark));
}

static void life_on_fenced(void *context, uint32_t node)
{
    struct life *life = context;

    complain(life, "a fencing", child_fenced(life->child, node));
}

/* ---- what is asked on GROUP.sup ---- */

static void life_on_stop(void *context, uint64_t grace_ms)
{
    stop(context, grace_ms);
}

static const char *yes_or_no(bool yes)
{
    return yes ? "yes" : "no";
}

static void life_on_status(void *context, struct buf *lines)
{
    const struct life *life = context;
    bool running = child_running(life->child);

    buf_printf(lines, "supervisor_pid %d\n", (int)getpid());
    buf_printf(lines, "pid %d\n", running ? (int)child_pid(life->child) : -1);
    buf_printf(lines, "ready %s\n", yes_or_no(life->state == SERVING));
    buf_printf(lines, "stopping %s\n", yes_or_no(life->stop_asked));
    buf_printf(lines, "alive_age_ms %" PRIu64 "\n",
               child_alive_age_ms(life->child));
    buf_printf(lines, "score %d\n", cluster_score(life->cluster));
    buf_printf(lines, "score_set %s\n",
               yes_or_no(cluster_score_is_set(life->cluster)));
    buf_printf(lines, "why %s\n", cluster_why(life->cluster));
}

static void life_on_refresh(void *context)
{
    struct life *life = context;

    cluster_refresh(life->cluster);
}

static void life_on_started(void *context, struct buf *lines)
{
    const struct life *life = context;
    char *const *arguments = life->settings.options->arguments;

    for (; *arguments != NULL; arguments++)
        buf_printf(lines, "%s\n", *arguments);
    if (life->tuned[0] != '\0')
        buf_printf(lines, "tuned %s\n", life->tuned);
}

static void life_on_tuned(void *context, const char *text)
{
    struct life *life = context;

    if (life->tuned[0] != '\0')
        cluster_hold(life->cluster);
    snprintf(life->tuned, sizeof(life->tuned), "%s", text);
}

static void life_on_told(void *context, const char *answer)
{
    struct life *life = context;

    control_answer_managed(life->control, answer);
}

static void life_on_managed(void *context)
{
    struct life *life = context;

    cluster_ask_managed(life->cluster, life_on_told, life);
}

/* ---- the whole ---- */

static const struct child_calls child_calls = {
    .said = life_on_said, .silent = life_on_silent, .ended = life_on_ended};

static const struct control_calls control_calls = {.stop = life_on_stop,
                                                   .status = life_on_status,
                                                   .refresh = life_on_refresh,
                                                   .started = life_on_started,
                                                   .tuned = life_on_tuned,
                                                   .managed = life_on_managed};

static const struct fencing_calls fencing_calls = {.marked = life_on_marked,
                                                   .fenced = life_on_fenced};

int life_start(qb_loop_t *loop, const struct life_settings *settings,
               struct life **out, char *error, size_t error_size)
{
    struct life *life = mem_calloc(1, sizeof(*life));

    life->loop = loop;
    life->settings = *settings;
    life->grace = (struct timer){
        .loop = loop, .fire = life_on_grace_over, .context = life};
    life->cluster = cluster_new(loop, settings->options, settings->node);
    life->fencing = fencing_new(loop, settings->options, &fencing_calls, life);
    int rc = control_open(loop, settings->sockets->fds[SOCKETS_SUPERVISOR],
                          &control_calls, life, &life->control);
    if (rc == 0)
        rc = child_start(loop, settings->child, &child_calls, life,
                         &life->child);
    if (rc != 0) {
        snprintf(error, error_size, "the daemon cannot be started: %s",
                 strerror(rc));
        life_free(life);
        life = NULL;
    } else {
        sockets_hand_over(settings->sockets);
    }
    *out = life;
    return rc;
}

int life_status(const struct life *life)
{
    return life->status;
}

void life_free(struct life *life)
{
    if (life == NULL)
        return;
    timer_stop(&life->grace);
    fencing_free(life->fencing);
    child_free(life->child);
    cluster_free(life->cluster); /* may still answer */
    control_close(life->control);
    free(life);
}
