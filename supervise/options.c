#include "supervise/options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/endpoint.h"
#include "lib/link.h"

enum kind { WORD, NAME, PATH, ENDPOINT, NUMBER, NUMBER_SMALL, FLAG };

/* One row per option: how it is checked and where it goes. */
struct row {
    const char *name;
    enum kind kind;
    bool required;
    size_t offset; /* in struct options */
    uint64_t low;  /* NUMBER: the least; NAME: 1 if it may hold ':'; PATH: 1 if
                      it may be empty, which is as if it were not given */
    uint64_t high; /* NUMBER: the most; NAME: the longest */
    const char *words[2];
};

#define AT(field) offsetof(struct options, field)

static const struct row rows[] = {
    {"group", NAME, true, AT(group), 0, OPTIONS_GROUP_MAX, {0}},
    {"mode", WORD, true, AT(mode), 0, 0, {"warm", "hot"}},
    {"expected-voters", NUMBER_SMALL, true, AT(expected_voters), 1, 16, {0}},
    {"instances", NUMBER_SMALL, false, AT(instances), 0, 10000, {0}},
    {"state-dir", PATH, true, AT(state_dir), 0, 0, {0}},
    {"socket-group", NAME, true, AT(socket_group), 0, 64, {0}},
    {"write-timeout", NUMBER, true, AT(write_timeout_ms), 100, 3600000, {0}},
    {"hang-timeout",
     NUMBER_SMALL,
     true,
     AT(hang_timeout_ms),
     2 * LINK_ALIVE_MS,
     3600000,
     {0}},
    {"max-memory", NUMBER, true, AT(max_memory), 0, UINT64_MAX, {0}},
    {"transfer-rate", NUMBER, true, AT(transfer_rate), 0, UINT64_MAX, {0}},
    {"reads", WORD, true, AT(reads), 0, 0, {"linearizable", "local"}},
    {"fencing", WORD, true, AT(fencing), 0, 0, {"required", "none"}},
    {"listen", ENDPOINT, false, AT(listen), 0, 0, {0}},
    {"passwd-file", PATH, false, AT(passwd_file), 1, 0, {0}},
    {"resource", NAME, true, AT(resource), 1, OPTIONS_RESOURCE_MAX, {0}},
    {"node", NAME, false, AT(node), 1, 255, {0}},
    {"user", NAME, false, AT(user), 0, 64, {0}},
    {"daemon", PATH, false, AT(daemon), 0, 0, {0}},
    {"fencewatch", PATH, false, AT(fencewatch), 0, 0, {0}},
    {"run-dir", PATH, false, AT(run_dir), 0, 0, {0}},
    {"tools-dir", PATH, false, AT(tools_dir), 0, 0, {0}},
    {"score-interval",
     NUMBER_SMALL,
     false,
     AT(score_interval_ms),
     100,
     3600000,
     {0}},
    {"hold", NUMBER_SMALL, false, AT(hold_ms), 0, 3600000, {0}},
    {"foreground", FLAG, false, AT(foreground), 0, 0, {0}},
    {"help", FLAG, false, AT(help), 0, 0, {0}},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

struct parse {
    struct options *options;
    char *error;
    size_t error_size;
};

static int refuse(const struct parse *parse, const struct row *row,
                  const char *value, const char *allowed)
{
    snprintf(parse->error, parse->error_size, "--%s is '%s'; it must be %s",
             row->name, value, allowed);
    return EINVAL;
}

static void *field(const struct parse *parse, const struct row *row)
{
    return (char *)parse->options + row->offset;
}

static int take_word(const struct parse *parse, const struct row *row,
                     const char *value)
{
    char allowed[64];

    for (size_t i = 0; i < 2; i++) {
        if (strcmp(value, row->words[i]) == 0) {
            *(const char **)field(parse, row) = row->words[i];
            return 0;
        }
    }
    snprintf(allowed, sizeof(allowed), "%s or %s", row->words[0],
             row->words[1]);
    return refuse(parse, row, value, allowed);
}

static int take_name(const struct parse *parse, const struct row *row,
                     const char *value)
{
    static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "abcdefghijklmnopqrstuvwxyz"
                                     "0123456789_-.:";
    char allowed[100];
    size_t len = strlen(value);
    bool colon = row->low != 0;

    if (len > 0 && len <= row->high && value[0] != '.' && value[0] != '-' &&
        strspn(value, characters) == len &&
        (colon || strchr(value, ':') == NULL)) {
        *(const char **)field(parse, row) = value;
        return 0;
    }
    snprintf(allowed, sizeof(allowed),
             "1 to %" PRIu64 " of A-Z a-z 0-9 _ - .%s, not beginning with - "
             "or .",
             row->high, colon ? " :" : "");
    return refuse(parse, row, value, allowed);
}

static int take_path(const struct parse *parse, const struct row *row,
                     const char *value)
{
    if (value[0] == '\0' && row->low != 0)
        return 0;
    if (value[0] != '/' || strlen(value) >= PATH_MAX)
        return refuse(parse, row, value, "an absolute path");
    *(const char **)field(parse, row) = value;
    return 0;
}

/* An empty one is none. */
static int take_endpoint(const struct parse *parse, const struct row *row,
                         const char *value)
{
    struct endpoint endpoint;

    if (value[0] == '\0')
        return 0;
    if (!endpoint_parse(value, &endpoint))
        return refuse(parse, row, value, ENDPOINT_ALLOWED);
    *(const char **)field(parse, row) = value;
    return 0;
}

static int take_number(const struct parse *parse, const struct row *row,
                       const char *value)
{
    char allowed[80], *end = NULL;
    uint64_t number;

    errno = 0;
    number = strtoull(value, &end, 10);
    if (errno != 0 || value[0] < '0' || value[0] > '9' || *end != '\0' ||
        number < row->low || number > row->high) {
        snprintf(allowed, sizeof(allowed),
                 "a number from %" PRIu64 " to %" PRIu64, row->low, row->high);
        return refuse(parse, row, value, allowed);
    }
    if (row->kind == NUMBER)
        *(uint64_t *)field(parse, row) = number;
    else
        *(uint32_t *)field(parse, row) = (uint32_t)number;
    return 0;
}

static int take(const struct parse *parse, const struct row *row,
                const char *value)
{
    switch (row->kind) {
    case WORD:
        return take_word(parse, row, value);
    case NAME:
        return take_name(parse, row, value);
    case PATH:
        return take_path(parse, row, value);
    case ENDPOINT:
        return take_endpoint(parse, row, value);
    case NUMBER:
    case NUMBER_SMALL:
        return take_number(parse, row, value);
    case FLAG:
    default:
        *(bool *)field(parse, row) = true;
        return 0;
    }
}

/* getopt returns ROW_BASE + row; below that are its own '?' and ':'. */
enum { ROW_BASE = 256 };

static void make_names(struct option names[ROWS + 1])
{
    memset(names, 0, sizeof(names[0]) * (ROWS + 1));
    for (int i = 0; i < ROWS; i++) {
        names[i].name = rows[i].name;
        names[i].has_arg =
            rows[i].kind == FLAG ? no_argument : required_argument;
        names[i].val = ROW_BASE + i;
    }
}

static int take_all(const struct parse *parse, int argc, char **argv,
                    bool seen[ROWS])
{
    struct option names[ROWS + 1];
    int code, rc = 0;

    make_names(names);
    optind = 0; /* from the beginning, also when called twice */
    opterr = 0;
    while (rc == 0 &&
           (code = getopt_long(argc, argv, "+:", names, NULL)) != -1) {
        if (code < ROW_BASE) {
            snprintf(parse->error, parse->error_size, "%s: %s",
                     argv[optind - 1],
                     code == ':' ? "a value is missing" : "unknown option");
            return EINVAL;
        }
        seen[code - ROW_BASE] = true;
        rc = take(parse, &rows[code - ROW_BASE], optarg);
    }
    if (rc == 0 && optind < argc) {
        snprintf(parse->error, parse->error_size, "unexpected argument '%s'",
                 argv[optind]);
        return EINVAL;
    }
    return rc;
}

static int check_missing(const struct parse *parse, const bool seen[ROWS])
{
    for (int i = 0; i < ROWS; i++) {
        if (rows[i].required && !seen[i]) {
            snprintf(parse->error, parse->error_size, "--%s is missing",
                     rows[i].name);
            return EINVAL;
        }
    }
    const struct options *options = parse->options;
    if ((options->listen == NULL) == (options->passwd_file == NULL))
        return 0;
    snprintf(parse->error, parse->error_size, "--%s is missing",
             options->listen == NULL ? "listen (with --passwd-file)"
                                     : "passwd-file (with --listen)");
    return EINVAL;
}

int options_parse(struct options *options, int argc, char **argv, char *error,
                  size_t error_size)
{
    struct parse parse = {options, error, error_size};
    bool seen[ROWS] = {false};
    int rc;

    *options = (struct options){
        .user = "hotwarm",
        .daemon = HOTWARM_DAEMON,
        .fencewatch = HOTWARM_FENCEWATCH,
        .run_dir = "/run/hotwarm",
        .score_interval_ms = 10000,
        .hold_ms = 3000,
        .arguments = argv + 1,
    };
    rc = take_all(&parse, argc, argv, seen);
    if (rc == 0 && !options->help)
        rc = check_missing(&parse, seen);
    return rc;
}

const char *options_usage(void)
{
    return "usage: hotwarm-supervise --group NAME --mode warm|hot\n"
           "         --expected-voters N --state-dir DIR --socket-group GROUP\n"
           "         --write-timeout MS --hang-timeout MS --max-memory BYTES\n"
           "         --transfer-rate BYTES --reads linearizable|local\n"
           "         --fencing required|none --resource INSTANCE\n"
           "         [--listen ADDRESS:PORT --passwd-file FILE]\n"
           "         [--instances N] [--node NAME] [--user NAME]\n"
           "         [--daemon PATH] [--fencewatch PATH] [--run-dir DIR]\n"
           "         [--tools-dir DIR] [--score-interval MS] [--hold MS]\n"
           "         [--foreground]\n"
           "Starts hotwarmd for one replica group and watches over it. It is\n"
           "called by the replica agent.\n";
}
