#include "supervise/fencing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/result.h"
#include "supervise/command.h"
#include "supervise/fencewatch.h"
#include "supervise/helper.h"
#include "supervise/timer.h"

struct fencing {
    qb_loop_t *loop;
    const struct options *options;
    const struct fencing_calls *calls;
    void *context;
    struct helper *watcher;  /* NULL: none */
    bool broken;             /* it has ended, or does not take what is said */
    struct command *command; /* crm_node; NULL: none runs */
    struct timer again;      /* the next attempt */
    uint64_t retry_ms;
    bool given_up; /* no library, or the daemon is gone */
    bool complained;
    uint64_t mark; /* 0: none yet */
    uint32_t node;
    char name[FENCEWATCH_NAME_MAX + 1]; /* "": not known yet */
};

static void go_on(struct fencing *fencing);

static void retry_later(struct fencing *fencing)
{
    fencing->retry_ms *= 2;
    if (fencing->retry_ms < FENCING_RETRY_MIN_MS)
        fencing->retry_ms = FENCING_RETRY_MIN_MS;
    if (fencing->retry_ms > FENCING_RETRY_MAX_MS)
        fencing->retry_ms = FENCING_RETRY_MAX_MS;
    timer_arm(&fencing->again, fencing->retry_ms);
}

/* ---- the node's name ---- */

/* A name, and a newline behind it. */
static bool take_name(struct fencing *fencing, const char *text)
{
    size_t len = strcspn(text, "\n");

    if (len == 0 || len > FENCEWATCH_NAME_MAX || strcspn(text, " \t") < len)
        return false;
    memcpy(fencing->name, text, len);
    fencing->name[len] = '\0';
    return true;
}

static void fencing_on_name(void *context, const struct command_result *result)
{
    struct fencing *fencing = context;

    fencing->command = NULL;
    if (result->status != COMMAND_EXITED || result->code != 0 ||
        !take_name(fencing, result->text)) {
        if (!fencing->complained)
            log_warn("Pacemaker does not tell the name of node %" PRIu32
                     " (crm_node): asking again",
                     fencing->node);
        fencing->complained = true;
        retry_later(fencing);
        return;
    }
    fencing->complained = false;
    go_on(fencing);
}

static int ask_name(struct fencing *fencing)
{
    char id[32];
    const char *argv[] = {"crm_node", "-N", id, NULL};

    snprintf(id, sizeof(id), "%" PRIu32, fencing->node);
    return command_start(fencing->loop, fencing->options->tools_dir, argv,
                         COMMAND_KEEP_OUTPUT, FENCING_COMMAND_MS,
                         fencing_on_name, fencing, &fencing->command);
}

/* ---- the watcher ---- */

/* "WORD N": true, and its number. */
static bool take_number(const char *line, const char *word, uint64_t most,
                        uint64_t *number)
{
    size_t len = strlen(word);
    char *end = NULL;

    if (strncmp(line, word, len) != 0 || line[len] != ' ' ||
        line[len + 1] < '0' || line[len + 1] > '9')
        return false;
    errno = 0;
    *number = strtoull(line + len + 1, &end, 10);
    return errno == 0 && *end == '\0' && *number <= most;
}

int fencing_parse(const char *line, enum fencing_word *word, uint64_t *number)
{
    *number = 0;
    if (strncmp(line, "note ", 5) == 0)
        *word = FENCING_NOTE;
    else if (take_number(line, "marked", UINT64_MAX, number))
        *word = FENCING_MARKED;
    else if (take_number(line, "fenced", UINT32_MAX, number))
        *word = FENCING_FENCED;
    else
        return RESULT_MALFORMED;
    return 0;
}

static void fencing_on_line(void *context, const char *line)
{
    struct fencing *fencing = context;
    enum fencing_word word;
    uint64_t number;

    if (fencing->given_up) {
        return; /* its last words */
    } else if (fencing_parse(line, &word, &number) != 0) {
        log_warn("the fencing watcher says '%s', which is not in the protocol",
                 line);
    } else if (word == FENCING_NOTE) {
        log_warn("fencing: %s", line + 5);
    } else if (word == FENCING_MARKED) {
        fencing->retry_ms = 0;
        fencing->calls->marked(fencing->context, number);
    } else {
        log_info("fencing of node %" PRIu64 " was confirmed", number);
        fencing->calls->fenced(fencing->context, (uint32_t)number);
    }
}

static void fencing_on_ended(void *context, const struct process_end *end)
{
    struct fencing *fencing = context;
    char text[64];

    process_end_text(end, text, sizeof(text));
    if (!end->signalled && end->code == FENCEWATCH_NO_LIBRARY) {
        log_err("fencing cannot be watched here: Pacemaker's library is "
                "missing");
        fencing->given_up = true;
        return;
    }
    log_warn("the fencing watcher has ended with %s", text);
    fencing->broken = true;
    retry_later(fencing);
}

static const struct helper_calls helper_calls = {.line = fencing_on_line,
                                                 .ended = fencing_on_ended};

static int say_mark(struct fencing *fencing)
{
    const char *path = fencing->options->fencewatch;
    char line[HELPER_LINE_MAX];
    int rc = 0;

    if (fencing->broken) {
        helper_free(fencing->watcher);
        fencing->watcher = NULL;
        fencing->broken = false;
    }
    if (fencing->watcher == NULL)
        rc = helper_start(fencing->loop, path, &helper_calls, fencing,
                          &fencing->watcher);
    if (rc != 0)
        return rc;
    snprintf(line, sizeof(line), "mark %" PRIu64 " %" PRIu32 " %s",
             fencing->mark, fencing->node, fencing->name);
    rc = helper_say(fencing->watcher, line);
    fencing->broken = rc != 0;
    return rc;
}

/* ---- the whole ---- */

/* What is to be done next, if nothing is being done. */
static void go_on(struct fencing *fencing)
{
    if (fencing->given_up || fencing->command != NULL || fencing->again.armed)
        return;
    bool named = fencing->name[0] != '\0';
    int rc = named ? say_mark(fencing) : ask_name(fencing);
    if (rc != 0) {
        log_warn("%s cannot be used: %s",
                 named ? fencing->options->fencewatch : "crm_node",
                 strerror(rc));
        retry_later(fencing);
    }
}

static void fencing_on_again(void *context)
{
    go_on(context);
}

void fencing_mark(struct fencing *fencing, uint64_t mark, uint32_t node)
{
    if (fencing->given_up)
        return;
    command_cancel(fencing->command);
    fencing->command = NULL;
    fencing->mark = mark;
    fencing->node = node;
    fencing->name[0] = '\0';
    go_on(fencing);
}

struct fencing *fencing_new(qb_loop_t *loop, const struct options *options,
                            const struct fencing_calls *calls, void *context)
{
    struct fencing *fencing = mem_calloc(1, sizeof(*fencing));

    *fencing = (struct fencing){
        .loop = loop, .options = options, .calls = calls, .context = context};
    fencing->again = (struct timer){
        .loop = loop, .fire = fencing_on_again, .context = fencing};
    return fencing;
}

void fencing_end(struct fencing *fencing)
{
    fencing->given_up = true;
    timer_stop(&fencing->again);
    command_cancel(fencing->command);
    fencing->command = NULL;
    helper_free(fencing->watcher);
    fencing->watcher = NULL;
}

void fencing_free(struct fencing *fencing)
{
    if (fencing == NULL)
        return;
    fencing_end(fencing);
    free(fencing);
}
