/* The agents, in one binary with a link per agent: argv[0] says which, also
 * "agent NAME ACTION", for people. */
#include <stdio.h>
#include <string.h>

#include "agents/agents.h"

static const struct ocf_agent *const agents[] = {
    &agents_replica,
};

static const struct ocf_agent *find(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;

    for (size_t i = 0; i < sizeof agents / sizeof agents[0]; i++) {
        if (strcmp(agents[i]->name, name) == 0)
            return agents[i];
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const struct ocf_agent *agent = argc > 0 ? find(argv[0]) : NULL;

    if (agent != NULL)
        return ocf_main(agent, argc, argv);
    agent = argc > 1 ? find(argv[1]) : NULL;
    if (agent != NULL)
        return ocf_main(agent, argc - 1, argv + 1);
    fputs("usage: agent AGENT ACTION, where AGENT is one of\n", stderr);
    for (size_t i = 0; i < sizeof agents / sizeof agents[0]; i++)
        fprintf(stderr, "    %s\n", agents[i]->name);
    return OCF_ERR_UNIMPLEMENTED;
}
