/* What the supervisor reads: the daemon's packets, the agents' requests, the
 * fencing watcher's lines and crm_mon's XML. The first byte says which. */
#include <string.h>

#include "supervise/control.h"
#include "supervise/crmmon.h"
#include "supervise/fencing.h"
#include "supervise/link.h"
#include "tests/fuzz/fuzz.h"

static void check_link(const uint8_t *bytes, size_t len)
{
    struct link_message message;

    if (link_parse(bytes, len, &message) != 0)
        return;
    fuzz_check(message.score >= 0 && message.score <= LINK_SCORE_MAX);
    fuzz_check(memchr(message.text, '\0', sizeof message.text) != NULL);
    for (const char *at = message.text; *at != '\0'; at++)
        fuzz_check((unsigned char)*at >= 0x20 && *at != 0x7f);
}

static void check_control(const char *line)
{
    enum control_request request = CONTROL_STATUS;
    const char *rest = NULL;
    uint64_t grace_ms;

    if (control_parse(line, &request, &grace_ms, &rest) != 0)
        return;
    fuzz_check(grace_ms <= CONTROL_GRACE_MAX_MS &&
               (request == CONTROL_STOP || grace_ms == CONTROL_GRACE_MS));
    if (request == CONTROL_TUNED) /* within the line */
        fuzz_check(*rest == '\0' ||
                   (rest > line && rest < line + strlen(line)));
}

static void check_crmmon(const char *xml)
{
    struct crmmon seen;

    if (crmmon_read(xml, &seen) != 0)
        return;
    fuzz_check(memchr(seen.count, '\0', sizeof seen.count) != NULL);
    fuzz_check(seen.count[0] != '\0');
    crmmon_count_is_full(seen.count);
}

static void check_fencing(const char *line)
{
    enum fencing_word word;
    uint64_t number;

    if (fencing_parse(line, &word, &number) == 0)
        fuzz_check(word != FENCING_FENCED || number <= UINT32_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] % 4 == 0) {
        check_link(data + 1, size - 1);
        return 0;
    }
    char *text = malloc(size); /* the rest, and a NUL */
    fuzz_check(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] % 4 == 1)
        check_control(text);
    else if (data[0] % 4 == 2)
        check_crmmon(text);
    else
        check_fencing(text);
    free(text);
    return 0;
}
