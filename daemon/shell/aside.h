/* aside: what a replica gives up is kept, in a directory of its own beside it,
 * aside-TIME-N.
 */
#ifndef HOTWARM_SHELL_ASIDE_H
#define HOTWARM_SHELL_ASIDE_H

enum { ASIDE_NAME = 64 };

/* Moves snapshot and log of `dir`, in no order, into such a directory. The P file
 * stays: it says that this is under way (boot.h). `name` is "" before the first
 * attempt and when all is done; after one that failed, for want of room say, it
 * names the directory in which the next one goes on. 0 or errno. */
int aside_move(int dir, char name[ASIDE_NAME]);

/* Gives the directory FROM/NAME, which holds such files already, a name of that
 * kind in `dir`. 0 or errno. */
int aside_keep(int dir, int from, const char *name);

/* The name of the newest one in `dir`; "" when there is none. 0 or errno. */
int aside_newest(int dir, char name[ASIDE_NAME]);

#endif
