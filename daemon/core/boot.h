/* boot: what a replica is when its process starts.
 *
 * WHAT
 *   Reads the P file, the snapshot and the log, and decides whether the disk
 *   still keeps what this replica has promised:
 *
 *      P file   log                                    the replica is
 *      none     none                                   blank, a fresh UUID
 *      there    reaches its mark, hashes chain         itself
 *      none     something is there                     given up
 *      there    ends below its mark, or does not chain given up
 *      there    none, and it never voted               itself, but blank: a first
 *                                                      start was cut off
 *      there    none, and it may have voted            given up
 *
 *   A replica that has given up moves everything aside (RESET), takes a fresh
 *   UUID and names its former one: a voter that forgot something must never
 *   vote as if it remembered.
 *
 *   The P file: u32 "HWPF" | u16 version | u16 0 | uuid | uuid former | uuid
 *   group | u64 run | u64 promised | u64 seq of the configuration | config.
 */
#ifndef HOTWARM_CORE_BOOT_H
#define HOTWARM_CORE_BOOT_H

#include "daemon/core/state.h"

/* 0, RESULT_MALFORMED or RESULT_VERSION. The RESET of one that has given up
 * follows when it is connected (core->resetting). */
int boot_open(struct core *core, const struct core_boot *boot);

/* The P file's content as of now. `committed`: the newest configuration known
 * committed. */
void boot_promise_encode(struct buf *buf, const struct core *core,
                         const struct config *committed);

#endif
