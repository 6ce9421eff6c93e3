#include "tools/replica.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/privilege.h"
#include "lib/result.h"

enum { ERROR_SIZE = 512, ANSWER_MAX = 64 * 1024, LOCK_FD = 3 };

static int say_dir(int rc, const char *dir, const char *why)
{
    command_error("%s: %s", dir, why);
    return rc;
}

/* Who is to read the data: root becomes the daemon's user, to whom they must
 * belong, or a link in the directory's place could lead anywhere. */
static int find_account(struct replica *replica, int dir)
{
    const struct call *call = replica->call;
    char error[ERROR_SIZE];
    struct stat status;

    if (fstat(dir, &status) < 0)
        return say_dir(errno, call->state_dir, strerror(errno));
    replica->root = geteuid() == 0;
    if (!replica->root)
        return status.st_uid == geteuid()
                   ? 0
                   : say_dir(EPERM, call->state_dir, "only root may do this");
    int rc = places_account(call->user, &replica->account, error, sizeof error);
    if (rc != 0)
        command_error("%s", error);
    else if (status.st_uid != replica->account.uid)
        rc = say_dir(EPERM, call->state_dir,
                     "it belongs to another user than --user's");
    return rc;
}

/* The pid that whoever has the lock wrote into it; for people (places.h). */
static void say_runs(const struct replica *replica, int dir)
{
    const struct call *call = replica->call;
    char pid[16] = "";
    int fd =
        openat(dir, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd >= 0) {
        ssize_t got = read(fd, pid, sizeof pid - 1);
        pid[got > 0 ? strspn(pid, "0123456789") : 0] = '\0';
        close(fd);
    }
    command_error(
        "the replica of group '%s' runs here, and has the lock of %s%s"
        "%s; first disable the resource, so that it is stopped "
        "and stays so",
        call->group, call->state_dir, pid[0] != '\0' ? ": process " : "", pid);
}

int replica_take(struct replica *replica, const struct call *call)
{
    char error[ERROR_SIZE];

    *replica = (struct replica){.call = call, .lock = -1};
    int dir = open(call->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        if (errno == EACCES)
            return say_dir(EACCES, call->state_dir, "only root may do this");
        return say_dir(errno, call->state_dir,
                       errno == ENOENT
                           ? "there is no replica here: no such directory"
                           : strerror(errno));
    }
    int rc = find_account(replica, dir);
    if (rc == 0) {
        rc = places_lock(call->state_dir, dir, &replica->lock, error,
                         sizeof error);
        if (rc == EWOULDBLOCK)
            say_runs(replica, dir);
        else if (rc != 0)
            command_error("%s", error);
    }
    close(dir);
    return rc;
}

/* ---- hotwarmd ---- */

static int arrange_descriptors(const struct replica *replica, int answer)
{
    int null = open("/dev/null", O_RDONLY);

    /* The lock first out of the way: the pipe may stand in its place. */
    int lock = fcntl(replica->lock, F_DUPFD_CLOEXEC, LOCK_FD + 1);
    if (null < 0 || lock < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(answer, STDOUT_FILENO) < 0 || dup2(lock, LOCK_FD) < 0 ||
        syscall(SYS_close_range, LOCK_FD + 1, ~0U, 0) < 0)
        return errno;
    return 0;
}

__attribute__((noreturn)) static void become(const struct replica *replica,
                                             const char *action, int answer)
{
    static char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                        "LC_ALL=C.UTF-8", NULL};
    const struct call *call = replica->call;
    const char *const arguments[] = {
        "hotwarmd",    "--offline",     action,      "--group", call->group,
        "--state-dir", call->state_dir, "--lock-fd", "3",       NULL};
    int rc = arrange_descriptors(replica, answer);

    setsid(); /* root's terminal is not for this user to type on; and what was
                 begun is done, also when somebody types ^C */
    umask(0077);
    if (rc == 0 && replica->root)
        rc = privilege_drop(replica->account.uid, replica->account.gid);
    if (rc == 0) {
        execve(call->daemon, (char *const *)(uintptr_t)arguments, environment);
        rc = errno;
    }
    command_error("%s cannot be started: %s", call->daemon, strerror(rc));
    _exit(127);
}

/* All that is said until the other end is closed, but no more than is sensible. */
static int read_answer(int fd, struct buf *answer)
{
    uint8_t bytes[4096];

    for (;;) {
        ssize_t got = read(fd, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            return 0;
        if (answer->len + (size_t)got > ANSWER_MAX)
            return RESULT_TOO_LARGE;
        buf_bytes(answer, bytes, (size_t)got);
    }
}

/* 0 if it ended well; else it, or this, has said why not. */
static int await(pid_t pid, int rc)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            command_error("hotwarmd: %s", strerror(errno));
            return errno;
        }
    }
    if (WIFSIGNALED(status))
        command_error("hotwarmd was ended by signal %d", WTERMSIG(status));
    else if (rc != 0)
        command_error("hotwarmd's answer: %s", result_text(rc));
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0 ? EIO : rc;
}

int replica_do(const struct replica *replica, const char *action,
               struct ctl_status *status)
{
    struct buf answer = {0};
    int ends[2];

    fflush(NULL); /* nothing is said twice */
    if (pipe2(ends, O_CLOEXEC) < 0) {
        command_error("a pipe: %s", strerror(errno));
        return errno;
    }
    pid_t pid = fork();
    if (pid == 0)
        become(replica, action, ends[1]);
    int rc = pid < 0 ? errno : 0;
    close(ends[1]);
    if (rc != 0)
        command_error("a process: %s", strerror(rc));
    if (rc == 0)
        rc = read_answer(ends[0], &answer);
    close(ends[0]);
    if (pid > 0)
        rc = await(pid, rc);
    if (rc == 0) {
        rc = ctl_status_parse(status, (const char *)answer.data, answer.len);
        if (rc != 0)
            command_error("hotwarmd's answer: %s", result_text(rc));
    }
    buf_free(&answer);
    return rc;
}

const char *replica_get(const struct ctl_status *status, const char *key)
{
    const char *value = ctl_status_get(status, key);

    return value == NULL ? "" : value;
}
