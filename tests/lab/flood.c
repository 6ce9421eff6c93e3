/* flood: fills Corosync's queue on a lab's node, so that it refuses others.
 *
 * WHAT
 *   flood SECONDS    joins the process group "flood:NODE" alone and multicasts
 *   messages of 60 KiB, in bursts of more than Corosync takes at once, until
 *   SIGTERM or SECONDS are over. Prints how many it sent, and how often it
 *   was refused; 1 if Corosync failed it otherwise.
 *
 *   Corosync's flow control is one for all groups of a node: while the queue
 *   is full, hotwarmd's multicasts are refused too (CS_ERR_TRY_AGAIN).
 *
 * INVARIANTS
 *   It never spins: refused, it waits until something is delivered, or for a
 *   moment. Behind a burst it waits until all of it is delivered, and rests,
 *   or it would take the machine from all that is tested. A burst is bounded,
 *   and so is what Corosync keeps for it.
 *
 * NOT HERE
 *   tests/lab/faults builds and installs it; scenarios (flow) runs it.
 */
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <corosync/cpg.h>

enum {
    FLOOD_BYTES = 60 * 1024,
    FLOOD_BURST = 256, /* messages; the queue that is to be full has 64 */
    FLOOD_MOMENT_MS = 1,
    FLOOD_REST_MS = 100,
    FLOOD_JOIN_RETRY_MS = 50,
    FLOOD_SECONDS_MAX = 600
};

struct flood {
    cpg_handle_t handle;
    int fd;
    unsigned long sent, delivered, refused;
};

static volatile sig_atomic_t ended;

static void on_term(int number)
{
    (void)number;
    ended = 1;
}

static void on_deliver(cpg_handle_t handle, const struct cpg_name *name,
                       uint32_t node, uint32_t pid, void *bytes, size_t len)
{
    void *context = NULL;

    (void)name, (void)node, (void)pid, (void)bytes, (void)len;
    if (cpg_context_get(handle, &context) == CS_OK)
        ((struct flood *)context)->delivered++;
}

static bool flood_failed(const char *what, cs_error_t rc)
{
    fprintf(stderr, "flood: %s: %s\n", what, cs_strerror(rc));
    return false;
}

static bool flood_open(struct flood *flood)
{
    cpg_model_v1_data_t model = {.model = CPG_MODEL_V1,
                                 .cpg_deliver_fn = on_deliver};
    struct cpg_name name = {0};
    char node[64] = "";
    cs_error_t rc;

    gethostname(node, sizeof(node) - 1);
    snprintf(name.value, sizeof(name.value), "flood:%s", node);
    name.length = (uint32_t)strlen(name.value);
    rc = cpg_model_initialize(&flood->handle, CPG_MODEL_V1,
                              (cpg_model_data_t *)&model, flood);
    if (rc != CS_OK)
        return flood_failed("cpg_model_initialize", rc);
    rc = cpg_fd_get(flood->handle, &flood->fd);
    if (rc != CS_OK)
        return flood_failed("cpg_fd_get", rc);
    while ((rc = cpg_join(flood->handle, &name)) == CS_ERR_TRY_AGAIN && !ended)
        poll(NULL, 0, FLOOD_JOIN_RETRY_MS);
    return rc == CS_OK || flood_failed("cpg_join", rc);
}

/* Until something is delivered, for `ms` at most (-1: for ever). */
static bool flood_wait(struct flood *flood, int ms)
{
    struct pollfd ready = {.fd = flood->fd, .events = POLLIN};

    if (poll(&ready, 1, ms) <= 0)
        return true; /* a signal, or the time is over */
    cs_error_t rc = cpg_dispatch(flood->handle, CS_DISPATCH_ALL);
    return rc == CS_OK || rc == CS_ERR_TRY_AGAIN ||
           flood_failed("cpg_dispatch", rc);
}

static bool flood_burst(struct flood *flood)
{
    static char bytes[FLOOD_BYTES];
    const struct iovec part = {bytes, sizeof(bytes)};

    for (int i = 0; i < FLOOD_BURST && !ended;) {
        cs_error_t rc =
            cpg_mcast_joined(flood->handle, CPG_TYPE_AGREED, &part, 1);
        if (rc == CS_OK) {
            flood->sent++;
            i++;
        } else if (rc != CS_ERR_TRY_AGAIN) {
            return flood_failed("cpg_mcast_joined", rc);
        } else {
            flood->refused++;
            if (!flood_wait(flood, FLOOD_MOMENT_MS))
                return false;
        }
    }
    return true;
}

/* Until all of it is delivered. */
static bool flood_drain(struct flood *flood)
{
    while (flood->delivered < flood->sent && !ended) {
        if (!flood_wait(flood, -1))
            return false;
    }
    return true;
}

static bool flood_run(struct flood *flood)
{
    while (!ended) {
        if (!flood_burst(flood) || !flood_drain(flood))
            return false;
        poll(NULL, 0, FLOOD_REST_MS);
    }
    return true;
}

int main(int argc, char **argv)
{
    struct flood flood = {0};
    struct sigaction action = {.sa_handler = on_term};
    char *end = NULL;
    long seconds = argc == 2 ? strtol(argv[1], &end, 10) : 0;

    if (seconds < 1 || seconds > FLOOD_SECONDS_MAX || *end != '\0') {
        fprintf(stderr, "usage: flood SECONDS (1 to %d)\n", FLOOD_SECONDS_MAX);
        return 2;
    }
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    alarm((unsigned int)seconds);
    bool good = flood_open(&flood) && flood_run(&flood);
    printf("flood: %lu sent, %lu refused\n", flood.sent, flood.refused);
    return good ? 0 : 1;
}
