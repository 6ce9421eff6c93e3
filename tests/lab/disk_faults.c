/* disk_faults: preloaded into hotwarmd on a lab's node, lets its disk fail.
 *
 * WHAT
 *   Calls on files and directories below STATE look for a file of their kind in
 *   FAULTS, which holds a number and, after a blank, for how many calls it is
 *   meant (for all, as long as it is there, when it says nothing of that):
 *
 *      write, flush, read   errno: the call fails with it
 *      slow                 milliseconds that a flush takes longer
 *      stuck                a flush does not return before this file is gone
 *
 *   Each fault that came is a line "KIND PATH" in FAULTS/came.
 *
 * NOT HERE
 *   A full disk, lost and flipped bytes: tests/lab/disks makes real ones.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STATE "/var/lib/hotwarm/"
#define FAULTS "/run/disk-faults/"

enum { PATH = 512 };

static bool is_state(int fd, char path[PATH])
{
    char link[64];

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, PATH - 1);
    if (len <= 0)
        return false;
    path[len] = '\0';
    return strncmp(path, STATE, sizeof STATE - 1) == 0;
}

static void note(const char *kind, const char *path)
{
    FILE *file = fopen(FAULTS "came", "ae");

    if (file == NULL)
        return;
    fprintf(file, "%s %s\n", kind, path);
    fclose(file);
}

/* The number that this kind's file holds, 0 without one; used up by one. */
static long take(const char *kind, const char *path)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    char name[PATH];
    long number = 0, times = 0;

    snprintf(name, sizeof name, FAULTS "%s", kind);
    pthread_mutex_lock(&mutex);
    FILE *file = fopen(name, "r+e");
    if (file != NULL) {
        int found = fscanf(file, "%ld %ld", &number, &times);
        if (found == 2 && times-- <= 0) {
            number = 0;
        } else if (found == 2) {
            rewind(file);
            fprintf(file, "%ld %ld\n", number, times);
        }
        fclose(file);
    }
    pthread_mutex_unlock(&mutex);
    if (number != 0)
        note(kind, path);
    return number;
}

/* Called with 0: at once. */
static void pause_ms(long ms)
{
    struct timespec length = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&length, NULL);
}

static bool fails(int fd, const char *kind)
{
    char path[PATH];
    long code = is_state(fd, path) ? take(kind, path) : 0;

    if (code != 0)
        errno = (int)code;
    return code != 0;
}

static void hampers(int fd)
{
    char path[PATH];

    if (!is_state(fd, path))
        return;
    pause_ms(take("slow", path));
    if (access(FAULTS "stuck", F_OK) == 0)
        note("stuck", path);
    while (access(FAULTS "stuck", F_OK) == 0)
        pause_ms(10);
}

static int flush(int fd, const char *name)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);

    hampers(fd);
    return fails(fd, "flush") ? -1 : real(fd);
}

int fdatasync(int fd)
{
    return flush(fd, "fdatasync");
}

int fsync(int fd)
{
    return flush(fd, "fsync");
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    ssize_t (*real)(int, const void *, size_t) =
        (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");

    return fails(fd, "write") ? -1 : real(fd, bytes, len);
}

ssize_t read(int fd, void *bytes, size_t len)
{
    ssize_t (*real)(int, void *, size_t) =
        (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");

    return fails(fd, "read") ? -1 : real(fd, bytes, len);
}
