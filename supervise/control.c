#include "supervise/control.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/result.h"

enum { CONNECTIONS_MAX = 32 };

/* What a connection waits for. */
enum waits { WAITS_FOR_NOTHING, WAITS_FOR_STOP, WAITS_FOR_MANAGED };

struct connection {
    struct control *control;
    int fd; /* -1: free */
    enum waits waits;
    size_t len;
    char line[CONTROL_LINE_MAX];
};

struct control {
    qb_loop_t *loop;
    int fd;
    const struct control_calls *calls;
    void *context;
    size_t oldest; /* the next to make room */
    struct connection connections[CONNECTIONS_MAX];
};

/* ---- requests ---- */

static int parse_grace(const char *text, uint64_t *grace_ms)
{
    char *end = NULL;

    if (text[0] < '0' || text[0] > '9')
        return RESULT_MALFORMED;
    errno = 0;
    *grace_ms = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || *grace_ms > CONTROL_GRACE_MAX_MS)
        return RESULT_MALFORMED;
    return 0;
}

int control_parse(const char *line, enum control_request *request,
                  uint64_t *grace_ms, const char **rest)
{
    static const struct {
        const char *word;
        enum control_request request;
        bool more; /* something may follow */
    } rows[] = {
        {"stop", CONTROL_STOP, true},
        {"status", CONTROL_STATUS, false},
        {"refresh", CONTROL_REFRESH, false},
        {"started", CONTROL_STARTED, false},
        {"tuned", CONTROL_TUNED, true},
        {"managed", CONTROL_MANAGED, false},
    };
    size_t len = strcspn(line, " ");

    *grace_ms = CONTROL_GRACE_MS;
    *rest = line[len] == ' ' ? line + len + 1 : "";
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strlen(rows[i].word) != len ||
            strncmp(line, rows[i].word, len) != 0)
            continue;
        if (!rows[i].more && line[len] != '\0')
            return RESULT_MALFORMED;
        *request = rows[i].request;
        if (*request == CONTROL_STOP && line[len] != '\0')
            return parse_grace(*rest, grace_ms);
        return 0;
    }
    return RESULT_MALFORMED;
}

/* ---- connections ---- */

static void drop(struct connection *connection)
{
    if (connection->fd < 0)
        return;
    qb_loop_poll_del(connection->control->loop, connection->fd);
    close(connection->fd);
    connection->fd = -1;
}

/* A short answer into an empty socket buffer: it fits, or nobody reads. */
static void answer(struct connection *connection, const struct buf *text)
{
    if (send(connection->fd, text->data, text->len,
             MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        log_debug("an answer was not taken: %s", strerror(errno));
    drop(connection);
}

static void carry_out(struct connection *connection)
{
    struct control *control = connection->control;
    const struct control_calls *calls = control->calls;
    enum control_request request;
    struct buf text = {0};
    const char *rest;
    uint64_t grace_ms;

    if (control_parse(connection->line, &request, &grace_ms, &rest) != 0) {
        buf_printf(&text, "error unknown request\n");
        answer(connection, &text);
        buf_free(&text);
        return;
    }
    switch (request) {
    case CONTROL_STOP:
        connection->waits = WAITS_FOR_STOP;
        calls->stop(control->context, grace_ms);
        return;
    case CONTROL_MANAGED:
        connection->waits = WAITS_FOR_MANAGED;
        calls->managed(control->context);
        return;
    case CONTROL_STATUS:
        calls->status(control->context, &text);
        break;
    case CONTROL_STARTED:
        calls->started(control->context, &text);
        break;
    case CONTROL_TUNED:
        calls->tuned(control->context, rest);
        break;
    case CONTROL_REFRESH:
        calls->refresh(control->context);
        break;
    }
    buf_printf(&text, "ok\n");
    answer(connection, &text);
    buf_free(&text);
}

static void read_connection(struct connection *connection)
{
    char *line = connection->line;
    ssize_t got = recv(connection->fd, line + connection->len,
                       CONTROL_LINE_MAX - connection->len, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        drop(connection);
        return;
    }
    if (connection->waits != WAITS_FOR_NOTHING)
        return; /* nothing more is read from it */
    connection->len += (size_t)got;
    char *end = memchr(line, '\n', connection->len);
    if (end == NULL && connection->len < CONTROL_LINE_MAX)
        return;
    if (end == NULL)
        end = line; /* too long: no request */
    *end = '\0';
    connection->len = 0;
    carry_out(connection);
}

static int32_t connection_on_ready(int32_t fd, int32_t revents, void *data)
{
    (void)fd;
    (void)revents;
    read_connection(data);
    return 0;
}

/* A free place; the oldest idle one's if need be. NULL: all wait for a stop. */
static struct connection *find_place(struct control *control)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (control->connections[i].fd < 0)
            return &control->connections[i];
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection =
            &control->connections[control->oldest++ % CONNECTIONS_MAX];
        if (connection->waits != WAITS_FOR_STOP) {
            drop(connection);
            return connection;
        }
    }
    return NULL;
}

static int32_t control_on_connect(int32_t listener, int32_t revents, void *data)
{
    struct control *control = data;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)revents;
    if (fd < 0)
        return 0;
    struct connection *connection = find_place(control);
    if (connection == NULL) {
        close(fd);
        return 0;
    }
    *connection = (struct connection){.control = control, .fd = fd};
    int32_t status = qb_loop_poll_add(control->loop, QB_LOOP_MED, fd, POLLIN,
                                      connection, connection_on_ready);
    if (status < 0) {
        close(fd);
        connection->fd = -1;
    }
    return 0;
}

int control_open(qb_loop_t *loop, int fd, const struct control_calls *calls,
                 void *context, struct control **out)
{
    struct control *control = mem_calloc(1, sizeof(*control));

    *control = (struct control){
        .loop = loop, .fd = fd, .calls = calls, .context = context};
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        control->connections[i].fd = -1;
    int32_t status = qb_loop_poll_add(loop, QB_LOOP_MED, fd, POLLIN, control,
                                      control_on_connect);
    if (status < 0) {
        free(control);
        return -status;
    }
    *out = control;
    return 0;
}

static void answer_all(struct control *control, enum waits waits,
                       const struct buf *text)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &control->connections[i];
        if (connection->fd >= 0 && connection->waits == waits)
            answer(connection, text);
    }
}

void control_answer_stops(struct control *control)
{
    struct buf text = {0};

    buf_printf(&text, "ok\n");
    answer_all(control, WAITS_FOR_STOP, &text);
    buf_free(&text);
}

void control_answer_managed(struct control *control, const char *managed)
{
    struct buf text = {0};

    buf_printf(&text, "managed %s\nok\n", managed);
    answer_all(control, WAITS_FOR_MANAGED, &text);
    buf_free(&text);
}

void control_close(struct control *control)
{
    if (control == NULL)
        return;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        drop(&control->connections[i]);
    qb_loop_poll_del(control->loop, control->fd);
    free(control);
}
