/* view: who leads, and what this replica has promised.
 *
 * WHAT
 *   A view is an epoch with its leader. Promises (P) only rise, and are
 *   durable before anybody is told.
 *
 *        .---------.  majority of HELLOs, first in rank   .-----------.
 *   ---> | WAITING | -----------------------------------> | CANDIDATE |
 *        '---------'  <------ no majority in time ------- '-----------'
 *          |  ^   ^ \ VIEW accepted                             | READY of
 *          |  |   |  `------------> .-------. (from any role)   | a majority
 *          |  |   '-- no entry ---- | VOTED |                   v
 *   APPEND |  |       in time       '-------'              .--------.
 *          v  | leader's run left,      | APPEND           | LEADER |
 *     .----------. replaced, or silent  |                  '--------'
 *     | FOLLOWER | <--------------------'
 *     '----------'     an APPEND of a higher epoch makes anyone a follower
 *
 *   The steps are Raft's (Ongaro and Ousterhout, "In search of an
 *   understandable consensus algorithm", section 5.2 and 5.4), with HELLO in
 *   the place of a pre-vote.
 *
 * INVARIANTS
 *   READY is said only for an epoch above P, to a candidate whose log is not
 *   behind ours, after P is durable (law minority, one-leader, stale-leader).
 *   Without Corosync's quorum flag neither VIEW nor READY is said.
 */
#ifndef HOTWARM_CORE_VIEW_H
#define HOTWARM_CORE_VIEW_H

#include "daemon/core/state.h"

/* No leader is known: BLANK without a group, else WAITING. */
void view_wait(struct core *core, const char *why);

/* Follows the sender of an APPEND of an epoch at or above P. */
void view_follow(struct core *core, const struct message *message,
                 struct core_member from);

/* Asks for the lead of `epoch`, which is above P. */
void view_campaign(struct core *core, uint64_t epoch);

void view_say_hello(struct core *core);

/* True when the message comes from the run that leads this view. */
bool view_is_leader(const struct core *core, const struct message *message);

/* True when this replica leads and takes new entries now. */
bool view_takes(const struct core *core);

/* Do enough voters pass for this replica to lead with the log it has? A
 * majority in force; for a group's first view all of them (create.h); the one
 * that is left of two, if it may (pair.h). */
bool view_enough(const struct core *core,
                 bool (*test)(const struct peer *peer, uint64_t argument),
                 uint64_t argument);

void view_on_hello(struct core *core, const struct message *message,
                   struct peer *peer);
void view_on_view(struct core *core, const struct message *message,
                  struct core_member from);
void view_on_ready(struct core *core, const struct message *message,
                   struct peer *peer);
void view_on_handover(struct core *core, const struct message *message);

/* A membership has come: is the leader still there? */
void view_on_members(struct core *core);

/* The timer: given only when no delivery is waiting, so silence is silence. */
void view_on_tick(struct core *core);

void view_settle(struct core *core);

/* As leader: does it see a quorum, and a majority of the voters? */
bool view_can_commit(const struct core *core);

/* With a leader: whether anything keeps writes from being committed, and what. */
void view_explain(struct core *core);

uint64_t view_deadline(const struct core *core);

#endif
