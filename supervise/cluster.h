/* cluster: what Pacemaker is told, through its own tools.
 *
 * WHAT
 *   Three things, each by one command at a time, beside the loop:
 *
 *     score   crm_attribute --promotion=RESOURCE --update=N | --delete
 *     why     crm_attribute --name=hotwarm-GROUP-why --lifetime=reboot …
 *     report  crm_mon (is the resource managed, its fail count), then
 *             crm_resource --fail, then crm_mon until the count has moved
 *
 *   Wanted values are remembered, and a command sets the newest; when it
 *   fails it is repeated, after CLUSTER_RETRY_MIN_MS doubling up to
 *   CLUSTER_RETRY_MAX_MS. A score of an earlier life is removed before this
 *   one's first.
 *
 *   Each change makes Pacemaker think again, and what it had begun is then not
 *   always ended as it was meant. So two things are kept back for hold_ms:
 *     - why: it is written once it has stood for so long. Most reasons pass by
 *       themselves, as those of a start.
 *     - after cluster_hold, a score that moves but stays positive: a change of
 *       parameters moves it on all nodes while Pacemaker still reloads.
 *
 *   Pacemaker loses scores in two ways, so that every score_interval_ms
 *     - it is set again: a restarted pacemaker-attrd has forgotten it (one that
 *       has not drops it);
 *     - the CIB is asked for it: when pacemaker-controld of a node ends, also
 *       because its pacemaker-execd did, the DC deletes the node's attributes
 *       in the CIB. attrd is not told, and drops what is set again; so
 *       attrd_updater --refresh has it write what it holds. So it is asked too
 *       whether one that was removed has come back, with the CIB of a half of
 *       the cluster that was away.
 *
 * STATES
 *   following   wanted values are set, as above
 *   asking, failing, checking     a report, once, then idle
 *   clearing    score and why are deleted, one attempt each, then idle
 *   idle        nothing is done any more
 *
 *     following -> asking -> failing -> checking -> idle
 *         |           |_________|__________|________^
 *         |___________|_________|__________|-> clearing -> idle
 *
 * INVARIANTS
 *   At most one report in a life; none once clearing has begun; none where
 *   Pacemaker does not manage the resource (maintenance mode of cluster, node
 *   or resource; is-managed=false): there it would lose its promoted role.
 *   tests/supervise/run.
 *
 * NOT HERE
 *   When: life.h. Running a command: command.h.
 */
#ifndef HOTWARM_SUPERVISE_CLUSTER_H
#define HOTWARM_SUPERVISE_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

#include <qb/qbloop.h>

#include "supervise/options.h"

#define CLUSTER_RETRY_MIN_MS 250
#define CLUSTER_RETRY_MAX_MS 10000
#define CLUSTER_COMMAND_MS 10000 /* one command */
#define CLUSTER_REPORT_MS 15000  /* a whole report */
#define CLUSTER_CLEAR_MS 5000    /* all of clearing */

struct cluster;

/* `options` and `node` (Pacemaker's name of this node) must outlive it. Never
 * NULL. */
struct cluster *cluster_new(qb_loop_t *loop, const struct options *options,
                            const char *node);
void cluster_free(struct cluster *cluster);

/* Wanted from now on; 0 removes. Ignored unless following. A score is in place
 * when cluster_score_is_set says so. */
void cluster_set_score(struct cluster *cluster, int score);

/* Wanted from now on; "" removes. Ignored unless following. */
void cluster_set_why(struct cluster *cluster, const char *text);

/* Scores that move, from one to another, are kept back for hold_ms. */
void cluster_hold(struct cluster *cluster);

/* Asks whether Pacemaker manages the resource on this node. `done` is called once,
 * perhaps from within this call, with "yes", "no" or "unknown". One at a time: who
 * asks while that goes on is answered with it. */
void cluster_ask_managed(struct cluster *cluster,
                         void (*done)(void *context, const char *answer),
                         void *context);

/* Sets the score again now, because somebody found it missing. */
void cluster_refresh(struct cluster *cluster);

/* Tells Pacemaker that the resource has failed. `done` is called once, within
 * CLUSTER_REPORT_MS, unless cluster_clear comes first. Only while following. */
void cluster_report(struct cluster *cluster, void (*done)(void *context),
                    void *context);

/* Deletes score and why. `done` is called once, within CLUSTER_CLEAR_MS,
 * perhaps from within this call. At any time, once. */
void cluster_clear(struct cluster *cluster, void (*done)(void *context),
                   void *context);

/* For status: the newest wanted score, -1 before the first; whether Pacemaker
 * has it; the newest why. */
int cluster_score(const struct cluster *cluster);
bool cluster_score_is_set(const struct cluster *cluster);
const char *cluster_why(const struct cluster *cluster);

#endif
