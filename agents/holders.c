#include "agents/holders.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* Long enough for /proc/PID/fdinfo/FD with numbers of any size. */
enum { PROC_PATH = 64, NUMBER = 16, NAME = 64 };

static bool is_number(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len < NUMBER && strspn(text, "0123456789") == len;
}

/* Whether /proc/PID/fdinfo/FD lists an exclusive lock (a shared one is that of
 * somebody who looks: instance_locked). */
static bool has_lock(const char *pid, const char *fd)
{
    char path[PROC_PATH], line[256];
    bool found = false;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%s/fdinfo/%s", pid, fd);
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
static bool holds(const char *pid, const struct stat *wanted)
{
    char path[PROC_PATH];
    struct dirent *entry;
    bool found = false;
    DIR *fds;

    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    fds = opendir(path);
    if (fds == NULL)
        return false;
    while (!found && (entry = readdir(fds)) != NULL) {
        struct stat is;
        if (is_number(entry->d_name) &&
            fstatat(dirfd(fds), entry->d_name, &is, 0) == 0 &&
            is.st_dev == wanted->st_dev && is.st_ino == wanted->st_ino)
            found = has_lock(pid, entry->d_name);
    }
    closedir(fds);
    return found;
}

/* " 123 (hotwarmd)", and ", state D" for one that no signal reaches. */
static void add_name(const char *pid, char *names, size_t size)
{
    char path[PROC_PATH], text[NAME * 2] = "", name[NAME] = "?", state = '?';
    size_t len = strlen(names);
    FILE *file;

    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    file = fopen(path, "re");
    if (file != NULL) {
        if (fgets(text, sizeof text, file) != NULL)
            sscanf(text, "%*d (%63[^)]) %c", name, &state);
        fclose(file);
    }
    snprintf(names + len, size - len, "%s%s (%s%s)", len > 0 ? " " : "", pid,
             name, state == 'D' ? ", state D" : "");
}

static bool kill_if_holder(const char *pid, const struct stat *wanted,
                           char *names, size_t size)
{
    int fd = pidfd_open((pid_t)strtol(pid, NULL, 10), 0);
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

unsigned holders_kill(const char *path, char *names, size_t size)
{
    struct stat wanted;
    struct dirent *entry;
    unsigned count = 0;
    DIR *proc;

    if (names != NULL)
        names[0] = '\0';
    if (stat(path, &wanted) != 0)
        return 0;
    proc = opendir("/proc");
    if (proc == NULL)
        return 0;
    while ((entry = readdir(proc)) != NULL) {
        if (is_number(entry->d_name) &&
            strtol(entry->d_name, NULL, 10) != (long)getpid() &&
            kill_if_holder(entry->d_name, &wanted, names, size))
            count++;
    }
    closedir(proc);
    return count;
}
