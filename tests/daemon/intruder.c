/* intruder: loaded into hotwarmd (LD_PRELOAD), does what somebody would who broke
 * into it. Every thread and child tries, the first time that it comes here by a
 * call that the daemon makes anyway, and says on stderr
 *
 *   intruder WHERE CALL ok|refused|ERRNO     WHERE: main, thread, child
 *
 * "refused" is ENOSYS, or EPERM. `unix` must be ok: so it is the filter that speaks,
 * not this file.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static pid_t first;
static __thread pid_t tried; /* in this process, by this thread */

__attribute__((constructor)) static void begin(void)
{
    first = getpid();
}

static const char *where(void)
{
    if (getpid() != first)
        return "child";
    return gettid() == first ? "main" : "thread";
}

static void say(const char *call, long result)
{
    char text[128], number[16];
    int error = errno;
    const char *how = number;

    snprintf(number, sizeof number, "%d", error);
    if (result >= 0)
        how = "ok";
    else if (error == ENOSYS || error == EPERM)
        how = "refused";
    int len =
        snprintf(text, sizeof text, "intruder %s %s %s\n", where(), call, how);
    (void)!write(2, text, (size_t)len);
}

static void say_socket(const char *call, int family)
{
    int fd = socket(family, SOCK_DGRAM, 0);

    say(call, fd);
    if (fd >= 0)
        close(fd);
}

static void intrude(void)
{
    static char *const none[] = {NULL};
    int saved = errno;

    if (tried == getpid())
        return;
    tried = getpid();
    say_socket("unix", AF_UNIX);
    say_socket("inet", AF_INET);
    say_socket("netlink", AF_NETLINK);
    say("execve", syscall(SYS_execve, "/bin/false", none, none));
    say("execveat", syscall(SYS_execveat, -1, "/bin/false", none, none, 0));
    say("ptrace", syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0));
    say("unshare", syscall(SYS_unshare, CLONE_NEWUSER));
    long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (child == 0)
        _exit(0);
    say("clone", child);
    say("mount", syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL));
    say("bpf", syscall(SYS_bpf, BPF_MAP_CREATE, NULL, 0));
    say("dumpable", prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
    errno = saved;
}

int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
    int (*real)(int, struct sockaddr *, socklen_t *, int);

    *(void **)&real = dlsym(RTLD_NEXT, "accept4");
    intrude();
    return real(fd, address, len, flags);
}

int fdatasync(int fd)
{
    int (*real)(int);

    *(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
    if (gettid() != first)
        intrude();
    return real(fd);
}
