/* verdict: the first law that was broken, and how. Later ones are only
 * consequences and are dropped.
 */
#ifndef HOTWARM_SIM_VERDICT_H
#define HOTWARM_SIM_VERDICT_H

#include <stdbool.h>

#define VERDICT_TEXT 320

struct verdict {
    const char *law; /* static; NULL: none broken */
    char text[VERDICT_TEXT];
};

void verdict_fail(struct verdict *verdict, const char *law, const char *format,
                  ...) __attribute__((format(printf, 3, 4)));

#endif
