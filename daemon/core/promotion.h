/* promotion: who may write, as decided by the log.
 *
 * WHAT
 *   A promotion is an entry; its sequence is its token. A write carries the
 *   token it was accepted under and is refused, at the same place on every
 *   replica, when that token has been revoked.
 *
 *   entry             in a warm group                 in a hot group
 *   PROMOTE           takes effect only if `replaces` revokes the same
 *   (uuid, run,       is the current token (0: none); replica's older token,
 *    replaces)        then revokes it                 leaves all others
 *   DEMOTE (token)    revokes that token              the same
 *
 *   `replaces` closes the race of two promotions decided on the same facts:
 *   the second one names a promotion that is no longer current, and is void.
 *
 * INVARIANTS
 *   In a warm group at most one token is valid (tests/sim law stale-primary).
 */
#ifndef HOTWARM_CORE_PROMOTION_H
#define HOTWARM_CORE_PROMOTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/cursor.h"
#include "lib/uuid.h"

struct promotion {
    struct uuid uuid;
    uint64_t run;
    uint64_t token;
};

struct promotions {
    bool exclusive; /* a warm group */
    struct promotion *list; /* ascending by token */
    size_t count;
};

/* What a PROMOTE entry's payload says. */
struct promotion_request {
    struct uuid uuid;
    uint64_t run;
    uint64_t replaces;
};

void promotions_free(struct promotions *promotions);

/* Applies a PROMOTE at sequence `token`. True if it took effect. */
bool promotions_grant(struct promotions *promotions,
                      const struct promotion_request *request, uint64_t token);

/* Applies a DEMOTE. True if the token was valid until now. */
bool promotions_revoke(struct promotions *promotions, uint64_t token);

bool promotions_valid(const struct promotions *promotions, uint64_t token);

/* The promotion of that replica (in whichever run), or NULL. */
const struct promotion *promotions_of(const struct promotions *promotions,
                                      const struct uuid *uuid);

/* The newest token, 0 when nobody is promoted: in a warm group what the next
 * PROMOTE has to replace. */
uint64_t promotions_newest(const struct promotions *promotions);

void promotion_request_encode(struct buf *buf,
                              const struct promotion_request *request);
int promotion_request_decode(struct cursor *cursor,
                             struct promotion_request *request);

void promotions_encode(struct buf *buf, const struct promotions *promotions);

/* 0 or RESULT_MALFORMED; then `promotions` is empty. Keeps `exclusive`. */
int promotions_decode(struct cursor *cursor, struct promotions *promotions);

#endif
