/* hotwarm: the administrator's tool. Options, and the table of commands. */
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "build-config.h"
#include "tools/command.h"

enum { GROUP_MAX = 64, DIR_MAX = 256 };

static const struct {
    const char *name;
    int words; /* behind the group */
    int (*run)(const struct call *call);
} commands[] = {
    {"status", 0, command_status},
    {"force", 0, command_force},
    {"reset", 0, command_reset},
    {"remove-voter", 1, command_remove_voter},
};

static const char usage[] =
    "usage: hotwarm COMMAND GROUP [NODE] [OPTION...]\n"
    "\n"
    "Commands, for the replica of GROUP on this node:\n"
    "  status    what it is, as lines key:value: of the running daemon, else "
    "of\n"
    "            its disk (running:0)\n"
    "  force     when a majority of the voters is lost for good: this replica\n"
    "            alone goes on, as a new group, with what it holds; the "
    "replica\n"
    "            must not run\n"
    "  reset     moves the replica's data aside, so that it joins its group "
    "anew\n"
    "            and is given them again; the replica must not run\n"
    "  remove-voter\n"
    "            takes its vote from NODE (its number in corosync.conf), "
    "which is\n"
    "            gone for good, or gives it to a replica that waits for one; "
    "the\n"
    "            replica here must run and lead\n"
    "\n"
    "Options:\n"
    "  --confirm GROUP    the group's name a second time, which force and "
    "reset\n"
    "                     else ask for\n"
    "  --state-dir DIR    where the replica's data are, if the resource's\n"
    "                     parameter state_dir says so "
    "(/var/lib/hotwarm/GROUP)\n"
    "  --run-dir DIR      where the sockets are (/run/hotwarm)\n"
    "  --user NAME        whose the data are (hotwarm)\n"
    "  --daemon FILE      the daemon's program (" HOTWARM_DAEMON ")\n"
    "  --help             this text\n"
    "  --version          which version this is\n"
    "\n"
    "Exit status: 0 done; 1 not done, with the reason; 2 wrong usage.\n"
    "hotwarm(8) tells how to recover a group.\n";

void command_error(const char *format, ...)
{
    va_list list;

    fflush(stdout); /* what was said before stands before it */
    fputs("hotwarm: ", stderr);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
}

static int refuse_usage(const char *what, const char *value)
{
    command_error("%s '%.100s'; see hotwarm --help", what, value);
    return COMMAND_USAGE;
}

static bool is_group(const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789";
    static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t len = strlen(text);

    return len > 0 && len <= GROUP_MAX && strspn(text, all) == len &&
           strchr(letters, text[0]) != NULL;
}

/* True when all was said. */
static bool take_option(struct call *call, int code, const char *value)
{
    switch (code) {
    case 'c':
        call->confirm = value;
        return false;
    case 's':
        call->state_dir = value;
        return false;
    case 'r':
        call->run_dir = value;
        return false;
    case 'u':
        call->user = value;
        return false;
    case 'd':
        call->daemon = value;
        return false;
    case 'h':
        fputs(usage, stdout);
        return true;
    default:
        puts("hotwarm " PACKAGE_VERSION);
        return true;
    }
}

/* `words`: COMMAND GROUP and what follows. */
static int run(struct call *call, int count, char *const *words)
{
    static char state_dir[DIR_MAX];
    size_t at = 0, end = sizeof commands / sizeof commands[0];

    while (at < end && strcmp(commands[at].name, words[0]) != 0)
        at++;
    if (at == end)
        return refuse_usage("there is no command", words[0]);
    if (count != 2 + commands[at].words)
        return refuse_usage("too few or too many words for the command",
                            words[0]);
    call->group = words[1];
    call->words = words + 2;
    if (!is_group(call->group))
        return refuse_usage("a group's name is 1 to 64 letters, digits, '-', "
                            "'_', '.', first a letter or digit; not",
                            call->group);
    snprintf(state_dir, sizeof state_dir, "/var/lib/hotwarm/%s", call->group);
    if (call->state_dir == NULL)
        call->state_dir = state_dir;
    if (call->state_dir[0] != '/' || strlen(call->state_dir) >= DIR_MAX)
        return refuse_usage(
            "--state-dir is an absolute path, to 255 bytes; not",
            call->state_dir);
    return commands[at].run(call);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"confirm", required_argument, NULL, 'c'},
        {"state-dir", required_argument, NULL, 's'},
        {"run-dir", required_argument, NULL, 'r'},
        {"user", required_argument, NULL, 'u'},
        {"daemon", required_argument, NULL, 'd'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    struct call call = {
        .run_dir = "/run/hotwarm", .user = "hotwarm", .daemon = HOTWARM_DAEMON};
    int code;

    while ((code = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (code == '?')
            return COMMAND_USAGE; /* getopt_long has said why */
        if (take_option(&call, code, optarg))
            return COMMAND_GOOD;
    }
    if (optind == argc) {
        command_error("it takes a command and a group; see hotwarm --help");
        return COMMAND_USAGE;
    }
    return run(&call, argc - optind, argv + optind);
}
