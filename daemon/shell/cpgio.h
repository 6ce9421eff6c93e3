/* cpgio: the group's messages, through Corosync's closed process groups.
 *
 * WHAT
 *   Joins the group "hotwarm:GROUP" and turns what libcpg calls back into
 *   calls of our own. Sending never blocks: what Corosync does not take now
 *   (CS_ERR_TRY_AGAIN, under load and during a sync) waits in order and is
 *   tried again by a timer.
 *
 * OWNERSHIP
 *   Bytes given to `deliver` live during the call. `lost` is called once, when
 *   Corosync is gone; then only cpgio_close is allowed.
 *
 * NOT HERE
 *   Quorum: quorumio.h. Meaning: daemon/core.
 */
#ifndef HOTWARM_SHELL_CPGIO_H
#define HOTWARM_SHELL_CPGIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qb/qbloop.h>

#include "daemon/core/core.h"

struct cpgio;

struct cpgio_events {
    void (*deliver)(void *context, struct core_member sender,
                    const uint8_t *bytes, size_t len);
    void (*members)(void *context, const struct core_member *list,
                    size_t count);
    void (*lost)(void *context, const char *why);
    void *context;
};

/* Connects and asks to join; *node is this cluster node's id. 0; or EACCES or
 * ENOTCONN with Corosync's own word for it in `error`. */
int cpgio_open(struct cpgio **cpgio, qb_loop_t *loop, const char *group,
               const struct cpgio_events *events, uint32_t *node, char *error,
               size_t error_size);

void cpgio_send(struct cpgio *cpgio, const void *bytes, size_t len);

/* Delivers what is waiting, up to a bound. True when nothing is left: only
 * then does silence mean anything (core.h, CORE_TICK). */
bool cpgio_drain(struct cpgio *cpgio);

void cpgio_close(struct cpgio *cpgio);

#endif
