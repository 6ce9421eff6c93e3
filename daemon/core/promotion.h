/* promotion: who may write, as decided by the log.
 *
 * WHAT
 *   A promotion is an entry; its sequence is its token. A write carries the
 *   token it was accepted under and is refused, at the same place on every
 *   replica, when that token has been revoked.
 *
 *   entry             in a warm group                 in a hot group
 *   PROMOTE           takes effect only if `seen`     revokes the same
 *   (uuid, run,       is the last promotion granted   replica's older token,
 *    seen)            (0: none); revokes the valid    leaves all others
 *   DEMOTE (token)    revokes that token              the same
 *
 *   `seen` closes the race of two promotions decided on the same facts: the
 *   second one names a promotion that is no longer the last, and is void. A
 *   DEMOTE changes nothing there, whether it comes before or behind: only a
 *   promotion makes a promotion void.
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
    bool exclusive;         /* a warm group */
    struct promotion *list; /* ascending by token */
    size_t count;
    uint64_t last; /* the token granted last, valid or not; 0: none ever */
};

/* What a PROMOTE entry's payload says. */
struct promotion_request {
    struct uuid uuid;
    uint64_t run;
    uint64_t seen; /* the last promotion granted, as its replica knows */
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

void promotion_request_encode(struct buf *buf,
                              const struct promotion_request *request);
int promotion_request_decode(struct cursor *cursor,
                             struct promotion_request *request);

void promotions_encode(struct buf *buf, const struct promotions *promotions);

/* 0 or RESULT_MALFORMED; then `promotions` is empty. Keeps `exclusive`. */
int promotions_decode(struct cursor *cursor, struct promotions *promotions);

#endif
