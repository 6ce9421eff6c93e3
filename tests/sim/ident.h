/* ident: every replica UUID that was ever used, and what its disk holds.
 *
 * WHAT
 *   A majority is a majority of UUIDs' disks. A UUID's disk is a node's image
 *   as long as its P file names it; once that disk was destroyed, what it held
 *   at that time still counts for what had been promised before, and the UUID
 *   is dead: no process may ever speak under it again.
 *
 * NOT HERE
 *   The checks that use this: laws.h.
 */
#ifndef HOTWARM_SIM_IDENT_H
#define HOTWARM_SIM_IDENT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/uuid.h"
#include "tests/sim/disk.h"

#define IDENT_MAX 256

struct ident {
    struct uuid uuid;
    unsigned node;
    bool dead;
    struct disk_image last;    /* dead: what its disk held */
    uint64_t run_used;         /* the highest run that sent a message */
    uint32_t run_life;         /* the process and connection of that run */
    struct uuid group;         /* to which `promised` was promised */
    uint64_t promised;         /* the highest durable in that group */
    uint64_t promised_quorate; /* the same, while quorate and voting */
};

struct idents {
    struct ident list[IDENT_MAX];
    unsigned count;
};

void idents_free(struct idents *idents);

/* Finds it or adds it; NULL when the table is full. */
struct ident *ident_get(struct idents *idents, const struct uuid *uuid,
                        unsigned node);

/* NULL if it was never seen. */
struct ident *ident_find(struct idents *idents, const struct uuid *uuid);

/* The disk is destroyed: copies what it held and calls the UUID dead. */
void ident_bury(struct idents *idents, const struct disk_image *image,
                unsigned node);

#endif
