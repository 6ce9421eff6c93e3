/* hotwarm-supervise: options, and the order in which everything is started.
 *
 *   options      checked before anything is made
 *   places       run directory, state directory, lock
 *   sockets      with the lock held
 *   background   errors up to here are on stderr; later ones are passed on
 *   life         the daemon, and the loop until the end
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/places.h"
#include "supervise/life.h"

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct supervisor {
    struct options options;
    struct account account;
    struct utsname host;
    const char *node;
    int lock_fd;
    struct sockets sockets;
    struct launch launch;
    qb_loop_t *loop;
    int signals_fd;
    struct child_settings child;
    struct life *life;
    char error[LINK_MAX];
};

/* Descriptors 0 to 2 are open, so that nothing else gets these numbers. */
static void open_standard(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= 2);
    if (fd > 2)
        close(fd);
}

static int prepare_signals(struct supervisor *supervisor)
{
    sigset_t set;

    /* An ignored SIGCHLD, inherited, would reap our children. */
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return errno;
    supervisor->signals_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return supervisor->signals_fd < 0 ? errno : 0;
}

/* Pacemaker's name of this node: as told, else as its executor told the agent
 * that called us, else the host's. */
static int find_node(struct supervisor *supervisor)
{
    supervisor->node = supervisor->options.node;
    if (supervisor->node == NULL)
        supervisor->node = getenv("OCF_RESKEY_CRM_meta_on_node");
    if (supervisor->node != NULL && supervisor->node[0] != '\0')
        return 0;
    if (uname(&supervisor->host) < 0)
        return errno;
    supervisor->node = supervisor->host.nodename;
    return 0;
}

/* Everything that can be refused while the caller still listens to stderr. */
static int prepare(struct supervisor *supervisor)
{
    const struct options *options = &supervisor->options;
    char *error = supervisor->error;
    size_t size = sizeof(supervisor->error);
    int dir = -1;

    if (geteuid() != 0) {
        snprintf(error, size, "it has to be started by root");
        return EPERM;
    }
    int rc = find_node(supervisor);
    if (rc == 0)
        rc = places_account(options->user, &supervisor->account, error, size);
    if (rc == 0)
        rc = places_run_dir(options->run_dir, error, size);
    if (rc == 0)
        rc = places_state_dir(options->state_dir, &supervisor->account, &dir,
                              error, size);
    if (rc == 0) {
        rc = places_lock(options->state_dir, dir, &supervisor->lock_fd, error,
                         size);
        close(dir);
    }
    if (rc == 0)
        rc = sockets_make(&supervisor->sockets, options->run_dir,
                          options->group, options->socket_group, error, size);
    if (rc != 0)
        return rc;
    rc = sockets_link(&supervisor->sockets, options->run_dir, options->resource,
                      options->group, options->state_dir, error, size);
    if (rc == 0 && options->listen != NULL)
        rc = sockets_open_tcp(&supervisor->sockets, options->listen,
                              options->passwd_file, error, size);
    if (rc != 0)
        sockets_remove(&supervisor->sockets);
    return rc;
}

static int32_t on_signal(int32_t fd, int32_t revents, void *data)
{
    struct supervisor *supervisor = data;
    struct signalfd_siginfo info;

    (void)revents;
    while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        life_stop(supervisor->life);
    return 0;
}

static int begin(struct supervisor *supervisor)
{
    struct life_settings settings = {.options = &supervisor->options,
                                     .node = supervisor->node,
                                     .child = &supervisor->child,
                                     .sockets = &supervisor->sockets,
                                     .launch = &supervisor->launch,
                                     .lock_fd = &supervisor->lock_fd};

    supervisor->child = (struct child_settings){
        .options = &supervisor->options,
        .uid = supervisor->account.uid,
        .gid = supervisor->account.gid,
        .data_fd = supervisor->sockets.fds[SOCKETS_DATA],
        .control_fd = supervisor->sockets.fds[SOCKETS_CONTROL],
        .tcp_fd = supervisor->sockets.tcp,
        .secret_fd = supervisor->sockets.secret,
        .lock_fd = supervisor->lock_fd,
        .keep_output = supervisor->options.foreground,
    };
    int rc = prepare_signals(supervisor);
    if (rc != 0)
        return rc;
    supervisor->loop = qb_loop_create();
    if (supervisor->loop == NULL)
        return ENOMEM;
    int32_t status =
        qb_loop_poll_add(supervisor->loop, QB_LOOP_HIGH, supervisor->signals_fd,
                         POLLIN, supervisor, on_signal);
    if (status < 0)
        return -status;
    return life_start(supervisor->loop, &settings, &supervisor->life,
                      supervisor->error, sizeof(supervisor->error));
}

/* From here on there may be nobody at stderr. */
static int supervise(struct supervisor *supervisor)
{
    int status = EXIT_FAILED;

    log_open("hotwarm-supervise",
             supervisor->options.foreground ? LOG_TO_STDERR : LOG_TO_SYSLOG);
    places_sign(supervisor->lock_fd);
    int rc = begin(supervisor);
    if (rc == 0) {
        qb_loop_run(supervisor->loop);
        status = life_status(supervisor->life);
    } else {
        if (supervisor->error[0] == '\0')
            snprintf(supervisor->error, sizeof(supervisor->error), "%s",
                     strerror(rc));
        log_err("%s: %s", supervisor->options.group, supervisor->error);
        launch_failed(&supervisor->launch, supervisor->error);
        sockets_remove(&supervisor->sockets);
    }
    life_free(supervisor->life);
    if (supervisor->loop != NULL)
        qb_loop_destroy(supervisor->loop);
    log_close();
    return status;
}

int main(int argc, char **argv)
{
    struct supervisor supervisor = {
        .lock_fd = -1, .signals_fd = -1, .launch = {.pipe = -1}};
    char *error = supervisor.error;

    open_standard();
    if (options_parse(&supervisor.options, argc, argv, error,
                      sizeof(supervisor.error)) != 0) {
        fprintf(stderr, "hotwarm-supervise: %s\n", error);
        return EXIT_USAGE;
    }
    if (supervisor.options.help) {
        fputs(options_usage(), stdout);
        return EXIT_GOOD;
    }
    int rc = prepare(&supervisor);
    if (rc == 0 && !supervisor.options.foreground) {
        rc = launch_detach(&supervisor.launch);
        if (rc != 0)
            sockets_remove(&supervisor.sockets);
    }
    if (rc != 0) {
        fprintf(stderr, "hotwarm-supervise: %s\n",
                error[0] != '\0' ? error : strerror(rc));
        return EXIT_FAILED;
    }
    return supervise(&supervisor);
}
