#include "tests/redis/real.h"

#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/redis/resp.h"

enum { READ_SIZE = 16384 };

void real_open(struct real *real, const char *socket_path, const char *clock)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = open(clock, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        err(1, "%s", clock);
    real->clock_us = mmap(NULL, sizeof(*real->clock_us), PROT_READ | PROT_WRITE,
                          MAP_SHARED, fd, 0);
    if (real->clock_us == MAP_FAILED)
        err(1, "mmap %s", clock);
    close(fd);
    if (strlen(socket_path) >= sizeof(address.sun_path))
        errx(1, "path too long: %s", socket_path);
    strcpy(address.sun_path, socket_path);
    real->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (real->fd < 0 ||
        connect(real->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        err(1, "connect %s", socket_path);
}

void real_close(struct real *real)
{
    munmap(real->clock_us, sizeof(*real->clock_us));
    close(real->fd);
}

void real_clock(struct real *real, uint64_t clock_ms)
{
    *(volatile uint64_t *)real->clock_us = clock_ms * 1000;
}

static void send_all(const struct real *real, const struct buf *bytes)
{
    for (size_t at = 0; at < bytes->len;) {
        ssize_t sent = write(real->fd, bytes->data + at, bytes->len - at);
        if (sent <= 0)
            err(1, "write to redis-server");
        at += (size_t)sent;
    }
}

void real_call(struct real *real, const struct core_arg *argv, size_t argc,
               struct buf *reply)
{
    struct buf request = {0};

    buf_printf(&request, "*%zu\r\n", argc);
    for (size_t i = 0; i < argc; i++) {
        buf_printf(&request, "$%zu\r\n", argv[i].len);
        buf_bytes(&request, argv[i].data, argv[i].len);
        buf_printf(&request, "\r\n");
    }
    send_all(real, &request);
    buf_free(&request);
    buf_reset(reply);
    while (resp_end(reply, 0) == 0) {
        uint8_t *room = buf_extend(reply, READ_SIZE);
        ssize_t got = read(real->fd, room, READ_SIZE);
        if (got <= 0)
            err(1, "read from redis-server");
        reply->len -= READ_SIZE - (size_t)got;
    }
    if (resp_end(reply, 0) != reply->len)
        errx(1, "redis-server sent more than one reply");
}
