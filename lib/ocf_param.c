#include "lib/ocf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/result.h"

struct unit {
    const char *name;
    int64_t factor;
};

/* The smallest first. */
static const struct unit time_units[] = {
    {"ms", 1},      {"s", 1000},    {"sec", 1000},   {"m", 60000},
    {"min", 60000}, {"h", 3600000}, {"hr", 3600000}, {NULL, 0},
};

static const struct unit size_units[] = {
    {"B", 1},           {"K", 1024},      {"KB", 1024},     {"KiB", 1024},
    {"M", 1 << 20},     {"MB", 1 << 20},  {"MiB", 1 << 20}, {"G", 1 << 30},
    {"GB", 1 << 30},    {"GiB", 1 << 30}, {"T", 1ll << 40}, {"TB", 1ll << 40},
    {"TiB", 1ll << 40}, {NULL, 0},
};

static const char *const yes_words[] = {"true", "yes", "on", "1", "y", NULL};
static const char *const no_words[] = {"false", "no", "off", "0", "n", NULL};

static bool is_word(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcasecmp(text, *words) == 0)
            return true;
    }
    return false;
}

static int parse_boolean(const char *text, int64_t *number)
{
    *number = is_word(text, yes_words);
    if (*number == 0 && !is_word(text, no_words))
        return RESULT_MALFORMED;
    return 0;
}

/* A decimal number and, if there are units, one of them. */
static int parse_number(const char *text, const struct unit *units,
                        int64_t factor, int64_t *number)
{
    char *end;
    int64_t value;

    if (*text != '-' && (*text < '0' || *text > '9'))
        return RESULT_MALFORMED; /* strtoll takes white space and '+' */
    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno != 0 || end == text)
        return RESULT_MALFORMED;
    if (*end != '\0') {
        while (units != NULL && units->name != NULL &&
               strcasecmp(end, units->name) != 0)
            units++;
        if (units == NULL || units->name == NULL)
            return RESULT_MALFORMED;
        factor = units->factor;
    }
    if (__builtin_mul_overflow(value, factor, number))
        return RESULT_MALFORMED;
    return 0;
}

static int parse_range(const struct ocf_param *param, const char *text,
                       int64_t *number)
{
    int result;

    if (param->type == OCF_TYPE_TIME)
        result = parse_number(text, time_units, 1000, number);
    else if (param->type == OCF_TYPE_SIZE)
        result = parse_number(text, size_units, 1, number);
    else
        result = parse_number(text, NULL, 1, number);
    if (result == 0 && (*number < param->min || *number > param->max))
        result = RESULT_MALFORMED;
    return result;
}

static int parse_select(const struct ocf_param *param, const char *text)
{
    for (size_t i = 0; param->choices[i] != NULL; i++) {
        if (strcmp(param->choices[i], text) == 0)
            return 0;
    }
    return RESULT_MALFORMED;
}

int ocf_parse(const struct ocf_param *param, const char *text, int64_t *number)
{
    int result = RESULT_MALFORMED;

    *number = 0;
    switch (param->type) {
    case OCF_TYPE_STRING:
        result = param->accepts == NULL || param->accepts(text)
                     ? 0
                     : RESULT_MALFORMED;
        break;
    case OCF_TYPE_SELECT:
        result = parse_select(param, text);
        break;
    case OCF_TYPE_BOOLEAN:
        result = parse_boolean(text, number);
        break;
    case OCF_TYPE_INTEGER:
    case OCF_TYPE_TIME:
    case OCF_TYPE_SIZE:
        result = parse_range(param, text, number);
        break;
    }
    if (result != 0)
        *number = 0;
    return result;
}

/* `value` in the largest unit that divides it. */
static void print_in_units(char *text, size_t size, int64_t value,
                           const struct unit *units)
{
    const char *name = value == 0 ? "" : units[0].name;
    int64_t factor = 1;

    for (; value != 0 && units->name != NULL; units++) {
        if (units->factor > factor && value % units->factor == 0) {
            factor = units->factor;
            name = units->name;
        }
    }
    snprintf(text, size, "%" PRId64 "%s", value / factor,
             factor == 1 && name[0] == 'B' ? "" : name);
}

static void print_bound(const struct ocf_param *param, int64_t value,
                        char *text, size_t size)
{
    if (param->type == OCF_TYPE_TIME)
        print_in_units(text, size, value, time_units);
    else if (param->type == OCF_TYPE_SIZE)
        print_in_units(text, size, value, size_units);
    else
        snprintf(text, size, "%" PRId64, value);
}

static void allowed_choices(const struct ocf_param *param, char *text,
                            size_t size)
{
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; param->choices[i] != NULL && len < size; i++) {
        int put = snprintf(text + len, size - len, "%s%s", i > 0 ? ", " : "",
                           param->choices[i]);
        len += put > 0 ? (size_t)put : 0;
    }
}

void ocf_allowed(const struct ocf_param *param, char *text, size_t size)
{
    char min[32], max[32];

    switch (param->type) {
    case OCF_TYPE_STRING:
        snprintf(text, size, "%s",
                 param->allowed != NULL ? param->allowed : "any text");
        return;
    case OCF_TYPE_SELECT:
        allowed_choices(param, text, size);
        return;
    case OCF_TYPE_BOOLEAN:
        snprintf(text, size, "true, false");
        return;
    case OCF_TYPE_INTEGER:
    case OCF_TYPE_TIME:
    case OCF_TYPE_SIZE:
        break;
    }
    print_bound(param, param->min, min, sizeof min);
    print_bound(param, param->max, max, sizeof max);
    snprintf(text, size, "%s to %s", min, max);
}
