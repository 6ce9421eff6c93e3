#include "supervise/link.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/result.h"

enum argument { NOTHING, SCORE, TEXT };

static const struct {
    const char *word;
    enum argument argument;
} words[] = {
    [LINK_READY] = {"ready", NOTHING}, [LINK_ALIVE] = {"alive", NOTHING},
    [LINK_SCORE] = {"score", SCORE},   [LINK_WHY] = {"why", TEXT},
    [LINK_FAILED] = {"failed", TEXT},
};

static int take_score(const char *text, int *score)
{
    char *end = NULL;

    if (text[0] < '0' || text[0] > '9')
        return RESULT_MALFORMED;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno != 0 || *end != '\0' || number > LINK_SCORE_MAX)
        return RESULT_MALFORMED;
    *score = (int)number;
    return 0;
}

static int take_argument(enum argument argument, bool given, const char *text,
                         struct link_message *message)
{
    if (argument == NOTHING)
        return given ? RESULT_MALFORMED : 0;
    if (argument == SCORE)
        return given ? take_score(text, &message->score) : RESULT_MALFORMED;
    snprintf(message->text, sizeof(message->text), "%s", text);
    for (char *at = message->text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    }
    return 0;
}

int link_parse(const void *bytes, size_t len, struct link_message *message)
{
    char packet[LINK_MAX + 1];

    if (len == 0 || len > LINK_MAX || memchr(bytes, '\0', len) != NULL)
        return RESULT_MALFORMED;
    memcpy(packet, bytes, len);
    packet[len] = '\0';
    *message = (struct link_message){.score = 0};
    char *space = strchr(packet, ' ');
    if (space != NULL)
        *space = '\0';
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(packet, words[i].word) != 0)
            continue;
        message->kind = (enum link_kind)i;
        return take_argument(words[i].argument, space != NULL,
                             space != NULL ? space + 1 : "", message);
    }
    return RESULT_MALFORMED;
}

int link_receive(int fd, struct link_message *message)
{
    char packet[LINK_MAX + 1]; /* one more shows that it was too long */
    ssize_t got = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);

    if (got < 0 && errno == ECONNRESET)
        return EPIPE;
    if (got < 0)
        return errno == EINTR ? EAGAIN : errno;
    if (got == 0)
        return EPIPE;
    return link_parse(packet, (size_t)got, message);
}

static int link_send(int fd, const char *text, size_t len)
{
    if (send(fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        return errno;
    return 0;
}

int link_stop(int fd)
{
    return link_send(fd, "stop", strlen("stop"));
}

int link_fenced(int fd, const char *node)
{
    char text[LINK_MAX + 1];
    int len = snprintf(text, sizeof(text), "fenced %s", node);

    if (len < 0 || len > LINK_MAX)
        return EMSGSIZE;
    return link_send(fd, text, (size_t)len);
}
