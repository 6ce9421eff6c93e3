#include "tools/confirm.h"

#include <stdio.h>
#include <string.h>

bool confirm_group(const struct call *call)
{
    char line[256] = "";
    const char *given = call->confirm;

    if (given == NULL) {
        printf("Type the group's name to go on: ");
        fflush(stdout);
        given = fgets(line, sizeof line, stdin);
        line[strcspn(line, "\n")] = '\0';
    }
    if (given != NULL && strcmp(given, call->group) == 0)
        return true;
    if (given == NULL)
        command_error("the group's name was not typed; nothing was changed");
    else
        command_error("'%.100s' is not the group's name '%s'; nothing was "
                      "changed",
                      given, call->group);
    return false;
}
