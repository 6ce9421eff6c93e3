/* command_key: commands on keys whatever their type; run_NAME carries out
 * NAME. */
#ifndef HOTWARM_CORE_COMMAND_KEY_H
#define HOTWARM_CORE_COMMAND_KEY_H

#include "daemon/core/command.h"

void run_dbsize(struct command_call *call);
void run_del(struct command_call *call); /* UNLINK too */
void run_exists(struct command_call *call);
void run_flushdb(struct command_call *call);
void run_keys(struct command_call *call);
void run_rename(struct command_call *call);
void run_scan(struct command_call *call);
void run_type(struct command_call *call);

#endif
