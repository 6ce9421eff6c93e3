/* session: commands that are answered without the log.
 *
 * WHAT
 *   What a Redis client asks of its connection (PING, HELLO, INFO …), and the
 *   control socket's HOTWARM STATUS. All that touches keys, or changes who is
 *   promoted, goes to the core.
 *
 * NOT HERE
 *   The key space: daemon/core/command.h.
 */
#ifndef HOTWARM_DAEMON_SESSION_H
#define HOTWARM_DAEMON_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/core.h"
#include "lib/buf.h"

struct session_facts {
    const struct core *core;
    const char *group;
    uint32_t node;
    enum core_mode mode;
    size_t clients, max_clients;
    uint64_t max_memory; /* bytes; 0: no limit */
    uint64_t wall_us;
};

/* True if the command is one of these; then `reply` has its answer. */
bool session_answer(const struct session_facts *facts,
                    const struct core_arg *argv, size_t argc,
                    struct buf *reply);

/* What may be under way together (server.h); what is no command of the key space
 * is like what is answered at once. */
enum session_kind { SESSION_OTHER, SESSION_READS, SESSION_WRITES };
enum session_kind session_kind(const struct core_arg *argv, size_t argc);

/* "leader" …: a role in lower case. */
const char *session_role(enum core_role role);

/* HOTWARM STATUS: a bulk string of lines "key:value". */
void session_status(const struct session_facts *facts, struct buf *reply);

/* Is argument `at` this word, in any case? False beyond the end. */
bool session_word(const struct core_arg *argv, size_t argc, size_t at,
                  const char *word);

#endif
