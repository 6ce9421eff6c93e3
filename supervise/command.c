#include "supervise/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "supervise/process.h"
#include "supervise/timer.h"

enum { MISSING_CODE = 127, REAP_MS = 100 };

struct command {
    qb_loop_t *loop;
    struct process process;
    int pipe; /* what it prints; -1 once closed */
    struct buf kept;
    bool late;
    struct timer limit;
    void (*done)(void *context, const struct command_result *result);
    void *context;
};

struct launching {
    const char *tools_dir;
    const char *const *argv;
    enum command_keep keep;
    int pipe;
};

/* ---- in the new process ---- */

static int run_tool(void *context)
{
    const struct launching *launching = context;
    char path[8192];
    int null = open("/dev/null", O_RDWR);

    snprintf(path, sizeof(path), "%s%s/usr/sbin:/usr/bin:/sbin:/bin",
             launching->tools_dir != NULL ? launching->tools_dir : "",
             launching->tools_dir != NULL ? ":" : "");
    bool output = launching->keep == COMMAND_KEEP_OUTPUT;
    if (null < 0 || dup2(null, 0) < 0 ||
        dup2(output ? launching->pipe : null, 1) < 0 ||
        dup2(output ? null : launching->pipe, 2) < 0 ||
        syscall(SYS_close_range, 3, ~0U, 0) < 0)
        return 126;
    setenv("PATH", path, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    execvp(launching->argv[0], (char *const *)(uintptr_t)launching->argv);
    return errno == ENOENT ? MISSING_CODE : 126;
}

/* ---- in this one ---- */

static void close_pipe(struct command *command)
{
    if (command->pipe < 0)
        return;
    qb_loop_poll_del(command->loop, command->pipe);
    close(command->pipe);
    command->pipe = -1;
}

static void command_free(struct command *command)
{
    timer_stop(&command->limit);
    close_pipe(command);
    process_release(&command->process);
    buf_free(&command->kept);
    free(command);
}

static void read_pipe(struct command *command)
{
    char bytes[4096];

    while (command->pipe >= 0) {
        ssize_t got = read(command->pipe, bytes, sizeof(bytes));
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0)
            close_pipe(command);
        else if (command->kept.len + (size_t)got < COMMAND_OUTPUT_MAX)
            buf_bytes(&command->kept, bytes, (size_t)got);
    }
}

static int32_t command_on_output(int32_t fd, int32_t revents, void *data)
{
    (void)fd;
    (void)revents;
    read_pipe(data);
    return 0;
}

static void command_on_limit(void *context)
{
    struct command *command = context;

    command->late = true;
    process_signal(&command->process, SIGKILL);
}

static int32_t command_on_end(int32_t fd, int32_t revents, void *data)
{
    struct command *command = data;
    struct command_result result = {.status = COMMAND_KILLED};
    struct process_end end = {.signalled = true};

    (void)revents;
    if (process_reap(&command->process, &end) == EAGAIN)
        return 0;
    qb_loop_poll_del(command->loop, fd);
    read_pipe(command);
    buf_u8(&command->kept, 0);
    result.code = end.code;
    result.text = (const char *)command->kept.data;
    if (command->late)
        result.status = COMMAND_LATE;
    else if (!end.signalled)
        result.status =
            end.code == MISSING_CODE ? COMMAND_MISSING : COMMAND_EXITED;
    if (command->done != NULL)
        command->done(command->context, &result);
    command_free(command);
    return 0;
}

static int watch(struct command *command)
{
    int32_t status =
        qb_loop_poll_add(command->loop, QB_LOOP_MED, command->process.fd,
                         POLLIN, command, command_on_end);

    if (status == 0)
        status = qb_loop_poll_add(command->loop, QB_LOOP_MED, command->pipe,
                                  POLLIN, command, command_on_output);
    return status < 0 ? -status : 0;
}

int command_start(qb_loop_t *loop, const char *tools_dir,
                  const char *const *argv, enum command_keep keep,
                  uint64_t limit_ms,
                  void (*done)(void *context,
                               const struct command_result *result),
                  void *context, struct command **out)
{
    struct launching launching = {tools_dir, argv, keep, -1};
    int ends[2];
    int rc;

    *out = NULL;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return errno;
    struct command *command = mem_calloc(1, sizeof(*command));
    *command = (struct command){
        .loop = loop, .pipe = ends[0], .done = done, .context = context};
    command->process.fd = -1;
    command->limit = (struct timer){
        .loop = loop, .fire = command_on_limit, .context = command};
    launching.pipe = ends[1];
    rc = fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ? errno : 0;
    if (rc == 0)
        rc = process_start(&command->process, run_tool, &launching);
    close(ends[1]);
    if (rc == 0)
        rc = watch(command);
    if (rc != 0) {
        command_free(command); /* a child ends with us, or by itself */
        return rc;
    }
    timer_arm(&command->limit, limit_ms);
    *out = command;
    return 0;
}

void command_cancel(struct command *command)
{
    struct process_end end;

    if (command == NULL)
        return;
    command->done = NULL;
    process_signal(&command->process, SIGKILL);
    /* A killed process ends within this, unless the kernel holds it; then it
     * is freed when it does. */
    struct pollfd poll_fd = {.fd = command->process.fd, .events = POLLIN};
    poll(&poll_fd, 1, REAP_MS);
    if (process_reap(&command->process, &end) == EAGAIN)
        return;
    qb_loop_poll_del(command->loop, command->process.fd);
    command_free(command);
}
