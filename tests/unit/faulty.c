#include "tests/unit/faulty.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The linker's --wrap gives the names. */
int __real_openat(int dir, const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *bytes, size_t len);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_renameat(int from, const char *a, int to, const char *b);
int __real_unlinkat(int dir, const char *path, int flags);
int __real_ftruncate(int fd, off_t size);
int __real_mkdirat(int dir, const char *path, mode_t mode);
int __wrap_openat(int dir, const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_renameat(int from, const char *a, int to, const char *b);
int __wrap_unlinkat(int dir, const char *path, int flags);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_mkdirat(int dir, const char *path, mode_t mode);

static struct faulty *shared;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

struct faulty *faulty_shared(void)
{
    if (shared == NULL) {
        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (shared == MAP_FAILED)
            abort();
    }
    return shared;
}

void faulty_arm(enum faulty_call call, uint64_t at, bool half, int failure)
{
    struct faulty *faulty = faulty_shared();

    memset(faulty, 0, sizeof(*faulty));
    faulty->call = call;
    faulty->at = at;
    faulty->half = half;
    faulty->failure = failure;
    faulty->armed = true;
}

void faulty_disarm(void)
{
    faulty_shared()->armed = false;
}

off_t faulty_flushed(ino_t inode)
{
    for (size_t i = 0; i < shared->flushed_count; i++) {
        if (shared->flushed[i].inode == inode)
            return shared->flushed[i].size;
    }
    return 0;
}

/* Counts a call; true when the fault is now. */
static bool faulty_now(enum faulty_call call)
{
    if (shared == NULL || !shared->armed)
        return false;
    pthread_mutex_lock(&mutex);
    shared->counts[FAULTY_ANY]++;
    shared->counts[call]++;
    bool now = (shared->call == FAULTY_ANY || shared->call == call) &&
               shared->at != 0 && shared->counts[shared->call] == shared->at;
    pthread_mutex_unlock(&mutex);
    return now;
}

/* Ends the process, or gives the failing call's result. */
static int faulty_result(void)
{
    if (shared->failure == 0)
        _exit(FAULTY_STATUS);
    errno = shared->failure;
    return -1;
}

static void faulty_note_flushed(int fd)
{
    struct stat stat;
    size_t i = 0;

    if (shared == NULL || !shared->armed || fstat(fd, &stat) < 0 ||
        !S_ISREG(stat.st_mode))
        return;
    pthread_mutex_lock(&mutex);
    while (i < shared->flushed_count && shared->flushed[i].inode != stat.st_ino)
        i++;
    if (i == FAULTY_FILES)
        abort();
    if (i == shared->flushed_count)
        shared->flushed_count++;
    shared->flushed[i] = (struct faulty_file){stat.st_ino, stat.st_size};
    pthread_mutex_unlock(&mutex);
}

/* Its inode may come again, as another file. */
static void faulty_note_gone(int dir, const char *path)
{
    struct stat stat;

    if (shared == NULL || !shared->armed ||
        fstatat(dir, path, &stat, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < shared->flushed_count; i++) {
        if (shared->flushed[i].inode == stat.st_ino)
            shared->flushed[i].size = 0;
    }
    pthread_mutex_unlock(&mutex);
}

int __wrap_openat(int dir, const char *path, int flags, ...)
{
    va_list list;

    if ((flags & O_CREAT) == 0)
        return __real_openat(dir, path, flags);
    va_start(list, flags);
    mode_t mode = va_arg(list, mode_t);
    va_end(list);
    if (faulty_now(FAULTY_CREATE))
        return faulty_result();
    if ((flags & O_TRUNC) != 0)
        faulty_note_gone(dir, path);
    return __real_openat(dir, path, flags, mode);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    struct stat stat;

    if (fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode))
        return __real_write(fd, bytes, len);
    if (!faulty_now(FAULTY_WRITE))
        return __real_write(fd, bytes, len);
    if (shared->half && __real_write(fd, bytes, len / 2) < 0)
        abort();
    return faulty_result();
}

int __wrap_fdatasync(int fd)
{
    if (faulty_now(FAULTY_FDATASYNC))
        return faulty_result();
    int rc = __real_fdatasync(fd);
    faulty_note_flushed(fd);
    return rc;
}

int __wrap_fsync(int fd)
{
    if (faulty_now(FAULTY_FSYNC))
        return faulty_result();
    int rc = __real_fsync(fd);
    faulty_note_flushed(fd);
    return rc;
}

int __wrap_renameat(int from, const char *a, int to, const char *b)
{
    if (faulty_now(FAULTY_RENAME))
        return faulty_result();
    faulty_note_gone(to, b);
    return __real_renameat(from, a, to, b);
}

int __wrap_unlinkat(int dir, const char *path, int flags)
{
    if (faulty_now(FAULTY_UNLINK))
        return faulty_result();
    faulty_note_gone(dir, path);
    return __real_unlinkat(dir, path, flags);
}

int __wrap_ftruncate(int fd, off_t size)
{
    return faulty_now(FAULTY_TRUNCATE) ? faulty_result()
                                       : __real_ftruncate(fd, size);
}

int __wrap_mkdirat(int dir, const char *path, mode_t mode)
{
    return faulty_now(FAULTY_MKDIR) ? faulty_result()
                                    : __real_mkdirat(dir, path, mode);
}
