#include "lib/places.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLACES_LOCK_TRIES = 20, PLACES_LOCK_MS = 50 };

int places_account(const char *user, struct account *account, char *error,
                   size_t error_size)
{
    errno = 0;
    const struct passwd *entry = getpwnam(user);
    if (entry == NULL) {
        snprintf(error, error_size, "--user: there is no user '%s'", user);
        return errno != 0 ? errno : ENOENT;
    }
    *account = (struct account){entry->pw_uid, entry->pw_gid};
    const struct group *haclient = getgrnam("haclient");
    if (account->uid == 0 || account->gid == 0 ||
        (haclient != NULL && haclient->gr_gid == account->gid)) {
        snprintf(error, error_size,
                 "--user: '%s' may do too much for the daemon; it must be a "
                 "user that is not root and not in the group root or haclient",
                 user);
        return EINVAL;
    }
    return 0;
}

static int refuse(int rc, const char *path, const char *why, char *error,
                  size_t error_size)
{
    snprintf(error, error_size, "%.300s: %s", path, why);
    return rc;
}

/* Opens a directory, made with `mode` and owner `uid` when missing. Whoever may
 * write beside it could put something else in its place at any moment: no link is
 * followed, and nothing is given away that root did not just make. */
static int open_directory(const char *path, const struct account *owner,
                          mode_t mode, int *fd)
{
    bool made = mkdir(path, 0700) == 0;
    struct stat status;

    if (!made && errno != EEXIST)
        return errno;
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0)
        return errno;
    if (made &&
        (fstat(*fd, &status) < 0 ||
         (status.st_uid == 0 && (fchown(*fd, owner->uid, owner->gid) < 0 ||
                                 fchmod(*fd, mode) < 0)))) {
        int rc = errno;
        close(*fd);
        rmdir(path);
        return rc;
    }
    return 0;
}

static const char *open_error(const char *path, int rc)
{
    struct stat status;

    if (lstat(path, &status) == 0 && S_ISLNK(status.st_mode))
        return "it is a symbolic link: name the directory itself";
    return strerror(rc);
}

int places_run_dir(const char *path, char *error, size_t error_size)
{
    const struct account root = {0, 0};
    struct stat status;
    int fd = -1;

    int rc = open_directory(path, &root, 0755, &fd);
    if (rc != 0)
        return refuse(rc, path, open_error(path, rc), error, error_size);
    if (fstat(fd, &status) < 0)
        rc = refuse(errno, path, strerror(errno), error, error_size);
    else if (status.st_uid != 0 || (status.st_mode & 0022) != 0)
        rc = refuse(EPERM, path,
                    "it must belong to root, and nobody else may write to it",
                    error, error_size);
    close(fd);
    return rc;
}

int places_state_dir(const char *path, const struct account *owner, int *out,
                     char *error, size_t error_size)
{
    struct stat status;
    int fd = -1;

    int rc = open_directory(path, owner, 0700, &fd);
    if (rc != 0)
        return refuse(rc, path, open_error(path, rc), error, error_size);
    if (fstat(fd, &status) < 0)
        rc = refuse(errno, path, strerror(errno), error, error_size);
    else if (status.st_uid != owner->uid)
        rc = refuse(EPERM, path, "it belongs to another user than --user's",
                    error, error_size);
    else if ((status.st_mode & 07777) != 0700 && fchmod(fd, 0700) < 0)
        rc = refuse(errno, path, strerror(errno), error, error_size);
    if (rc != 0)
        close(fd);
    else
        *out = fd;
    return rc;
}

/* A monitor that looks whether the lock is held holds it for an instant itself:
 * only who keeps it is another daemon. False with errno set. */
static bool places_take(int fd)
{
    for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; tries++) {
        if (errno != EWOULDBLOCK || tries == PLACES_LOCK_TRIES)
            return false;
        poll(NULL, 0, PLACES_LOCK_MS);
    }
    return true;
}

int places_lock(const char *state_dir, int dir, int *fd, char *error,
                size_t error_size)
{
    char path[PATH_MAX + 8];
    struct stat status;
    int rc = 0;

    snprintf(path, sizeof(path), "%s/lock", state_dir);
    /* The daemon's user owns the directory: nothing is followed. */
    *fd = openat(dir, "lock",
                 O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (*fd < 0)
        return refuse(errno, path, strerror(errno), error, error_size);
    if (fstat(*fd, &status) < 0)
        rc = refuse(errno, path, strerror(errno), error, error_size);
    else if (!S_ISREG(status.st_mode) || status.st_nlink != 1)
        rc = refuse(EINVAL, path, "it is not a plain file", error, error_size);
    else if (!places_take(*fd))
        rc = refuse(errno, state_dir,
                    errno == EWOULDBLOCK
                        ? "a second daemon: another one runs on this directory"
                        : strerror(errno),
                    error, error_size);
    if (rc != 0) {
        close(*fd);
        *fd = -1;
    }
    return rc;
}

void places_sign(int lock_fd)
{
    /* For people only: what cannot be written is not missed. */
    if (ftruncate(lock_fd, 0) == 0)
        (void)!dprintf(lock_fd, "%d\n", (int)getpid());
}
