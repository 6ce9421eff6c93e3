/* confirm: the group's name, a second time, before what cannot be undone.
 */
#ifndef HOTWARM_TOOLS_CONFIRM_H
#define HOTWARM_TOOLS_CONFIRM_H

#include <stdbool.h>

#include "tools/command.h"

/* By --confirm, else by a line from standard input. False: it was not given, and
 * it was said that nothing was changed. */
bool confirm_group(const struct call *call);

#endif
