/* machine: the replicated state, moved by committed entries alone.
 *
 * WHAT
 *   Key space, promotions, sessions, configuration and clock, at one place in
 *   the log (`at`). Nothing else may decide here: no memory limit, no local
 *   clock, no parameter.
 *
 *   A snapshot is the encoded machine:
 *      u32 "HWSN" | u16 version | u16 0 | u64 epoch | u64 seq | u64 hash |
 *      uuid group | u8 mode | u64 clock_ms | u64 seq of the configuration |
 *      config | sessions | promotions | key space
 *
 * INVARIANTS
 *   Equal histories give equal bytes and equal digests (tests/sim law
 *   one-history; tests/unit/test_machine.c).
 */
#ifndef HOTWARM_CORE_MACHINE_H
#define HOTWARM_CORE_MACHINE_H

#include "daemon/core/config.h"
#include "daemon/core/core.h"
#include "daemon/core/keyspace.h"
#include "daemon/core/log.h"
#include "daemon/core/promotion.h"
#include "daemon/core/sessions.h"

struct machine {
    struct uuid group;
    enum core_mode mode; /* 0 before CREATE is applied */
    struct log_point at; /* the last entry applied */
    uint64_t clock_ms;
    struct config config;   /* the newest applied */
    struct config previous; /* the one before; seq 0 when not known */
    struct sessions sessions;
    struct promotions promotions;
    struct keyspace keyspace;
};

void machine_free(struct machine *machine);

/* Applies the entry after `at`. A command's reply (RESP) is added to `reply`,
 * also when it is an error. OUTCOME_REFUSED when the entry was without effect
 * because of a revoked token or a void promotion, else OUTCOME_OK. */
enum outcome machine_apply(struct machine *machine, const struct log_item *item,
                           struct buf *reply);

/* Carries out a read on the state as it is. argv was found by command_find. */
void machine_read(struct machine *machine, const struct core_arg *argv,
                  size_t argc, struct buf *reply);

uint64_t machine_digest(const struct machine *machine);

void machine_encode(struct buf *buf, const struct machine *machine);

/* 0, RESULT_MALFORMED or RESULT_VERSION; then `machine` is empty. */
int machine_decode(struct machine *machine, const uint8_t *data, size_t len);

/* CREATE's payload: u8 mode, then the first configuration. */
void machine_create_encode(struct buf *buf, enum core_mode mode,
                           const struct config *config);
int machine_create_decode(const struct entry *entry, enum core_mode *mode,
                          struct config *config);

/* The configuration that a CREATE or CONFIG entry brings, with its seq. False
 * for any other entry, and for a malformed one. */
bool machine_config_of(const struct entry *entry, struct config *config);

#endif
