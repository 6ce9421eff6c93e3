/* Where the tests have things: the environment says so. */
#include "agents/paths.h"

#include <stdio.h>
#include <stdlib.h>

static const char *from(const char *variable)
{
    const char *path = getenv(variable);

    if (path == NULL) {
        fprintf(stderr, "%s is not set\n", variable);
        abort();
    }
    return path;
}

const char *paths_run_dir(void)
{
    return from("TEST_RUN_DIR");
}

const char *paths_state_dir(void)
{
    return from("TEST_STATE_DIR");
}

const char *paths_supervise(void)
{
    return from("TEST_SUPERVISE");
}
