#include "agents/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POLL_STEP_MS = 5 };

/* Descriptors above 2 that we did not open may lack close-on-exec. */
static int describe(posix_spawn_file_actions_t *actions, int errors)
{
    int rc = posix_spawn_file_actions_addopen(actions, STDIN_FILENO,
                                              "/dev/null", O_RDONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO,
                                              "/dev/null", O_WRONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(actions, errors, STDERR_FILENO);
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np(actions,
                                                      STDERR_FILENO + 1);
    return rc;
}

int launch_start(struct launch *launch, char *const *argv)
{
    posix_spawn_file_actions_t actions;
    int ends[2], rc;

    memset(launch, 0, sizeof *launch);
    launch->errors = -1;
    launch->fresh = true;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    rc = posix_spawn_file_actions_init(&actions);
    if (rc == 0) {
        rc = describe(&actions, ends[1]);
        if (rc == 0)
            rc = posix_spawn(&launch->pid, argv[0], &actions, NULL, argv,
                             environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    close(ends[1]);
    if (rc == 0)
        launch->errors = ends[0];
    else
        close(ends[0]);
    return rc;
}

static void take(struct launch *launch, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            launch->fresh = true;
            continue;
        }
        if (launch->fresh)
            launch->len = 0;
        launch->fresh = false;
        if (launch->len < LAUNCH_LINE_MAX - 1)
            launch->line[launch->len++] = bytes[i];
        launch->line[launch->len] = '\0';
    }
}

static void read_errors(struct launch *launch)
{
    char bytes[1024];
    ssize_t got;

    while (launch->errors >= 0) {
        got = read(launch->errors, bytes, sizeof bytes);
        if (got > 0) {
            take(launch, bytes, (size_t)got);
        } else if (got < 0 && errno == EINTR) {
            continue;
        } else {
            if (got == 0 || errno != EAGAIN) {
                close(launch->errors);
                launch->errors = -1;
            }
            return;
        }
    }
}

static void reap(struct launch *launch)
{
    int status;

    if (launch->ended || waitpid(launch->pid, &status, WNOHANG) != launch->pid)
        return;
    launch->ended = true;
    launch->status =
        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void launch_poll(struct launch *launch, int ms)
{
    for (;;) {
        reap(launch); /* first, so that its last words are read */
        read_errors(launch);
        if (launch->ended || ms <= 0)
            return;
        poll(NULL, 0, ms < POLL_STEP_MS ? ms : POLL_STEP_MS);
        ms -= POLL_STEP_MS;
    }
}

void launch_end(struct launch *launch)
{
    if (launch->errors >= 0)
        close(launch->errors);
    launch->errors = -1;
}
