/* endpoint: a TCP address that is listened at.
 *
 * WHAT
 *   ADDRESS:PORT: 10.0.0.1:6379, [fd00::1]:6379; 0.0.0.0 or [::] (IPv4 too) for
 *   all of the node's addresses. Numbers only: a name that cannot be resolved
 *   just now would be a start that fails.
 */
#ifndef HOTWARM_LIB_ENDPOINT_H
#define HOTWARM_LIB_ENDPOINT_H

#include <stdbool.h>
#include <sys/socket.h>

/* For people: what an endpoint is. */
#define ENDPOINT_ALLOWED "ADDRESS:PORT, as 10.0.0.1:6379 or [fd00::1]:6379"

struct endpoint {
    struct sockaddr_storage address;
    socklen_t len;
};

/* False when `text` is none; a port is 1 to 65535. */
bool endpoint_parse(const char *text, struct endpoint *endpoint);

/* Listens there, not blocking. 0 and *fd, the caller's; or errno. */
int endpoint_listen(const struct endpoint *endpoint, int *fd);

#endif
