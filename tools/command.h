/* command: what `hotwarm COMMAND GROUP` is asked to do.
 *
 * WHAT
 *   A command is a row of main.c's table and a function in a file of its own
 *   name. Each says on standard output what it did, or one line on standard error
 *   why not; and what it says of a replica are the lines of HOTWARM STATUS.
 *
 * NOT HERE
 *   The options' text: main.c.
 */
#ifndef HOTWARM_TOOLS_COMMAND_H
#define HOTWARM_TOOLS_COMMAND_H

enum { COMMAND_GOOD = 0, COMMAND_FAILED = 1, COMMAND_USAGE = 2 };

/* All of it lives as long as the process. */
struct call {
    const char *group;
    char *const *words; /* what follows it, as many as the row says */
    const char *state_dir;
    const char *run_dir;
    const char *user;    /* the daemon's */
    const char *daemon;  /* the program hotwarmd */
    const char *confirm; /* the group's name, as confirmation; NULL: it is asked
                            for */
};

/* Each gives the exit status. */
int command_status(const struct call *call);
int command_force(const struct call *call);
int command_reset(const struct call *call);
int command_remove_voter(const struct call *call);

/* One line on standard error. */
void command_error(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
