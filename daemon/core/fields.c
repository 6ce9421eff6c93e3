#include "daemon/core/fields.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "lib/mem.h"

/* A field, its slot, and what the allocator adds to it and to its value. */
enum { FIELD_BYTES = sizeof(struct field) + sizeof(void *) + 2 * 16 };

static size_t field_bytes(const struct field *field)
{
    return FIELD_BYTES + field->item.key_len + field->value_len;
}

static void field_redigest(struct fields *fields, struct field *field)
{
    uint64_t seed = field->previous == NULL ? 0 : field->previous->item.hash;
    uint64_t digest =
        XXH3_64bits_withSeed(field->name, field->item.key_len, seed);

    digest = XXH3_64bits_withSeed(field->value, field->value_len, digest);
    fields->digest += digest - field->digest;
    field->digest = digest;
}

static void field_free(struct field *field)
{
    free(field->value);
    free(field);
}

void fields_free(struct fields *fields)
{
    struct field *field = fields->first;

    while (field != NULL) {
        struct field *next = field->next;
        field_free(field);
        field = next;
    }
    table_free(&fields->table);
    memset(fields, 0, sizeof(*fields));
}

struct field *fields_find(const struct fields *fields, const void *name,
                          size_t len)
{
    return (struct field *)table_find(&fields->table, name, len);
}

static struct field *fields_add(struct fields *fields, const void *name,
                                size_t len)
{
    struct field *field = mem_calloc(1, sizeof(*field) + len);

    if (len > 0)
        memcpy(field->name, name, len);
    field->item.key = field->name;
    field->item.key_len = len;
    table_add(&fields->table, &field->item);
    field->previous = fields->last;
    if (fields->last == NULL)
        fields->first = field;
    else
        fields->last->next = field;
    fields->last = field;
    fields->bytes += field_bytes(field);
    return field;
}

bool fields_set(struct fields *fields, const void *name, size_t name_len,
                const void *value, size_t value_len)
{
    struct field *field = fields_find(fields, name, name_len);
    uint8_t *copy = mem_copy(value, value_len);
    bool new = field == NULL;

    if (new)
        field = fields_add(fields, name, name_len);
    free(field->value);
    fields->bytes += value_len - field->value_len;
    field->value = copy;
    field->value_len = value_len;
    field_redigest(fields, field);
    return new;
}

void fields_remove(struct fields *fields, struct field *field)
{
    struct field *previous = field->previous, *next = field->next;

    table_remove(&fields->table, &field->item);
    if (previous == NULL)
        fields->first = next;
    else
        previous->next = next;
    if (next == NULL) {
        fields->last = previous;
    } else {
        next->previous = previous;
        field_redigest(fields, next);
    }
    fields->digest -= field->digest;
    fields->bytes -= field_bytes(field);
    field_free(field);
}
