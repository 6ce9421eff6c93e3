/* standalone: what the supervisor does before it starts hotwarmd, for one that is
 * started by hand.
 */
#ifndef HOTWARM_STANDALONE_H
#define HOTWARM_STANDALONE_H

#include "daemon/options.h"

/* Takes the state directory's lock, for which it waits some seconds, until the
 * process ends, and listens at the two sockets and, with --listen, by TCP; their
 * descriptors go into `options`. 0 or errno, and then the reason was printed. */
int standalone_prepare(struct options *options);

#endif
