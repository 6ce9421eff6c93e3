/* command_hash: commands on hashes; run_NAME carries out NAME. */
#ifndef HOTWARM_CORE_COMMAND_HASH_H
#define HOTWARM_CORE_COMMAND_HASH_H

#include "daemon/core/command.h"

void run_hdel(struct command_call *call);
void run_hexists(struct command_call *call);
void run_hget(struct command_call *call);
void run_hgetall(struct command_call *call);
void run_hincrby(struct command_call *call);
void run_hkeys(struct command_call *call);
void run_hlen(struct command_call *call);
void run_hmget(struct command_call *call);
void run_hset(struct command_call *call);
void run_hvals(struct command_call *call);

#endif
