#include "daemon/shell/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include "lib/cursor.h"
#include "lib/result.h"

enum { FRAME_VERSION = 1 };

int file_write(int fd, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    while (len > 0) {
        ssize_t written = write(fd, at, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        at += written;
        len -= (size_t)written;
    }
    return 0;
}

static int file_read_all(int fd, struct buf *out)
{
    struct stat stat;

    if (fstat(fd, &stat) < 0)
        return errno;
    size_t left = (size_t)stat.st_size;
    uint8_t *at = buf_extend(out, left);
    while (left > 0) {
        ssize_t got = read(fd, at, left);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            return EIO; /* shorter than its own size */
        at += got;
        left -= (size_t)got;
    }
    return 0;
}

int file_read(int dir, const char *name, struct buf *out)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return errno;
    buf_reset(out);
    int rc = file_read_all(fd, out);
    close(fd);
    return rc;
}

int file_rewrite(int dir, const char *name, uint64_t offset, const void *bytes,
                 size_t len)
{
    int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
    int rc = 0;

    if (fd < 0)
        return errno;
    if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
        rc = errno;
    if (rc == 0)
        rc = file_write(fd, bytes, len);
    if (rc == 0 && fdatasync(fd) < 0)
        rc = errno;
    close(fd);
    return rc;
}

int file_each(int dir, int (*visit)(void *context, const char *name),
              void *context)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct dirent *item;
    int rc = 0;

    if (fd < 0)
        return errno;
    DIR *list = fdopendir(fd);
    if (list == NULL) {
        rc = errno;
        close(fd);
        return rc;
    }
    do {
        errno = 0; /* NULL means the end or a failure */
        item = readdir(list);
        rc = item == NULL ? errno : visit(context, item->d_name);
    } while (item != NULL && rc == 0);
    closedir(list);
    return rc;
}

bool file_no_room(int code)
{
    return code == ENOSPC || code == EDQUOT;
}

int file_replace(int dir, const char *name, const void *bytes, size_t len)
{
    char temporary[64];
    int rc;

    snprintf(temporary, sizeof(temporary), "%s.new", name);
    int fd =
        openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    rc = file_write(fd, bytes, len);
    if (rc == 0 && fdatasync(fd) < 0)
        rc = errno;
    if (close(fd) < 0 && rc == 0)
        rc = errno;
    if (rc == 0 && renameat(dir, temporary, dir, name) < 0)
        rc = errno;
    if (rc != 0) {
        unlinkat(dir, temporary, 0);
        return rc;
    }
    return fsync(dir) < 0 ? errno : 0;
}

void file_frame(struct buf *out, uint32_t magic, uint64_t generation,
                const void *bytes, size_t len)
{
    size_t from = out->len;

    buf_u32(out, magic);
    buf_u32(out, FRAME_VERSION);
    buf_u64(out, generation);
    buf_u64(out, len);
    buf_bytes(out, bytes, len);
    buf_u64(out, XXH3_64bits(out->data + from, out->len - from));
}

int file_unframe(const struct buf *frame, uint32_t magic, uint64_t *generation,
                 const uint8_t **bytes, size_t *len)
{
    struct cursor cursor = cursor_make(frame->data, frame->len);
    uint32_t found = cursor_u32(&cursor);
    uint32_t version = cursor_u32(&cursor);

    *generation = cursor_u64(&cursor);
    *len = (size_t)cursor_u64(&cursor);
    *bytes = cursor_bytes(&cursor, *len);
    uint64_t checksum = cursor_u64(&cursor);
    if (cursor.bad || found != magic)
        return RESULT_MALFORMED;
    if (version != FRAME_VERSION)
        return RESULT_VERSION;
    if (!cursor_done(&cursor) ||
        checksum != XXH3_64bits(frame->data, frame->len - sizeof(checksum)))
        return RESULT_MALFORMED;
    return 0;
}
