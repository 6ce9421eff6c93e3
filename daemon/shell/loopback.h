/* loopback: the transport of a group of one, without Corosync.
 *
 * WHAT
 *   What is sent comes back, in order, in a later turn of the loop.
 */
#ifndef HOTWARM_SHELL_LOOPBACK_H
#define HOTWARM_SHELL_LOOPBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qb/qbloop.h>

struct loopback;

struct loopback_events {
    void (*deliver)(void *context, const uint8_t *bytes, size_t len);
    void *context;
};

/* 0 or errno. */
int loopback_open(struct loopback **loopback, qb_loop_t *loop,
                  const struct loopback_events *events);

void loopback_send(struct loopback *loopback, const void *bytes, size_t len);

/* Delivers what is waiting; what that sends waits for the next turn. True when
 * nothing is left. */
bool loopback_drain(struct loopback *loopback);

void loopback_close(struct loopback *loopback);

#endif
