#include "agents/holders.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* Long enough for /proc/PID/fdinfo/FD with numbers of any size. */
enum { PROC_PATH = 64, DIGITS = 9, NAME = 64 };

/* The number that is a name in /proc; -1: it is none. */
static int number_of(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > DIGITS || strspn(name, "0123456789") != len)
        return -1;
    return (int)strtol(name, NULL, 10);
}

/* Whether /proc/PID/fdinfo/FD lists an exclusive lock (a shared one is that of
 * somebody who looks: instance_locked). */
static bool has_lock(pid_t pid, int fd)
{
    char path[PROC_PATH], line[256];
    bool found = false;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", pid, fd);
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    while (!found && fgets(line, sizeof line, file) != NULL)
        found =
            strncmp(line, "lock:", 5) == 0 && strstr(line, " WRITE ") != NULL;
    fclose(file);
    return found;
}

/* Whether a descriptor of the process is the file, with a lock. */
static bool holds(pid_t pid, const struct stat *wanted)
{
    char path[PROC_PATH];
    struct dirent *entry;
    bool found = false;
    DIR *fds;

    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    fds = opendir(path);
    if (fds == NULL)
        return false;
    while (!found && (entry = readdir(fds)) != NULL) {
        struct stat is;
        int fd = number_of(entry->d_name);
        if (fd >= 0 && fstatat(dirfd(fds), entry->d_name, &is, 0) == 0 &&
            is.st_dev == wanted->st_dev && is.st_ino == wanted->st_ino)
            found = has_lock(pid, fd);
    }
    closedir(fds);
    return found;
}

/* " 123 (hotwarmd)", and ", state D" for one that no signal reaches. */
static void add_name(pid_t pid, char *names, size_t size)
{
    char path[PROC_PATH], text[NAME * 2] = "", name[NAME] = "?", state = '?';
    size_t len = strlen(names);
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    file = fopen(path, "re");
    if (file != NULL) {
        if (fgets(text, sizeof text, file) != NULL)
            sscanf(text, "%*d (%63[^)]) %c", name, &state);
        fclose(file);
    }
    snprintf(names + len, size - len, "%s%d (%s%s)", len > 0 ? " " : "", pid,
             name, state == 'D' ? ", state D" : "");
}

static bool kill_if_holder(pid_t pid, const struct stat *wanted, char *names,
                           size_t size)
{
    int fd = pidfd_open(pid, 0);
    bool hit;

    if (fd < 0)
        return false;
    /* Seen with the descriptor in hand: the process that has the lock now is
     * the descriptor's, or that one has ended and the signal goes nowhere. */
    hit = holds(pid, wanted);
    if (hit && names != NULL)
        add_name(pid, names, size);
    if (hit)
        pidfd_send_signal(fd, SIGKILL, NULL, 0);
    close(fd);
    return hit;
}

int holders_open(const char *path)
{
    const char *name = strrchr(path, '/');
    char parent[PATH_MAX];
    struct stat is;

    if (name == NULL || (size_t)(name - path) >= sizeof parent)
        return -1;
    memcpy(parent, path, (size_t)(name - path));
    parent[name - path] = '\0';
    int dir = open(parent, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0)
        return -1;
    int fd = openat(dir, name + 1,
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    close(dir);
    if (fd >= 0 &&
        (fstat(fd, &is) != 0 || !S_ISREG(is.st_mode) || is.st_nlink != 1)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

unsigned holders_kill(const char *path, char *names, size_t size)
{
    struct stat wanted;
    struct dirent *entry;
    unsigned count = 0;
    DIR *proc;

    if (names != NULL)
        names[0] = '\0';
    int fd = holders_open(path);
    if (fd < 0)
        return 0;
    int rc = fstat(fd, &wanted);
    close(fd);
    if (rc != 0)
        return 0;
    proc = opendir("/proc");
    if (proc == NULL)
        return 0;
    while ((entry = readdir(proc)) != NULL) {
        pid_t pid = number_of(entry->d_name);
        if (pid > 0 && pid != getpid() &&
            kill_if_holder(pid, &wanted, names, size))
            count++;
    }
    closedir(proc);
    return count;
}
