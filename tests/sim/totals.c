#include "tests/sim/totals.h"

#include <inttypes.h>
#include <stdio.h>

void totals_add(struct totals *to, const struct totals *from)
{
#define TOTALS_ADD(name, must) to->name += from->name;
    TOTALS(TOTALS_ADD)
#undef TOTALS_ADD
}

void totals_print(const struct totals *totals)
{
#define TOTALS_PRINT(name, must) printf(#name "=%" PRIu64 "\n", totals->name);
    TOTALS(TOTALS_PRINT)
#undef TOTALS_PRINT
}

const char *totals_missing(const struct totals *totals)
{
#define TOTALS_MISSING(name, must)                                             \
    if (must && totals->name == 0)                                             \
        return #name;
    TOTALS(TOTALS_MISSING)
#undef TOTALS_MISSING
    return NULL;
}
