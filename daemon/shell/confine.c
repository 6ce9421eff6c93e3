#include "daemon/shell/confine.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "build-config.h"

#if HOTWARM_SANITIZERS

int confine(const char **what)
{
    *what = "not confined: built with sanitizers";
    return 0;
}

#else

static int no_core(void)
{
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) < 0 ||
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return errno;
    return 0;
}

#if HAVE_SECCOMP

#include <seccomp.h>

/* The list. Names that an architecture does not have are passed over. */
static const char *const calls[] = {
    /* memory */
    "brk",
    "madvise",
    "mmap",
    "mprotect",
    "mremap",
    "munmap",
    /* threads, the child, their ends */
    "exit",
    "exit_group",
    "fork",
    "futex",
    "getpid",
    "getppid",
    "gettid",
    "kill",
    "membarrier",
    "pidfd_open",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_yield",
    "set_robust_list",
    "sigaltstack",
    "tgkill",
    "wait4",
    "waitid",
    /* files */
    "access",
    "close",
    "faccessat",
    "faccessat2",
    "fallocate",
    "fcntl",
    "fdatasync",
    "flock",
    "fstat",
    "fstatfs",
    "fsync",
    "ftruncate",
    "getdents64",
    "lseek",
    "lstat",
    "mkdirat",
    "newfstatat",
    "open",
    "openat",
    "pread64",
    "pwrite64",
    "read",
    "readlink",
    "readlinkat",
    "readv",
    "renameat",
    "renameat2",
    "stat",
    "statfs",
    "statx",
    "unlink",
    "unlinkat",
    "write",
    "writev",
    /* the loop */
    "clock_gettime",
    "clock_nanosleep",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_wait",
    "eventfd2",
    "gettimeofday",
    "nanosleep",
    "pipe2",
    "poll",
    "ppoll",
    "time",
    /* clients, Corosync, syslog, the supervisor: sockets that are there, or Unix
     * ones (below) */
    "accept4",
    "connect",
    "getpeername",
    "getsockname",
    "getsockopt",
    "recvfrom",
    "recvmsg",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
    /* what a library asks of itself */
    "getegid",
    "geteuid",
    "getgid",
    "getrandom",
    "getrlimit",
    "getuid",
    "prlimit64",
    "sched_getaffinity",
    "sysinfo",
    "uname",
};

#define NEW_NAMESPACES                                                         \
    (CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS |             \
     CLONE_NEWPID | CLONE_NEWTIME | CLONE_NEWUSER | CLONE_NEWUTS)

/* Calls of which only some are allowed, by their first argument. clone3 has its
 * flags where no filter sees them; libc then uses clone. */
static int add_narrow(scmp_filter_ctx filter)
{
    int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                              SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));

    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                              SCMP_A0(SCMP_CMP_EQ, PR_SET_PDEATHSIG, 0));
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_NAMESPACES, 0));
    return rc;
}

static int add_list(scmp_filter_ctx filter)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof(calls) / sizeof(calls[0]); i++) {
        int number = seccomp_syscall_resolve_name(calls[i]);
        if (number >= 0)
            rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
    }
    return rc;
}

static int filter_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int rc = filter == NULL ? -ENOMEM : 0;

    /* Only for the kernel's log: an older libseccomp or kernel has none. */
    if (rc == 0)
        (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
    /* As a tree, for speed: this filter is in the way of every read. */
    if (rc == 0)
        (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (rc == 0)
        rc = add_list(filter);
    if (rc == 0)
        rc = add_narrow(filter);
    if (rc == 0)
        rc = seccomp_load(filter);
    if (filter != NULL)
        seccomp_release(filter);
    return -rc;
}

static const char WHAT[] = "confined: no new privileges, no core, seccomp";

#else

static int filter_calls(void)
{
    return 0;
}

static const char WHAT[] =
    "confined: no new privileges, no core; built without libseccomp";

#endif

int confine(const char **what)
{
    int rc = no_core();

    if (rc == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        rc = errno;
    if (rc == 0)
        rc = filter_calls();
    *what = WHAT;
    return rc;
}

#endif
