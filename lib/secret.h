/* secret: a password that is kept in a file.
 *
 * WHAT
 *   The file's first line, without its end: 1 to SECRET_MAX bytes of any kind.
 *   The file is a regular one that not everybody may read, and no link.
 *
 * OWNERSHIP
 *   A struct secret is the caller's; secret_wipe before it goes.
 */
#ifndef HOTWARM_LIB_SECRET_H
#define HOTWARM_LIB_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SECRET_MAX = 512 };

struct secret {
    uint8_t bytes[SECRET_MAX]; /* zeros behind `len` */
    size_t len;
};

/* Opens such a file for whoever reads it. 0 and *fd, the caller's; or errno with
 * a sentence in `error` that names the file. */
int secret_open(const char *path, int *fd, char *error, size_t error_size);

/* Reads it, from its beginning. 0; or errno, EINVAL when there is none or it is
 * too long, with what is wrong in `error`. */
int secret_read(int fd, struct secret *secret, char *error, size_t error_size);

/* Takes as long for any `bytes` of one length, whatever is right of them. */
bool secret_is(const struct secret *secret, const void *bytes, size_t len);

void secret_wipe(struct secret *secret);

#endif
