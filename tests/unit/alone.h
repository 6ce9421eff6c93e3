/* alone: one replica without anybody else, on a disk in memory.
 *
 * WHAT
 *   Drives core_step by hand: what the replica multicasts comes back to it,
 *   what it writes is durable at once, and time moves only in alone_pass.
 *   What is under way waits until alone_settle.
 *
 * INVARIANTS
 *   Every request is answered at most once; appended entries follow each
 *   other; a replica alone never cuts or installs (asserted).
 *
 * OWNERSHIP
 *   alone_start's struct is ended by alone_stop.
 */
#ifndef HOTWARM_TESTS_UNIT_ALONE_H
#define HOTWARM_TESTS_UNIT_ALONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/core.h"
#include "lib/buf.h"

#define ALONE_OK "+OK\r\n"

enum { ALONE_QUEUE = 256, ALONE_REQUESTS = 512 };

struct alone_disk {
    struct buf promise, snapshot;
    struct alone_record {
        struct buf data;
        uint64_t hash;
    } * records; /* of sequence first_seq and up */
    uint64_t first_seq;
    size_t count;
};

struct alone {
    struct core *core;
    struct core_options options; /* as of the next restart */
    bool snapshots_fail;
    bool disk_stands; /* nothing is called stored, until alone_disk_goes_on */
    uint64_t unsaid_op;
    struct alone_disk disk;
    struct effects effects;
    struct alone_queued {
        enum core_event_kind kind;
        uint64_t number; /* STORED: op; SNAPSHOT_DONE: seq */
        struct buf data; /* DELIVER */
    } queue[ALONE_QUEUE];
    size_t head, tail;
    uint64_t now_ns, wall_ms, timer_ns;
    int score;
    bool left;
    uint64_t last_request;
    struct alone_answer {
        bool there;
        enum outcome outcome;
        uint64_t seq;
        struct buf text;
    } answers[ALONE_REQUESTS]; /* by request */
    uint64_t trace;            /* hash of all effects so far */
};

/* A blank replica that wants one voter, connected and quorate, settled. */
struct alone *alone_start(void);
void alone_stop(struct alone *alone);

/* The process dies, what is under way is lost, and another starts on the same
 * disk, up to where it is settled. */
void alone_restart(struct alone *alone);

/* The same in two halves: only opened; then connected, quorate and settled. */
void alone_reopen(struct alone *alone);
void alone_connect(struct alone *alone);

/* The last `count` records are lost. */
void alone_tear(struct alone *alone, size_t count);

/* Everything is lost. */
void alone_wipe(struct alone *alone);

void alone_quorum(struct alone *alone, bool quorate);

/* A message comes from elsewhere, and is settled. */
void alone_hear(struct alone *alone, const struct buf *message);

/* Gives back what is under way, until nothing is. */
void alone_settle(struct alone *alone);

void alone_disk_goes_on(struct alone *alone);

/* Lets time pass, with a TICK whenever the timer says so. */
void alone_pass(struct alone *alone, uint64_t ms);

/* Asks, with `line` split at its blanks; the number of the request. Not
 * settled. */
uint64_t alone_ask(struct alone *alone, enum core_request kind,
                   const char *line);

/* The request was answered so. */
void alone_answered(const struct alone *alone, uint64_t request,
                    enum outcome outcome, const char *text);

/* Asks a command, settles, and compares the answer. */
void alone_says(struct alone *alone, const char *line, const char *text);
void alone_refuses(struct alone *alone, const char *line, const char *text);

/* The same for a request that is no command, and is answered OK. */
void alone_office(struct alone *alone, enum core_request kind);

struct core_status alone_status(const struct alone *alone);

#endif
