#include "daemon/standalone.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/endpoint.h"
#include "lib/result.h"
#include "lib/secret.h"

enum { LOCK_MS = 50, LOCK_TRIES = 100 };

/* A living daemon with another state directory may listen there; what a dead
 * one left refuses a connection. */
static bool somebody_listens(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return false;
    bool there =
        connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
        errno == EAGAIN; /* its backlog is full */
    close(fd);
    return there;
}

static int listen_at(const char *dir, const char *group, const char *ending,
                     int *fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.%s",
                       dir, group, ending);

    if (len < 0 || (size_t)len >= sizeof(address.sun_path))
        return ENAMETOOLONG;
    if (somebody_listens(&address))
        return EADDRINUSE;
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0)
        return errno;
    unlink(address.sun_path);
    if (bind(*fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(*fd, SOMAXCONN) < 0)
        return errno;
    return 0;
}

/* The child of one that was killed has the lock until it has gone too, and it may
 * be writing a snapshot. False with errno set. */
static bool take_lock(int lock)
{
    for (int tries = 0; flock(lock, LOCK_EX | LOCK_NB) < 0; tries++) {
        if (errno != EWOULDBLOCK || tries == LOCK_TRIES)
            return false;
        poll(NULL, 0, LOCK_MS);
    }
    return true;
}

static int prepare_tcp(struct options *options)
{
    struct endpoint endpoint;
    char error[300];

    int rc = secret_open(options->passwd_file, &options->secret_fd, error,
                         sizeof(error));
    if (rc != 0) {
        fprintf(stderr, "hotwarmd: %s\n", error);
        return rc;
    }
    endpoint_parse(options->listen, &endpoint);
    rc = endpoint_listen(&endpoint, &options->tcp_fd);
    if (rc != 0)
        fprintf(stderr, "hotwarmd: --listen %s: %s\n", options->listen,
                result_text(rc));
    return rc;
}

int standalone_prepare(struct options *options)
{
    char path[4096];
    int rc;

    snprintf(path, sizeof(path), "%s/lock", options->state_dir);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0 || !take_lock(lock)) {
        rc = errno;
        fprintf(stderr, "hotwarmd: %s: %s\n", path,
                rc == EWOULDBLOCK ? "another hotwarmd runs on it"
                                  : strerror(rc));
        return rc;
    }
    rc = listen_at(options->socket_dir, options->group, "sock",
                   &options->data_fd);
    if (rc == 0)
        rc = listen_at(options->socket_dir, options->group, "ctl",
                       &options->control_fd);
    if (rc != 0)
        fprintf(stderr, "hotwarmd: the sockets in %s: %s\n",
                options->socket_dir,
                rc == EADDRINUSE
                    ? "a group of this name runs with another state directory"
                    : strerror(rc));
    if (rc == 0 && options->listen != NULL)
        rc = prepare_tcp(options);
    return rc;
}
