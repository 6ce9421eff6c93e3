#include "supervise/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/mem.h"

enum { REAP_MS = 100 };

struct helper {
    qb_loop_t *loop;
    const struct helper_calls *calls;
    void *context;
    struct process process;
    bool running;
    int link; /* -1 once closed */
    size_t len;
    char line[HELPER_LINE_MAX + 1];
};

/* ---- in the new process ---- */

struct launching {
    const char *path;
    int link;
};

static int run_helper(void *context)
{
    const struct launching *launching = context;
    int null = open("/dev/null", O_WRONLY);

    if (null < 0 || dup2(launching->link, 0) < 0 ||
        dup2(launching->link, 1) < 0 || dup2(null, 2) < 0 ||
        syscall(SYS_close_range, 3, ~0U, 0) < 0)
        return 126;
    execl(launching->path, launching->path, (char *)NULL);
    return 127;
}

/* ---- in this one ---- */

static void close_link(struct helper *helper)
{
    if (helper->link < 0)
        return;
    qb_loop_poll_del(helper->loop, helper->link);
    close(helper->link);
    helper->link = -1;
}

static void take_byte(struct helper *helper, char byte)
{
    if (byte == '\n') {
        helper->line[helper->len] = '\0';
        helper->len = 0;
        helper->calls->line(helper->context, helper->line);
    } else if (helper->len < HELPER_LINE_MAX) {
        bool printable = (unsigned char)byte >= 0x20 && byte != 0x7f;
        helper->line[helper->len++] = byte;
        if (!printable)
            helper->line[helper->len - 1] = '?';
    }
}

static void read_link(struct helper *helper)
{
    char bytes[1024];

    while (helper->link >= 0) {
        ssize_t got = recv(helper->link, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        for (ssize_t i = 0; i < got; i++)
            take_byte(helper, bytes[i]);
        if (got <= 0)
            close_link(helper);
    }
}

static int32_t helper_on_link(int32_t fd, int32_t revents, void *data)
{
    (void)fd;
    (void)revents;
    read_link(data);
    return 0;
}

static int32_t helper_on_end(int32_t fd, int32_t revents, void *data)
{
    struct helper *helper = data;
    struct process_end end = {.signalled = true, .code = SIGKILL};

    (void)revents;
    if (process_reap(&helper->process, &end) == EAGAIN)
        return 0;
    qb_loop_poll_del(helper->loop, fd);
    helper->running = false;
    read_link(helper); /* its last words */
    close_link(helper);
    helper->calls->ended(helper->context, &end);
    return 0;
}

static int watch(struct helper *helper)
{
    int32_t status =
        qb_loop_poll_add(helper->loop, QB_LOOP_MED, helper->process.fd, POLLIN,
                         helper, helper_on_end);

    if (status == 0)
        status = qb_loop_poll_add(helper->loop, QB_LOOP_MED, helper->link,
                                  POLLIN, helper, helper_on_link);
    return status < 0 ? -status : 0;
}

int helper_start(qb_loop_t *loop, const char *path,
                 const struct helper_calls *calls, void *context,
                 struct helper **out)
{
    struct launching launching = {.path = path};
    int pair[2];

    *out = NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return errno;
    struct helper *helper = mem_calloc(1, sizeof(*helper));
    *helper = (struct helper){
        .loop = loop, .calls = calls, .context = context, .link = pair[0]};
    helper->process.fd = -1;
    launching.link = pair[1];
    int rc = process_start(&helper->process, run_helper, &launching);
    close(pair[1]);
    if (rc == 0) {
        helper->running = true;
        rc = watch(helper);
    }
    if (rc != 0) {
        helper_free(helper);
        return rc;
    }
    *out = helper;
    return 0;
}

void helper_free(struct helper *helper)
{
    struct process_end end;

    if (helper == NULL)
        return;
    if (helper->running) {
        qb_loop_poll_del(helper->loop, helper->process.fd);
        process_signal(&helper->process, SIGKILL);
        /* A killed process ends within this, unless the kernel holds it. */
        struct pollfd end_fd = {.fd = helper->process.fd, .events = POLLIN};
        poll(&end_fd, 1, REAP_MS);
        process_reap(&helper->process, &end);
    }
    close_link(helper);
    process_release(&helper->process);
    free(helper);
}

int helper_say(const struct helper *helper, const char *line)
{
    char text[HELPER_LINE_MAX + 2];
    int len = snprintf(text, sizeof(text), "%s\n", line);

    if (len < 0 || (size_t)len >= sizeof(text))
        return EMSGSIZE;
    if (helper->link < 0)
        return EPIPE;
    ssize_t sent =
        send(helper->link, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0)
        return errno;
    return sent == len ? 0 : EAGAIN;
}
