#include "agents/paths.h"

const char *paths_run_dir(void)
{
    return "/run/hotwarm";
}

const char *paths_state_dir(void)
{
    return "/var/lib/hotwarm";
}

const char *paths_supervise(void)
{
    return HOTWARM_LIBEXECDIR "/hotwarm-supervise";
}
