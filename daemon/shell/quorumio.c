#include "daemon/shell/quorumio.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include <corosync/cmap.h>
#include <corosync/quorum.h>

#include "lib/mem.h"

struct quorumio {
    qb_loop_t *loop;
    struct quorumio_events events;
    quorum_handle_t handle;
    int fd;
    bool lost;
};

static void on_quorum(quorum_handle_t handle, uint32_t quorate,
                      struct quorum_ring_id ring, uint32_t count,
                      const uint32_t *list)
{
    const void *context = NULL;

    (void)ring, (void)count, (void)list;
    quorum_context_get(handle, &context);
    const struct quorumio *quorumio = context;
    quorumio->events.quorum(quorumio->events.context, quorate != 0);
}

static int32_t on_readable(int32_t fd, int32_t revents, void *data)
{
    struct quorumio *quorumio = data;
    cs_error_t rc = quorum_dispatch(quorumio->handle, CS_DISPATCH_ALL);

    (void)fd;
    bool gone = rc != CS_OK && rc != CS_ERR_TRY_AGAIN;
    if ((revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
        gone = true;
    if (!gone || quorumio->lost)
        return 0;
    quorumio->lost = true;
    quorumio->events.lost(quorumio->events.context, cs_strerror(rc));
    return -1;
}

int quorumio_open(struct quorumio **out, qb_loop_t *loop,
                  const struct quorumio_events *events, char *error,
                  size_t error_size)
{
    quorum_model_v1_data_t model = {
        .model = QUORUM_MODEL_V1,
        .quorum_notify_fn = on_quorum,
    };
    struct quorumio *quorumio = mem_calloc(1, sizeof(*quorumio));
    uint32_t type = 0;

    *out = NULL;
    quorumio->loop = loop;
    quorumio->events = *events;
    cs_error_t rc = quorum_model_initialize(
        &quorumio->handle, QUORUM_MODEL_V1, (quorum_model_data_t *)&model,
        &type, quorumio);
    if (rc == CS_OK && type != QUORUM_SET) {
        snprintf(error, error_size,
                 "Corosync has no quorum provider: corosync.conf wants "
                 "provider: corosync_votequorum");
        quorum_finalize(quorumio->handle);
        free(quorumio);
        return EINVAL;
    }
    if (rc == CS_OK)
        rc = quorum_fd_get(quorumio->handle, &quorumio->fd);
    if (rc == CS_OK)
        rc = quorum_trackstart(quorumio->handle, CS_TRACK_CURRENT |
                                                     CS_TRACK_CHANGES);
    if (rc != CS_OK) {
        snprintf(error, error_size, "%s", cs_strerror(rc));
        free(quorumio);
        return rc == CS_ERR_ACCESS ? EACCES : ENOTCONN;
    }
    /* Before messages: the flag is the last gate, it should not lag. */
    qb_loop_poll_add(loop, QB_LOOP_HIGH, quorumio->fd, POLLIN, quorumio,
                     on_readable);
    *out = quorumio;
    return 0;
}

void quorumio_close(struct quorumio *quorumio)
{
    if (quorumio == NULL)
        return;
    qb_loop_poll_del(quorumio->loop, quorumio->fd);
    quorum_finalize(quorumio->handle);
    free(quorumio);
}

/* 0 when it cannot be read. */
static uint32_t quorumio_number(const char *key)
{
    cmap_handle_t handle;
    uint32_t number = 0;

    if (cmap_initialize(&handle) != CS_OK)
        return 0;
    if (cmap_get_uint32(handle, key, &number) != CS_OK)
        number = 0;
    cmap_finalize(handle);
    return number;
}

uint32_t quorumio_token_ms(void)
{
    return quorumio_number("runtime.config.totem.token");
}

uint32_t quorumio_node(void)
{
    return quorumio_number("runtime.votequorum.this_node_id");
}
