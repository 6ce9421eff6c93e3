#include "supervise/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void reset_signals(void)
{
    sigset_t none;

    /* Ignored signals stay ignored over exec, and so do blocked ones. */
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void process_die_with(pid_t parent)
{
    /* The parent may have ended before the call: then nobody will tell. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(127);
}

int process_start(struct process *process, int (*run)(void *context),
                  void *context)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid < 0)
        return errno;
    if (pid == 0) {
        process_die_with(parent);
        setpgid(0, 0);
        reset_signals();
        _exit(run(context));
    }
    /* Until it is reaped, its pid is its own, even if it has ended. */
    process->pid = pid;
    process->fd = (int)syscall(SYS_pidfd_open, pid, 0);
    return process->fd < 0 ? errno : 0;
}

int process_signal(const struct process *process, int signal)
{
    if (syscall(SYS_pidfd_send_signal, process->fd, signal, NULL, 0) < 0)
        return errno;
    return 0;
}

int process_reap(const struct process *process, struct process_end *end)
{
    siginfo_t info = {.si_pid = 0};

    if (waitid(P_PIDFD, (id_t)process->fd, &info, WEXITED | WNOHANG) < 0)
        return errno;
    if (info.si_pid == 0)
        return EAGAIN;
    end->signalled = info.si_code != CLD_EXITED;
    end->code = info.si_status;
    return 0;
}

void process_release(struct process *process)
{
    if (process->fd >= 0)
        close(process->fd);
    process->fd = -1;
}

const char *process_end_text(const struct process_end *end, char *text,
                             size_t size)
{
    if (end->signalled)
        snprintf(text, size, "signal %d (%s)", end->code, strsignal(end->code));
    else
        snprintf(text, size, "exit code %d", end->code);
    return text;
}
