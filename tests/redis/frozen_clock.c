/* Loaded into redis-server: its wall clock is what the file $FROZEN_CLOCK holds,
 * in microseconds, and so moves when the test moves it. 0: the real time. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static const volatile uint64_t *frozen;

__attribute__((constructor)) static void frozen_open(void)
{
    const char *path = getenv("FROZEN_CLOCK");
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        abort();
    void *map = mmap(NULL, sizeof(*frozen), PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        abort();
    frozen = map;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    (void)zone;
    if (frozen == NULL || *frozen == 0) {
        struct timespec real;
        clock_gettime(CLOCK_REALTIME, &real);
        now->tv_sec = real.tv_sec;
        now->tv_usec = real.tv_nsec / 1000;
    } else {
        now->tv_sec = (time_t)(*frozen / 1000000);
        now->tv_usec = (suseconds_t)(*frozen % 1000000);
    }
    return 0;
}
