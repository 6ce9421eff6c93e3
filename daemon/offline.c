#include "daemon/offline.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "daemon/core/force.h"
#include "daemon/session.h"
#include "daemon/shell/quorumio.h"
#include "daemon/shell/store.h"
#include "lib/result.h"

enum { OFFLINE_ERROR = 512, OFFLINE_PATH = 4096 };

struct offline {
    const struct options *options;
    struct store *store;
    struct core_boot boot;
    struct core *core;
    char error[OFFLINE_ERROR];
    char aside[OFFLINE_PATH]; /* "": nothing was moved */
};

static int refuse(struct offline *offline, int rc, const char *why)
{
    snprintf(offline->error, sizeof(offline->error), "%.300s: %s",
             offline->options->state_dir, why);
    return rc;
}

/* Whoever starts this has the lock; by hand, nobody has, and then it is taken. A
 * descriptor of another file guards nothing. */
static int check_lock(struct offline *offline)
{
    char path[OFFLINE_PATH];
    struct stat given, file;
    int fd = offline->options->lock_fd;

    snprintf(path, sizeof(path), "%s/lock", offline->options->state_dir);
    if (fstat(fd, &given) < 0 || lstat(path, &file) < 0)
        return refuse(offline, errno, strerror(errno));
    if (given.st_dev != file.st_dev || given.st_ino != file.st_ino)
        return refuse(offline, EINVAL, "--lock-fd is not of its lock");
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return refuse(offline, errno, "a hotwarmd runs on it");
    return 0;
}

/* Opens the replica as it is, or as one that may keep nothing of it. */
static int open_core(struct offline *offline, bool give_up)
{
    struct core_options options = {
        .node = quorumio_node(),
        .mode = offline->options->mode,
        .expected_voters = offline->options->expected_voters,
    };
    struct core_boot boot = offline->boot;
    int rc = uuid_random(&boot.fresh);

    core_close(offline->core);
    offline->core = NULL;
    if (give_up)
        boot.flushed = UINT64_MAX; /* no log reaches that far (store.h) */
    if (rc == 0)
        rc = core_open(&offline->core, &options, &boot);
    return rc == 0 ? 0 : refuse(offline, rc, result_text(rc));
}

static int open_disk(struct offline *offline)
{
    const struct options *options = offline->options;
    int rc = check_lock(offline);

    if (rc == 0)
        rc = store_open(&offline->store, options->state_dir, &offline->boot,
                        offline->error, sizeof(offline->error));
    if (rc == 0)
        rc = store_is_of(offline->store, options->group, offline->error,
                         sizeof(offline->error));
    return rc == 0 ? open_core(offline, false) : rc;
}

/* ---- reset ---- */

/* The effects with which a replica begins; *gives_up: it gives up its state. */
static void begin(struct offline *offline, struct effects *effects,
                  bool *gives_up)
{
    const struct core_event event = {.kind = CORE_CONNECTED};

    *gives_up = false;
    core_step(offline->core, &event, effects);
    for (size_t i = 0; i < effects->count; i++)
        *gives_up |= effects->list[i].kind == EFFECT_RESET;
}

static bool is_disks(const struct effect *effect)
{
    return effect->op != 0;
}

/* Until all is durable. A disk without room is not waited for: what was begun
 * goes on at the next start. */
static int carry_out(struct offline *offline, const struct effects *effects)
{
    struct pollfd stored = {.fd = store_fd(offline->store), .events = POLLIN};
    uint64_t last = 0, done = 0;
    bool full = false;
    int rc = 0;

    for (size_t i = 0; i < effects->count; i++) {
        const struct effect *effect = &effects->list[i];
        if (!is_disks(effect))
            continue;
        store_do(offline->store, effect, effects_data(effects, effect));
        last = effect->op;
    }
    store_wake(offline->store);
    while (rc == 0 && done < last && !full) {
        if (poll(&stored, 1, -1) < 0 && errno != EINTR)
            return refuse(offline, errno, strerror(errno));
        rc = store_done(offline->store, &done, &full, offline->error,
                        sizeof(offline->error));
    }
    return rc == 0 && full ? refuse(offline, ENOSPC, "the disk is full") : rc;
}

static int keep_aside(struct offline *offline)
{
    int rc = store_aside(offline->store, offline->aside, OFFLINE_PATH);

    memset(&offline->boot, 0, sizeof(offline->boot)); /* it is there no more */
    return rc == 0 ? 0 : refuse(offline, rc, strerror(rc));
}

static bool holds_entries(const struct offline *offline)
{
    struct core_status status;

    core_status(offline->core, &status);
    return status.last_seq > 0;
}

/* Nothing to move is no error: it is as it was asked for. */
static int reset(struct offline *offline)
{
    struct effects effects = {0};
    bool gives_up = false;
    int rc = open_core(offline, holds_entries(offline));

    if (rc == 0)
        begin(offline, &effects, &gives_up);
    if (rc == 0 && gives_up) {
        rc = store_start(offline->store);
        rc = rc == 0 ? carry_out(offline, &effects)
                     : refuse(offline, rc, strerror(rc));
        if (rc == 0)
            rc = keep_aside(offline);
    }
    effects_free(&effects);
    return rc;
}

/* ---- force ---- */

static int force(struct offline *offline)
{
    const char *why = force_refuses(offline->core);
    struct buf promise = {0}, snapshot = {0};
    struct uuid fresh;

    if (why != NULL) {
        snprintf(offline->error, sizeof(offline->error),
                 "the replica in %.300s cannot be forced: it %s",
                 offline->options->state_dir, why);
        return EINVAL;
    }
    int rc = uuid_random(&fresh);
    if (rc != 0)
        return refuse(offline, rc, strerror(rc));
    force_make(offline->core, &fresh, &promise, &snapshot);
    rc = store_renew(offline->store, &promise, &snapshot, offline->error,
                         sizeof(offline->error));
    buf_free(&promise);
    buf_free(&snapshot);
    return rc == 0 ? keep_aside(offline) : rc;
}

/* ---- what is there ---- */

static bool would_move(const struct offline *offline)
{
    const struct core_boot *boot = &offline->boot;

    return boot->snapshot != NULL || boot->record_count > 0 ||
           boot->flushed > 0;
}

static void tell_voters(const struct offline *offline, const char *key,
                        const struct uuid *but)
{
    struct buf nodes = {0};
    struct config config;

    core_configuration(offline->core, &config, NULL);
    config_print_nodes(&config, but, &nodes);
    printf("%s:%.*s\r\n", key, (int)nodes.len, (const char *)nodes.data);
    buf_free(&nodes);
}

static void tell(const struct offline *offline)
{
    char uuid[UUID_TEXT_SIZE], former[UUID_TEXT_SIZE], group[UUID_TEXT_SIZE];
    const char *refuses = force_refuses(offline->core);
    struct core_status status;

    core_status(offline->core, &status);
    printf("group:%s\r\nuuid:%s\r\nformer:%s\r\nlost:%d\r\n",
           offline->options->group, uuid_text(&status.uuid, uuid),
           uuid_is_none(&status.former) ? ""
                                        : uuid_text(&status.former, former),
           status.lost);
    printf("group_uuid:%s\r\nrun:%" PRIu64 "\r\npromised:%" PRIu64 "\r\n",
           uuid_is_none(&status.group) ? "" : uuid_text(&status.group, group),
           status.run, status.promised);
    printf("last_epoch:%" PRIu64 "\r\nlast_seq:%" PRIu64
           "\r\nlast_hash:%016" PRIx64 "\r\ncommit_seq:%" PRIu64 "\r\n",
           status.last_epoch, status.last_seq, status.last_hash,
           status.commit_seq);
    tell_voters(offline, "voters", NULL);
    tell_voters(offline, "others", &status.uuid);
    printf("voter:%d\r\nrefuses:%s\r\nholds:%d\r\naside:%s\r\n", status.voter,
           refuses == NULL ? "" : refuses, would_move(offline), offline->aside);
}

static int act(struct offline *offline)
{
    switch (offline->options->offline) {
    case OPTIONS_OFFLINE_FORCE:
        return force(offline);
    case OPTIONS_OFFLINE_RESET:
        return reset(offline);
    default:
        return 0;
    }
}

int offline_run(const struct options *options)
{
    struct offline offline = {.options = options};
    int rc = open_disk(&offline);

    if (rc == 0)
        rc = act(&offline);
    if (rc == 0)
        tell(&offline);
    else
        fprintf(stderr, "hotwarmd: %s\n", offline.error);
    core_close(offline.core);
    store_close(offline.store);
    if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout))) {
        perror("hotwarmd: standard output");
        rc = EIO;
    }
    return rc == 0 ? 0 : 1;
}
