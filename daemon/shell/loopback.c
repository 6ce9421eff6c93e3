#include "daemon/shell/loopback.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/cursor.h"
#include "lib/mem.h"

struct loopback {
    qb_loop_t *loop;
    struct loopback_events events;
    int event; /* a job of libqb's would run 50 ms later on an idle loop */
    struct buf sent, delivering; /* blobs (buf_blob) */
};

bool loopback_drain(struct loopback *loopback)
{
    struct buf batch = loopback->sent;
    uint64_t count;

    if (read(loopback->event, &count, sizeof(count)) < 0 && errno != EAGAIN)
        return true;
    loopback->sent = loopback->delivering;
    loopback->delivering = batch;
    struct cursor cursor = cursor_make(batch.data, batch.len);
    while (cursor_left(&cursor) > 0) {
        size_t len = 0;
        const uint8_t *bytes = cursor_blob(&cursor, &len);
        loopback->events.deliver(loopback->events.context, bytes, len);
    }
    buf_reset(&loopback->delivering);
    return loopback->sent.len == 0;
}

static int32_t on_readable(int32_t fd, int32_t revents, void *data)
{
    (void)fd, (void)revents;
    loopback_drain(data);
    return 0;
}

int loopback_open(struct loopback **out, qb_loop_t *loop,
                  const struct loopback_events *events)
{
    struct loopback *loopback = mem_calloc(1, sizeof(*loopback));

    loopback->loop = loop;
    loopback->events = *events;
    loopback->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc = loopback->event < 0
                 ? errno
                 : -qb_loop_poll_add(loop, QB_LOOP_HIGH, loopback->event,
                                     POLLIN, loopback, on_readable);
    if (rc != 0) {
        free(loopback);
        loopback = NULL;
    }
    *out = loopback;
    return rc;
}

void loopback_send(struct loopback *loopback, const void *bytes, size_t len)
{
    uint64_t one = 1;

    buf_blob(&loopback->sent, bytes, len);
    if (write(loopback->event, &one, sizeof(one)) < 0)
        return; /* only when it is readable already */
}

void loopback_close(struct loopback *loopback)
{
    if (loopback == NULL)
        return;
    qb_loop_poll_del(loopback->loop, loopback->event);
    close(loopback->event);
    buf_free(&loopback->sent);
    buf_free(&loopback->delivering);
    free(loopback);
}
