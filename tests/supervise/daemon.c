/* daemon: stands for hotwarmd in tests/supervise.
 *
 * WHAT
 *   Takes hotwarmd's options, speaks the link (lib/link.h) and does as it is
 *   told: before anything else by the lines of STATE_DIR/orders, later by a
 *   line per connection on its control socket, answered with "done":
 *
 *     say TEXT        a packet on the link
 *     exit N          ends with N
 *     quiet           no more "alive"
 *     deaf            "stop" is heard and ignored
 *     worse           "stop" is answered with exit code 1
 *     close           closes the link and lives on
 *     stay            lives on when the link ends
 *     wait            (orders) waits until STATE_DIR/go exists
 *     no-ready        (orders) never says "ready"
 *
 *   What it hears on the link goes to STATE_DIR/heard, its arguments to
 *   STATE_DIR/arguments.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ALIVE_MS = 200, LINE = 600 };

struct daemon {
    const char *state_dir;
    int control;
    int link; /* -1: closed */
    bool quiet;
    bool deaf;
    bool worse;
    bool stay;
    bool ready;
};

static void note(const struct daemon *daemon, const char *file,
                 const char *text)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s", daemon->state_dir, file);
    FILE *out = fopen(path, "a");
    if (out == NULL)
        exit(90);
    fprintf(out, "%s\n", text);
    fclose(out);
}

static void say(const struct daemon *daemon, const char *text)
{
    if (daemon->link >= 0 &&
        send(daemon->link, text, strlen(text), MSG_NOSIGNAL) < 0)
        exit(91);
}

static void wait_for_go(const struct daemon *daemon)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/go", daemon->state_dir);
    while (access(path, F_OK) != 0) {
        struct pollfd link = {.fd = daemon->link, .events = POLLIN};
        if (poll(&link, 1, 20) > 0)
            return; /* told to stop */
    }
}

static void obey(struct daemon *daemon, const char *order)
{
    if (strncmp(order, "say ", 4) == 0) {
        say(daemon, order + 4);
    } else if (strncmp(order, "exit ", 5) == 0) {
        exit(atoi(order + 5));
    } else if (strcmp(order, "quiet") == 0) {
        daemon->quiet = true;
    } else if (strcmp(order, "deaf") == 0) {
        daemon->deaf = true;
    } else if (strcmp(order, "worse") == 0) {
        daemon->worse = true;
    } else if (strcmp(order, "stay") == 0) {
        daemon->stay = true;
    } else if (strcmp(order, "close") == 0) {
        close(daemon->link);
        daemon->link = -1;
    } else if (strcmp(order, "wait") == 0) {
        wait_for_go(daemon);
    } else if (strcmp(order, "no-ready") == 0) {
        daemon->ready = true;
    } else {
        exit(92);
    }
}

static void obey_file(struct daemon *daemon)
{
    char path[4096], line[LINE];

    snprintf(path, sizeof(path), "%s/orders", daemon->state_dir);
    FILE *in = fopen(path, "r");
    if (in == NULL)
        return;
    while (fgets(line, sizeof(line), in) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        obey(daemon, line);
    }
    fclose(in);
}

static void hear(struct daemon *daemon)
{
    char text[LINE];
    ssize_t got = recv(daemon->link, text, sizeof(text) - 1, MSG_DONTWAIT);

    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0 && !daemon->stay)
        exit(0); /* the supervisor is gone */
    if (got <= 0) {
        daemon->quiet = true;
        daemon->link = -1;
        return;
    }
    text[got] = '\0';
    note(daemon, "heard", text);
    if (strcmp(text, "stop") == 0 && !daemon->deaf)
        exit(daemon->worse ? 1 : 0);
}

static void serve(struct daemon *daemon)
{
    char line[LINE];
    int fd = accept(daemon->control, NULL, NULL);

    if (fd < 0)
        return;
    ssize_t got = recv(fd, line, sizeof(line) - 1, 0);
    if (got > 0) {
        line[got] = '\0';
        line[strcspn(line, "\n")] = '\0';
        obey(daemon, line);
        (void)!write(fd, "done\n", 5);
    }
    close(fd);
}

static const char *option(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    }
    exit(93);
}

int main(int argc, char **argv)
{
    struct daemon daemon = {
        .state_dir = option(argc, argv, "--state-dir"),
        .control = atoi(option(argc, argv, "--control-fd")),
        .link = atoi(option(argc, argv, "--link-fd")),
    };

    for (int i = 0; i < argc; i++)
        note(&daemon, "arguments", argv[i]);
    obey_file(&daemon);
    if (!daemon.ready)
        say(&daemon, "ready");
    for (;;) {
        struct pollfd fds[] = {{.fd = daemon.link, .events = POLLIN},
                               {.fd = daemon.control, .events = POLLIN}};
        if (!daemon.quiet)
            say(&daemon, "alive");
        poll(fds, 2, ALIVE_MS);
        if (fds[0].revents != 0)
            hear(&daemon);
        if (fds[1].revents != 0)
            serve(&daemon);
    }
}
