#include "supervise/link.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/result.h"

enum argument { NOTHING, SCORE, TEXT, MARK };

static const struct {
    const char *word;
    enum argument argument;
} words[] = {
    [LINK_READY] = {"ready", NOTHING}, [LINK_ALIVE] = {"alive", NOTHING},
    [LINK_SCORE] = {"score", SCORE},   [LINK_WHY] = {"why", TEXT},
    [LINK_MARK] = {"mark", MARK},      [LINK_FAILED] = {"failed", TEXT},
};

/* Takes a number that ends with `last`; *text is then behind it. */
static int take_number(const char **text, char last, uint64_t most,
                       uint64_t *number)
{
    char *end = NULL;

    if (**text < '0' || **text > '9')
        return RESULT_MALFORMED;
    errno = 0;
    *number = strtoull(*text, &end, 10);
    if (errno != 0 || *end != last || *number > most)
        return RESULT_MALFORMED;
    *text = end + 1;
    return 0;
}

static int take_score(const char *text, int *score)
{
    uint64_t number;
    int rc = take_number(&text, '\0', LINK_SCORE_MAX, &number);

    if (rc == 0)
        *score = (int)number;
    return rc;
}

/* "N NODE" */
static int take_mark(const char *text, struct link_message *message)
{
    uint64_t node = 0;
    int rc = take_number(&text, ' ', UINT64_MAX, &message->mark);

    if (rc == 0)
        rc = take_number(&text, '\0', UINT32_MAX, &node);
    message->node = (uint32_t)node;
    return rc;
}

static int take_argument(enum argument argument, bool given, const char *text,
                         struct link_message *message)
{
    if (argument == NOTHING)
        return given ? RESULT_MALFORMED : 0;
    if (argument == SCORE)
        return given ? take_score(text, &message->score) : RESULT_MALFORMED;
    if (argument == MARK)
        return take_mark(text, message);
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

int link_fenced(int fd, uint32_t node)
{
    char text[LINK_MAX];
    int len = snprintf(text, sizeof(text), "fenced %" PRIu32, node);

    return link_send(fd, text, (size_t)len);
}

int link_marked(int fd, uint64_t mark)
{
    char text[LINK_MAX];
    int len = snprintf(text, sizeof(text), "marked %" PRIu64, mark);

    return link_send(fd, text, (size_t)len);
}
