#include "tests/sim/verdict.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

void verdict_fail(struct verdict *verdict, const char *law, const char *format,
                  ...)
{
    va_list args;

    if (verdict->law != NULL)
        return;
    verdict->law = law;
    va_start(args, format);
    vsnprintf(verdict->text, sizeof verdict->text, format, args);
    va_end(args);
}
