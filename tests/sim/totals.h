/* totals: what a run of seeds went through, so that a run that tested nothing
 * shows. Added up over seeds and processes.
 */
#ifndef HOTWARM_SIM_TOTALS_H
#define HOTWARM_SIM_TOTALS_H

#include <stdbool.h>
#include <stdint.h>

/* name, and whether a whole run must have seen at least one */
#define TOTALS(X)                                                              \
    X(seeds, false)                                                            \
    X(steps, false)                                                            \
    X(messages, false)                                                         \
    X(views, true)                                                             \
    X(truncations, true)                                                       \
    X(catchups, true)                                                          \
    X(snapshots_taken, false)                                                  \
    X(snapshots_installed, true)                                               \
    X(reproposals, true)                                                       \
    X(duplicates, false)                                                       \
    X(crashes, false)                                                          \
    X(crashes_in_flush, true)                                                  \
    X(promotions, true)                                                        \
    X(config_changes, true)                                                    \
    X(removals, true)                                                          \
    X(removals_refused, true)                                                  \
    X(gone_for_ever, true)                                                     \
    X(handovers, false)                                                        \
    X(quarantines, true)                                                       \
    X(learners, false)                                                         \
    X(wiped_disks, false)                                                      \
    X(damaged_disks, false)                                                    \
    X(full_disks, true)                                                        \
    X(full_for_ever, true)                                                     \
    X(cuts, false)                                                             \
    X(fencings, false)                                                         \
    X(alone_views, true)                                                       \
    X(ghosts, false)                                                           \
    X(forks, true)                                                             \
    X(forced, true)                                                            \
    X(forced_entries, true)                                                    \
    X(forced_lost, true)                                                       \
    X(foreign_refused, true)                                                   \
    X(acked_writes, false)                                                     \
    X(reads, false)                                                            \
    X(refused, false)                                                          \
    X(unknowns, false)

struct totals {
#define TOTALS_FIELD(name, must) uint64_t name;
    TOTALS(TOTALS_FIELD)
#undef TOTALS_FIELD
};

void totals_add(struct totals *to, const struct totals *from);

/* One `name=value` a line. */
void totals_print(const struct totals *totals);

/* The name of one that must not be zero and is; NULL if there is none. */
const char *totals_missing(const struct totals *totals);

#endif
