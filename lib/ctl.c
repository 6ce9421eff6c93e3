#include "lib/ctl.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/result.h"

enum { RETRY_MS = 10, READ_BYTES = 16384 };

struct ctl {
    int fd;
    redisReader *reader;
    size_t fed; /* bytes of the reply that is being read */
};

/* Milliseconds that are left, as poll wants them. */
static int left_ms(uint64_t deadline_ms)
{
    struct timespec now;
    uint64_t ms;

    clock_gettime(CLOCK_MONOTONIC, &now);
    ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    if (ms >= deadline_ms)
        return 0;
    return deadline_ms - ms > INT_MAX ? INT_MAX : (int)(deadline_ms - ms);
}

/* Until `events` or the deadline: 0, ETIMEDOUT, errno. */
static int wait_for(int fd, short events, uint64_t deadline_ms)
{
    struct pollfd poller = {.fd = fd, .events = events};

    for (;;) {
        int left = left_ms(deadline_ms);
        int status = poll(&poller, 1, left);
        if (status > 0)
            return 0;
        if (status == 0 && left_ms(deadline_ms) == 0)
            return ETIMEDOUT;
        if (status < 0 && errno != EINTR)
            return errno;
    }
}

/* A Unix socket connects at once, or its queue is full (EAGAIN), which poll
 * does not tell the end of. */
static int connect_by(int fd, const struct sockaddr_un *address,
                      uint64_t deadline_ms)
{
    while (connect(fd, (const struct sockaddr *)address, sizeof *address) !=
           0) {
        if (errno != EAGAIN && errno != EINTR)
            return errno;
        if (left_ms(deadline_ms) == 0)
            return ETIMEDOUT;
        poll(NULL, 0, RETRY_MS);
    }
    return 0;
}

int ctl_open(struct ctl **ctl, const char *path, uint64_t deadline_ms)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, result;

    *ctl = NULL;
    if (strlen(path) >= sizeof address.sun_path)
        return ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    result = connect_by(fd, &address, deadline_ms);
    if (result != 0) {
        close(fd);
        return result;
    }
    *ctl = mem_calloc(1, sizeof **ctl);
    (*ctl)->fd = fd;
    (*ctl)->reader = redisReaderCreate();
    if ((*ctl)->reader == NULL)
        abort(); /* as mem.h */
    return 0;
}

void ctl_close(struct ctl *ctl)
{
    if (ctl == NULL)
        return;
    close(ctl->fd);
    redisReaderFree(ctl->reader);
    free(ctl);
}

static int send_by(int fd, const uint8_t *data, size_t len,
                   uint64_t deadline_ms)
{
    while (len > 0) {
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        if (sent >= 0) {
            data += sent;
            len -= (size_t)sent;
        } else if (errno == EAGAIN) {
            int result = wait_for(fd, POLLOUT, deadline_ms);
            if (result != 0)
                return result;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

/* Whether hiredis has a whole reply: 0 (it may be NULL: not yet), or
 * RESULT_MALFORMED. */
static int take_reply(struct ctl *ctl, struct redisReply **reply)
{
    void *taken = NULL;

    if (redisReaderGetReply(ctl->reader, &taken) != REDIS_OK)
        return RESULT_MALFORMED;
    *reply = taken;
    if (taken != NULL)
        ctl->fed = 0;
    return 0;
}

static int read_some(struct ctl *ctl, uint64_t deadline_ms)
{
    char bytes[READ_BYTES];
    ssize_t got = recv(ctl->fd, bytes, sizeof bytes, 0);

    if (got == 0)
        return ECONNRESET;
    if (got < 0)
        return errno == EAGAIN  ? wait_for(ctl->fd, POLLIN, deadline_ms)
               : errno == EINTR ? 0
                                : errno;
    ctl->fed += (size_t)got;
    if (ctl->fed > CTL_REPLY_MAX)
        return RESULT_TOO_LARGE;
    if (redisReaderFeed(ctl->reader, bytes, (size_t)got) != REDIS_OK)
        return RESULT_MALFORMED;
    return 0;
}

int ctl_command(struct ctl *ctl, uint64_t deadline_ms, size_t argc,
                const char *const *argv, struct redisReply **reply)
{
    struct buf command = {0};
    int result;

    *reply = NULL;
    buf_printf(&command, "*%zu\r\n", argc);
    for (size_t i = 0; i < argc; i++)
        buf_printf(&command, "$%zu\r\n%s\r\n", strlen(argv[i]), argv[i]);
    result = send_by(ctl->fd, command.data, command.len, deadline_ms);
    buf_free(&command);
    while (result == 0 && *reply == NULL) {
        result = take_reply(ctl, reply);
        if (result == 0 && *reply == NULL)
            result = read_some(ctl, deadline_ms);
        /* A peer that sends a byte at a time must not outlast it. */
        if (result == 0 && *reply == NULL && left_ms(deadline_ms) == 0)
            result = ETIMEDOUT;
    }
    return result;
}

int ctl_ask(const char *path, uint64_t deadline_ms, size_t argc,
            const char *const *argv, struct redisReply **reply)
{
    struct ctl *ctl;
    int result = ctl_open(&ctl, path, deadline_ms);

    *reply = NULL;
    if (result == 0)
        result = ctl_command(ctl, deadline_ms, argc, argv, reply);
    ctl_close(ctl);
    return result;
}

/* --- HOTWARM STATUS --- */

/* Cuts the line at `line` into key and value. The next line, NULL at the end
 * of the text; *result when it is malformed. */
static char *take_line(struct ctl_status *status, char *line, int *result)
{
    char *end = strchr(line, '\n');
    char *colon;

    if (end != NULL) {
        *end = '\0';
        if (end > line && end[-1] == '\r')
            end[-1] = '\0';
    }
    colon = strchr(line, ':');
    if (*line != '\0') {
        if (status->count == CTL_STATUS_MAX) {
            *result = RESULT_TOO_LARGE;
        } else if (colon == NULL || colon == line) {
            *result = RESULT_MALFORMED;
        } else {
            *colon = '\0';
            if (ctl_status_get(status, line) != NULL)
                *result = RESULT_MALFORMED;
            status->lines[status->count].key = line;
            status->lines[status->count].value = colon + 1;
            status->count++;
        }
    }
    return end != NULL ? end + 1 : NULL;
}

int ctl_status_parse(struct ctl_status *status, const char *text, size_t len)
{
    int result = 0;

    status->count = 0;
    status->text = NULL;
    if (memchr(text, '\0', len) != NULL)
        return RESULT_MALFORMED;
    status->text = mem_calloc(len + 1, 1);
    memcpy(status->text, text, len);
    for (char *at = status->text; at != NULL && result == 0;)
        at = take_line(status, at, &result);
    if (result == 0 && status->count == 0)
        result = RESULT_MALFORMED;
    if (result != 0)
        ctl_status_free(status);
    return result;
}

void ctl_status_free(struct ctl_status *status)
{
    free(status->text);
    status->text = NULL;
    status->count = 0;
}

const char *ctl_status_get(const struct ctl_status *status, const char *key)
{
    for (size_t i = 0; i < status->count; i++) {
        if (strcmp(status->lines[i].key, key) == 0)
            return status->lines[i].value;
    }
    return NULL;
}
