/* client: what redis-cli cannot do.
 *
 *   load SOCKET ROUND     writes, many at a time, until the daemon is gone;
 *                         then prints "acked A sent S"
 *   verify SOCKET ROUND ACKED SENT
 *                         0 if the writes of that round up to ACKED are there,
 *                         of those up to SENT a first part, of more none
 *   raw SOCKET            sends standard input, then no more, and prints
 *                         everything that comes back
 *   many SOCKET COUNT KEY COUNT connections at once, each with an INCR; 0 if
 *                         the replies are 1 to COUNT
 *   strangers PORT COUNT  COUNT connections by TCP that say nothing; 0 if all
 *                         are closed
 *   hold SOCKET           connects, and waits to be killed
 *   owed SOCKET COUNT WORD...
 *                         sends that command COUNT times, never reads, and waits
 *                         to be killed
 *
 * For raw, SOCKET may be ADDRESS:PORT.
 * Every wait is bounded by BOUND_S seconds.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

enum { BOUND_S = 60, WINDOW = 300, VALUE_MAX = 2000, MANY_MAX = 1000 };

/* A path, or ADDRESS:PORT. */
static redisContext *client_open(const char *path)
{
    const struct timeval bound = {.tv_sec = BOUND_S};
    const char *colon = strrchr(path, ':');
    char address[64];

    if (path[0] == '/' || colon == NULL)
        return redisConnectUnixWithTimeout(path, bound);
    snprintf(address, sizeof(address), "%.*s", (int)(colon - path), path);
    return redisConnectWithTimeout(address, atoi(colon + 1), bound);
}

static redisContext *client_connect(const char *path)
{
    const struct timeval bound = {.tv_sec = BOUND_S};
    redisContext *context = client_open(path);

    /* The socket's queue is full. */
    for (int waits = 0; waits < BOUND_S * 1000 && context != NULL &&
                        context->err != 0 && errno == EAGAIN;
         waits++) {
        poll(NULL, 0, 1);
        redisFree(context);
        context = client_open(path);
    }
    if (context == NULL || context->err != 0) {
        fprintf(stderr, "client: %s: %s\n", path,
                context == NULL ? "no memory" : context->errstr);
        exit(2);
    }
    redisSetTimeout(context, bound);
    return context;
}

/* What write `number` of a round sets. */
static size_t client_value(uint64_t round, uint64_t number,
                           char value[VALUE_MAX])
{
    size_t len = (size_t)(number * number * 37 % VALUE_MAX);
    int head =
        snprintf(value, VALUE_MAX, "%" PRIu64 ".%" PRIu64 ".", round, number);

    for (size_t i = (size_t)head; i < len; i++)
        value[i] = (char)('a' + (i + number) % 26);
    return len > (size_t)head ? len : (size_t)head;
}

/* Every tenth write is an INCR, whose replies must count. */
static void client_append(redisContext *context, uint64_t round,
                          uint64_t number)
{
    char value[VALUE_MAX];

    if (number % 10 == 0) {
        redisAppendCommand(context, "INCR count:%" PRIu64, round);
        return;
    }
    size_t len = client_value(round, number, value);
    redisAppendCommand(context, "SET %" PRIu64 ":%" PRIu64 " %b", round, number,
                       value, len);
}

static bool client_acknowledged(const redisReply *reply, uint64_t number)
{
    if (number % 10 == 0)
        return reply->type == REDIS_REPLY_INTEGER &&
               reply->integer == (long long)(number / 10);
    return reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, "OK") == 0;
}

static int client_load(const char *path, uint64_t round)
{
    redisContext *context = client_connect(path);
    uint64_t sent = 0, acked = 0;
    void *reply = NULL;

    for (;;) {
        while (sent - acked < WINDOW)
            client_append(context, round, ++sent);
        if (redisGetReply(context, &reply) != REDIS_OK)
            break;
        if (!client_acknowledged(reply, acked + 1)) {
            const redisReply *what = reply;
            fprintf(stderr, "client: write %" PRIu64 ": type %d, %s\n",
                    acked + 1, what->type, what->str);
            return 1;
        }
        freeReplyObject(reply);
        acked++;
    }
    bool gone = context->err == REDIS_ERR_EOF ||
                (context->err == REDIS_ERR_IO &&
                 (errno == ECONNRESET || errno == EPIPE));
    if (!gone)
        fprintf(stderr, "client: %s\n", context->errstr);
    printf("acked %" PRIu64 " sent %" PRIu64 "\n", acked, sent);
    redisFree(context);
    return gone ? 0 : 1;
}

static redisReply *client_get(redisContext *context, const char *key)
{
    redisReply *reply = redisCommand(context, "GET %s", key);

    if (reply == NULL ||
        (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_NIL)) {
        fprintf(stderr, "client: GET %s: %s\n", key,
                reply == NULL ? context->errstr : reply->str);
        exit(1);
    }
    return reply;
}

/* 1: it is there; 0: it is not; exits when it is something else. */
static bool client_has(redisContext *context, uint64_t round, uint64_t number)
{
    char key[64], value[VALUE_MAX];

    snprintf(key, sizeof(key), "%" PRIu64 ":%" PRIu64, round, number);
    size_t len = client_value(round, number, value);
    redisReply *reply = client_get(context, key);
    bool there = reply->type == REDIS_REPLY_STRING;
    if (there && (reply->len != len || memcmp(reply->str, value, len) != 0)) {
        fprintf(stderr, "client: %s is not what was written\n", key);
        exit(1);
    }
    freeReplyObject(reply);
    return there;
}

static int client_verify(const char *path, uint64_t round, uint64_t acked,
                         uint64_t sent)
{
    redisContext *context = client_connect(path);
    uint64_t last = 0, number;
    char key[64];

    for (number = 1; number <= sent + WINDOW; number++) {
        if (number % 10 == 0 || !client_has(context, round, number))
            continue;
        uint64_t before = number % 10 == 1 ? number - 2 : number - 1;
        if (last != before && number != 1) {
            fprintf(stderr, "client: %" PRIu64 " is there, %" PRIu64 " not\n",
                    number, before);
            return 1;
        }
        last = number;
    }
    snprintf(key, sizeof(key), "count:%" PRIu64, round);
    redisReply *reply = client_get(context, key);
    uint64_t count =
        reply->type == REDIS_REPLY_NIL ? 0 : strtoull(reply->str, NULL, 10);
    freeReplyObject(reply);
    redisFree(context);
    /* `last` skips the INCRs. */
    if (last + 1 < acked || (acked % 10 != 0 && last < acked) || last > sent ||
        count < acked / 10 || count > sent / 10 || count < last / 10 ||
        count > (last + 1) / 10) {
        fprintf(stderr,
                "client: the last one there is %" PRIu64 ", and %" PRIu64
                " INCRs\n",
                last, count);
        return 1;
    }
    return 0;
}

/* Sends what it can of in[], reads what comes. False at the end. */
static bool client_exchange(int fd, char *in, size_t len, size_t *sent)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char out[65536];

    if (*sent < len)
        wait.events |= POLLOUT;
    if (poll(&wait, 1, BOUND_S * 1000) <= 0) {
        fprintf(stderr, "client: no answer in %d s\n", BOUND_S);
        exit(1);
    }
    if ((wait.revents & POLLOUT) != 0 && *sent < len) {
        ssize_t count =
            send(fd, in + *sent, len - *sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count > 0)
            *sent += (size_t)count;
        if (count < 0 && errno != EAGAIN)
            *sent = len; /* it wants no more */
        if (*sent == len)
            shutdown(fd, SHUT_WR);
    }
    if ((wait.revents & (POLLIN | POLLHUP)) == 0)
        return true;
    ssize_t count = recv(fd, out, sizeof(out), MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN)
        return true;
    if (count <= 0)
        return false;
    fwrite(out, 1, (size_t)count, stdout);
    return true;
}

static int client_raw(const char *path)
{
    redisContext *context = client_connect(path);
    size_t len = 0, cap = 1 << 16, sent = 0, got;
    char *in = malloc(cap);

    while (in != NULL && (got = fread(in + len, 1, cap - len, stdin)) > 0) {
        len += got;
        if (len == cap)
            in = realloc(in, cap *= 2);
    }
    if (in == NULL)
        return 2;
    if (len == 0)
        shutdown(context->fd, SHUT_WR);
    while (client_exchange(context->fd, in, len, &sent))
        ;
    free(in);
    redisFree(context);
    return 0;
}

static int client_many(const char *path, size_t count, const char *key)
{
    static redisContext *contexts[MANY_MAX];
    static bool seen[MANY_MAX + 1];
    void *reply = NULL;

    if (count > MANY_MAX)
        return 2;
    for (size_t i = 0; i < count; i++) {
        contexts[i] = client_connect(path);
        redisAppendCommand(contexts[i], "INCR %s", key);
    }
    for (size_t i = 0; i < count; i++) {
        for (int done = 0; done == 0;)
            if (redisBufferWrite(contexts[i], &done) != REDIS_OK)
                return 1;
    }
    for (size_t i = 0; i < count; i++) {
        if (redisGetReply(contexts[i], &reply) != REDIS_OK) {
            fprintf(stderr, "client: %s\n", contexts[i]->errstr);
            return 1;
        }
        const redisReply *number = reply;
        if (number->type != REDIS_REPLY_INTEGER || number->integer < 1 ||
            number->integer > (long long)count || seen[number->integer]) {
            fprintf(stderr, "client: not a number of its own\n");
            return 1;
        }
        seen[number->integer] = true;
        freeReplyObject(reply);
    }
    for (size_t i = 0; i < count; i++)
        redisFree(contexts[i]);
    return 0;
}

/* All that comes until the other end closes. */
static size_t client_until_closed(redisContext *context, char *bytes,
                                  size_t size)
{
    size_t len = 0;
    ssize_t count;

    while (len < size - 1 &&
           (count = recv(context->fd, bytes + len, size - 1 - len, 0)) > 0)
        len += (size_t)count;
    if (len < size - 1 && count < 0 && errno == EAGAIN) {
        fprintf(stderr, "client: not closed in %d s\n", BOUND_S);
        exit(1);
    }
    bytes[len] = '\0';
    return len;
}

static int client_strangers(const char *port, size_t count)
{
    static redisContext *contexts[MANY_MAX];
    char path[64], bytes[256];

    if (count > MANY_MAX)
        return 2;
    snprintf(path, sizeof(path), "127.0.0.1:%s", port);
    for (size_t i = 0; i < count; i++)
        contexts[i] = client_connect(path);
    for (size_t i = 0; i < count; i++) {
        if (client_until_closed(contexts[i], bytes, sizeof(bytes)) != 0) {
            fprintf(stderr, "client: a stranger was told '%s'\n", bytes);
            return 1;
        }
        redisFree(contexts[i]);
    }
    return 0;
}

static int client_owed(const char *path, size_t count, int argc,
                       const char **argv)
{
    redisContext *context = client_connect(path);
    int done = 0;

    for (size_t i = 0; i < count; i++)
        redisAppendCommandArgv(context, argc, argv, NULL);
    while (done == 0)
        if (redisBufferWrite(context, &done) != REDIS_OK)
            break; /* closed: so be it */
    pause();
    redisFree(context);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[1] : "";

    signal(SIGPIPE, SIG_IGN); /* hiredis does not */
    if (strcmp(what, "load") == 0 && argc == 4)
        return client_load(argv[2], strtoull(argv[3], NULL, 10));
    if (strcmp(what, "verify") == 0 && argc == 6)
        return client_verify(argv[2], strtoull(argv[3], NULL, 10),
                             strtoull(argv[4], NULL, 10),
                             strtoull(argv[5], NULL, 10));
    if (strcmp(what, "raw") == 0 && argc == 3)
        return client_raw(argv[2]);
    if (strcmp(what, "many") == 0 && argc == 5)
        return client_many(argv[2], strtoul(argv[3], NULL, 10), argv[4]);
    if (strcmp(what, "strangers") == 0 && argc == 4)
        return client_strangers(argv[2], strtoul(argv[3], NULL, 10));
    if (strcmp(what, "hold") == 0 && argc == 3)
        return client_owed(argv[2], 0, 0, NULL);
    if (strcmp(what, "owed") == 0 && argc > 4)
        return client_owed(argv[2], strtoul(argv[3], NULL, 10), argc - 4,
                           (const char **)(uintptr_t)&argv[4]);
    fprintf(stderr,
            "client: load, verify, raw, many, strangers, hold or owed\n");
    return 2;
}
