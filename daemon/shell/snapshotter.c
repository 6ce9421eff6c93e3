#include "daemon/shell/snapshotter.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/log.h"

static int32_t on_child_ended(int32_t fd, int32_t revents, void *data)
{
    struct snapshotter *snapshotter = data;
    siginfo_t info = {0};

    (void)revents;
    if (waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG) < 0 ||
        info.si_pid == 0)
        return 0;
    qb_loop_poll_del(snapshotter->loop, fd);
    close(fd);
    snapshotter->pidfd = -1;
    bool ok = info.si_code == CLD_EXITED && info.si_status == 0;
    if (!ok)
        log_warn("the snapshot of %llu could not be written: %s",
                 (unsigned long long)snapshotter->seq,
                 info.si_code == CLD_EXITED ? strerror(info.si_status)
                                            : "its process was killed");
    snapshotter->done(snapshotter->context, snapshotter->seq, ok);
    return 0;
}

void snapshotter_start(struct snapshotter *snapshotter, uint64_t seq)
{
    pid_t daemon = getpid(), child = fork();

    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != daemon) /* it was killed before that was said */
            _exit(EOWNERDEAD);
        _exit(snapshotter->write(snapshotter->context) & 0x7f);
    }
    snapshotter->seq = seq;
    snapshotter->pidfd =
        child < 0 ? -1 : (int)syscall(SYS_pidfd_open, child, 0);
    if (snapshotter->pidfd >= 0 &&
        qb_loop_poll_add(snapshotter->loop, QB_LOOP_LOW, snapshotter->pidfd,
                         POLLIN, snapshotter, on_child_ended) == 0)
        return;
    log_warn("no snapshot: %s", strerror(errno));
    if (child > 0) { /* it must not replace the file behind our back */
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    if (snapshotter->pidfd >= 0)
        close(snapshotter->pidfd);
    snapshotter->pidfd = -1;
    snapshotter->done(snapshotter->context, seq, false);
}
