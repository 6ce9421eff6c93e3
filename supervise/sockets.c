#include "supervise/sockets.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/endpoint.h"
#include "lib/result.h"
#include "lib/secret.h"

static const struct {
    const char *ending;
    mode_t mode;
} kinds[SOCKETS_COUNT] = {
    [SOCKETS_DATA] = {"sock", 0660},
    [SOCKETS_CONTROL] = {"ctl", 0660},
    [SOCKETS_SUPERVISOR] = {"sup", 0600},
};

static int refuse(int rc, const char *what, const char *why, char *error,
                  size_t error_size)
{
    snprintf(error, error_size, "%.300s: %s", what, why);
    return rc;
}

static int find_groups(const char *socket_group, gid_t gids[SOCKETS_COUNT],
                       char *error, size_t error_size)
{
    const struct group *entry = getgrnam(socket_group);

    if (entry == NULL) {
        snprintf(error, error_size, "--socket-group: there is no group '%s'",
                 socket_group);
        return ENOENT;
    }
    gids[SOCKETS_DATA] = entry->gr_gid;
    entry = getgrnam("haclient");
    gids[SOCKETS_CONTROL] = entry != NULL ? entry->gr_gid : 0;
    gids[SOCKETS_SUPERVISOR] = 0;
    return 0;
}

static int make_paths(struct sockets *sockets, const char *run_dir,
                      const char *group, char *error, size_t error_size)
{
    for (size_t i = 0; i < SOCKETS_COUNT; i++) {
        size_t room = sizeof(sockets->paths[i]);
        int len = snprintf(sockets->paths[i], room, "%s/%s.%s", run_dir, group,
                           kinds[i].ending);
        if (len < 0 || (size_t)len >= room)
            return refuse(ENAMETOOLONG, run_dir,
                          "too long for the path of a socket (107 bytes)",
                          error, error_size);
    }
    return 0;
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    return address;
}

static int somebody_answers(const char *path)
{
    struct sockaddr_un address = address_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return 0;
    int rc = connect(fd, (struct sockaddr *)&address, sizeof(address));
    int busy = rc < 0 && errno == EAGAIN; /* its backlog is full */
    close(fd);
    return rc == 0 || busy;
}

static int make_one(const char *path, mode_t mode, gid_t gid, int *out)
{
    struct sockaddr_un address = address_of(path);
    int rc = 0;

    if (unlink(path) < 0 && errno != ENOENT)
        return errno;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    /* Nobody may connect before owner and mode are set. */
    mode_t before = umask(0777);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        rc = errno;
    umask(before);
    if (rc == 0 && (chown(path, 0, gid) < 0 || chmod(path, mode) < 0 ||
                    listen(fd, SOMAXCONN) < 0)) {
        rc = errno;
        unlink(path);
    }
    if (rc != 0)
        close(fd);
    else
        *out = fd;
    return rc;
}

int sockets_make(struct sockets *sockets, const char *run_dir,
                 const char *group, const char *socket_group, char *error,
                 size_t error_size)
{
    gid_t gids[SOCKETS_COUNT];

    *sockets = (struct sockets){.fds = {-1, -1, -1}, .tcp = -1, .secret = -1};
    int rc = find_groups(socket_group, gids, error, error_size);
    if (rc == 0)
        rc = make_paths(sockets, run_dir, group, error, error_size);
    if (rc != 0)
        return rc;
    if (somebody_answers(sockets->paths[SOCKETS_SUPERVISOR]))
        return refuse(EADDRINUSE, sockets->paths[SOCKETS_SUPERVISOR],
                      "a group of this name runs with another state directory",
                      error, error_size);
    for (size_t i = 0; i < SOCKETS_COUNT && rc == 0; i++) {
        rc = make_one(sockets->paths[i], kinds[i].mode, gids[i],
                      &sockets->fds[i]);
        if (rc != 0)
            refuse(rc, sockets->paths[i], strerror(rc), error, error_size);
    }
    if (rc != 0)
        sockets_remove(sockets);
    return rc;
}

int sockets_link(struct sockets *sockets, const char *run_dir,
                 const char *resource, const char *group, const char *state_dir,
                 char *error, size_t error_size)
{
    char target[PATH_MAX];

    if (snprintf(target, sizeof(target), "%s%s", group, state_dir) >=
            (int)sizeof(target) ||
        snprintf(sockets->link, sizeof(sockets->link), "%s/%s.rsc", run_dir,
                 resource) >= (int)sizeof(sockets->link)) {
        sockets->link[0] = '\0';
        return refuse(ENAMETOOLONG, run_dir, strerror(ENAMETOOLONG), error,
                      error_size);
    }
    unlink(sockets->link);
    if (symlink(target, sockets->link) < 0)
        return refuse(errno, sockets->link, strerror(errno), error, error_size);
    return 0;
}

int sockets_open_tcp(struct sockets *sockets, const char *listen,
                     const char *passwd_file, char *error, size_t error_size)
{
    struct endpoint endpoint;

    int rc = secret_open(passwd_file, &sockets->secret, error, error_size);
    if (rc != 0)
        return rc;
    endpoint_parse(listen, &endpoint);
    rc = endpoint_listen(&endpoint, &sockets->tcp);
    if (rc != 0)
        snprintf(error, error_size, "--listen %.64s: %s", listen,
                 result_text(rc));
    return rc;
}

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void sockets_hand_over(struct sockets *sockets)
{
    close_one(&sockets->fds[SOCKETS_DATA]);
    close_one(&sockets->fds[SOCKETS_CONTROL]);
    close_one(&sockets->tcp);
    close_one(&sockets->secret);
}

void sockets_remove(struct sockets *sockets)
{
    for (size_t i = 0; i < SOCKETS_COUNT; i++) {
        unlink(sockets->paths[i]);
        close_one(&sockets->fds[i]);
    }
    close_one(&sockets->tcp);
    close_one(&sockets->secret);
    if (sockets->link[0] != '\0')
        unlink(sockets->link);
}
