/* Apart from uuid.c, so that the core can be linked without it. */
#include <errno.h>
#include <sys/random.h>

#include "lib/uuid.h"

int uuid_random(struct uuid *uuid)
{
    struct uuid made;
    ssize_t got;

    /* Requests of up to 256 bytes are answered whole or not at all
     * (getrandom(2)), but a signal may come before the pool is ready. */
    do {
        got = getrandom(made.bytes, sizeof made.bytes, 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno;
    if (got != (ssize_t)sizeof made.bytes)
        return EIO;

    /* RFC 4122, section 4.4: version 4, variant 10x. */
    made.bytes[6] = (uint8_t)((made.bytes[6] & 0x0f) | 0x40);
    made.bytes[8] = (uint8_t)((made.bytes[8] & 0x3f) | 0x80);
    *uuid = made;
    return 0;
}
