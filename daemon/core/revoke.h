/* revoke: a promoted replica that is gone is promoted no more.
 *
 * WHAT
 *   In a hot group a promotion ends by its own demotion or by loss (law 5): when
 *   CPG does not list the run that was promoted any more, the leader proposes
 *   the DEMOTE in its place. What that replica still forwards under its token is
 *   refused from that place in the order on; if it comes back it finds its gate
 *   closed, and Pacemaker promotes it again.
 *
 *   In a warm group the next PROMOTE does this.
 *
 * NOT HERE
 *   A replica's own demotion: gate.h.
 */
#ifndef HOTWARM_CORE_REVOKE_H
#define HOTWARM_CORE_REVOKE_H

#include "daemon/core/state.h"

/* Is the run that was promoted there, by CPG's list? */
bool revoke_is_present(const struct core *core,
                       const struct promotion *promotion);

void revoke_settle(struct core *core);

#endif
