/* resp: commands out of a client's bytes.
 *
 * WHAT
 *   A command is an array of bulk strings (RESP2), read with hiredis' reader
 *   from pieces of any size.
 *
 *      resp_feed -> resp_next -> ( RESP_COMMAND -> resp_done )* -> RESP_NOTHING
 *
 *   RESP_BAD is the end: what follows is not looked at.
 *
 * INVARIANTS
 *   A command of more than RESP_COMMAND_MAX bytes, or with more than RESP_ARGS
 *   words, is refused when that is seen, not when it is whole. resp_bytes is
 *   what it all takes, about: also of what is not whole, and of room that is
 *   kept for the next. tests/unit/test_server.c.
 *
 * OWNERSHIP
 *   Arguments live until resp_done. Texts are static.
 *
 * NOT HERE
 *   Sockets, and who may send how much: server.h.
 */
#ifndef HOTWARM_SHELL_RESP_H
#define HOTWARM_SHELL_RESP_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/core/core.h"

/* A value has at most CORE_VALUE_MAX bytes (512 KiB): the client is told so by
 * the command that it wrote, not by the end of its connection. */
enum { RESP_COMMAND_MAX = 2 * 1024 * 1024, RESP_ARGS = 4096 };

/* Room that an idle reader may keep. */
enum { RESP_KEEP = 8 * 1024 };

struct resp;

enum resp_found { RESP_NOTHING, RESP_COMMAND, RESP_BAD };

struct resp *resp_open(void);
void resp_close(struct resp *resp);

void resp_feed(struct resp *resp, const void *bytes, size_t len);

/* The next command that is whole: argc words in argv (room for RESP_ARGS). The
 * same one again until resp_done. RESP_BAD: *error is what was wrong with it. */
enum resp_found resp_next(struct resp *resp, struct core_arg *argv,
                          size_t *argc, const char **error);

/* The command is done with. */
void resp_done(struct resp *resp);

/* A command was found, and is not done with. */
bool resp_holds(const struct resp *resp);

/* The bytes of that command, as they came. */
size_t resp_command_bytes(const struct resp *resp);

size_t resp_bytes(const struct resp *resp);

#endif
