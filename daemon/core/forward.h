/* forward: this replica's own writes, from its clients to the log, once each.
 *
 * WHAT
 *   Writes are numbered per run, from 1 without gaps, and kept until their
 *   entry is applied here. In every new view the unanswered are forwarded
 *   again, in order; the leader takes each number once (sessions.h).
 *
 *      list:   [ 7  8  9 | 10 11 ]
 *                ^         ^
 *                head      next_number: not yet sent in this view
 *
 *   A write older than write_timeout is answered "unknown" and becomes empty:
 *   its number is still needed, its effect no longer. One that was never sent is
 *   refused and gone, and those behind it move up.
 *
 * INVARIANTS
 *   Every request is answered once (law reply-once); a REFUSED one is in
 *   nobody's log (law refused-applied).
 */
#ifndef HOTWARM_CORE_FORWARD_H
#define HOTWARM_CORE_FORWARD_H

#include "daemon/core/command.h"
#include "daemon/core/state.h"

/* A client's write; refused at once when this replica's gate is closed, or when
 * it may need memory and there is none left. */
void forward_write(struct core *core, uint64_t request,
                   const struct command *command, const struct core_arg *argv,
                   size_t argc);

/* A PROMOTE or DEMOTE of this replica: no client waits for it here, and it
 * never times out. */
void forward_office(struct core *core, enum entry_kind kind,
                    const struct buf *payload);

void forward_on_forward(struct core *core, const struct message *message);

/* An entry was applied: if it is ours, its client is answered. */
void forward_on_applied(struct core *core, const struct entry *entry,
                        enum outcome outcome, const struct buf *reply);

/* A snapshot was installed: what it holds of ours was applied without us. */
void forward_on_installed(struct core *core);

/* A new view: everything unanswered goes out again. */
void forward_rewind(struct core *core);

/* The run is over: every waiting client is told "unknown". */
void forward_end(struct core *core);

void forward_settle(struct core *core);
uint64_t forward_deadline(const struct core *core);

#endif
