#include "daemon/shell/cpgio.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include <corosync/cpg.h>

#include "lib/mem.h"

enum {
    CPGIO_BUDGET = 64, /* messages in one turn of the loop */
    CPGIO_RETRY_MS = 1,
    CPGIO_JOIN_RETRY_MS = 50
};

struct cpgio_message {
    struct cpgio_message *next;
    size_t len;
    uint8_t bytes[];
};

struct cpgio {
    qb_loop_t *loop;
    struct cpgio_events events;
    cpg_handle_t handle;
    int fd;
    struct cpg_name name;
    bool joined;
    bool lost;
    bool delivered; /* by the dispatch under way */
    struct cpgio_message *first, **end; /* waiting to be sent */
    qb_loop_timer_handle retry;
    bool retrying;
};

static void cpgio_lose(struct cpgio *cpgio, cs_error_t rc)
{
    if (cpgio->lost)
        return;
    cpgio->lost = true;
    cpgio->events.lost(cpgio->events.context, cs_strerror(rc));
}

/* ---- called back ---- */

static struct cpgio *cpgio_of(cpg_handle_t handle)
{
    void *context = NULL;

    cpg_context_get(handle, &context);
    return context;
}

static void on_deliver(cpg_handle_t handle, const struct cpg_name *name,
                       uint32_t node, uint32_t pid, void *bytes, size_t len)
{
    struct cpgio *cpgio = cpgio_of(handle);
    struct core_member sender = {.node = node, .pid = pid};

    (void)name;
    cpgio->delivered = true;
    cpgio->events.deliver(cpgio->events.context, sender, bytes, len);
}

static void on_members(cpg_handle_t handle, const struct cpg_name *name,
                       const struct cpg_address *list, size_t count,
                       const struct cpg_address *left, size_t left_count,
                       const struct cpg_address *joined, size_t joined_count)
{
    struct cpgio *cpgio = cpgio_of(handle);
    struct core_member members[CPG_MEMBERS_MAX];

    (void)name, (void)left, (void)left_count, (void)joined, (void)joined_count;
    cpgio->delivered = true;
    for (size_t i = 0; i < count && i < CPG_MEMBERS_MAX; i++) {
        members[i].node = list[i].nodeid;
        members[i].pid = list[i].pid;
    }
    cpgio->events.members(cpgio->events.context, members, count);
}

/* ---- sending ---- */

static void cpgio_try(struct cpgio *cpgio);

static void on_retry(void *data)
{
    struct cpgio *cpgio = data;

    cpgio->retrying = false;
    cpgio_try(cpgio);
}

static void cpgio_retry_in(struct cpgio *cpgio, uint64_t ms)
{
    if (cpgio->retrying)
        return;
    cpgio->retrying =
        qb_loop_timer_add(cpgio->loop, QB_LOOP_HIGH, ms * CS_TIME_NS_IN_MSEC,
                          cpgio, on_retry, &cpgio->retry) == 0;
}

static void cpgio_flush(struct cpgio *cpgio)
{
    while (cpgio->first != NULL) {
        struct cpgio_message *message = cpgio->first;
        struct iovec part = {message->bytes, message->len};
        cs_error_t rc =
            cpg_mcast_joined(cpgio->handle, CPG_TYPE_AGREED, &part, 1);
        if (rc == CS_ERR_TRY_AGAIN) {
            cpgio_retry_in(cpgio, CPGIO_RETRY_MS);
            return;
        }
        if (rc != CS_OK) {
            cpgio_lose(cpgio, rc);
            return;
        }
        cpgio->first = message->next;
        if (cpgio->first == NULL)
            cpgio->end = &cpgio->first;
        free(message);
    }
}

static void cpgio_try(struct cpgio *cpgio)
{
    if (cpgio->lost)
        return;
    if (!cpgio->joined) {
        cs_error_t rc = cpg_join(cpgio->handle, &cpgio->name);
        if (rc == CS_ERR_TRY_AGAIN) {
            cpgio_retry_in(cpgio, CPGIO_JOIN_RETRY_MS);
            return;
        }
        if (rc != CS_OK) {
            cpgio_lose(cpgio, rc);
            return;
        }
        cpgio->joined = true;
    }
    cpgio_flush(cpgio);
}

void cpgio_send(struct cpgio *cpgio, const void *bytes, size_t len)
{
    struct cpgio_message *message = mem_calloc(1, sizeof(*message) + len);

    message->len = len;
    memcpy(message->bytes, bytes, len);
    *cpgio->end = message;
    cpgio->end = &message->next;
    if (!cpgio->retrying)
        cpgio_try(cpgio);
}

/* ---- receiving ---- */

bool cpgio_drain(struct cpgio *cpgio)
{
    for (int i = 0; i < CPGIO_BUDGET && !cpgio->lost; i++) {
        cpgio->delivered = false;
        cs_error_t rc =
            cpg_dispatch(cpgio->handle, CS_DISPATCH_ONE_NONBLOCKING);
        if (rc == CS_ERR_TRY_AGAIN || (rc == CS_OK && !cpgio->delivered))
            return true;
        if (rc != CS_OK)
            cpgio_lose(cpgio, rc);
    }
    return false;
}

static int32_t on_readable(int32_t fd, int32_t revents, void *data)
{
    struct cpgio *cpgio = data;

    (void)fd;
    cpgio_drain(cpgio);
    if ((revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
        cpgio_lose(cpgio, CS_ERR_LIBRARY);
    return cpgio->lost ? -1 : 0;
}

static int cpgio_refuse(cs_error_t rc, char *error, size_t error_size)
{
    snprintf(error, error_size, "%s", cs_strerror(rc));
    return rc == CS_ERR_ACCESS ? EACCES : ENOTCONN;
}

int cpgio_open(struct cpgio **out, qb_loop_t *loop, const char *group,
               const struct cpgio_events *events, uint32_t *node, char *error,
               size_t error_size)
{
    static const cpg_model_v1_data_t model = {
        .model = CPG_MODEL_V1,
        .cpg_deliver_fn = on_deliver,
        .cpg_confchg_fn = on_members,
    };
    cpg_model_v1_data_t copy = model; /* libcpg takes it without const */
    struct cpgio *cpgio = mem_calloc(1, sizeof(*cpgio));
    unsigned int own = 0;

    *out = NULL;
    cpgio->loop = loop;
    cpgio->events = *events;
    cpgio->end = &cpgio->first;
    cs_error_t rc = cpg_model_initialize(&cpgio->handle, CPG_MODEL_V1,
                                         (cpg_model_data_t *)&copy, cpgio);
    if (rc != CS_OK) {
        free(cpgio);
        return cpgio_refuse(rc, error, error_size);
    }
    rc = cpg_local_get(cpgio->handle, &own);
    if (rc == CS_OK)
        rc = cpg_fd_get(cpgio->handle, &cpgio->fd);
    if (rc != CS_OK) {
        cpg_finalize(cpgio->handle);
        free(cpgio);
        return cpgio_refuse(rc, error, error_size);
    }
    *node = own;
    cpgio->name.length = (uint32_t)snprintf(
        cpgio->name.value, sizeof(cpgio->name.value), "hotwarm:%s", group);
    qb_loop_poll_add(loop, QB_LOOP_HIGH, cpgio->fd, POLLIN, cpgio, on_readable);
    cpgio_try(cpgio);
    *out = cpgio;
    return 0;
}

void cpgio_close(struct cpgio *cpgio)
{
    if (cpgio == NULL)
        return;
    if (cpgio->retrying)
        qb_loop_timer_del(cpgio->loop, cpgio->retry);
    qb_loop_poll_del(cpgio->loop, cpgio->fd);
    cpg_finalize(cpgio->handle);
    while (cpgio->first != NULL) {
        struct cpgio_message *message = cpgio->first;
        cpgio->first = message->next;
        free(message);
    }
    free(cpgio);
}
