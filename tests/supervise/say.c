/* say SOCKET LINE [MS]: sends the line, prints what comes until end of file.
 *
 * Ends with 0; 1 when nobody listens; 3 when it takes longer than MS (20000).
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char bytes[4096];
    ssize_t got = 1;

    if (argc < 3)
        return 2;
    long ends = now_ms() + (argc > 3 ? atol(argv[3]) : 20000);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return 1;
    if (dprintf(fd, "%s\n", argv[2]) < 0)
        return 1;
    while (got > 0) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        long left = ends - now_ms();
        if (left <= 0 || poll(&poll_fd, 1, (int)left) <= 0)
            return 3;
        got = read(fd, bytes, sizeof(bytes));
        if (got > 0)
            fwrite(bytes, 1, (size_t)got, stdout);
    }
    return 0;
}
