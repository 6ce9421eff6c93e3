#include "tests/unit/faulty.h"

#include <dirent.h>
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
ssize_t __real_read(int fd, void *bytes, size_t len);
struct dirent *__real_readdir(DIR *list);
DIR *__real_fdopendir(int fd);
int __real_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *lock,
                                  const struct timespec *until);
int __wrap_openat(int dir, const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_renameat(int from, const char *a, int to, const char *b);
int __wrap_unlinkat(int dir, const char *path, int flags);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_mkdirat(int dir, const char *path, mode_t mode);
ssize_t __wrap_read(int fd, void *bytes, size_t len);
struct dirent *__wrap_readdir(DIR *list);
DIR *__wrap_fdopendir(int fd);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *lock,
                                  const struct timespec *until);

/* What the C library calls them where files may be large. */
int __wrap_openat64(int dir, const char *path, int flags, ...)
    __attribute__((alias("__wrap_openat")));
int __wrap_ftruncate64(int fd, off_t size)
    __attribute__((alias("__wrap_ftruncate")));
struct dirent *__wrap_readdir64(DIR *list)
    __attribute__((alias("__wrap_readdir")));

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
    shared->counts[FAULTY_ANY] += call < FAULTY_READ;
    shared->counts[call]++;
    uint64_t count = shared->counts[shared->call];
    bool now = (shared->call == call ||
                (shared->call == FAULTY_ANY && call < FAULTY_READ)) &&
               shared->at != 0 && count >= shared->at &&
               count - shared->at <= shared->times;
    shared->came = shared->came || now;
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

/* The row of an open file; NULL: it is none of ours. With the mutex held. */
static struct faulty_file *faulty_file(int fd, struct stat *stat)
{
    size_t i = 0;

    if (fstat(fd, stat) < 0 || !S_ISREG(stat->st_mode))
        return NULL;
    while (i < shared->flushed_count &&
           shared->flushed[i].inode != stat->st_ino)
        i++;
    if (i == FAULTY_FILES)
        abort();
    if (i == shared->flushed_count)
        shared->flushed[shared->flushed_count++] =
            (struct faulty_file){.inode = stat->st_ino};
    return &shared->flushed[i];
}

static void faulty_note_flush(int fd, bool failed)
{
    struct stat stat;

    if (shared == NULL || !shared->armed)
        return;
    pthread_mutex_lock(&mutex);
    struct faulty_file *file = faulty_file(fd, &stat);
    if (file != NULL && failed)
        file->lost = true;
    else if (file != NULL && !file->lost)
        file->size = stat.st_size;
    pthread_mutex_unlock(&mutex);
}

/* Written again, or cut off, from where the loss begins. */
static void faulty_note_change(int fd, off_t from)
{
    struct stat stat;

    if (shared == NULL || !shared->armed)
        return;
    pthread_mutex_lock(&mutex);
    struct faulty_file *file = faulty_file(fd, &stat);
    if (file != NULL && from <= file->size)
        file->lost = false;
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
            shared->flushed[i] = (struct faulty_file){.inode = stat.st_ino};
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
    if (!faulty_now(FAULTY_WRITE)) {
        if ((fcntl(fd, F_GETFL) & O_APPEND) == 0)
            faulty_note_change(fd, lseek(fd, 0, SEEK_CUR));
        return __real_write(fd, bytes, len);
    }
    if (shared->half && __real_write(fd, bytes, len / 2) < 0)
        abort();
    return faulty_result();
}

int __wrap_fdatasync(int fd)
{
    if (faulty_now(FAULTY_FDATASYNC)) {
        faulty_note_flush(fd, true);
        return faulty_result();
    }
    int rc = __real_fdatasync(fd);
    faulty_note_flush(fd, false);
    return rc;
}

int __wrap_fsync(int fd)
{
    if (faulty_now(FAULTY_FSYNC)) {
        faulty_note_flush(fd, true);
        return faulty_result();
    }
    int rc = __real_fsync(fd);
    faulty_note_flush(fd, false);
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
    if (faulty_now(FAULTY_TRUNCATE))
        return faulty_result();
    faulty_note_change(fd, size);
    return __real_ftruncate(fd, size);
}

int __wrap_mkdirat(int dir, const char *path, mode_t mode)
{
    return faulty_now(FAULTY_MKDIR) ? faulty_result()
                                    : __real_mkdirat(dir, path, mode);
}

ssize_t __wrap_read(int fd, void *bytes, size_t len)
{
    struct stat stat;

    if (fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode))
        return __real_read(fd, bytes, len);
    return faulty_now(FAULTY_READ) ? faulty_result()
                                   : __real_read(fd, bytes, len);
}

struct dirent *__wrap_readdir(DIR *list)
{
    if (!faulty_now(FAULTY_READDIR))
        return __real_readdir(list);
    faulty_result();
    return NULL;
}

DIR *__wrap_fdopendir(int fd)
{
    if (!faulty_now(FAULTY_OPENDIR))
        return __real_fdopendir(fd);
    faulty_result();
    return NULL;
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *lock,
                                  const struct timespec *until)
{
    static const struct timespec past;
    bool hurries = shared != NULL && shared->armed && shared->came;

    return __real_pthread_cond_timedwait(cond, lock, hurries ? &past : until);
}
