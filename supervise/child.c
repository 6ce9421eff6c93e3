#include "supervise/child.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/privilege.h"
#include "lib/result.h"
#include "supervise/timer.h"

struct child {
    qb_loop_t *loop;
    const struct child_calls *calls;
    void *context;
    struct process process;
    int link; /* -1 once closed */
    bool running;
    bool ready;
    uint64_t alive_at_ms;
    /* silence */
    uint32_t hang_timeout_ms;
    uint64_t tick_ms;
    uint64_t ticked_at_ms;
    uint64_t silence_ms;
    bool silent_told;
    struct timer tick;
    struct timer farewell;
};

/* ---- in the new process, before exec ---- */

enum { DATA_FD = 3, CONTROL_FD, LINK_FD, LOCK_FD, TCP_FD, SECRET_FD, ALL_FDS };

enum { GIVEN_MAX = ALL_FDS - DATA_FD, ARGUMENT_SIZE = 24, ARGUMENT_COUNT = 33 };

struct launching {
    const struct child_settings *settings;
    pid_t parent;
    int link;
    char numbers[5][ARGUMENT_SIZE];
    const char *arguments[ARGUMENT_COUNT + 1];
};

static int arrange_descriptors(const struct launching *launching)
{
    const struct child_settings *settings = launching->settings;
    int given[GIVEN_MAX] = {settings->data_fd, settings->control_fd,
                            launching->link,   settings->lock_fd,
                            settings->tcp_fd,  settings->secret_fd};
    int count = settings->tcp_fd >= 0 ? GIVEN_MAX : TCP_FD - DATA_FD;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        return errno;
    for (int fd = 0; fd < DATA_FD && !settings->keep_output; fd++) {
        if (dup2(null, fd) < 0)
            return errno;
    }
    /* First out of the way, lest one lands on another. */
    for (int i = 0; i < count; i++) {
        given[i] = fcntl(given[i], F_DUPFD_CLOEXEC, ALL_FDS);
        if (given[i] < 0)
            return errno;
    }
    for (int i = 0; i < count; i++) {
        if (dup2(given[i], DATA_FD + i) < 0)
            return errno;
    }
    if (syscall(SYS_close_range, (unsigned)(DATA_FD + count), ~0U, 0) < 0)
        return errno;
    return 0;
}

static int run_daemon(void *context)
{
    static char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                        "LC_ALL=C.UTF-8", NULL};
    struct launching *launching = context;
    const char *path = launching->settings->options->daemon;
    char text[LINK_MAX];
    int link = launching->link;
    int rc = arrange_descriptors(launching);

    if (rc == 0) {
        link = LINK_FD;
        umask(0077);
        rc = privilege_drop(launching->settings->uid, launching->settings->gid);
    }
    if (rc == 0) {
        process_die_with(launching->parent);
        execve(path, (char *const *)(uintptr_t)launching->arguments,
               environment);
        rc = errno;
    }
    int len =
        snprintf(text, sizeof(text), "failed %.300s cannot be started: %s",
                 path, strerror(rc));
    (void)!send(link, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
    return 127;
}

static void make_arguments(struct launching *launching)
{
    const struct options *options = launching->settings->options;
    char(*numbers)[ARGUMENT_SIZE] = launching->numbers;
    const char *const arguments[ARGUMENT_COUNT + 1] = {"hotwarmd",
                                                       "--group",
                                                       options->group,
                                                       "--mode",
                                                       options->mode,
                                                       "--expected-voters",
                                                       numbers[0],
                                                       "--instances",
                                                       numbers[4],
                                                       "--state-dir",
                                                       options->state_dir,
                                                       "--write-timeout",
                                                       numbers[1],
                                                       "--max-memory",
                                                       numbers[2],
                                                       "--transfer-rate",
                                                       numbers[3],
                                                       "--reads",
                                                       options->reads,
                                                       "--fencing",
                                                       options->fencing,
                                                       "--data-fd",
                                                       "3",
                                                       "--control-fd",
                                                       "4",
                                                       "--link-fd",
                                                       "5",
                                                       NULL};
    static const char *const tcp[] = {"--tcp-fd", "7", "--secret-fd", "8"};

    snprintf(numbers[0], ARGUMENT_SIZE, "%u", options->expected_voters);
    snprintf(numbers[1], ARGUMENT_SIZE, "%" PRIu64, options->write_timeout_ms);
    snprintf(numbers[2], ARGUMENT_SIZE, "%" PRIu64, options->max_memory);
    snprintf(numbers[3], ARGUMENT_SIZE, "%" PRIu64, options->transfer_rate);
    snprintf(numbers[4], ARGUMENT_SIZE, "%u", options->instances);
    memcpy(launching->arguments, arguments, sizeof(arguments));
    if (launching->settings->tcp_fd < 0)
        return;
    size_t count = 0;
    while (launching->arguments[count] != NULL)
        count++;
    memcpy(launching->arguments + count, tcp, sizeof(tcp));
}

/* ---- the link ---- */

static void close_link(struct child *child)
{
    if (child->link < 0)
        return;
    qb_loop_poll_del(child->loop, child->link);
    close(child->link);
    child->link = -1;
}

static void take_message(struct child *child,
                         const struct link_message *message)
{
    if (message->kind == LINK_READY || message->kind == LINK_ALIVE) {
        child->alive_at_ms = timer_now_ms();
        child->silence_ms = 0;
    }
    if (message->kind == LINK_READY)
        child->ready = true;
    if (message->kind == LINK_FAILED)
        timer_arm(&child->farewell, CHILD_FAREWELL_MS);
    child->calls->said(child->context, message);
}

/* Everything that is there. */
static void read_link(struct child *child)
{
    struct link_message message;
    int rc = 0;

    while (child->link >= 0 && rc != EAGAIN) {
        rc = link_receive(child->link, &message);
        if (rc == 0) {
            take_message(child, &message);
        } else if (rc == RESULT_MALFORMED) {
            log_warn("the daemon said something that is not in the protocol");
        } else if (rc != EAGAIN) {
            close_link(child);
            timer_arm(&child->farewell, CHILD_FAREWELL_MS);
        }
    }
}

static int32_t child_on_link(int32_t fd, int32_t revents, void *data)
{
    (void)fd;
    (void)revents;
    read_link(data);
    return 0;
}

/* ---- silence ---- */

static void child_on_tick(void *context)
{
    struct child *child = context;
    uint64_t now = timer_now_ms();
    uint64_t passed = now - child->ticked_at_ms;

    child->ticked_at_ms = now;
    if (child->ready)
        child->silence_ms +=
            passed < 2 * child->tick_ms ? passed : 2 * child->tick_ms;
    read_link(child);
    timer_arm(&child->tick, child->tick_ms);
    if (child->silence_ms >= child->hang_timeout_ms && !child->silent_told) {
        child->silent_told = true;
        child->calls->silent(child->context);
    }
}

static void child_on_farewell(void *context)
{
    struct child *child = context;

    log_warn("the daemon (pid %d) took its leave but did not end: killing it",
             (int)child->process.pid);
    child_kill(child);
}

/* ---- the process ---- */

static int32_t child_on_end(int32_t fd, int32_t revents, void *data)
{
    struct child *child = data;
    struct process_end end;

    (void)revents;
    int rc = process_reap(&child->process, &end);
    if (rc == EAGAIN)
        return 0;
    if (rc != 0) {
        log_err("the daemon's end could not be taken: %s", strerror(rc));
        end = (struct process_end){.signalled = true, .code = SIGKILL};
    }
    qb_loop_poll_del(child->loop, fd);
    child->running = false;
    read_link(child); /* its last words */
    close_link(child);
    timer_stop(&child->tick);
    timer_stop(&child->farewell);
    child->calls->ended(child->context, &end);
    return 0;
}

static int watch(struct child *child)
{
    int32_t status =
        qb_loop_poll_add(child->loop, QB_LOOP_HIGH, child->process.fd, POLLIN,
                         child, child_on_end);

    if (status == 0)
        status = qb_loop_poll_add(child->loop, QB_LOOP_HIGH, child->link,
                                  POLLIN, child, child_on_link);
    if (status < 0)
        return -status;
    /* The first look is the loop's: no callback before child_start returns. */
    timer_arm(&child->tick, child->tick_ms);
    return 0;
}

int child_start(qb_loop_t *loop, const struct child_settings *settings,
                const struct child_calls *calls, void *context,
                struct child **out)
{
    struct launching launching = {.settings = settings, .parent = getpid()};
    struct child *child = mem_calloc(1, sizeof(*child));
    int pair[2];
    int rc = 0;

    *child = (struct child){.loop = loop, .calls = calls, .context = context};
    child->process.fd = -1;
    child->link = -1;
    child->hang_timeout_ms = settings->options->hang_timeout_ms;
    child->tick_ms = child->hang_timeout_ms / 4;
    if (child->tick_ms > LINK_ALIVE_MS)
        child->tick_ms = LINK_ALIVE_MS;
    child->tick =
        (struct timer){.loop = loop, .fire = child_on_tick, .context = child};
    child->farewell = (struct timer){
        .loop = loop, .fire = child_on_farewell, .context = child};
    child->alive_at_ms = child->ticked_at_ms = timer_now_ms();
    make_arguments(&launching);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                   pair) < 0) {
        rc = errno;
        goto out;
    }
    child->link = pair[0];
    launching.link = pair[1];
    rc = process_start(&child->process, run_daemon, &launching);
    close(pair[1]);
    if (rc == 0) {
        child->running = true;
        rc = watch(child);
    }
out:
    if (rc != 0) {
        child_free(child);
        child = NULL;
    }
    *out = child;
    return rc;
}

void child_free(struct child *child)
{
    if (child == NULL)
        return;
    if (child->running) {
        qb_loop_poll_del(child->loop, child->process.fd);
        child_kill(child);
    }
    timer_stop(&child->tick);
    timer_stop(&child->farewell);
    close_link(child);
    process_release(&child->process);
    free(child);
}

int child_stop(struct child *child)
{
    return child->link < 0 ? EPIPE : link_stop(child->link);
}

int child_fenced(struct child *child, uint32_t node)
{
    return child->link < 0 ? EPIPE : link_fenced(child->link, node);
}

int child_marked(struct child *child, uint64_t mark)
{
    return child->link < 0 ? EPIPE : link_marked(child->link, mark);
}

void child_kill(struct child *child)
{
    int rc = child->running ? process_signal(&child->process, SIGKILL) : 0;

    if (rc != 0 && rc != ESRCH)
        log_err("the daemon (pid %d) cannot be killed: %s",
                (int)child->process.pid, strerror(rc));
}

bool child_running(const struct child *child)
{
    return child->running;
}

pid_t child_pid(const struct child *child)
{
    return child->process.pid;
}

uint64_t child_alive_age_ms(const struct child *child)
{
    return timer_now_ms() - child->alive_at_ms;
}
