#include "agents/arguments.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/paths.h"

/* --- arguments --- */

void arguments_state_dir(const struct ocf *ocf, char dir[REPLICA_DIR_BYTES])
{
    dir[0] = '\0';
    if (!ocf_good(ocf, REPLICA_STATE_DIR))
        return;
    if (ocf_given(ocf, REPLICA_STATE_DIR))
        snprintf(dir, REPLICA_DIR_BYTES, "%s",
                 ocf_text(ocf, REPLICA_STATE_DIR));
    else
        snprintf(dir, REPLICA_DIR_BYTES, "%s/%s", paths_state_dir(),
                 ocf_text(ocf, REPLICA_GROUP));
}

/* The largest odd number up to the number of instances, but 2 of 2. */
static int64_t expected_voters(const struct ocf *ocf)
{
    int64_t instances;

    if (ocf_given(ocf, REPLICA_EXPECTED_VOTERS))
        return ocf_number(ocf, REPLICA_EXPECTED_VOTERS);
    instances = ocf_meta("clone_max", 1);
    if (instances > REPLICA_VOTERS_MAX)
        instances = REPLICA_VOTERS_MAX;
    if (instances < 1)
        instances = 1;
    return instances % 2 == 0 && instances > 2 ? instances - 1 : instances;
}

__attribute__((format(printf, 2, 3))) static void argument(
    struct arguments *arguments, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(arguments->text[arguments->count], ARGUMENT_BYTES, format, args);
    va_end(args);
    arguments->argv[arguments->count] = arguments->text[arguments->count];
    arguments->argv[++arguments->count] = NULL;
}

/* Times in milliseconds, sizes in bytes. */
void arguments_fill(const struct ocf *ocf, struct arguments *arguments)
{
    char dir[REPLICA_DIR_BYTES];

    arguments_state_dir(ocf, dir);
    arguments->count = 0;
    argument(arguments, "%s", paths_supervise());
    argument(arguments, "--group=%s", ocf_text(ocf, REPLICA_GROUP));
    argument(arguments, "--mode=%s", ocf_text(ocf, REPLICA_MODE));
    argument(arguments, "--expected-voters=%" PRId64, expected_voters(ocf));
    argument(arguments, "--instances=%" PRId64, ocf_meta("clone_max", 0));
    argument(arguments, "--state-dir=%s", dir);
    argument(arguments, "--socket-group=%s",
             ocf_text(ocf, REPLICA_SOCKET_GROUP));
    argument(arguments, "--write-timeout=%" PRId64,
             ocf_number(ocf, REPLICA_WRITE_TIMEOUT));
    argument(arguments, "--hang-timeout=%" PRId64,
             ocf_number(ocf, REPLICA_HANG_TIMEOUT));
    argument(arguments, "--max-memory=%" PRId64,
             ocf_number(ocf, REPLICA_MAX_MEMORY));
    argument(arguments, "--transfer-rate=%" PRId64,
             ocf_number(ocf, REPLICA_TRANSFER_RATE));
    argument(arguments, "--reads=%s", ocf_text(ocf, REPLICA_READS));
    argument(arguments, "--fencing=%s", ocf_text(ocf, REPLICA_FENCING));
    argument(arguments, "--listen=%s", ocf_text(ocf, REPLICA_LISTEN));
    argument(arguments, "--passwd-file=%s", ocf_text(ocf, REPLICA_PASSWD_FILE));
    argument(arguments, "--resource=%.255s", ocf_instance(ocf));
}

/* --- tuning --- */

/* How early this node stands in preferred_nodes: the first has as much as there
 * are nodes, one that is not named has 0. */
static unsigned preference(const struct ocf *ocf)
{
    const char *self = getenv("OCF_RESKEY_CRM_meta_on_node");
    char copy[REPLICA_NODES_BYTES], *rest = copy;
    unsigned place = 0, named = 0;
    const char *node;

    snprintf(copy, sizeof copy, "%s", ocf_text(ocf, REPLICA_PREFERRED_NODES));
    while ((node = strsep(&rest, " ,")) != NULL) {
        if (*node == '\0')
            continue;
        named++;
        if (place == 0 && self != NULL && strcmp(node, self) == 0)
            place = named;
    }
    return place == 0 ? 0 : named - place + 1;
}

void arguments_tuning(const struct ocf *ocf, char verb[INSTANCE_VERB_MAX])
{
    snprintf(verb, INSTANCE_VERB_MAX,
             "TUNE preference %u failback %s failback_delay %" PRId64
             " maxlag %" PRId64 " promoted_max %" PRId64,
             preference(ocf), ocf_text(ocf, REPLICA_FAILBACK),
             ocf_number(ocf, REPLICA_FAILBACK_DELAY),
             ocf_number(ocf, REPLICA_MAXLAG), ocf_meta("promoted_max", 1));
}

/* --- what one was started with --- */

/* The line that begins with so much of `text`, without its end; NULL: none. */
static const char *find_line(const char *lines, const char *text, size_t len)
{
    while (lines != NULL && *lines != '\0') {
        if (strncmp(lines, text, len) == 0)
            return lines;
        lines = strchr(lines, '\n');
        lines += lines != NULL;
    }
    return NULL;
}

static bool is_line(const char *line, const char *text)
{
    size_t len = strcspn(line, "\n");

    return strlen(text) == len && memcmp(line, text, len) == 0;
}

/* Whether a change of this argument (--NAME=VALUE) is the user's. */
static bool counts(const struct ocf *ocf, const char *argument)
{
    if (strncmp(argument, "--expected-voters=", 18) == 0)
        return ocf_given(ocf, REPLICA_EXPECTED_VOTERS);
    return strncmp(argument, "--instances=", 12) != 0 &&
           strncmp(argument, "--resource=", 11) != 0;
}

bool arguments_differ(const struct ocf *ocf, const char *lines,
                      char was[ARGUMENT_BYTES], char wanted[ARGUMENT_BYTES])
{
    struct arguments arguments;

    arguments_fill(ocf, &arguments);
    for (size_t i = 1; i < arguments.count; i++) {
        const char *text = arguments.text[i];
        const char *line = find_line(lines, text, strcspn(text, "=") + 1);
        if (line == NULL || is_line(line, text) || !counts(ocf, text))
            continue;
        snprintf(was, ARGUMENT_BYTES, "%.*s", (int)strcspn(line, "\n"), line);
        snprintf(wanted, ARGUMENT_BYTES, "%s", text);
        return true;
    }
    return false;
}

bool arguments_tuned(const char *lines, const char *verb)
{
    const char *line = find_line(lines, "tuned ", 6);

    return line != NULL && is_line(line + 6, verb);
}
