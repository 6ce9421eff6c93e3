/* command_string: commands on strings; run_NAME carries out NAME. */
#ifndef HOTWARM_CORE_COMMAND_STRING_H
#define HOTWARM_CORE_COMMAND_STRING_H

#include "daemon/core/command.h"

void run_append(struct command_call *call);
void run_decr(struct command_call *call);
void run_decrby(struct command_call *call);
void run_get(struct command_call *call);
void run_getdel(struct command_call *call);
void run_getex(struct command_call *call);
void run_getset(struct command_call *call);
void run_incr(struct command_call *call);
void run_incrby(struct command_call *call);
void run_mget(struct command_call *call);
void run_mset(struct command_call *call);
void run_psetex(struct command_call *call);
void run_set(struct command_call *call);
void run_setex(struct command_call *call);
void run_setnx(struct command_call *call);
void run_strlen(struct command_call *call);

#endif
