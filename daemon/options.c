#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/endpoint.h"

enum option_code {
    OPTION_GROUP = 1,
    OPTION_STATE_DIR,
    OPTION_SOCKET_DIR,
    OPTION_MODE,
    OPTION_EXPECTED_VOTERS,
    OPTION_INSTANCES,
    OPTION_WRITE_TIMEOUT,
    OPTION_MAX_MEMORY,
    OPTION_TRANSFER_RATE,
    OPTION_READS,
    OPTION_FENCING,
    OPTION_STANDALONE,
    OPTION_VERBOSE,
    OPTION_DATA_FD,
    OPTION_CONTROL_FD,
    OPTION_LINK_FD,
    OPTION_OFFLINE,
    OPTION_LOCK_FD,
    OPTION_TCP_FD,
    OPTION_SECRET_FD,
    OPTION_LISTEN,
    OPTION_PASSWD_FILE
};

/* In the order of enum option_code. */
static const struct option names[] = {
    {"group", required_argument, NULL, OPTION_GROUP},
    {"state-dir", required_argument, NULL, OPTION_STATE_DIR},
    {"socket-dir", required_argument, NULL, OPTION_SOCKET_DIR},
    {"mode", required_argument, NULL, OPTION_MODE},
    {"expected-voters", required_argument, NULL, OPTION_EXPECTED_VOTERS},
    {"instances", required_argument, NULL, OPTION_INSTANCES},
    {"write-timeout", required_argument, NULL, OPTION_WRITE_TIMEOUT},
    {"max-memory", required_argument, NULL, OPTION_MAX_MEMORY},
    {"transfer-rate", required_argument, NULL, OPTION_TRANSFER_RATE},
    {"reads", required_argument, NULL, OPTION_READS},
    {"fencing", required_argument, NULL, OPTION_FENCING},
    {"standalone", no_argument, NULL, OPTION_STANDALONE},
    {"verbose", no_argument, NULL, OPTION_VERBOSE},
    {"data-fd", required_argument, NULL, OPTION_DATA_FD},
    {"control-fd", required_argument, NULL, OPTION_CONTROL_FD},
    {"link-fd", required_argument, NULL, OPTION_LINK_FD},
    {"offline", required_argument, NULL, OPTION_OFFLINE},
    {"lock-fd", required_argument, NULL, OPTION_LOCK_FD},
    {"tcp-fd", required_argument, NULL, OPTION_TCP_FD},
    {"secret-fd", required_argument, NULL, OPTION_SECRET_FD},
    {"listen", required_argument, NULL, OPTION_LISTEN},
    {"passwd-file", required_argument, NULL, OPTION_PASSWD_FILE},
    {NULL, 0, NULL, 0},
};

struct parse {
    struct options *options;
    char *error;
    size_t error_size;
};

static int refuse(const struct parse *parse, const char *name,
                  const char *value, const char *allowed)
{
    snprintf(parse->error, parse->error_size, "--%s is '%.100s'; it must be %s",
             name, value, allowed);
    return EINVAL;
}

static int take_number(const struct parse *parse, const char *name,
                       const char *value, uint64_t low, uint64_t high,
                       uint64_t *number)
{
    char allowed[80], *end = NULL;

    errno = 0;
    *number = strtoull(value, &end, 10);
    if (errno == 0 && value[0] >= '0' && value[0] <= '9' && *end == '\0' &&
        *number >= low && *number <= high)
        return 0;
    snprintf(allowed, sizeof(allowed), "a number from %" PRIu64 " to %" PRIu64,
             low, high);
    return refuse(parse, name, value, allowed);
}

static int take_fd(const struct parse *parse, const char *name,
                   const char *value, int *fd)
{
    uint64_t number = 0;
    int rc = take_number(parse, name, value, 3, 1023, &number);

    *fd = (int)number;
    return rc;
}

/* One of two words; *second tells which. */
static int take_word(const struct parse *parse, const char *name,
                     const char *value, const char *a, const char *b,
                     bool *second)
{
    char allowed[64];

    *second = strcmp(value, b) == 0;
    if (*second || strcmp(value, a) == 0)
        return 0;
    snprintf(allowed, sizeof(allowed), "%s or %s", a, b);
    return refuse(parse, name, value, allowed);
}

static int take_dir(const struct parse *parse, const char *name,
                    const char *value, const char **dir)
{
    *dir = value;
    return value[0] != '\0' ? 0 : refuse(parse, name, value, "a directory");
}

static int take_group(const struct parse *parse, const char *value)
{
    static const char allowed[] =
        "1 to 64 of the characters A-Z a-z 0-9 - _ and .";
    static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t len = strlen(value);

    if (len == 0 || len > 64 || strspn(value, characters) != len ||
        value[0] == '.')
        return refuse(parse, "group", value, allowed);
    parse->options->group = value;
    return 0;
}

static int take_offline(const struct parse *parse, const char *name,
                        const char *value)
{
    static const char *const actions[] = {
        [OPTIONS_OFFLINE_STATUS] = "status",
        [OPTIONS_OFFLINE_FORCE] = "force",
        [OPTIONS_OFFLINE_RESET] = "reset",
    };

    for (unsigned i = OPTIONS_OFFLINE_STATUS; i <= OPTIONS_OFFLINE_RESET; i++) {
        if (strcmp(value, actions[i]) == 0) {
            parse->options->offline = (enum options_offline)i;
            return 0;
        }
    }
    return refuse(parse, name, value, "status, force or reset");
}

static int take(const struct parse *parse, int code, const char *name,
                const char *value)
{
    struct options *options = parse->options;
    struct endpoint endpoint;
    uint64_t number = 0;
    bool second = false;
    int rc = 0;

    switch (code) {
    case OPTION_GROUP:
        return take_group(parse, value);
    case OPTION_STATE_DIR:
        return take_dir(parse, name, value, &options->state_dir);
    case OPTION_SOCKET_DIR:
        return take_dir(parse, name, value, &options->socket_dir);
    case OPTION_MODE:
        rc = take_word(parse, name, value, "warm", "hot", &second);
        options->mode = second ? CORE_HOT : CORE_WARM;
        return rc;
    case OPTION_EXPECTED_VOTERS:
        rc = take_number(parse, name, value, 1, CONFIG_MAX, &number);
        options->expected_voters = (unsigned)number;
        return rc;
    case OPTION_INSTANCES:
        rc = take_number(parse, name, value, 0, OPTIONS_INSTANCES_MAX, &number);
        options->instances = (unsigned)number;
        return rc;
    case OPTION_WRITE_TIMEOUT:
        return take_number(parse, name, value, 100, 3600000,
                           &options->write_timeout_ms);
    case OPTION_MAX_MEMORY:
        return take_number(parse, name, value, 0, UINT64_MAX,
                           &options->max_memory);
    case OPTION_TRANSFER_RATE:
        return take_number(parse, name, value, 0, UINT64_MAX,
                           &options->transfer_rate);
    case OPTION_READS:
        return take_word(parse, name, value, "linearizable", "local",
                         &options->reads_local);
    case OPTION_FENCING:
        return take_word(parse, name, value, "none", "required",
                         &options->fencing);
    case OPTION_STANDALONE:
        options->standalone = true;
        return 0;
    case OPTION_VERBOSE:
        options->verbose = true;
        return 0;
    case OPTION_DATA_FD:
        return take_fd(parse, name, value, &options->data_fd);
    case OPTION_CONTROL_FD:
        return take_fd(parse, name, value, &options->control_fd);
    case OPTION_OFFLINE:
        return take_offline(parse, name, value);
    case OPTION_LOCK_FD:
        return take_fd(parse, name, value, &options->lock_fd);
    case OPTION_LINK_FD:
        return take_fd(parse, name, value, &options->link_fd);
    case OPTION_TCP_FD:
        return take_fd(parse, name, value, &options->tcp_fd);
    case OPTION_SECRET_FD:
        return take_fd(parse, name, value, &options->secret_fd);
    case OPTION_LISTEN:
        options->listen = value;
        return endpoint_parse(value, &endpoint)
                   ? 0
                   : refuse(parse, name, value, ENDPOINT_ALLOWED);
    default:
        options->passwd_file = value;
        return 0;
    }
}

/* A password goes with whatever is listened at by TCP. */
static const char *check_tcp(const struct options *options)
{
    if ((options->listen == NULL) != (options->passwd_file == NULL))
        return options->listen == NULL ? "--listen (with --passwd-file)"
                                       : "--passwd-file (with --listen)";
    if ((options->tcp_fd < 0) != (options->secret_fd < 0))
        return options->tcp_fd < 0 ? "--tcp-fd (with --secret-fd)"
                                   : "--secret-fd (with --tcp-fd)";
    if (options->listen != NULL && !options->standalone)
        return "--standalone (with --listen)";
    return NULL;
}

static int check(const struct parse *parse)
{
    const struct options *options = parse->options;
    const char *missing = NULL;

    if (options->group == NULL)
        missing = "--group";
    else if (options->state_dir == NULL)
        missing = "--state-dir";
    else if (options->standalone && options->socket_dir == NULL)
        missing = "--socket-dir (with --standalone)";
    else if (options->offline != OPTIONS_ONLINE && options->lock_fd < 0)
        missing = "--lock-fd (with --offline)";
    else if (options->offline == OPTIONS_ONLINE && !options->standalone &&
             (options->data_fd < 0 || options->control_fd < 0 ||
              options->link_fd < 0))
        missing = "--data-fd, --control-fd and --link-fd (or --standalone)";
    else
        missing = check_tcp(options);
    if (missing == NULL)
        return 0;
    snprintf(parse->error, parse->error_size, "%s is missing", missing);
    return EINVAL;
}

/* getopt_long took something for what it is not. */
static int refuse_option(const struct parse *parse, const char *given)
{
    if (optopt == 0)
        snprintf(parse->error, parse->error_size, "'%.100s' is not an option",
                 given);
    else if (optopt > OPTION_PASSWD_FILE)
        snprintf(parse->error, parse->error_size, "'-%c' is not an option",
                 optopt);
    else
        snprintf(parse->error, parse->error_size, "--%s takes %s value",
                 names[optopt - 1].name,
                 names[optopt - 1].has_arg == no_argument ? "no" : "a");
    return EINVAL;
}

int options_parse(struct options *options, int argc, char **argv, char *error,
                  size_t error_size)
{
    struct parse parse = {options, error, error_size};
    int code, index = 0, rc = 0;

    *options = (struct options){
        .mode = CORE_WARM,
        .expected_voters = 1,
        .write_timeout_ms = 10000,
        .data_fd = -1,
        .control_fd = -1,
        .link_fd = -1,
        .tcp_fd = -1,
        .secret_fd = -1,
        .lock_fd = -1,
    };
    opterr = 0;
    optind = 0; /* from the beginning, also when called again */
    while (rc == 0 &&
           (code = getopt_long(argc, argv, "", names, &index)) != -1) {
        if (code == '?')
            return refuse_option(&parse, argv[optind - 1]);
        rc = take(&parse, code, names[index].name, optarg);
    }
    if (rc == 0 && optind < argc) {
        snprintf(error, error_size, "'%.100s' is not an option", argv[optind]);
        return EINVAL;
    }
    return rc == 0 ? check(&parse) : rc;
}
