/* sim: runs seeds of the simulated cluster, on all cores.
 *
 *   sim [--seeds N] [--first S] [--seed S] [--steps N] [--trace]
 *
 * Exit 0: no law was broken and everything that must happen did happen.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sim/totals.h"
#include "tests/sim/world.h"

#define SEEDS_DEFAULT 2000
#define STEPS_DEFAULT 3000 /* with faults; about 500 follow without */
#define WORKERS_MAX 64
#define SEED_SECONDS_MAX 60 /* real time: a core that never comes back */

struct arguments {
    uint64_t first;
    uint64_t seeds;
    uint64_t steps;
    bool trace;
    bool single;
};

/* Shared by the workers and the parent. */
struct worker {
    uint64_t seed; /* under way */
    bool done;
    bool violated;
    char line[VERDICT_TEXT + 200];
    struct totals totals;
};

struct shared {
    uint64_t lowest; /* the lowest seed that broke a law */
    struct worker workers[WORKERS_MAX];
};

static uint64_t parse_number(const char *name, const char *text)
{
    char *end;
    uint64_t value;

    errno = 0;
    value = text == NULL ? 0 : strtoull(text, &end, 10);
    if (text == NULL || errno != 0 || end == text || *end != '\0') {
        fprintf(stderr, "sim: %s wants a number\n", name);
        exit(2);
    }
    return value;
}

static struct arguments parse(char **argv)
{
    struct arguments arguments = {
        .first = 1, .seeds = SEEDS_DEFAULT, .steps = STEPS_DEFAULT};

    if (getenv("SIM_SEEDS") != NULL)
        arguments.seeds = parse_number("SIM_SEEDS", getenv("SIM_SEEDS"));
    for (argv++; *argv != NULL; argv++) {
        const char *name = *argv;

        if (strcmp(name, "--trace") == 0) {
            arguments.trace = true;
            continue;
        }
        if (strcmp(name, "--seeds") == 0) {
            arguments.seeds = parse_number(name, *++argv);
        } else if (strcmp(name, "--first") == 0) {
            arguments.first = parse_number(name, *++argv);
        } else if (strcmp(name, "--steps") == 0) {
            arguments.steps = parse_number(name, *++argv);
        } else if (strcmp(name, "--seed") == 0) {
            arguments.first = parse_number(name, *++argv);
            arguments.seeds = 1;
            arguments.single = true;
        } else {
            fprintf(stderr, "usage: sim [--seeds N] [--first S] [--seed S] "
                            "[--steps N] [--trace]\n");
            exit(2);
        }
    }
    return arguments;
}

/* One seed. True if all laws held; else `line` says which did not. */
static bool run_seed(uint64_t seed, const struct arguments *arguments,
                     struct totals *totals, char *line, size_t room)
{
    struct world *world = world_open(seed, arguments->steps, arguments->trace);
    bool good = world_run(world);

    if (!good)
        snprintf(line, room,
                 "violation: law=%s seed=%" PRIu64 " voters=%u step=%" PRIu64
                 " time=%" PRIu64 ".%06" PRIu64 ": %s",
                 world->verdict.law, seed, world->voters, world->step,
                 world->sched.now / SIM_S, world->sched.now % SIM_S / SIM_US,
                 world->verdict.text);
    totals_add(totals, &world->totals);
    world_close(world);
    return good;
}

static void lower(uint64_t *lowest, uint64_t seed)
{
    uint64_t before = __atomic_load_n(lowest, __ATOMIC_SEQ_CST);

    while (seed < before &&
           !__atomic_compare_exchange_n(lowest, &before, seed, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        ;
}

static void work(struct shared *shared, unsigned index, unsigned workers,
                 const struct arguments *arguments)
{
    struct worker *self = &shared->workers[index];

    for (uint64_t i = index; i < arguments->seeds; i += workers) {
        uint64_t seed = arguments->first + i;

        if (seed > __atomic_load_n(&shared->lowest, __ATOMIC_SEQ_CST))
            break;
        self->seed = seed;
        alarm(SEED_SECONDS_MAX);
        if (!run_seed(seed, arguments, &self->totals, self->line,
                      sizeof self->line)) {
            self->violated = true;
            lower(&shared->lowest, seed);
            break;
        }
    }
    self->done = true;
}

static void wait_all(struct shared *shared, const pid_t *pids, unsigned workers)
{
    for (unsigned i = 0; i < workers; i++) {
        struct worker *worker = &shared->workers[i];
        int status = 0;

        waitpid(pids[i], &status, 0);
        if (worker->done)
            continue;
        worker->violated = true;
        snprintf(worker->line, sizeof worker->line,
                 "violation: law=crash seed=%" PRIu64 " voters=%u step=0 "
                 "time=0: the process died by signal %d",
                 worker->seed, world_voters(worker->seed),
                 WIFSIGNALED(status) ? WTERMSIG(status) : 0);
        lower(&shared->lowest, worker->seed);
    }
}

static int report(const struct shared *shared, unsigned workers)
{
    struct totals totals = {0};

    for (unsigned i = 0; i < workers; i++) {
        const struct worker *worker = &shared->workers[i];
        if (worker->violated && worker->seed == shared->lowest) {
            puts(worker->line);
            return 1;
        }
        totals_add(&totals, &worker->totals);
    }
    totals_print(&totals);
    if (totals_missing(&totals) != NULL) {
        printf("never happened: %s\n", totals_missing(&totals));
        return 1;
    }
    return 0;
}

static int run_many(const struct arguments *arguments)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned workers = cores < 1             ? 1
                       : cores > WORKERS_MAX ? WORKERS_MAX
                                             : (unsigned)cores;
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pids[WORKERS_MAX];

    if (shared == MAP_FAILED) {
        perror("sim: mmap");
        return 2;
    }
    shared->lowest = UINT64_MAX;
    for (unsigned i = 0; i < workers; i++) {
        pids[i] = fork();
        if (pids[i] < 0) {
            perror("sim: fork");
            return 2;
        }
        if (pids[i] == 0) {
            work(shared, i, workers, arguments);
            _exit(0);
        }
    }
    wait_all(shared, pids, workers);
    return report(shared, workers);
}

int main(int argc, char **argv)
{
    struct arguments arguments = parse(argv);
    struct totals totals = {0};
    char line[VERDICT_TEXT + 200];

    (void)argc;
    if (!arguments.single)
        return run_many(&arguments);
    if (!run_seed(arguments.first, &arguments, &totals, line, sizeof line)) {
        puts(line);
        return 1;
    }
    totals_print(&totals);
    return 0;
}
