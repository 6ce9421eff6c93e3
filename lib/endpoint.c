#include "lib/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ENDPOINT_TEXT = 64 };

static bool port_of(const char *text, in_port_t *port)
{
    char *end = NULL;
    unsigned long number = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || number < 1 ||
        number > 65535)
        return false;
    *port = htons((in_port_t)number);
    return true;
}

static bool parse_v4(const char *host, const char *port,
                     struct endpoint *endpoint)
{
    struct sockaddr_in *address = (struct sockaddr_in *)&endpoint->address;

    address->sin_family = AF_INET;
    endpoint->len = sizeof(*address);
    return inet_pton(AF_INET, host, &address->sin_addr) == 1 &&
           port_of(port, &address->sin_port);
}

static bool parse_v6(char *host, const char *port, struct endpoint *endpoint)
{
    struct sockaddr_in6 *address = (struct sockaddr_in6 *)&endpoint->address;
    size_t len = strlen(host);

    if (len < 3 || host[len - 1] != ']')
        return false;
    host[len - 1] = '\0';
    address->sin6_family = AF_INET6;
    endpoint->len = sizeof(*address);
    return inet_pton(AF_INET6, host + 1, &address->sin6_addr) == 1 &&
           port_of(port, &address->sin6_port);
}

bool endpoint_parse(const char *text, struct endpoint *endpoint)
{
    char copy[ENDPOINT_TEXT];
    size_t len = strlen(text);

    memset(endpoint, 0, sizeof(*endpoint));
    if (len >= sizeof(copy))
        return false;
    memcpy(copy, text, len + 1);
    char *colon = strrchr(copy, ':');
    if (colon == NULL)
        return false;
    *colon = '\0';
    return copy[0] == '[' ? parse_v6(copy, colon + 1, endpoint)
                          : parse_v4(copy, colon + 1, endpoint);
}

int endpoint_listen(const struct endpoint *endpoint, int *fd)
{
    const int yes = 1;
    int rc = 0;

    *fd = socket(endpoint->address.ss_family,
                 SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0)
        return errno;
    /* Connections of before linger for minutes. */
    if (setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
        bind(*fd, (const struct sockaddr *)&endpoint->address, endpoint->len) <
            0 ||
        listen(*fd, SOMAXCONN) < 0) {
        rc = errno;
        close(*fd);
        *fd = -1;
    }
    return rc;
}
