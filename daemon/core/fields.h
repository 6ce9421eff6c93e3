/* fields: what a hash holds, field by field, in order.
 *
 * WHAT
 *   A table to find a field, and a list through all of them in the order in
 *   which they came; a new value leaves a field where it is. The order is part
 *   of the contents: HGETALL shows it, as Redis does for small hashes.
 *
 * INVARIANTS
 *   `digest` and `bytes` follow from the contents alone, order included,
 *   whatever came and went before (tests/unit/test_fields.c). Each change
 *   costs what the changed field costs, not what the hash does: the digest is
 *   a sum over fields, each taken together with the name of the one before.
 *
 * OWNERSHIP
 *   Names and values are copied in. A struct field lives until it is removed,
 *   its value until it is set.
 */
#ifndef HOTWARM_CORE_FIELDS_H
#define HOTWARM_CORE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/table.h"

struct field {
    struct table_item item; /* item.key is `name` */
    struct field *previous;
    struct field *next;
    uint8_t *value;
    size_t value_len;
    uint64_t digest; /* what it adds to the sum */
    uint8_t name[];
};

struct fields {
    struct table table;
    struct field *first;
    struct field *last;
    uint64_t digest;
    size_t bytes; /* memory used, about; 0 when empty */
};

void fields_free(struct fields *fields);

/* The field of that name, or NULL. */
struct field *fields_find(const struct fields *fields, const void *name,
                          size_t len);

/* Sets a field's value, adding it behind all others if it is new: then true. */
bool fields_set(struct fields *fields, const void *name, size_t name_len,
                const void *value, size_t value_len);

void fields_remove(struct fields *fields, struct field *field);

#endif
