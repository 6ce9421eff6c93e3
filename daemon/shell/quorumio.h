/* quorumio: Corosync's quorum flag, and what is asked of it once at start.
 *
 * WHAT
 *   Calls back with the flag when tracking begins and on every change. cmap is
 *   read before the loop runs, for it blocks during a sync.
 */
#ifndef HOTWARM_SHELL_QUORUMIO_H
#define HOTWARM_SHELL_QUORUMIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qb/qbloop.h>

struct quorumio;

struct quorumio_events {
    void (*quorum)(void *context, bool quorate);
    void (*lost)(void *context, const char *why);
    void *context;
};

/* 0; or with a text in `error`: EACCES or ENOTCONN, and Corosync's own word for
 * it; EINVAL, and a sentence. */
int quorumio_open(struct quorumio **quorumio, qb_loop_t *loop,
                  const struct quorumio_events *events, char *error,
                  size_t error_size);

void quorumio_close(struct quorumio *quorumio);

/* Corosync's token timeout in force, in ms; 0 when it cannot be read. */
uint32_t quorumio_token_ms(void);

/* This node's id; 0 when it cannot be read. */
uint32_t quorumio_node(void);

#endif
