/* shim: what the lab's kernel cannot do to hotwarmd: another wall clock, a slow
 * disk; and a count of what Corosync refused.
 *
 * WHAT
 *   Loaded into every program of a node through /etc/ld.so.preload, and does
 *   nothing but in hotwarmd, as the files in /run say at each call:
 *
 *     /run/lab-clock-s     seconds that CLOCK_REALTIME is off
 *     /run/lab-flush-ms    how long write() and fdatasync() of a file wait first
 *     /run/lab-try-again   a line more, its process, for each CS_ERR_TRY_AGAIN
 *                          of a multicast
 *
 * NOT HERE
 *   tests/lab/faults builds and installs it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <corosync/cpg.h>

static bool shim_is_wanted(void)
{
    return strcmp(program_invocation_short_name, "hotwarmd") == 0;
}

static void *shim_next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* The number in that file; 0 without one. */
static long shim_number(const char *path)
{
    char text[32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    if (read(fd, text, sizeof(text) - 1) < 0)
        text[0] = '\0';
    close(fd);
    return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int (*next)(clockid_t, struct timespec *) = shim_next("clock_gettime");
    int rc = next(clock, time);

    if (rc == 0 && clock == CLOCK_REALTIME && shim_is_wanted())
        time->tv_sec += shim_number("/run/lab-clock-s");
    return rc;
}

static void shim_wait(int fd)
{
    struct stat file;

    if (!shim_is_wanted() || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode))
        return;
    long ms = shim_number("/run/lab-flush-ms");
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    if (ms > 0)
        nanosleep(&pause, NULL);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    ssize_t (*next)(int, const void *, size_t) = shim_next("write");

    shim_wait(fd);
    return next(fd, bytes, len);
}

int fdatasync(int fd)
{
    int (*next)(int) = shim_next("fdatasync");

    shim_wait(fd);
    return next(fd);
}

cs_error_t cpg_mcast_joined(cpg_handle_t handle, cpg_guarantee_t guarantee,
                            const struct iovec *parts, unsigned int count)
{
    cs_error_t (*next)(cpg_handle_t, cpg_guarantee_t, const struct iovec *,
                       unsigned int) = shim_next("cpg_mcast_joined");
    cs_error_t rc = next(handle, guarantee, parts, count);

    if (rc == CS_ERR_TRY_AGAIN && shim_is_wanted()) {
        int fd = open("/run/lab-try-again", O_WRONLY | O_APPEND | O_CLOEXEC);
        if (fd >= 0) {
            dprintf(fd, "%d\n", getpid());
            close(fd);
        }
    }
    return rc;
}
