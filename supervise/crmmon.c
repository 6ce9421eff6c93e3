#include "supervise/crmmon.h"

#include <stdio.h>
#include <string.h>

#include "lib/result.h"

int crmmon_read(const char *xml, struct crmmon *seen)
{
    static const char count[] = " fail-count=\"";

    *seen = (struct crmmon){.count = "0"};
    if (strstr(xml, "<resource id=\"") == NULL)
        return RESULT_NOT_FOUND;
    /* Of a clone several are listed; one that is not managed is enough. */
    seen->managed = strstr(xml, " managed=\"false\"") == NULL;
    const char *at = strstr(xml, count);
    if (at != NULL) {
        at += strlen(count);
        size_t len = strcspn(at, "\"");
        if (len > 0 && len < sizeof(seen->count)) {
            memcpy(seen->count, at, len);
            seen->count[len] = '\0';
        }
    }
    return 0;
}

bool crmmon_count_is_full(const char *count)
{
    return strcmp(count, "INFINITY") == 0 || strcmp(count, "1000000") == 0;
}
