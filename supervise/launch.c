#include "supervise/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/link.h"

enum { READY = 'r', FAILED = 'f' };

/* The first process: until the supervisor gave its word or ended. */
__attribute__((noreturn)) static void wait_for_word(int pipe)
{
    char word[LINK_MAX + 16];
    size_t len = 0;
    ssize_t got = 1;

    /* 3, and nothing behind it. */
    if (dup2(pipe, 3) < 0 || syscall(SYS_close_range, 4, ~0U, 0) < 0)
        got = 0;
    while (got != 0 && len < sizeof(word) - 1) {
        got = read(3, word + len, sizeof(word) - 1 - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        len += (size_t)got;
    }
    word[len] = '\0';
    if (word[0] == READY)
        _exit(0);
    fprintf(stderr, "hotwarm-supervise: %s\n",
            word[0] == FAILED ? word + 1 : "it ended without a reason");
    fflush(stderr);
    _exit(1);
}

static int leave_terminal(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        return errno;
    for (int fd = 0; fd < 3; fd++) {
        if (dup2(null, fd) < 0)
            return errno;
    }
    close(null);
    if (chdir("/") < 0)
        return errno;
    umask(0022);
    return 0;
}

int launch_detach(struct launch *launch)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return errno;
    pid_t pid = fork();
    if (pid < 0)
        return errno;
    if (pid > 0) {
        close(ends[1]);
        wait_for_word(ends[0]);
    }
    close(ends[0]);
    setsid();
    *launch = (struct launch){.pipe = ends[1]};
    return leave_terminal();
}

static void give_word(struct launch *launch, char kind, const char *text)
{
    if (launch->pipe >= 0) {
        /* Shorter than PIPE_BUF: all or nothing. */
        dprintf(launch->pipe, "%c%.*s", kind, LINK_MAX, text);
        close(launch->pipe);
    } else if (kind == FAILED) {
        fprintf(stderr, "hotwarm-supervise: %s\n", text);
    }
    launch->pipe = -1;
    launch->told = true;
}

void launch_ready(struct launch *launch)
{
    if (!launch->told)
        give_word(launch, READY, "");
}

void launch_failed(struct launch *launch, const char *reason)
{
    if (!launch->told)
        give_word(launch, FAILED, reason);
}
