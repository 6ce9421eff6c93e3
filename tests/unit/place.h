/* place: a directory of a test's own, and what happens to the files in it. */
#ifndef HOTWARM_TESTS_UNIT_PLACE_H
#define HOTWARM_TESTS_UNIT_PLACE_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/shell/file.h"
#include "lib/buf.h"
#include "tests/unit/unit.h"

enum { PLACE_PATH = 256, PLACE_NAME = 256 };

struct place {
    char path[PLACE_PATH];
    int dir;
};

static inline struct place place_make(void)
{
    const char *base = getenv("TMPDIR");
    struct place place;

    snprintf(place.path, sizeof place.path, "%s/hotwarm-unit-XXXXXX",
             base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(place.path));
    place.dir = open(place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(place.dir >= 0);
    return place;
}

static inline int place_remove_one(const char *path, const struct stat *stat,
                                   int type, struct FTW *ftw)
{
    (void)stat, (void)type, (void)ftw;
    return remove(path);
}

static inline void place_remove(struct place *place)
{
    close(place->dir);
    assert_int_equal(
        nftw(place->path, place_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* For each regular file, in no order. */
static inline void place_each(const struct place *place,
                              void (*visit)(const struct place *place,
                                            const char *name, void *context),
                              void *context)
{
    DIR *list = opendir(place->path);
    struct dirent *item;
    struct stat stat;

    assert_non_null(list);
    while ((item = readdir(list)) != NULL) {
        if (fstatat(place->dir, item->d_name, &stat, 0) == 0 &&
            S_ISREG(stat.st_mode))
            visit(place, item->d_name, context);
    }
    closedir(list);
}

static inline void place_write(const struct place *place, const char *name,
                               const void *bytes, size_t len)
{
    int fd = openat(place->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                    0600);

    assert_true(fd >= 0);
    assert_int_equal(file_write(fd, bytes, len), 0);
    close(fd);
}

static inline struct buf place_read(const struct place *place, const char *name)
{
    struct buf bytes = {0};

    assert_int_equal(file_read(place->dir, name, &bytes), 0);
    return bytes;
}

static inline void place_copy_one(const struct place *from, const char *name,
                                  void *to)
{
    struct buf bytes = place_read(from, name);

    place_write(to, name, bytes.data, bytes.len);
    buf_free(&bytes);
}

static inline struct place place_copy(const struct place *from)
{
    struct place to = place_make();

    place_each(from, place_copy_one, &to);
    return to;
}

static inline bool place_has(const struct place *place, const char *name)
{
    return faccessat(place->dir, name, F_OK, 0) == 0;
}

static inline size_t place_size(const struct place *place, const char *name)
{
    struct stat stat;

    assert_int_equal(fstatat(place->dir, name, &stat, 0), 0);
    return (size_t)stat.st_size;
}

static inline void place_truncate(const struct place *place, const char *name,
                                  size_t size)
{
    int fd = openat(place->dir, name, O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    close(fd);
}

static inline void place_flip(const struct place *place, const char *name,
                              size_t at, unsigned bit)
{
    int fd = openat(place->dir, name, O_RDWR | O_CLOEXEC);
    uint8_t byte = 0;

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte = (uint8_t)(byte ^ (1u << bit));
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    close(fd);
}

/* The names of the log's files, in order; how many. */
struct place_logs {
    size_t count;
    char names[16][PLACE_NAME];
};

static inline void place_add_log(const struct place *place, const char *name,
                                 void *context)
{
    struct place_logs *logs = context;

    (void)place;
    if (strncmp(name, "log-", 4) != 0)
        return;
    assert_true(logs->count < 16);
    snprintf(logs->names[logs->count++], PLACE_NAME, "%s", name);
}

static inline int place_compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static inline struct place_logs place_logs(const struct place *place)
{
    struct place_logs logs = {0};

    place_each(place, place_add_log, &logs);
    qsort(logs.names, logs.count, PLACE_NAME, place_compare);
    return logs;
}

static inline void place_count_one(const struct place *place, const char *name,
                                   void *context)
{
    (void)place, (void)name;
    ++*(size_t *)context;
}

static inline void place_equal_one(const struct place *place, const char *name,
                                   void *context)
{
    struct buf mine = place_read(place, name);
    struct buf other = place_read(context, name);

    assert_int_equal(mine.len, other.len);
    assert_memory_equal(mine.data, other.data, mine.len);
    buf_free(&mine);
    buf_free(&other);
}

/* The same files with the same bytes. */
static inline void place_equal(const struct place *a, const struct place *b)
{
    size_t in_a = 0, in_b = 0;

    place_each(a, place_count_one, &in_a);
    place_each(b, place_count_one, &in_b);
    assert_int_equal(in_a, in_b);
    place_each(a, place_equal_one, (void *)(uintptr_t)b);
}

#endif
