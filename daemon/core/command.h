/* command: the commands of the key space, by table.
 *
 * WHAT
 *   A command is looked up once, where the client is; a write is then
 *   forwarded and carried out by every replica when its entry is applied, a
 *   read only where it was asked. Replies are RESP2, with Redis 7's texts
 *   (tests/redis/compare holds them against the real server).
 *
 *   The payload of a WRITE entry: u16 argc, then argc blobs (u32 length and
 *   bytes). argv[0] is the command's name, in any case.
 *
 * INVARIANTS
 *   What a write does follows from the key space, its arguments and clock_ms.
 *   An error changes nothing.
 *
 * NOT HERE
 *   The commands themselves: command_string.h, command_key.h,
 *   command_expire.h, command_hash.h. Whether this replica may take a write:
 *   forward.h.
 */
#ifndef HOTWARM_CORE_COMMAND_H
#define HOTWARM_CORE_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/core/core.h"
#include "daemon/core/keyspace.h"

#define COMMAND_ARGS_MAX 1024

/* The longest reply, about: a read that would need more is refused. */
#define COMMAND_REPLY_MAX (64u * 1024 * 1024)

struct command_call {
    struct keyspace *keyspace;
    const struct core_arg *argv;
    size_t argc;
    uint64_t clock_ms; /* the group's clock at the entry */
    struct buf *reply;
};

/* COMMAND_GROWS: a write that may need more memory than it frees. */
enum command_effect { COMMAND_READS, COMMAND_WRITES, COMMAND_GROWS };

struct command {
    const char *name; /* upper case */
    int arity;        /* Redis': with the name; negative: at least that many */
    enum command_effect effect;
    /* Which arguments are keys, as Redis' COMMAND tells it: the first (0:
     * none), the last (-1: to the end) and the distance. */
    int first_key, last_key, key_step;
    void (*run)(struct command_call *call);
};

/* The command that argv names, if it exists and takes that many arguments.
 * Otherwise NULL, and `reply`, if it is not NULL, holds Redis' error. */
const struct command *command_find(const struct core_arg *argv, size_t argc,
                                   struct buf *reply);

/* All commands by ascending name, from 0; NULL behind the last. */
const struct command *command_at(size_t at);

void command_encode(struct buf *buf, const struct core_arg *argv, size_t argc);

/* Reads what command_encode wrote into argv (room for COMMAND_ARGS_MAX),
 * pointing into the cursor's bytes. 0 or RESULT_MALFORMED. */
int command_decode(struct cursor *cursor, struct core_arg *argv, size_t *argc);

#endif
