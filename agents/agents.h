/* agents: which agents the multi-call binary holds.
 *
 * WHAT
 *   Each is a table in a file of its own; main.c finds it by the name under
 *   which the binary was called.
 */
#ifndef HOTWARM_AGENTS_AGENTS_H
#define HOTWARM_AGENTS_AGENTS_H

#include "lib/ocf.h"

extern const struct ocf_agent agents_replica;

#endif
