/* The replica agent's parameters, and what else Pacemaker passes, in actions
 * that start and end nothing.
 *
 *   the action, then lines NAME=VALUE, each of a variable OCF_NAME */
#include <string.h>

#include "agents/agents.h"
#include "agents/paths.h"
#include "tests/fuzz/fuzz.h"

enum { VARIABLES = 32, NAME_BYTES = 128 };

/* Nothing of an instance is found. */
const char *paths_run_dir(void)
{
    return "/nonexistent/run";
}

const char *paths_state_dir(void)
{
    return "/nonexistent/state";
}

const char *paths_supervise(void)
{
    return "/bin/true";
}

static const char *const actions[] = {"validate-all", "monitor",   "notify",
                                      "reload-agent", "meta-data", "usage"};

/* The line up to the next newline, cut out of `*rest`. */
static char *next_line(char **rest)
{
    char *line = *rest, *end = strchr(line, '\n');

    *rest = end != NULL ? end + 1 : line + strlen(line);
    if (end != NULL)
        *end = '\0';
    return line;
}

static size_t set_variables(char *lines, char names[][NAME_BYTES])
{
    size_t count = 0;

    while (*lines != '\0' && count < VARIABLES) {
        char *name = next_line(&lines), *value = strchr(name, '=');
        if (value == NULL || value - name > 100)
            continue;
        *value = '\0';
        snprintf(names[count], NAME_BYTES, "OCF_%s", name);
        setenv(names[count++], value + 1, 1);
    }
    return count;
}

/* A failure says why, in one line that is not too long. */
static void check_reason(const char *said)
{
    const char *prefix = getenv("OCF_EXIT_REASON_PREFIX");
    size_t len = strlen(said);

    if (prefix == NULL || *prefix == '\0')
        prefix = "ocf-exit-reason:";
    fuzz_check(len > 0 && said[len - 1] == '\n');
    const char *line = said + len - 1;
    while (line > said && line[-1] != '\n')
        line--;
    fuzz_check(strncmp(line, prefix, strlen(prefix)) == 0);
    line += strlen(prefix);
    fuzz_check(strlen(line) <= OCF_REASON_MAX + 1);
    for (; *line != '\n'; line++)
        fuzz_check((unsigned char)*line >= 0x20 && *line != 0x7f);
}

static void run(const char *action)
{
    char name[] = "replica", *argv[] = {name, strdup(action), NULL};
    FILE *out = stdout, *err = stderr;
    char *said = NULL, *told = NULL;
    size_t said_len = 0, told_len = 0;

    fuzz_check(argv[1] != NULL);
    stdout = open_memstream(&told, &told_len);
    stderr = open_memstream(&said, &said_len);
    int code = ocf_main(&agents_replica, 2, argv);
    fclose(stdout);
    fclose(stderr);
    stdout = out;
    stderr = err;
    fuzz_check(code >= OCF_SUCCESS && code <= OCF_NOT_RUNNING);
    if (code != OCF_SUCCESS && code != OCF_NOT_RUNNING)
        check_reason(said);
    fuzz_check(code != OCF_ERR_CONFIGURED ||
               strcmp(action, "validate-all") == 0);
    free(argv[1]);
    free(said);
    free(told);
}

/* Each parameter's parser on the same text. */
static void check_parse(const char *text)
{
    char allowed[OCF_REASON_MAX];
    int64_t number;

    for (size_t i = 0; i < agents_replica.param_count; i++) {
        const struct ocf_param *param = &agents_replica.params[i];
        if (ocf_parse(param, text, &number) != 0) {
            fuzz_check(number == 0);
            ocf_allowed(param, allowed, sizeof allowed);
            fuzz_check(allowed[0] != '\0');
        } else if (param->type == OCF_TYPE_INTEGER ||
                   param->type == OCF_TYPE_TIME ||
                   param->type == OCF_TYPE_SIZE) {
            fuzz_check(number >= param->min && number <= param->max);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char names[VARIABLES][NAME_BYTES];
    char *text = malloc(size + 1), *rest = text;

    fuzz_check(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    const char *action = next_line(&rest);
    check_parse(action);
    size_t count = set_variables(rest, names);
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(actions[i], action) == 0)
            run(action);
    }
    while (count > 0)
        unsetenv(names[--count]);
    free(text);
    return 0;
}
