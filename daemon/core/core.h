/* core: one replica of a group, as a pure function.
 *
 * WHAT
 *   core_step takes one event and gives back effects. No I/O, no clock, no
 *   random numbers, no threads, no callbacks: the same boot state and the same
 *   events give the same effects, byte for byte, so that a run can be replayed.
 *
 *        events                  core                    effects
 *      CONNECTED  --.     .---------------.      .-->  MULTICAST
 *      MEMBERS      |     | log, view,    |      |     PROMISE APPEND TRUNCATE
 *      DELIVER      |---> | commit, state |--->--|     INSTALL COMPACT RESET
 *      QUORUM       |     '---------------'      |     SNAPSHOT READ
 *      CLIENT       |                            |     REPLY
 *      TICK STORED  |                            |     SET_TIMER SET_SCORE
 *      DISK         |                            |
 *      READ_DONE    |                            '-->  LEAVE
 *      TUNE         |                                  FENCE_MARK
 *      MARKED FENCED'
 *
 *   Only DELIVER (and the disk's STORED, which completes an acknowledgement)
 *   moves replicated state. A membership, a clock, a client or a quorum flag
 *   may only cause a message.
 *
 * STATES (enum core_role)
 *   OFFLINE      no run yet: before CONNECTED, or until its P file is stored
 *   BLANK        connected, no group yet
 *   WAITING      no leader known; says HELLO
 *   VOTED        answered READY to a VIEW; waits for that leader's first entry
 *   CANDIDATE    sent VIEW; gathers READY
 *   FOLLOWER     has a leader
 *   LEADER       numbers entries
 *   QUARANTINED  its committed history differs from the group's; silent
 *   REFUSED      its data belong to another group or mode; silent
 *   LEFT         stopped; silent
 *
 * DISK EFFECTS
 *   PROMISE, APPEND, TRUNCATE, INSTALL, COMPACT and RESET carry a number `op`,
 *   counted up by one. The shell carries them out strictly in that order and
 *   reports STORED{op} when all up to `op` are durable (it may skip numbers:
 *   STORED{7} covers 1 to 7). A crash leaves what the first n of them made,
 *   n at least the last reported. On a full disk it waits for room (DISK): if
 *   the other voters are enough, the replica then gives the lead away and is not
 *   offered for promotion. Never does it take entries while more than ahead_bytes
 *   of them wait for the disk.
 *     PROMISE   data = the P file's whole new content (replace by rename)
 *     APPEND    data = one encoded entry (entry.h), to stand at `seq`; kept
 *               together with its `hash`
 *     TRUNCATE  drop all entries at or above `seq`
 *     INSTALL   data = a whole snapshot of `seq`; replaces the older snapshot
 *               and drops every log entry
 *     COMPACT   drop all entries at or below `seq` (a snapshot covers them)
 *     RESET     move snapshot and log aside: from here on there are none
 *   SNAPSHOT and READ stand beside that order:
 *     SNAPSHOT  write core_snapshot's bytes as they are NOW (fork, or encode
 *               at once), durable, then replace the older snapshot and report
 *               SNAPSHOT_DONE with the same `seq`. One at a time.
 *     READ      report READ_DONE with the `length` bytes (fewer at the end) at
 *               `offset` of the newest durable snapshot.
 *
 * INVARIANTS (the laws of HACKING.md; tests/sim checks each after every step)
 *   Nothing is multicast before the run number is durable.
 *   READY, ACK follow the STORED that covers what they promise.
 *   Every REPLY answers one CLIENT, once.
 *
 * OWNERSHIP
 *   The core copies what it keeps of an event. Effects belong to the caller's
 *   struct effects and live until effects_reset.
 *
 * NOT HERE
 *   Sockets, files, libcpg: daemon/shell. Text for people: tools/.
 */
#ifndef HOTWARM_CORE_CORE_H
#define HOTWARM_CORE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/config.h"
#include "daemon/core/effects.h"
#include "daemon/core/entry.h"
#include "lib/uuid.h"

/* The largest value a client may write, and the largest message the core ever
 * multicasts (CPG's own limit for one atomic message is 1,047,552). */
#define CORE_VALUE_MAX (512u * 1024u)
#define CORE_MESSAGE_MAX (640u * 1024u)

enum core_mode { CORE_WARM = 1, CORE_HOT = 2 };

struct core_options {
    uint32_t node; /* this cluster node's id, above 0 */
    enum core_mode mode;
    unsigned expected_voters; /* 1 to CONFIG_MAX */
    unsigned instances; /* how many replicas there are to be; 0: not known */
    uint64_t leader_timeout_ns; /* a silent leader is given up after this */
    uint64_t write_timeout_ns;  /* after this a write's client is told
                                   "unknown", and a read is refused */
    uint64_t max_memory;   /* bytes of data, about, beyond which writes that may
                            need more are refused; 0: no limit */
    size_t batch_bytes;    /* entries per message; a larger one goes alone */
    size_t snapshot_bytes; /* of log in memory, after which a snapshot is due, or
                            half of what the keys take */
    size_t keep_bytes;     /* of it, kept behind a snapshot for laggards, or a
                            quarter of what the keys take */
    size_t ahead_bytes;    /* log bytes that may wait for the disk, about */
    size_t chunk_bytes;    /* snapshot bytes per message in a transfer */
    size_t reply_bytes;    /* of linearizable reads' replies in one step, and a
                            last one; others follow in the next steps */
    bool fencing; /* two voters: a fencing that is confirmed ends waiting */
    uint64_t transfer_rate; /* bytes a second of a snapshot; 0: no limit */
};

enum core_failback {
    CORE_FAILBACK_NEVER = 0,
    CORE_FAILBACK_DELAYED,
    CORE_FAILBACK_ALWAYS
};

#define CORE_PREFERENCE_MAX 1000u

/* What may change while it runs (score.h). */
struct core_tuning {
    unsigned preference; /* over replicas of other nodes; 0: none */
    enum core_failback failback;
    uint64_t failback_delay_ns;
    uint64_t maxlag;       /* entries; 0: no limit */
    unsigned promoted_max; /* how many Pacemaker promotes */
};

/* What the disk held when the process started. Zeroed: a blank disk. */
struct core_boot {
    const uint8_t *promise; /* the P file; NULL: there is none */
    size_t promise_len;
    const uint8_t
        *snapshot; /* the newest whole snapshot; NULL: there is none */
    size_t snapshot_len;
    const struct core_record {
        const uint8_t *data; /* one encoded entry */
        size_t len;
        uint64_t hash; /* as the APPEND effect gave it */
    } * records;       /* the log in order, its torn tail already cut */
    size_t record_count;
    uint64_t flushed;  /* the log's mark: all up to here had been flushed */
    struct uuid fresh; /* a new random UUID, taken if this replica is blank
                             or cannot keep its own */
};

enum core_event_kind {
    CORE_CONNECTED = 1, /* a new CPG handle has joined: a new run begins */
    CORE_MEMBERS,       /* members: CPG's newest membership, whole */
    CORE_DELIVER,       /* sender, data: one message, also one's own */
    CORE_QUORUM,        /* quorate: Corosync's flag; repeated after CONNECTED */
    CORE_CLIENT,        /* client */
    CORE_SETTLE,        /* nothing: the end of clients' events that were held */
    CORE_TICK,          /* the timer; given only when no delivery is waiting */
    CORE_STORED,        /* op: all disk effects up to it are durable */
    CORE_DISK,          /* full: nothing more becomes durable until there is
                           room; told again, without, when that has lasted */
    CORE_SNAPSHOT_DONE, /* seq; ok: false when it could not be written */
    CORE_READ_DONE,     /* seq, offset, data: what a READ asked for */
    CORE_MARKED,      /* mark: what was known of fencing at that FENCE_MARK has
                           been told, and nothing is under way */
    CORE_FENCED,      /* node: its off or reboot has just been confirmed */
    CORE_TUNE,        /* tuning, in the place of the one before; at first: no
                           preference, no limit, one promoted */
    CORE_DISCONNECTED /* the CPG handle is dead; nothing can be sent */
};

struct core_member {
    uint32_t node;
    uint32_t pid;
};

enum core_request {
    CORE_COMMAND = 1,   /* argv: a command of the key space, read or write */
    CORE_COMMAND_LOCAL, /* the same, but reads answer from this replica at once */
    CORE_PROMOTE,       /* become promoted; REPLY when applied or refused */
    CORE_DEMOTE,        /* close the write gate now; REPLY at once */
    CORE_REMOVE_VOTER,  /* node: gone for good; REPLY when done or refused */
    CORE_LEAVE          /* hand over the lead if it is ours, then LEAVE */
};

struct core_arg {
    const uint8_t *data;
    size_t len;
};

struct core_event {
    enum core_event_kind kind;
    uint64_t now_ns;  /* monotonic; never goes back within a process */
    uint64_t wall_ms; /* the wall clock; may be anything */
    union {
        struct {
            const struct core_member *list;
            size_t count;
        } members;
        struct {
            struct core_member sender;
            const uint8_t *data;
            size_t len;
        } deliver;
        bool quorate;
        struct {
            uint64_t request; /* the shell's handle, given back in REPLY */
            enum core_request kind;
            const struct core_arg *argv;
            size_t argc;
            uint32_t node;
            bool hold; /* another event follows at once: what this one makes
                          possible is done with that one */
        } client;
        struct {
            uint64_t op;
        } stored;
        const char *full; /* why nothing can be written, for people, to live
                             as long as the core; NULL: it can */
        struct {
            uint64_t seq;
            bool ok;
        } snapshot;
        struct {
            uint64_t seq; /* the snapshot read; 0 when it could not be read */
            uint64_t offset;
            const uint8_t *data;
            size_t len;
        } read;
        struct core_tuning tuning;
        uint64_t mark;
        uint32_t node;
    } u;
};

struct core;

/* Opens a replica on what its disk held. `boot` is read, not kept. 0, or
 * RESULT_MALFORMED, RESULT_VERSION (a P file or snapshot that this build cannot
 * read though its CRC was right); then *out is NULL. */
int core_open(struct core **out, const struct core_options *options,
              const struct core_boot *boot);
void core_close(struct core *core);

/* One step. Adds to `effects`; malformed or foreign messages change nothing. */
void core_step(struct core *core, const struct core_event *event,
               struct effects *effects);

/* The state as it is now, for a SNAPSHOT effect. Equal states at one sequence
 * give equal bytes on every replica. */
void core_snapshot(const struct core *core, struct buf *out);

enum core_role {
    CORE_ROLE_OFFLINE,
    CORE_ROLE_BLANK,
    CORE_ROLE_WAITING,
    CORE_ROLE_VOTED,
    CORE_ROLE_CANDIDATE,
    CORE_ROLE_FOLLOWER,
    CORE_ROLE_LEADER,
    CORE_ROLE_QUARANTINED,
    CORE_ROLE_REFUSED,
    CORE_ROLE_LEFT
};

/* Counted up since core_open. */
struct core_counters {
    uint64_t views;       /* times this replica became leader */
    uint64_t truncations; /* cuts of its log */
    uint64_t catchups;    /* gaps that it closed by fetching entries */
    uint64_t snapshots_taken;
    uint64_t snapshots_installed;
    uint64_t reproposals;    /* writes that it forwarded again */
    uint64_t duplicates;     /* forwards it dropped as already in the log */
    uint64_t promotions;     /* promotions of this replica that took effect */
    uint64_t config_changes; /* configurations it appended as leader */
    uint64_t handovers;      /* leads it gave away */
    uint64_t unknown;        /* clients told that the outcome is unknown */
};

struct core_status {
    enum core_role role;
    const char *why; /* why it is not serving, "" when it is; static, or
                              the one that DISK gave */
    struct uuid uuid;
    struct uuid former; /* the UUID it gave up, or none */
    bool lost;          /* had data, and has none since (boot.h) */
    struct uuid group;
    uint64_t run;
    uint64_t promised;  /* P */
    uint64_t epoch;     /* of the leader it has (or is); 0: none */
    struct uuid leader; /* none when it has none */
    uint64_t first_seq; /* first entry held; snapshot below */
    uint64_t last_seq, last_epoch, last_hash;
    uint64_t durable_seq;
    uint64_t matched_seq; /* equal to the leader's log up to here */
    uint64_t commit_seq;
    uint64_t applied_seq;
    uint64_t applied_hash;
    size_t bytes;          /* memory that the keys take, about */
    uint64_t state_digest; /* of the key space, promotions and sessions */
    bool voter;
    bool quorate;
    bool promoted;     /* its token is valid in the applied state */
    bool open;         /* promoted and its gate is open */
    bool replaced;     /* the log ended its promotion; not demoted since */
    bool writable;     /* open, and nothing stands in the way of a write */
    struct uuid rival; /* another group of this name, heard lately; none */
    bool alone;        /* of two voters: may lead by its own vote alone */
    uint64_t token;    /* its promotion token, 0 when not promoted */
    uint64_t pending;  /* forwarded writes without an answer */
    int score;         /* promotion score; 0: none */
    struct core_counters counters;
};

void core_status(const struct core *core, struct core_status *status);

/* The entry held at `seq`, false when it is not in the log (compacted, or
 * beyond the end). `entry->payload` lives until the next core_step. */
bool core_entry(const struct core *core, uint64_t seq, struct entry *entry,
                uint64_t *hash);

/* The newest configuration in the log, and (if `committed` is not NULL) the
 * newest known committed; they are equal when no change is pending. */
void core_configuration(const struct core *core, struct config *newest,
                        struct config *committed);

#endif
