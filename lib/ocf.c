#include "lib/ocf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

struct value {
    const char *text;
    int64_t number;
    bool given;
    bool good;
};

struct ocf {
    const struct ocf_agent *agent;
    const struct ocf_action *action;
    uint64_t began_ms;
    uint64_t deadline_ms;
    struct value values[OCF_PARAMS_MAX];
};

enum {
    RESERVE_MIN_MS = 100,
    RESERVE_MAX_MS = 2000,
    NAME_MAX_BYTES = 128, /* of an environment variable */
    LINE_MAX_BYTES = 512,
    SHOWN_MAX_BYTES = 32 /* of a bad value, in a reason */
};

uint64_t ocf_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- lines for people --- */

char *ocf_one_line(char *text, size_t limit)
{
    size_t len = strlen(text);

    if (len > limit) {
        /* Continuation bytes of UTF-8 are 10xxxxxx. */
        for (len = limit; len > 0 && limit - len < 4; len--) {
            if (((unsigned char)text[len] & 0xc0) != 0x80)
                break;
        }
        text[len] = '\0';
    }
    for (char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    }
    return text;
}

static const char *level_name(int priority)
{
    switch (priority) {
    case LOG_EMERG:
    case LOG_ALERT:
    case LOG_CRIT:
        return "CRIT";
    case LOG_ERR:
        return "ERROR";
    case LOG_WARNING:
        return "WARNING";
    case LOG_DEBUG:
        return "DEBUG";
    default:
        return "INFO";
    }
}

/* The facility that Pacemaker names; -1 when it names none. */
static int facility(void)
{
    static const struct {
        const char *name;
        int facility;
    } known[] = {
        {"daemon", LOG_DAEMON}, {"user", LOG_USER},     {"local0", LOG_LOCAL0},
        {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3},
        {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6},
        {"local7", LOG_LOCAL7},
    };
    const char *name = getenv("HA_LOGFACILITY");

    for (size_t i = 0; name != NULL && i < sizeof known / sizeof known[0];
         i++) {
        if (strcasecmp(name, known[i].name) == 0)
            return known[i].facility;
    }
    return -1;
}

/* As resource-agents' ocf_log writes it: AGENT(INSTANCE)[PID]: LEVEL: TEXT. */
static void log_line(const struct ocf *ocf, int priority, bool to_stderr,
                     const char *text)
{
    char tag[NAME_MAX_BYTES];
    int where = facility();

    snprintf(tag, sizeof tag, "%s(%s)", ocf->agent->name, ocf_instance(ocf));
    if (where >= 0) {
        openlog(tag, LOG_PID, where);
        syslog(priority, "%s: %s", level_name(priority), text);
        closelog();
    } else if (to_stderr) {
        fprintf(stderr, "%s[%ld]: %s: %s\n", tag, (long)getpid(),
                level_name(priority), text);
    }
}

void ocf_log(const struct ocf *ocf, int priority, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    va_list args;

    va_start(args, format);
    if (vsnprintf(text, sizeof text, format, args) < 0)
        text[0] = '\0';
    va_end(args);
    log_line(ocf, priority, true, ocf_one_line(text, sizeof text - 1));
}

void ocf_reason(const struct ocf *ocf, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    const char *prefix = getenv("OCF_EXIT_REASON_PREFIX");
    va_list args;

    va_start(args, format);
    if (vsnprintf(text, sizeof text, format, args) < 0)
        text[0] = '\0';
    va_end(args);
    log_line(ocf, LOG_ERR, false, ocf_one_line(text, sizeof text - 1));
    ocf_one_line(text, OCF_REASON_MAX);
    if (prefix == NULL || *prefix == '\0')
        prefix = "ocf-exit-reason:";
    fprintf(stderr, "%s%s\n", prefix, text);
}

/* --- what Pacemaker passes --- */

static const char *reskey(const char *prefix, const char *name)
{
    char variable[NAME_MAX_BYTES];

    snprintf(variable, sizeof variable, "OCF_RESKEY_%s%s", prefix, name);
    return getenv(variable);
}

static int64_t natural(const char *text, int64_t otherwise)
{
    char *end;
    int64_t value;

    if (text == NULL || *text < '0' || *text > '9')
        return otherwise;
    errno = 0;
    value = strtoll(text, &end, 10);
    return errno != 0 || *end != '\0' ? otherwise : value;
}

int64_t ocf_meta(const char *name, int64_t otherwise)
{
    return natural(reskey("CRM_meta_", name), otherwise);
}

uint64_t ocf_deadline_ms(const struct ocf *ocf)
{
    return ocf->deadline_ms;
}

uint64_t ocf_part_ms(const struct ocf *ocf, unsigned num, unsigned den)
{
    return ocf->began_ms + (ocf->deadline_ms - ocf->began_ms) * num / den;
}

bool ocf_is_probe(const struct ocf *ocf)
{
    return strcmp(ocf->action->name, "monitor") == 0 &&
           ocf_meta("interval", 0) == 0;
}

enum ocf_role ocf_role(const struct ocf *ocf)
{
    const char *role = reskey("CRM_meta_", "role");

    (void)ocf;
    if (role == NULL)
        return OCF_ROLE_UNKNOWN;
    if (strcasecmp(role, "Promoted") == 0 || strcasecmp(role, "Master") == 0)
        return OCF_ROLE_PROMOTED;
    if (strcasecmp(role, "Unpromoted") == 0 || strcasecmp(role, "Slave") == 0)
        return OCF_ROLE_UNPROMOTED;
    return OCF_ROLE_UNKNOWN;
}

unsigned ocf_level(const struct ocf *ocf)
{
    int64_t level = natural(getenv("OCF_CHECK_LEVEL"), 0);

    (void)ocf;
    return level > 1000 ? 1000 : (unsigned)level;
}

const char *ocf_instance(const struct ocf *ocf)
{
    const char *instance = getenv("OCF_RESOURCE_INSTANCE");

    (void)ocf;
    return instance != NULL && *instance != '\0' ? instance : "default";
}

static void set_deadline(struct ocf *ocf)
{
    int64_t timeout = (int64_t)ocf->action->timeout_s * 1000;
    int64_t reserve;

    timeout = ocf_meta("timeout", timeout);
    if (timeout > INT32_MAX)
        timeout = INT32_MAX;
    reserve = timeout / 10;
    if (reserve < RESERVE_MIN_MS)
        reserve = RESERVE_MIN_MS;
    if (reserve > RESERVE_MAX_MS)
        reserve = RESERVE_MAX_MS;
    if (reserve > timeout / 2)
        reserve = timeout / 2;
    ocf->deadline_ms = ocf->began_ms + (uint64_t)(timeout - reserve);
}

/* --- parameters --- */

static void read_value(const struct ocf_param *param, struct value *value)
{
    const char *fallback = param->fallback != NULL ? param->fallback : "";
    const char *text = reskey("", param->name);

    value->given = text != NULL && *text != '\0';
    value->text = value->given ? text : fallback;
    if (*value->text == '\0') {
        value->good = (param->flags & OCF_REQUIRED) == 0;
        return;
    }
    value->good = ocf_parse(param, value->text, &value->number) == 0;
    if (!value->good && *fallback != '\0')
        ocf_parse(param, fallback, &value->number);
}

const char *ocf_text(const struct ocf *ocf, size_t param)
{
    return ocf->values[param].text;
}

int64_t ocf_number(const struct ocf *ocf, size_t param)
{
    return ocf->values[param].number;
}

bool ocf_given(const struct ocf *ocf, size_t param)
{
    return ocf->values[param].given;
}

bool ocf_good(const struct ocf *ocf, size_t param)
{
    return ocf->values[param].good;
}

static int refusal(const struct ocf *ocf)
{
    return strcmp(ocf->action->name, "validate-all") == 0 ? OCF_ERR_CONFIGURED
                                                          : OCF_ERR_ARGS;
}

int ocf_refuse(const struct ocf *ocf, size_t param)
{
    const struct ocf_param *row = &ocf->agent->params[param];
    const struct value *value = &ocf->values[param];
    char allowed[OCF_REASON_MAX], shown[SHOWN_MAX_BYTES + 4];

    ocf_allowed(row, allowed, sizeof allowed);
    if (*value->text == '\0') {
        ocf_reason(ocf, "%s is not set; allowed: %s", row->name, allowed);
    } else {
        snprintf(shown, sizeof shown, "%s", value->text);
        ocf_one_line(shown, SHOWN_MAX_BYTES);
        ocf_reason(ocf, "%s=\"%s\"%s; allowed: %s", row->name, shown,
                   strlen(value->text) > SHOWN_MAX_BYTES ? " (cut)" : "",
                   allowed);
    }
    return refusal(ocf);
}

/* As ocf_refuse, for what goes not with another. */
static int refuse_clash(const struct ocf *ocf)
{
    size_t param = 0;
    const char *why = ocf->agent->clash(ocf, &param);
    char shown[SHOWN_MAX_BYTES + 4];

    if (why == NULL)
        return OCF_SUCCESS;
    snprintf(shown, sizeof shown, "%s", ocf->values[param].text);
    ocf_one_line(shown, SHOWN_MAX_BYTES);
    ocf_reason(ocf, "%s=\"%s\": %s", ocf->agent->params[param].name, shown,
               why);
    return refusal(ocf);
}

/* --- dispatch --- */

static const struct ocf_action *find_action(const struct ocf_agent *agent,
                                            const char *name)
{
    for (size_t i = 0; i < agent->action_count; i++) {
        if (agent->actions[i].run != NULL &&
            strcmp(agent->actions[i].name, name) == 0)
            return &agent->actions[i];
    }
    return NULL;
}

static void usage(const struct ocf_agent *agent, FILE *out)
{
    fprintf(out, "usage: %s ", agent->name);
    for (size_t i = 0; i < agent->action_count; i++) {
        if (agent->actions[i].run != NULL)
            fprintf(out, "%s|", agent->actions[i].name);
    }
    fputs("meta-data\n", out);
}

static int print_metadata(const struct ocf_agent *agent)
{
    ocf_metadata(agent, stdout);
    return fflush(stdout) == 0 ? OCF_SUCCESS : OCF_ERR_GENERIC;
}

static int run_action(struct ocf *ocf)
{
    const struct ocf_agent *agent = ocf->agent;

    for (size_t i = 0; i < agent->param_count; i++)
        read_value(&agent->params[i], &ocf->values[i]);
    for (size_t i = 0; ocf->action->strict && i < agent->param_count; i++) {
        if (!ocf->values[i].good)
            return ocf_refuse(ocf, i);
    }
    if (ocf->action->strict && agent->clash != NULL) {
        int code = refuse_clash(ocf);
        if (code != OCF_SUCCESS)
            return code;
    }
    return ocf->action->run(ocf);
}

int ocf_main(const struct ocf_agent *agent, int argc, char **argv)
{
    struct ocf ocf = {.agent = agent, .began_ms = ocf_now_ms()};
    const char *name = argc > 1 ? argv[1] : "";

    if (strcmp(name, "meta-data") == 0)
        return print_metadata(agent);
    if (strcmp(name, "usage") == 0 || strcmp(name, "help") == 0) {
        usage(agent, stdout);
        return OCF_SUCCESS;
    }
    ocf.action = find_action(agent, name);
    if (ocf.action == NULL) {
        usage(agent, stderr);
        return OCF_ERR_UNIMPLEMENTED;
    }
    set_deadline(&ocf);
    return run_action(&ocf);
}
