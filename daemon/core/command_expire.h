/* command_expire: commands on when keys expire; run_NAME carries out NAME. */
#ifndef HOTWARM_CORE_COMMAND_EXPIRE_H
#define HOTWARM_CORE_COMMAND_EXPIRE_H

#include "daemon/core/command.h"

void run_expire(struct command_call *call);
void run_expireat(struct command_call *call);
void run_persist(struct command_call *call);
void run_pexpire(struct command_call *call);
void run_pexpireat(struct command_call *call);
void run_pttl(struct command_call *call);
void run_ttl(struct command_call *call);

#endif
