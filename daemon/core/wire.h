/* wire: the messages that replicas multicast to each other.
 *
 * WHAT
 *   Every message has the same header, then the fields that its type has, in
 *   the order of enum wire_field (little-endian, no padding):
 *
 *      u8 version | u8 type | u32 node | uuid group | uuid sender | u64 run |
 *      u64 epoch | fields
 *
 *   type      fields                        says
 *   HELLO     point flags former config     I have no leader, or my disk is
 *                                           full, or has room again. epoch: what I
 *                                           promised; point: my last entry
 *   VIEW      point                         let me lead `epoch`; my last entry
 *   READY     to                            you may lead
 *   APPEND    point commit count body       entries behind `point`; leader only
 *   ACK       point                         durable here, and as the leader has it
 *   FETCH     to point                      I agree up to `point`; give me more
 *   FORWARD   number count body             writes of my clients, from `number`
 *   BARRIER   number                        how long is your log?
 *   ANSWER    to number point               so long
 *   HANDOVER  to                            take the lead
 *   OFFER     to point                      you need a snapshot; mine is `point`
 *   PULL      to point offset               give me that part of it
 *   CHUNK     point flags offset body       that part
 *
 *   One body item of FORWARD: u8 kind | u64 token | blob payload.
 *   The body of APPEND: `count` encoded entries (entry.h).
 *
 * INVARIANTS
 *   What wire_encode writes, wire_decode reads back, and it refuses every
 *   proper prefix (tests/unit/test_wire.c).
 *
 * OWNERSHIP
 *   A decoded body points into the message's bytes.
 */
#ifndef HOTWARM_CORE_WIRE_H
#define HOTWARM_CORE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/config.h"
#include "daemon/core/log.h"
#include "lib/buf.h"
#include "lib/uuid.h"

#define WIRE_VERSION 2

enum wire_type {
    WIRE_HELLO = 1,
    WIRE_VIEW,
    WIRE_READY,
    WIRE_APPEND,
    WIRE_ACK,
    WIRE_FETCH,
    WIRE_FORWARD,
    WIRE_BARRIER,
    WIRE_ANSWER,
    WIRE_HANDOVER,
    WIRE_OFFER,
    WIRE_PULL,
    WIRE_CHUNK
};

enum wire_field {
    WIRE_HAS_TO = 1 << 0,     /* uuid to, u64 to_run */
    WIRE_HAS_POINT = 1 << 1,  /* u64 epoch, seq, hash */
    WIRE_HAS_FLAGS = 1 << 2,  /* u8 */
    WIRE_HAS_FORMER = 1 << 3, /* uuid */
    WIRE_HAS_CONFIG = 1 << 4, /* u64 seq, then the configuration */
    WIRE_HAS_COMMIT = 1 << 5, /* u64 */
    WIRE_HAS_NUMBER = 1 << 6, /* u64 */
    WIRE_HAS_OFFSET = 1 << 7, /* u64 */
    WIRE_HAS_COUNT = 1 << 8,  /* u32 */
    WIRE_HAS_BODY = 1 << 9    /* blob */
};

enum wire_flag {
    WIRE_PROMOTED = 1 << 0, /* HELLO: this replica is the promoted one */
    WIRE_MODE_HOT = 1 << 1, /* HELLO: its mode parameter is hot */
    WIRE_LAST = 1 << 2,     /* CHUNK: the snapshot ends with it */
    WIRE_LOST = 1 << 3,     /* HELLO: it had data, and has none since */
    WIRE_LEAVING = 1 << 4,  /* HELLO: it is being stopped */
    WIRE_SETTLED = 1 << 5,  /* HELLO: its configuration is known committed */
    WIRE_LEADS = 1 << 6,    /* HELLO: it is a leader, and answers a rival */
    WIRE_FULL = 1 << 7      /* HELLO: its disk is full */
};

struct message {
    enum wire_type type;
    uint32_t node;
    struct uuid group;
    struct uuid sender;
    uint64_t run;
    uint64_t epoch;
    struct uuid to;
    uint64_t to_run;
    struct log_point point;
    uint8_t flags;
    struct uuid former;
    struct config config;
    uint64_t commit;
    uint64_t number;
    uint64_t offset;
    uint32_t count;
    const uint8_t *body;
    size_t body_len;
};

/* "HELLO" …, "?" for a type that does not exist. */
const char *wire_type_name(uint8_t type);

void wire_encode(struct buf *buf, const struct message *message);

/* 0, RESULT_MALFORMED, or RESULT_VERSION. Fields that the type does not have
 * are zero. */
int wire_decode(const uint8_t *data, size_t len, struct message *message);

#endif
