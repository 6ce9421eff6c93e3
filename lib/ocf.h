/* ocf: the runtime of an OCF 1.1 resource agent.
 *
 * WHAT
 *   An agent is a struct ocf_agent: a table of parameters and a table of
 *   actions. From these alone come the dispatch, the check of what the user
 *   set, and the metadata, so that they cannot disagree.
 *
 *      Pacemaker --exec--> AGENT ACTION      argv[0] = .../hotwarm/AGENT
 *        OCF_RESKEY_name=value               parameters
 *        OCF_RESKEY_CRM_meta_timeout=ms      deadline: that minus a reserve
 *        OCF_RESKEY_CRM_meta_interval=ms     unset or 0: a probe
 *        OCF_RESKEY_CRM_meta_role=Promoted   also the old word, Master
 *        OCF_CHECK_LEVEL=10                  how thorough
 *      AGENT --> exit code (enum ocf_exit)
 *            --> stderr "ocf-exit-reason:TEXT", the last one is shown
 *
 *   A parameter that is unset or empty has its default.
 *
 * INVARIANTS (tests/unit/test_ocf*.c, tests/ocf/run-metadata)
 *   Metadata are static: no environment, no cluster, no privileges.
 *   A strict action never runs with a bad parameter: validate-all then gives
 *   OCF_ERR_CONFIGURED and all others OCF_ERR_ARGS (on this node only). An
 *   action that is not strict always runs; a bad number then has its default.
 *   A reason is one line of at most OCF_REASON_MAX bytes of whole characters.
 *
 * OWNERSHIP
 *   struct ocf belongs to ocf_main. What ocf_text returns lives as long.
 *
 * NOT HERE
 *   What an agent manages: agents/. How it asks hotwarmd: ctl.h.
 */
#ifndef HOTWARM_LIB_OCF_H
#define HOTWARM_LIB_OCF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { OCF_REASON_MAX = 128, OCF_PARAMS_MAX = 32 };

enum ocf_exit {
    OCF_SUCCESS = 0,
    OCF_ERR_GENERIC = 1,
    OCF_ERR_ARGS = 2,
    OCF_ERR_UNIMPLEMENTED = 3,
    OCF_ERR_PERM = 4,
    OCF_ERR_INSTALLED = 5,
    OCF_ERR_CONFIGURED = 6, /* Pacemaker gives up in the whole cluster */
    OCF_NOT_RUNNING = 7,
    OCF_RUNNING_PROMOTED = 8,
    OCF_FAILED_PROMOTED = 9,
    OCF_DEGRADED = 190,
    OCF_DEGRADED_PROMOTED = 191
};

enum ocf_type {
    OCF_TYPE_STRING = 1,
    OCF_TYPE_BOOLEAN, /* true yes on 1, false no off 0; number is 1 or 0 */
    OCF_TYPE_INTEGER,
    OCF_TYPE_SELECT, /* one of `choices` */
    OCF_TYPE_TIME,   /* 10, 10s, 500ms, 2min, 1h; number in milliseconds */
    OCF_TYPE_SIZE    /* 1000, 64K, 512M, 2G (of 1024); number in bytes */
};

enum ocf_param_flag {
    OCF_REQUIRED = 1,
    OCF_UNIQUE = 2,    /* no two resources may have the same value */
    OCF_RELOADABLE = 4 /* reload-agent suffices for a change */
};

struct ocf_param {
    const char *name;
    enum ocf_type type;
    unsigned flags;
    const char *fallback; /* the default, as one would write it; NULL: none */
    int64_t min, max;     /* INTEGER, TIME (ms), SIZE (bytes) */
    const char *const *choices;        /* SELECT; ends with NULL */
    bool (*accepts)(const char *text); /* STRING; NULL: anything */
    const char *allowed; /* STRING: what `accepts` wants, for people */
    const char *shortdesc;
    const char *longdesc;
};

struct ocf;

/* A row of the metadata, and, in the first row of its name, how to do it.
 * meta-data needs no row: the runtime does it. */
struct ocf_action {
    const char *name;
    int (*run)(struct ocf *ocf); /* gives an enum ocf_exit */
    bool strict;                 /* refuse bad parameters first */
    unsigned timeout_s;  /* advised, and the deadline when none is set */
    unsigned interval_s; /* monitor: advised */
    const char *role;    /* monitor: "Promoted", or NULL */
    const char *depth;   /* check level that this row is for, or NULL */
};

struct ocf_agent {
    const char *name;
    const char *version; /* of the agent */
    const char *shortdesc;
    const char *longdesc;
    const struct ocf_param *params; /* at most OCF_PARAMS_MAX */
    size_t param_count;
    const struct ocf_action *actions;
    size_t action_count;
    /* For a strict action, of parameters that are good: the place of one that
     * does not go with another, and why, for people; NULL: all do. NULL: there
     * is nothing of the kind. */
    const char *(*clash)(const struct ocf *ocf, size_t *param);
};

enum ocf_role { OCF_ROLE_UNKNOWN = 0, OCF_ROLE_UNPROMOTED, OCF_ROLE_PROMOTED };

/* Does argv[1] (other arguments are ignored, as OCF demands). The exit code. */
int ocf_main(const struct ocf_agent *agent, int argc, char **argv);

/* --- for an action, while it runs --- */

/* The parameter's text or its default's, "" when neither is there; as the user
 * wrote it, also when that is bad. `param` is its place in the table. */
const char *ocf_text(const struct ocf *ocf, size_t param);

/* BOOLEAN, INTEGER, TIME, SIZE: its value; the default's (0 if none) when what
 * the user wrote is bad. */
int64_t ocf_number(const struct ocf *ocf, size_t param);

/* Whether the user set it; whether it may be used. */
bool ocf_given(const struct ocf *ocf, size_t param);
bool ocf_good(const struct ocf *ocf, size_t param);

/* Gives the reason for the parameter that is not good; OCF_ERR_CONFIGURED for
 * validate-all, else OCF_ERR_ARGS. */
int ocf_refuse(const struct ocf *ocf, size_t param);

/* Monotonic milliseconds: now, and when the action must have ended. */
uint64_t ocf_now_ms(void);
uint64_t ocf_deadline_ms(const struct ocf *ocf);

/* The moment at which num/den of the time from the start to the deadline are
 * over. */
uint64_t ocf_part_ms(const struct ocf *ocf, unsigned num, unsigned den);

bool ocf_is_probe(const struct ocf *ocf);
enum ocf_role ocf_role(const struct ocf *ocf);
unsigned ocf_level(const struct ocf *ocf);

/* OCF_RESOURCE_INSTANCE, or "default". */
const char *ocf_instance(const struct ocf *ocf);

/* A number that Pacemaker passes as CRM_meta_NAME; `otherwise` if there is
 * none or it is no number from 0 up. */
int64_t ocf_meta(const char *name, int64_t otherwise);

/* Why the action fails: shown by crm_mon, and logged as an error. */
void ocf_reason(const struct ocf *ocf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A line for the cluster's log, at a priority of syslog(3): to syslog where
 * Pacemaker named a facility (HA_LOGFACILITY), else to standard error. */
void ocf_log(const struct ocf *ocf, int priority, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* --- the parts, for the tests --- */

/* Whether `text` is good for `param`; then *number is its value (0 for STRING
 * and SELECT). 0, or RESULT_MALFORMED. */
int ocf_parse(const struct ocf_param *param, const char *text, int64_t *number);

/* What is allowed, for people, as "1 to 16" or "warm, hot". Cut to fit. */
void ocf_allowed(const struct ocf_param *param, char *text, size_t size);

/* The metadata, with a complete internal DTD subset. */
void ocf_metadata(const struct ocf_agent *agent, FILE *out);

/* Cuts to `limit` bytes between two UTF-8 characters; control characters
 * become '?'. Returns `text`. */
char *ocf_one_line(char *text, size_t limit);

#endif
