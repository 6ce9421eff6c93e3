#include "tests/sim/ident.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

void idents_free(struct idents *idents)
{
    for (unsigned i = 0; i < idents->count; i++)
        disk_image_free(&idents->list[i].last);
    idents->count = 0;
}

struct ident *ident_find(struct idents *idents, const struct uuid *uuid)
{
    for (unsigned i = idents->count; i-- > 0;)
        if (uuid_equal(&idents->list[i].uuid, uuid))
            return &idents->list[i];
    return NULL;
}

struct ident *ident_get(struct idents *idents, const struct uuid *uuid,
                        unsigned node)
{
    struct ident *ident = ident_find(idents, uuid);

    if (ident != NULL || idents->count == IDENT_MAX)
        return ident;
    ident = &idents->list[idents->count++];
    memset(ident, 0, sizeof *ident);
    ident->uuid = *uuid;
    ident->node = node;
    return ident;
}

/* Places and hashes are all that is asked of the dead. */
static void image_summary(struct disk_image *to, const struct disk_image *from)
{
    *to = *from;
    to->promise = NULL;
    to->promise_len = 0;
    to->snapshot = from->snapshot == NULL ? NULL : mem_copy("", 1);
    to->records = mem_calloc(from->count + 1, sizeof *to->records);
    to->head = 0;
    to->cap = from->count + 1;
    for (size_t i = 0; i < from->count; i++)
        to->records[i] =
            (struct disk_record){.seq = from->records[from->head + i].seq,
                                 .hash = from->records[from->head + i].hash};
}

void ident_bury(struct idents *idents, const struct disk_image *image,
                unsigned node)
{
    struct ident *ident;

    if (uuid_is_none(&image->uuid))
        return;
    ident = ident_get(idents, &image->uuid, node);
    if (ident == NULL || ident->dead)
        return;
    ident->dead = true;
    image_summary(&ident->last, image);
}
