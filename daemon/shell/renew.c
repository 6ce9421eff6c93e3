#include "daemon/shell/renew.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/shell/aside.h"
#include "daemon/shell/file.h"

static const char NEW[] = "next.new", NEXT[] = "next", ASIDE[] = "aside";

static int renew_open(int dir, const char *name, int *fd)
{
    *fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return *fd < 0 ? errno : 0;
}

static int renew_unlink(int dir, const char *name, int flags)
{
    return unlinkat(dir, name, flags) < 0 && errno != ENOENT ? errno : 0;
}

/* What never became `next`. */
static int renew_tidy(int dir)
{
    static const char *const names[] = {"promise", "promise.new", "snapshot",
                                        "snapshot.new"};
    int fd, rc = renew_open(dir, NEW, &fd);

    if (rc != 0)
        return rc == ENOENT ? 0 : rc;
    for (size_t i = 0; rc == 0 && i < sizeof(names) / sizeof(names[0]); i++)
        rc = renew_unlink(fd, names[i], 0);
    if (rc == 0)
        rc = renew_unlink(fd, ASIDE, AT_REMOVEDIR);
    close(fd);
    return rc == 0 ? renew_unlink(dir, NEW, AT_REMOVEDIR) : rc;
}

static int renew_write(int dir, const struct buf *promise,
                       const struct buf *snapshot)
{
    int fd, rc = mkdirat(dir, NEW, 0700) < 0 ? errno : 0;

    if (rc == 0)
        rc = renew_open(dir, NEW, &fd);
    if (rc != 0)
        return rc;
    if (mkdirat(fd, ASIDE, 0700) < 0)
        rc = errno;
    if (rc == 0)
        rc = file_replace(fd, "snapshot", snapshot->data, snapshot->len);
    if (rc == 0)
        rc = file_replace(fd, "promise", promise->data, promise->len);
    close(fd);
    return rc;
}

int renew_begin(int dir, const struct buf *promise, const struct buf *snapshot)
{
    int rc = renew_tidy(dir);

    if (rc == 0)
        rc = renew_write(dir, promise, snapshot);
    if (rc == 0 && renameat(dir, NEW, dir, NEXT) < 0)
        rc = errno;
    if (rc == 0)
        return fsync(dir) < 0 ? errno : 0;
    renew_tidy(dir); /* it is tried again by whoever opens this next */
    return rc;
}

/* ---- behind the switch ---- */

struct renew_move {
    int from, to;
};

static int renew_rename(int from, const char *name, int to)
{
    return renameat(from, name, to, name) < 0 ? errno : 0;
}

static int renew_move_one(void *context, const char *name)
{
    const struct renew_move *move = context;

    if (strncmp(name, "log-", 4) != 0 && strcmp(name, "snapshot") != 0 &&
        strcmp(name, "promise") != 0)
        return 0;
    return renew_rename(move->from, name, move->to);
}

/* True also when that cannot be told: then what follows fails on it. */
static bool renew_has(int dir, const char *name)
{
    return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
           errno != ENOENT;
}

bool renew_is_begun(int dir)
{
    return renew_has(dir, NEXT);
}

static int renew_flush(int a, int b)
{
    return fsync(a) < 0 || fsync(b) < 0 ? errno : 0;
}

static int renew_move_old(int dir, int next)
{
    struct renew_move move = {.from = dir};
    int rc = renew_open(next, ASIDE, &move.to);

    if (rc != 0)
        return rc;
    rc = file_each(dir, renew_move_one, &move);
    if (rc == 0)
        rc = renew_flush(move.to, dir);
    close(move.to);
    return rc;
}

static int renew_move_new(int dir, int next)
{
    static const char *const names[] = {"snapshot", "promise"};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < 2; i++) {
        if (!renew_has(next, names[i]))
            continue;
        rc = renew_rename(next, names[i], dir);
        if (rc == 0)
            rc = renew_flush(dir, next);
    }
    return rc;
}

int renew_finish(int dir)
{
    int next, rc = renew_tidy(dir);

    if (rc == 0)
        rc = renew_open(dir, NEXT, &next);
    if (rc != 0)
        return rc == ENOENT ? 0 : rc;
    if (renew_has(next, "snapshot") && renew_has(next, "promise"))
        rc = renew_move_old(dir, next);
    if (rc == 0)
        rc = renew_move_new(dir, next);
    if (rc == 0 && renew_has(next, ASIDE))
        rc = aside_keep(dir, next, ASIDE);
    if (rc == 0)
        rc = renew_flush(dir, next);
    close(next);
    if (rc == 0)
        rc = renew_unlink(dir, NEXT, AT_REMOVEDIR);
    return rc == 0 && fsync(dir) < 0 ? errno : rc;
}
