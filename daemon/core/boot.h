/* boot: what a replica is when its process starts.
 *
 * WHAT
 *   Reads the P file, the snapshot and the log, and decides whether the disk
 *   still keeps what this replica has promised:
 *
 *      P file         data (snapshot, log)                the replica is
 *      none           none                                blank, a fresh UUID
 *      names group    of it, to the mark, hashes chain    itself
 *      names none     none                                itself, blank
 *      names none     entry 1 or a snapshot, no more      itself: the P file
 *                                                         that names it was cut off
 *      all else: P file lost, data lost, ends below its   given up
 *      mark, does not chain, another group's; or it says
 *      that it was giving up
 *
 *   A replica that has given up takes a fresh UUID and names its former one, if
 *   it is known: a voter that forgot something must never vote as if it
 *   remembered. Three steps, so that a crash in between forgets nothing: the P
 *   file says so (`resetting`), the data are moved aside (RESET), the P file
 *   says that this is done. It is `lost` until it holds data of a group again,
 *   and as such not blank: no new group is made of it, or beside it (create.h).
 *
 *   The P file: u32 "HWPF" | u16 version | u16 flags | uuid | uuid former | uuid
 *   group | u64 run | u64 promised | u64 seq of the configuration | config.
 *   flags: 1 lost, 2 resetting.
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
