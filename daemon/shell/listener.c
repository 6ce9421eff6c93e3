#include "daemon/shell/listener.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENER_TURN = 128 }; /* new connections in one turn of the loop */

size_t listener_descriptors(size_t clients, size_t others)
{
    struct rlimit limit;
    rlim_t wanted = clients + others;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 1;
    if (limit.rlim_cur < wanted) {
        struct rlimit more = limit;
        more.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        if (setrlimit(RLIMIT_NOFILE, &more) == 0)
            limit = more;
    }
    if (limit.rlim_cur >= wanted)
        return clients;
    size_t left = limit.rlim_cur > others ? (size_t)limit.rlim_cur - others : 1;
    log_warn("at most %zu clients instead of %zu: no more than %zu files may "
             "be open",
             left, clients, (size_t)limit.rlim_cur);
    return left;
}

static int32_t listener_on_ready(int32_t fd, int32_t revents, void *data);

static void watch(struct listener *listener, int events)
{
    qb_loop_poll_mod(listener->loop, QB_LOOP_MED, listener->fd, events,
                     listener, listener_on_ready);
}

static void on_pause_over(void *data)
{
    struct listener *listener = data;

    listener->pause = 0;
    watch(listener, POLLIN);
}

static void pause_it(struct listener *listener)
{
    if (qb_loop_timer_add(listener->loop, QB_LOOP_MED,
                          LISTENER_PAUSE_MS * 1000000ull, listener,
                          on_pause_over, &listener->pause) == 0)
        watch(listener, 0);
}

/* A short text into an empty socket buffer: it fits, or nobody reads. */
static void refuse(struct listener *listener, int fd)
{
    static const char text[] = "-ERR max number of clients reached\r\n";

    (void)!send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
    log_warn_seldom(&listener->refused,
                    "a client of the %s socket is refused: there are %zu",
                    listener->name, listener->clients);
}

static void take(struct listener *listener, int fd)
{
    if (listener->clients >= listener->limit &&
        !(listener->make_room != NULL && listener->make_room(listener))) {
        refuse(listener, fd);
        return;
    }
    listener->clients++;
    if (!listener->opened(listener, fd))
        listener->clients--;
}

/* Many at a time: a socket's queue is short, and who finds it full is not
 * always patient. */
static int32_t listener_on_ready(int32_t fd, int32_t revents, void *data)
{
    struct listener *listener = data;
    int accepted = 0;

    (void)revents;
    for (int i = 0; i < LISTENER_TURN && accepted >= 0; i++) {
        accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (accepted >= 0)
            take(listener, accepted);
    }
    if (accepted < 0 && errno != EAGAIN && errno != EINTR &&
        errno != ECONNABORTED) {
        log_warn_seldom(&listener->failed,
                        "a client of the %s socket could not be accepted: %s",
                        listener->name, strerror(errno));
        pause_it(listener);
    }
    return 0;
}

int listener_begin(struct listener *listener)
{
    return -qb_loop_poll_add(listener->loop, QB_LOOP_MED, listener->fd, POLLIN,
                             listener, listener_on_ready);
}

void listener_gone(struct listener *listener)
{
    listener->clients--;
}

void listener_end(struct listener *listener)
{
    if (listener->pause != 0)
        qb_loop_timer_del(listener->loop, listener->pause);
    qb_loop_poll_del(listener->loop, listener->fd);
    close(listener->fd);
}
