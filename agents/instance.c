#include "agents/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agents/holders.h"
#include "lib/ocf.h"
#include "lib/result.h"

enum { PAUSE_MS = 20, GROUP_MAX = 128 };

void instance_init(struct instance *instance, const char *run_dir,
                   const char *group, const char *state_dir)
{
    snprintf(instance->control, sizeof instance->control, "%s/%s.ctl", run_dir,
             group);
    snprintf(instance->supervisor, sizeof instance->supervisor, "%s/%s.sup",
             run_dir, group);
    instance->lock[0] = '\0';
    if (state_dir != NULL)
        snprintf(instance->lock, sizeof instance->lock, "%s/lock", state_dir);
}

bool instance_recall(struct instance *instance, const char *run_dir,
                     const char *resource)
{
    char path[INSTANCE_PATH_MAX], text[INSTANCE_PATH_MAX], *dir;
    char group[GROUP_MAX] = "";
    ssize_t len;

    snprintf(path, sizeof path, "%s/%s.rsc", run_dir, resource);
    len = readlink(path, text, sizeof text);
    if (len <= 0 || (size_t)len == sizeof text)
        return false;
    text[len] = '\0';
    dir = strchr(text, '/');
    if (dir == NULL || (size_t)(dir - text) >= sizeof group)
        return false;
    memcpy(group, text, (size_t)(dir - text));
    instance_init(instance, run_dir, group, dir);
    return true;
}

bool instance_locked(const struct instance *instance)
{
    bool locked;
    int fd;

    if (instance->lock[0] == '\0')
        return false;
    fd = holders_open(instance->lock);
    if (fd < 0)
        return false;
    /* Shared, so that two that look do not see each other. Closing gives it
     * back. */
    locked = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return locked;
}

/* --- asking --- */

/* One question. RUNNING: *reply is to be freed. */
static enum instance_state ask(const struct instance *instance,
                               const char *verb, uint64_t deadline_ms,
                               struct redisReply **reply,
                               char why[INSTANCE_WHY_MAX])
{
    char text[INSTANCE_VERB_MAX], *rest = text;
    const char *words[INSTANCE_VERB_MAX / 2] = {"HOTWARM"};
    uint64_t began = ocf_now_ms();
    size_t count = 1;

    snprintf(text, sizeof text, "%s", verb);
    while ((words[count] = strsep(&rest, " ")) != NULL)
        count++;
    int result = ctl_ask(instance->control, deadline_ms, count, words, reply);

    switch (result) {
    case 0:
        break;
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED:
        snprintf(why, INSTANCE_WHY_MAX, "nobody listens on %s",
                 instance->control);
        return INSTANCE_STOPPED;
    case ECONNRESET:
    case EPIPE:
        snprintf(why, INSTANCE_WHY_MAX,
                 "hotwarmd closed the connection instead of answering"
                 " HOTWARM %s",
                 verb);
        return INSTANCE_STOPPED;
    case ETIMEDOUT:
        snprintf(why, INSTANCE_WHY_MAX,
                 "hotwarmd did not answer HOTWARM %s within %" PRIu64 " ms",
                 verb, ocf_now_ms() - began);
        return INSTANCE_SILENT;
    default:
        snprintf(why, INSTANCE_WHY_MAX, "HOTWARM %s on %s: %s", verb,
                 instance->control, result_text(result));
        return INSTANCE_BROKEN;
    }
    if ((*reply)->type == REDIS_REPLY_ERROR) {
        const char *error = (*reply)->str;
        snprintf(why, INSTANCE_WHY_MAX, "%s",
                 strncmp(error, "ERR ", 4) == 0 ? error + 4 : error);
        freeReplyObject(*reply);
        *reply = NULL;
        return INSTANCE_BROKEN;
    }
    return INSTANCE_RUNNING;
}

static enum instance_state ask_status(const struct instance *instance,
                                      uint64_t deadline_ms,
                                      struct ctl_status *status,
                                      char why[INSTANCE_WHY_MAX])
{
    struct redisReply *reply = NULL;
    enum instance_state state =
        ask(instance, "STATUS", deadline_ms, &reply, why);

    if (state != INSTANCE_RUNNING)
        return state;
    if (reply->type != REDIS_REPLY_STRING ||
        ctl_status_parse(status, reply->str, (size_t)reply->len) != 0) {
        snprintf(why, INSTANCE_WHY_MAX,
                 "hotwarmd's answer to HOTWARM STATUS is malformed");
        state = INSTANCE_BROKEN;
    }
    freeReplyObject(reply);
    return state;
}

enum instance_state instance_look(const struct instance *instance,
                                  uint64_t deadline_ms,
                                  struct ctl_status *status,
                                  char why[INSTANCE_WHY_MAX])
{
    uint64_t began = ocf_now_ms();

    for (;;) {
        enum instance_state state =
            ask_status(instance, deadline_ms, status, why);
        if (state != INSTANCE_STOPPED)
            return state;
        if (!instance_locked(instance))
            return INSTANCE_STOPPED;
        poll(NULL, 0, PAUSE_MS);
        if (ocf_now_ms() >= deadline_ms)
            break;
    }
    snprintf(why, INSTANCE_WHY_MAX,
             "%.100s is held, but for %" PRIu64 " ms nobody listened on %.100s",
             instance->lock, ocf_now_ms() - began, instance->control);
    return INSTANCE_SILENT;
}

enum instance_state instance_tell(const struct instance *instance,
                                  const char *verb, uint64_t deadline_ms,
                                  char why[INSTANCE_WHY_MAX])
{
    struct redisReply *reply = NULL;
    enum instance_state state = ask(instance, verb, deadline_ms, &reply, why);

    if (state != INSTANCE_RUNNING)
        return state;
    if (reply->type != REDIS_REPLY_STATUS || strcmp(reply->str, "OK") != 0) {
        snprintf(why, INSTANCE_WHY_MAX,
                 "hotwarmd's answer to HOTWARM %s is malformed", verb);
        state = INSTANCE_BROKEN;
    }
    freeReplyObject(reply);
    return state;
}

/* --- the supervisor --- */

/* False when nobody serves GROUP.sup. True: *fd is a connection on which `line`
 * was said, or -1 when somebody is there who does not take one. */
static bool say(const struct instance *instance, const char *line, int *fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int error;

    *fd = -1;
    if (strlen(instance->supervisor) >= sizeof address.sun_path)
        return false;
    memcpy(address.sun_path, instance->supervisor,
           strlen(instance->supervisor) + 1);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* A new connection's buffer takes a few bytes. */
    if (*fd >= 0 &&
        connect(*fd, (struct sockaddr *)&address, sizeof address) == 0 &&
        send(*fd, line, strlen(line), MSG_NOSIGNAL) >= 0)
        return true;
    error = errno;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    return error != ENOENT && error != ENOTDIR && error != ECONNREFUSED &&
           error != ECONNRESET && error != EPIPE;
}

void instance_refresh(const struct instance *instance)
{
    int fd;

    if (say(instance, "refresh\n", &fd) && fd >= 0)
        close(fd);
}

bool instance_ask_supervisor(const struct instance *instance, const char *line,
                             uint64_t deadline_ms, char *text, size_t size)
{
    struct pollfd poller = {.fd = -1, .events = POLLIN};
    size_t len = 0;
    ssize_t got = -1;

    if (!say(instance, line, &poller.fd) || poller.fd < 0)
        return false;
    for (;;) {
        uint64_t now = ocf_now_ms();
        if (now >= deadline_ms || len == size - 1 ||
            poll(&poller, 1, (int)(deadline_ms - now)) <= 0)
            break;
        got = recv(poller.fd, text + len, size - 1 - len, MSG_DONTWAIT);
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    close(poller.fd);
    text[len] = '\0';
    return got == 0 && len >= 3 && strcmp(text + len - 3, "ok\n") == 0;
}

bool instance_await_score(const struct instance *instance, uint64_t deadline_ms)
{
    char text[INSTANCE_WHY_MAX];

    while (instance_ask_supervisor(instance, "status\n", deadline_ms, text,
                                   sizeof text)) {
        const char *score = strstr(text, "score ");
        if (score == NULL || strtol(score + 6, NULL, 10) <= 0 ||
            strstr(text, "score_set yes\n") != NULL)
            return true;
        if (ocf_now_ms() >= deadline_ms)
            break;
        poll(NULL, 0, PAUSE_MS);
    }
    return false;
}

/* --- ending --- */

/* Waits up to `ms` for the supervisor; true when it has closed. What it says is
 * not needed: the lock and the end of the connection tell. */
static bool supervisor_gone(int fd, int ms)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    char bytes[64];
    ssize_t got;

    if (poll(&poller, 1, ms) <= 0)
        return false;
    do {
        got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    } while (got > 0);
    return got == 0 || (errno != EAGAIN && errno != EINTR);
}

/* True when nothing runs any more. *fd is the connection to the supervisor, or
 * -1; one that takes another's place is told again. */
static bool ended(const struct instance *instance, int *fd, uint64_t until_ms)
{
    for (;;) {
        /* In this order: who starts has the lock before it has the socket, and
         * who ends gives the lock back last. */
        bool there = *fd >= 0 || say(instance, "stop\n", fd);
        bool locked = instance_locked(instance);
        if (!locked && !there)
            return true;
        if (*fd < 0) {
            poll(NULL, 0, PAUSE_MS);
        } else if (supervisor_gone(*fd, PAUSE_MS)) {
            close(*fd);
            *fd = -1;
        }
        if (ocf_now_ms() >= until_ms)
            return false;
    }
}

/* SIGKILL to the process that serves `fd`; the daemon dies with it. */
static unsigned kill_server(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    int process;
    bool hit;

    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 ||
        peer.pid <= 1 || peer.pid == getpid())
        return 0;
    process = pidfd_open(peer.pid, 0);
    if (process < 0)
        return 0;
    /* Still connected, so its listener lives, so the pid was not given to
     * another program before the descriptor was opened. */
    hit = !supervisor_gone(fd, 0);
    if (hit)
        hit = pidfd_send_signal(process, SIGKILL, NULL, 0) == 0;
    close(process);
    return hit;
}

bool instance_stop(const struct instance *instance, uint64_t kill_ms,
                   uint64_t deadline_ms, bool *killed,
                   char why[INSTANCE_WHY_MAX])
{
    char names[INSTANCE_WHY_MAX / 2] = "";
    int fd = -1;
    bool done = ended(instance, &fd, kill_ms);

    *killed = false;
    while (!done) {
        /* Again and again: what is being started has not got the lock yet. */
        unsigned hits = kill_server(fd);
        if (instance->lock[0] != '\0')
            hits += holders_kill(instance->lock, names, sizeof names);
        *killed = *killed || hits > 0;
        done = ended(instance, &fd, ocf_now_ms() + PAUSE_MS);
        if (!done && ocf_now_ms() >= deadline_ms)
            break;
    }
    if (fd >= 0)
        close(fd);
    if (!done)
        snprintf(
            why, INSTANCE_WHY_MAX, "%.90s does not end, not even killed: %s",
            instance->lock[0] != '\0' ? instance->lock : instance->supervisor,
            names[0] != '\0' ? names : "its holder cannot be found");
    return done;
}
