#include "supervise/fencewatch.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

/* Pacemaker's header has code that converts as ours may not. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <crm/stonith-ng.h>
#pragma GCC diagnostic pop

/* LIBRARY_SECONDS: the library waits for a fencer that is stopped for as long as
 * it is, and stonith_dispatch of 2.1.5 turns for ever when the connection ends
 * under it. Then this process ends, by SIGALRM, and is started again. */
enum { HISTORY_SECONDS = 5, LIBRARY_SECONDS = 20 };

/* What is used of the library. The header's layouts hold for its own version of
 * the library only, so that no other is opened. */
struct library {
    stonith_t *(*new)(void);
    void (*delete)(stonith_t *fencer);
    bool (*dispatch)(stonith_t *fencer);
    void (*history_free)(stonith_history_t *history);
};

struct watch {
    struct library library;
    stonith_t *fencer; /* NULL: no connection */
    int fd;
    bool complained; /* of having no connection */
    uint64_t retry_ms;
    uint64_t due_ms; /* the next attempt; 0: none */
    /* the mark */
    uint64_t mark; /* 0: none yet */
    bool answered;
    bool told_pending;
    uint32_t node;
    char name[FENCEWATCH_NAME_MAX + 1];
    /* standard input */
    size_t len;
    char line[FENCEWATCH_LINE_MAX];
};

/* The library's callbacks get no context. */
static struct watch watch = {.fd = -1};

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- the library ---- */

/* A function's address, which C does not let one take from a void pointer. */
static bool find(void *handle, const char *name, void *function)
{
    void *address = dlsym(handle, name);

    memcpy(function, &address, sizeof(address));
    if (address == NULL)
        printf("note %s has no %s\n", STONITH_LIBRARY, name);
    return address != NULL;
}

static bool open_library(struct library *library)
{
    void *handle = dlopen(STONITH_LIBRARY, RTLD_NOW);

    if (handle == NULL) {
        printf("note Pacemaker's library cannot be opened: %.300s\n",
               dlerror());
        return false;
    }
    return find(handle, "stonith_api_new", &library->new) &&
           find(handle, "stonith_api_delete", &library->delete) &&
           find(handle, "stonith_dispatch", &library->dispatch) &&
           find(handle, "stonith_history_free", &library->history_free);
}

/* ---- the connection ---- */

static void disconnect(void)
{
    if (watch.fencer == NULL)
        return;
    watch.fencer->cmds->disconnect(watch.fencer);
    watch.library.delete(watch.fencer);
    watch.fencer = NULL;
    watch.fd = -1;
}

static bool is_the_node(const char *target)
{
    /* As Pacemaker compares names of nodes. */
    return target != NULL && strcasecmp(target, watch.name) == 0;
}

static bool switches_off(const char *action)
{
    return action != NULL &&
           (strcmp(action, "off") == 0 || strcmp(action, "reboot") == 0);
}

static void on_fenced(stonith_t *fencer, stonith_event_t *event)
{
    (void)fencer;
    if (event->result == 0 && is_the_node(event->target) &&
        switches_off(event->action))
        printf("fenced %" PRIu32 "\n", watch.node);
}

static int connect_and_register(void)
{
    stonith_t *fencer = watch.library.new();

    if (fencer == NULL)
        return -ENOMEM;
    int rc = fencer->cmds->connect(fencer, "hotwarm-fencewatch", &watch.fd);
    if (rc == 0)
        rc = fencer->cmds->register_notification(fencer, T_STONITH_NOTIFY_FENCE,
                                                 on_fenced);
    watch.fencer = fencer;
    if (rc != 0)
        disconnect();
    return rc;
}

static void retry_later(int rc)
{
    watch.retry_ms *= 2;
    if (watch.retry_ms < FENCEWATCH_RETRY_MIN_MS)
        watch.retry_ms = FENCEWATCH_RETRY_MIN_MS;
    if (watch.retry_ms > FENCEWATCH_RETRY_MAX_MS)
        watch.retry_ms = FENCEWATCH_RETRY_MAX_MS;
    watch.due_ms = now_ms() + watch.retry_ms;
    if (!watch.complained)
        printf("note Pacemaker's fencer cannot be asked (error %d): trying "
               "again\n",
               -rc);
    watch.complained = true;
}

/* Tells what has arrived. False: the connection is lost. */
static bool drain(void)
{
    struct pollfd fd = {.fd = watch.fd, .events = POLLIN};

    if (watch.fencer->state == stonith_disconnected || poll(&fd, 1, 0) < 0 ||
        (fd.revents & ~POLLIN) != 0)
        return false;
    return fd.revents == 0 || watch.library.dispatch(watch.fencer);
}

static void read_fencer(void)
{
    alarm(LIBRARY_SECONDS);
    if (!drain()) {
        disconnect();
        retry_later(-ENOTCONN);
    }
    alarm(0);
}

/* ---- marks ---- */

/* Sets *pending. 0, or the library's negative code. The whole history: the fencer
 * would take a name in other letters for another node. */
static int ask_history(bool *pending)
{
    stonith_history_t *history = NULL;
    int rc = watch.fencer->cmds->history(watch.fencer, st_opt_sync_call, NULL,
                                         &history, HISTORY_SECONDS);

    *pending = false;
    for (stonith_history_t *each = history; rc == 0 && each != NULL;
         each = each->next) {
        if (is_the_node(each->target) && each->state != st_done &&
            each->state != st_failed)
            *pending = true;
    }
    watch.library.history_free(history);
    return rc;
}

static void answer(bool pending)
{
    if (!pending) {
        watch.answered = true;
        printf("marked %" PRIu64 "\n", watch.mark);
        return;
    }
    watch.due_ms = now_ms() + FENCEWATCH_ASK_MS;
    if (!watch.told_pending)
        printf("note %s is being fenced at this moment: that does not count, "
               "and its end is waited for\n",
               watch.name);
    watch.told_pending = true;
}

/* One attempt to be where the mark wants us. (A registration that failed is not
 * told; the history is not answered then.) */
static void try(void)
{
    bool pending = false;

    watch.due_ms = 0;
    disconnect();
    int rc = connect_and_register();
    if (rc == 0)
        rc = ask_history(&pending);
    if (rc == 0 && !drain())
        rc = -ENOTCONN;
    if (rc != 0) {
        disconnect();
        retry_later(rc);
        return;
    }
    if (watch.complained)
        printf("note Pacemaker's fencer answers\n");
    watch.complained = false;
    watch.retry_ms = 0;
    if (!watch.answered)
        answer(pending);
}

static void attempt(void)
{
    alarm(LIBRARY_SECONDS);
    try();
    alarm(0);
}

/* "mark N ID NAME" */
static bool take_mark(const char *line)
{
    uint64_t mark;
    uint32_t node;
    char name[FENCEWATCH_NAME_MAX + 1];
    int end = 0;

    if (sscanf(line, "mark %" SCNu64 " %" SCNu32 " %255[^ \n]%n", &mark, &node,
               name, &end) != 3 ||
        line[end] != '\0' || mark == 0)
        return false;
    watch.mark = mark;
    watch.node = node;
    memcpy(watch.name, name, sizeof(name));
    watch.answered = false;
    watch.told_pending = false;
    watch.due_ms = now_ms();
    return true;
}

/* ---- the loop ---- */

/* False: end of file, or something that is not in the protocol. */
static bool read_lines(void)
{
    ssize_t got = read(STDIN_FILENO, watch.line + watch.len,
                       sizeof(watch.line) - watch.len);
    char *end;

    if (got <= 0)
        return got < 0 && errno == EINTR;
    watch.len += (size_t)got;
    while ((end = memchr(watch.line, '\n', watch.len)) != NULL) {
        *end = '\0';
        if (!take_mark(watch.line))
            return false;
        watch.len -= (size_t)(end + 1 - watch.line);
        memmove(watch.line, end + 1, watch.len);
    }
    return watch.len < sizeof(watch.line);
}

static int wait_ms(void)
{
    uint64_t now = now_ms();

    if (watch.due_ms == 0)
        return -1;
    return watch.due_ms <= now ? 0 : (int)(watch.due_ms - now);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!open_library(&watch.library))
        return FENCEWATCH_NO_LIBRARY;
    for (;;) {
        struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                               {.fd = watch.fd, .events = POLLIN}};
        if (poll(fds, 2, wait_ms()) < 0 && errno != EINTR)
            return FENCEWATCH_FAILED;
        if (fds[0].revents != 0 && !read_lines())
            return 0;
        if (watch.fencer != NULL && fds[1].revents != 0)
            read_fencer();
        if (watch.due_ms != 0 && watch.due_ms <= now_ms())
            attempt();
    }
}
