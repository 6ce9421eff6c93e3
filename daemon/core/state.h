/* state: the inside of one replica, shared by the rooms of the core.
 *
 * WHAT
 *   struct core is one struct per room, each written by its own room only:
 *
 *      view       who leads; promises          view.c election.c handover.c
 *      replicate  entries out, acks, commit    replicate.c commit.c
 *      forward    own clients' writes          forward.c
 *      gate       whether this replica writes  gate.c
 *      barrier    linearizable reads           barrier.c
 *      transfer   snapshots in and out         transfer.c
 *      membership configuration changes        membership.c
 *      removal    a voter whose node is gone   removal.c
 *      fresh      whose word is new            fresh.c
 *      score      what Pacemaker is offered    score.c
 *      revoke     promotions of who is gone    revoke.c
 *      pair       two voters without the other pair.c
 *      rival      another group of this name   rival.c
 *
 *   A room offers: X_on_MESSAGE for its messages, X_settle, which does all
 *   that can be done now (called after every event), and X_deadline, when it
 *   wants to be called again (UINT64_MAX: never).
 *
 * NOT HERE
 *   The public contract: core.h.
 */
#ifndef HOTWARM_CORE_STATE_H
#define HOTWARM_CORE_STATE_H

#include "daemon/core/backlog.h"
#include "daemon/core/core.h"
#include "daemon/core/effects.h"
#include "daemon/core/log.h"
#include "daemon/core/machine.h"
#include "daemon/core/peers.h"
#include "daemon/core/wire.h"

#define STATE_NEVER UINT64_MAX
#define STATE_MS 1000000ull /* nanoseconds */

struct view {
    uint64_t promised;   /* P: nothing below it is listened to */
    uint64_t joined;     /* P when it joined its group in this process, or 0 */
    uint64_t promise_op; /* the PROMISE effect that stores P, group and run */
    uint64_t epoch;      /* the leader's, when there is one; else 0 */
    struct uuid leader;  /* leader, candidate voted for, or none */
    uint64_t leader_run;
    struct core_member leader_member;
    uint64_t heard_ns;    /* when the leader was last heard */
    uint64_t members_ns;  /* when CPG's membership last changed */
    uint64_t hello_ns;    /* when to say HELLO next */
    bool full_said;       /* the last one said that the disk is full */
    uint64_t ranked_ns;   /* since when a majority's HELLOs are here; 0: not */
    uint64_t deadline_ns; /* VOTED and CANDIDATE wait until then */
    unsigned attempt;     /* elections since the last leader, for backing off */
    bool alone;           /* LEADER: by its own vote alone (pair.h) */
    bool said;            /* VIEW, or READY, of this epoch is out */
    uint64_t handover_ns; /* LEADER: no intake until then: it hands over */
    bool handover_said;
    uint64_t handover_retry_ns;
};

struct replicate {
    uint64_t next_seq;   /* LEADER: the first entry not yet multicast */
    uint64_t flight_seq; /* LEADER: end of the APPEND not yet self-delivered */
    uint64_t heartbeat_ns;  /* LEADER: when to speak though there is nothing */
    uint64_t clock_base_ms; /* LEADER: group clock when it took office … */
    uint64_t clock_from_ns; /* … and the monotonic time then */
    uint64_t matched_seq;   /* equal to the leader's log up to here */
    uint64_t leader_seq;    /* the end of the leader's log, as heard */
    uint64_t leader_commit;
    bool gap;             /* the leader has entries that we lack */
    uint64_t fetch_ns;    /* when FETCH may be said (again) */
    uint64_t ack_seq;     /* the last ACK said in this epoch */
    bool ack_flight;      /* … not yet self-delivered */
    struct sessions tail; /* LEADER: sessions at the end of the log */
};

struct pending {
    uint64_t number;
    enum entry_kind kind;
    uint64_t token;
    uint8_t *payload;
    size_t length;
    uint64_t request;
    bool answered; /* its client was told "unknown", or has none */
    uint64_t deadline_ns;
};

struct forward {
    struct pending *list; /* unanswered, ascending by number, from head */
    size_t head, count, cap;
    uint64_t last_number;  /* given out in this run */
    uint64_t next_number;  /* the first not yet sent in this view */
    uint64_t seen_number;  /* the last of ours in our log */
    uint64_t sent_number;  /* the highest ever sent in this run */
    uint64_t timed_number; /* the first not yet checked for its deadline */
    bool flight;           /* a FORWARD is not yet self-delivered */
    uint64_t retry_ns;
};

struct gate {
    bool wanted;      /* Pacemaker wants this replica promoted */
    uint64_t token;   /* under which writes are accepted; 0: closed */
    uint64_t revoke;  /* our own promotion that is still to be revoked */
    bool replaced;    /* closed by the log; Pacemaker has not demoted it yet */
    bool busy;        /* a PROMOTE or DEMOTE of ours is out */
    uint64_t request; /* CORE_PROMOTE to be answered */
    bool has_request;
};

struct barrier_read {
    uint64_t request;
    uint64_t deadline_ns;
    struct buf command; /* command_encode */
};

struct barrier_batch {
    struct barrier_read *list; /* ascending by deadline */
    size_t count, cap;
};

struct barrier {
    uint64_t last_id;
    uint64_t id; /* the round that is out; 0: none */
    uint64_t retry_ns;
    uint64_t more_ns; /* when to go on with those of `asked` that may be run */
    struct barrier_batch asked;   /* the reads of that round */
    struct barrier_batch waiting; /* those of the next */
};

struct transfer {
    struct log_point own;    /* our newest durable snapshot; seq 0: none */
    struct log_point taking; /* a SNAPSHOT effect is out for it; seq 0: none */
    uint64_t applied_bytes;  /* of log applied since the last one, in memory */
    uint64_t served_ns;      /* when a part of it was last asked for */
    bool active;             /* we are fetching one: */
    struct log_point wanted;
    struct uuid donor;
    struct buf bytes; /* what we have of it */
    uint64_t pull_ns; /* when to ask (again) */
};

/* An entry that a leader appended to hear who is alive. */
struct fresh {
    uint64_t epoch;
    uint64_t seq; /* 0: none yet */
    uint64_t at_ns;
};

struct membership {
    bool pausing; /* no intake: a configuration change waits for quiet */
    struct fresh fresh; /* one voter's, that is to become two */
};

struct removal {
    bool asked; /* and not answered: */
    uint64_t request;
    uint32_t node; /* whose voter */
    uint64_t epoch;
    uint64_t asked_ns;
    uint64_t deadline_ns;
    uint64_t first;       /* the first entry appended for it, 0: none … */
    uint64_t before;      /* … the last but one, 0: none … */
    struct fresh fresh;   /* … and the last one */
    uint64_t answered_ns; /* another voter has acknowledged the first; 0: no */
    uint64_t changed;     /* the configuration without it; 0: not proposed */
    uint64_t known;       /* an entry behind its commit; 0: not proposed */
};

struct score {
    int value; /* as Pacemaker was told last */
    bool offered;
    bool preferred;
    uint64_t since_ns; /* offered without a break */
};

struct revoke {
    uint64_t epoch;    /* LEADER: in that epoch … */
    uint64_t last_seq; /* … the last DEMOTE that it proposed */
};

struct pair {
    uint64_t voted;  /* the epoch it last voted for, until it has entered it */
    bool entered;    /* in this run, a view that it voted for */
    uint64_t mark;   /* the last one made … */
    uint64_t marked; /* … and the last one answered */
    bool fenced;     /* the other one's node, since that answer */
    uint64_t leaving_ns; /* when to say again that this one leaves */
};

struct rival {
    struct uuid group; /* the last one heard of, or none */
    uint64_t heard_ns;
    uint64_t told_ns; /* its leader said how many voters it has … */
    unsigned voters;  /* … so many */
    bool answer;      /* it was heard since our last HELLO to it … */
    uint64_t said_ns; /* … which was then */
};

struct core {
    struct core_options options;
    struct core_tuning tuning;
    struct effects *effects; /* of the step under way */
    uint64_t now_ns;
    uint64_t wall_ms;

    struct uuid uuid;
    struct uuid former;
    bool lost; /* had data, and has none since (boot.h) */
    struct uuid group;
    uint64_t run;
    bool resetting; /* the disk has to be moved aside first */
    struct backlog backlog;
    uint64_t op;        /* the last disk effect */
    uint64_t stored_op; /* the last known durable */

    enum core_role role;
    const char *why;
    const char *full; /* why the disk takes no more; NULL: it does */
    bool connected;
    bool quorate;
    bool leaving;
    uint64_t leaving_ns; /* LEAVE at the latest */
    uint64_t timer_ns;

    struct log log;
    struct machine machine;
    uint64_t commit_seq;
    struct config config;    /* the newest in the log: in force */
    struct config committed; /* the newest known committed, and stored so */
    uint64_t config_told;    /* one of that sequence is committed, others say */
    uint64_t config_op;      /* the PROMISE that stores `config` so; 0: none */

    struct peers peers;
    struct view view;
    struct replicate replicate;
    struct forward forward;
    struct gate gate;
    struct barrier barrier;
    struct transfer transfer;
    struct membership membership;
    struct removal removal;
    struct score score;
    struct revoke revoke;
    struct pair pair;
    struct rival rival;
    struct core_counters counters;
};

/* A message of this replica with its header filled in (its epoch is `epoch`). */
struct message core_message(const struct core *core, enum wire_type type,
                            uint64_t epoch);
void core_multicast(struct core *core, const struct message *message);

/* Answers a client: RESP `text`, of `len` bytes. `seq`: see effects.h. */
void core_reply(struct core *core, uint64_t request, enum outcome outcome,
                uint64_t seq, const void *text, size_t len);
void core_reply_text(struct core *core, uint64_t request, enum outcome outcome,
                     const char *text);

/* More waits for the disk than may (ahead_bytes): nothing is added. */
bool core_is_ahead(const struct core *core);

/* The next disk effect, with its op, and a copy of `len` bytes; valid until the
 * next effect. */
struct effect *core_disk(struct core *core, enum effect_kind kind,
                         const void *data, size_t len);

/* The first thing of its group is being stored: names the group behind it. */
void core_hold(struct core *core);

/* Stores identity, promise and the newest known committed configuration. The
 * op that does it, also kept in view.promise_op. */
uint64_t core_promise(struct core *core);

bool core_is_me(const struct core *core, const struct uuid *uuid);
bool core_is_voter(const struct core *core);

/* A majority of the voters in force: of the newest configuration, and, until
 * that is known committed, of the one before as well. */
bool core_majority(const struct core *core,
                   bool (*test)(const struct peer *peer, uint64_t argument),
                   uint64_t argument);

/* Silent from here on. `why`: static text. */
void core_quarantine(struct core *core, const char *why);
void core_refuse(struct core *core, const char *why);

#endif
