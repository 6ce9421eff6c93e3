#include "lib/result.h"

#include <stddef.h>
#include <string.h>

static const char *own_text(int code)
{
    switch ((enum result)code) {
    case RESULT_OK:
        return "success";
    case RESULT_MALFORMED:
        return "malformed";
    case RESULT_VERSION:
        return "unknown version";
    case RESULT_MISMATCH:
        return "mismatch";
    case RESULT_DIVERGED:
        return "diverged";
    case RESULT_TOO_LARGE:
        return "too large";
    case RESULT_NOT_FOUND:
        return "not found";
    }
    return NULL;
}

const char *result_text(int code)
{
    /* Not strerror: its text depends on the locale, and for an unknown number
     * it stands in memory that the next call changes. */
    const char *text = code > 0 ? strerrordesc_np(code) : own_text(code);

    return text != NULL ? text : "unknown error";
}
