/* standin: in the place of hotwarm-supervise and hotwarmd, for faults that
 * these cannot be made to show. Takes the supervisor's options, of which it
 * reads --group and --state-dir; the environment says what it does wrong:
 *
 *   STANDIN_START  daemon    goes to the background, and serves (as below)
 *                  real      the same, but with the real hotwarmd, standalone
 *                            (the program HOTWARMD); the rest is not read
 *                  refuse    two lines on stderr, exit 1
 *                  status3   exit 3, without a word
 *                  crash     SIGKILL
 *                  vanish    exit 0, and nothing is there
 *                  dies      takes the lock, exit 0, ends after 300 ms
 *                  linger    does nothing for ever, in the foreground
 *   STANDIN_LOCK   held none
 *   STANDIN_CTL    good      STATUS gets STANDIN_STATUS, the rest +OK
 *                  absent deaf (does not accept) mute close garbage error drip
 *                  huge nul number
 *   STANDIN_VERB   as STANDIN_CTL, for PROMOTE and DEMOTE only
 *   STANDIN_TUNE   as STANDIN_CTL, for TUNE only
 *   STANDIN_SUP    good      "stop" ends everything; "status": no score is
 *                            wanted; "started": STANDIN_STARTED, and what was
 *                            "tuned"; "managed": STANDIN_MANAGED
 *                  scored    "status": a score is set
 *                  late      "status": one is not set before the third time
 *                  absent deaf mute
 *   STANDIN_ORPHAN 1         a child inherits the lock and outlives it
 *   STANDIN_SLOW   ms        before anything is served
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLIENTS = 16 };

struct standin {
    char group[128];
    char state_dir[256];
    int lock, control, supervisor; /* -1: none */
    int clients[CLIENTS];
    size_t client_count;
    pid_t daemon; /* the real one; 0: none */
};

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0' ? value : otherwise;
}

static bool is(const char *name, const char *otherwise, const char *wanted)
{
    return strcmp(setting(name, otherwise), wanted) == 0;
}

static void die(const char *what)
{
    fprintf(stderr, "standin: %s: %s\n", what, strerror(errno));
    exit(99);
}

static void take_options(struct standin *standin, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--group=", 8) == 0)
            snprintf(standin->group, sizeof standin->group, "%s", argv[i] + 8);
        if (strncmp(argv[i], "--state-dir=", 12) == 0)
            snprintf(standin->state_dir, sizeof standin->state_dir, "%s",
                     argv[i] + 12);
    }
    if (*standin->group == '\0' || *standin->state_dir == '\0') {
        fputs("standin: --group= and --state-dir= are missing\n", stderr);
        exit(99);
    }
}

static void lock(struct standin *standin)
{
    char path[512];

    snprintf(path, sizeof path, "%s/lock", standin->state_dir);
    standin->lock = open(path, O_RDWR | O_CREAT, 0600);
    if (standin->lock < 0)
        die(path);
    /* Somebody may be looking. */
    for (int i = 0; flock(standin->lock, LOCK_EX | LOCK_NB) != 0; i++) {
        if (i == 100)
            die("lock");
        usleep(10000);
    }
}

static int listen_on(const struct standin *standin, const char *ending,
                     int backlog)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int len = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s.%s",
                       setting("TEST_RUN_DIR", "."), standin->group, ending);

    if (len < 0 || (size_t)len >= sizeof address.sun_path)
        die("path");
    unlink(address.sun_path);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, backlog) != 0)
        die(address.sun_path);
    return fd;
}

/* --- what it says --- */

static void put(int fd, const char *bytes, size_t len)
{
    if (send(fd, bytes, len, MSG_NOSIGNAL) < 0)
        return;
}

static void put_status(int fd)
{
    const char *text =
        setting("STANDIN_STATUS", "group:g\r\nrole:follower\r\nwhy:\r\n"
                                  "promoted:0\r\nopen:0\r\nwritable:0\r\n");
    char reply[4096];
    int len =
        snprintf(reply, sizeof reply, "$%zu\r\n%s\r\n", strlen(text), text);

    put(fd, reply, (size_t)len);
}

static void drip(int fd)
{
    static const char reply[] = "$400\r\nrole:follower";

    for (size_t i = 0; i < 400; i++) {
        put(fd, i < sizeof reply - 1 ? &reply[i] : "x", 1);
        usleep(50000);
    }
}

static void huge(int fd)
{
    static char zeros[65536];

    put(fd, "$16777216\r\n", 11);
    for (size_t i = 0; i < 256; i++)
        put(fd, zeros, sizeof zeros);
}

/* False: the connection is to be closed. */
static bool answer(int fd, const char *kind, bool status)
{
    if (strcmp(kind, "good") == 0 && status)
        put_status(fd);
    else if (strcmp(kind, "good") == 0)
        put(fd, "+OK\r\n", 5);
    else if (strcmp(kind, "garbage") == 0)
        put(fd, "\001\002 no RESP\r\n", 12);
    else if (strcmp(kind, "error") == 0)
        put(fd, "-ERR this replica is quarantined\r\n", 34);
    else if (strcmp(kind, "number") == 0)
        put(fd, ":7\r\n", 4);
    else if (strcmp(kind, "nul") == 0)
        put(fd, "$8\r\nrole:\0ok\r\n", 14);
    else if (strcmp(kind, "drip") == 0)
        drip(fd);
    else if (strcmp(kind, "huge") == 0)
        huge(fd);
    return strcmp(kind, "close") != 0;
}

/* Each line that the supervisor hears, and DEMOTE, for the test. */
static void note_line(const char *line)
{
    char path[300];
    FILE *file;

    snprintf(path, sizeof path, "%s/heard", setting("TEST_RUN_DIR", "."));
    file = fopen(path, "ae");
    if (file == NULL)
        die(path);
    fputs(line, file);
    fclose(file);
}

/* False at the client's end. */
static bool serve(int fd)
{
    char bytes[512];
    ssize_t got = recv(fd, bytes, sizeof bytes - 1, 0);
    const char *kind = setting("STANDIN_CTL", "good");
    bool status;

    if (got <= 0)
        return false;
    bytes[got] = '\0';
    status = strstr(bytes, "STATUS") != NULL;
    if (strstr(bytes, "DEMOTE") != NULL)
        note_line("DEMOTE\n");
    if (strstr(bytes, "TUNE") != NULL)
        kind = setting("STANDIN_TUNE", kind);
    else if (!status)
        kind = setting("STANDIN_VERB", kind);
    return answer(fd, kind, status);
}

/* --- as a daemon --- */

static void remove_sockets(const struct standin *standin)
{
    static const char *const endings[] = {"ctl", "sup", "sock"};
    char path[512];

    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s.%s", setting("TEST_RUN_DIR", "."),
                 standin->group, endings[i]);
        unlink(path);
    }
}

static void put_scored(int fd)
{
    static int asked;
    bool late = is("STANDIN_SUP", "good", "late") && ++asked < 3;
    char text[128];
    int len =
        snprintf(text, sizeof text, "score %d\nscore_set %s\nwhy \nok\n",
                 is("STANDIN_SUP", "good", "good") ? -1 : 100,
                 is("STANDIN_SUP", "good", "good") || late ? "no" : "yes");

    put(fd, text, (size_t)len);
}

static void put_text(int fd, const char *format, const char *text)
{
    char line[1024];
    int len = snprintf(line, sizeof line, format, text);

    put(fd, line, (size_t)len);
}

static void answer_supervisor(int fd, const char *line)
{
    static char tuned[512];

    if (strcmp(line, "status\n") == 0)
        put_scored(fd);
    if (strcmp(line, "managed\n") == 0)
        put_text(fd, "managed %s\nok\n", setting("STANDIN_MANAGED", "yes"));
    if (strncmp(line, "tuned", 5) == 0) {
        snprintf(tuned, sizeof tuned, "%s", line);
        put(fd, "ok\n", 3);
    }
    if (strcmp(line, "started\n") == 0) {
        put_text(fd, "%s\n", setting("STANDIN_STARTED", ""));
        put_text(fd, "%sok\n", tuned);
    }
}

static void on_supervisor(struct standin *standin)
{
    int fd = accept4(standin->supervisor, NULL, NULL, SOCK_CLOEXEC);
    char bytes[512] = "";

    if (fd < 0 || is("STANDIN_SUP", "good", "mute"))
        return; /* open, for ever */
    if (recv(fd, bytes, sizeof bytes - 1, 0) < 0 ||
        strcmp(bytes, "stop\n") != 0) {
        note_line(bytes);
        answer_supervisor(fd, bytes);
        close(fd);
        return;
    }
    if (standin->daemon > 0) {
        kill(standin->daemon, SIGTERM);
        waitpid(standin->daemon, NULL, 0);
    }
    remove_sockets(standin);
    put(fd, "ok\n", 3);
    exit(0);
}

static void loop(struct standin *standin)
{
    struct pollfd polls[CLIENTS + 2];

    for (;;) {
        size_t count = standin->client_count;
        bool deaf = is("STANDIN_CTL", "good", "deaf") || count == CLIENTS;
        polls[0].fd = deaf ? -1 : standin->control;
        polls[1].fd =
            is("STANDIN_SUP", "good", "deaf") ? -1 : standin->supervisor;
        for (size_t i = 0; i < count; i++)
            polls[i + 2].fd = standin->clients[i];
        for (size_t i = 0; i < count + 2; i++)
            polls[i].events = POLLIN;
        if (poll(polls, count + 2, -1) < 0)
            continue;
        if ((polls[1].revents & POLLIN) != 0)
            on_supervisor(standin);
        for (size_t i = count; i-- > 0;) {
            if (polls[i + 2].revents == 0 || serve(standin->clients[i]))
                continue;
            close(standin->clients[i]);
            standin->clients[i] = standin->clients[--standin->client_count];
        }
        if ((polls[0].revents & POLLIN) != 0)
            standin->clients[standin->client_count++] =
                accept4(standin->control, NULL, NULL, SOCK_CLOEXEC);
    }
}

/* Each process, so that the test can end what an agent left. */
static void note_pid(void)
{
    char path[300];
    FILE *file;

    snprintf(path, sizeof path, "%s/pids", setting("TEST_RUN_DIR", "."));
    file = fopen(path, "ae");
    if (file == NULL)
        die(path);
    fprintf(file, "%ld\n", (long)getpid());
    fclose(file);
}

/* The real daemon takes its lock itself: not gone before it answers. */
static void await_real(const struct standin *standin)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s.ctl", setting("TEST_RUN_DIR", "."),
             standin->group);
    for (int i = 0; i < 1000 && access(path, F_OK) != 0; i++)
        usleep(10000);
}

static void detach(const struct standin *standin)
{
    int null = open("/dev/null", O_RDWR);

    if (fork() != 0) {
        if (is("STANDIN_START", "daemon", "real"))
            await_real(standin);
        _exit(0);
    }
    setsid();
    note_pid();
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
}

static void start_real(struct standin *standin)
{
    char group[160], state[300], run[300];
    pid_t parent = getpid();

    snprintf(group, sizeof group, "--group=%s", standin->group);
    snprintf(state, sizeof state, "--state-dir=%s", standin->state_dir);
    snprintf(run, sizeof run, "--socket-dir=%s", setting("TEST_RUN_DIR", "."));
    standin->daemon = fork();
    if (standin->daemon != 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent)
        execl(setting("HOTWARMD", ""), "hotwarmd", "--standalone", group, state,
              run, (char *)NULL);
    _exit(127);
}

static void be_daemon(struct standin *standin)
{
    bool real = is("STANDIN_START", "daemon", "real");

    detach(standin);
    signal(SIGPIPE, SIG_IGN);
    usleep((useconds_t)atoi(setting("STANDIN_SLOW", "0")) * 1000);
    if (is("STANDIN_ORPHAN", "0", "1") && fork() == 0) {
        note_pid();
        for (;;)
            pause();
    }
    if (!is("STANDIN_SUP", "good", "absent"))
        standin->supervisor = listen_on(
            standin, "sup", is("STANDIN_SUP", "good", "deaf") ? 0 : 16);
    if (real)
        start_real(standin);
    else if (!is("STANDIN_CTL", "good", "absent"))
        standin->control = listen_on(
            standin, "ctl", is("STANDIN_CTL", "good", "deaf") ? 0 : 16);
    loop(standin);
}

int main(int argc, char **argv)
{
    struct standin standin = {.lock = -1, .control = -1, .supervisor = -1};
    const char *start = setting("STANDIN_START", "daemon");

    take_options(&standin, argc, argv);
    if (strcmp(start, "refuse") == 0) {
        fputs("hotwarm-supervise: something first\n"
              "the state directory belongs to root\n\n",
              stderr);
        return 1;
    }
    if (strcmp(start, "status3") == 0)
        return 3;
    if (strcmp(start, "crash") == 0)
        raise(SIGKILL);
    if (strcmp(start, "vanish") == 0)
        return 0;
    if (strcmp(start, "linger") == 0)
        note_pid();
    while (strcmp(start, "linger") == 0)
        pause();
    if (strcmp(start, "real") != 0 && !is("STANDIN_LOCK", "held", "none"))
        lock(&standin);
    if (strcmp(start, "dies") == 0) {
        detach(&standin);
        usleep(300000);
        return 0;
    }
    be_daemon(&standin);
    return 0;
}
