/* paths: where things are, on an installed system.
 *
 * WHAT
 *   The only place that names them, so that the tests can put another paths.c
 *   in its place (tests/ocf/paths.c) and need neither root nor an installation.
 */
#ifndef HOTWARM_AGENTS_PATHS_H
#define HOTWARM_AGENTS_PATHS_H

/* The directory of GROUP.sock, GROUP.ctl and GROUP.sup (lib/link.h). */
const char *paths_run_dir(void);

/* Below it each group has its state directory, unless told otherwise. */
const char *paths_state_dir(void);

/* The program hotwarm-supervise. */
const char *paths_supervise(void);

#endif
