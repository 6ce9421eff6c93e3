/* file: durable files, in the few ways that the store needs them.
 *
 * NOT HERE
 *   What is in them: store.h, segment.h.
 */
#ifndef HOTWARM_SHELL_FILE_H
#define HOTWARM_SHELL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

/* All of `len` bytes to `fd`, at its position. 0 or errno. */
int file_write(int fd, const void *bytes, size_t len);

/* The whole of DIR/NAME into `out`. 0 or errno. */
int file_read(int dir, const char *name, struct buf *out);

/* Writes a part of DIR/NAME, which is there already, at `offset`, and flushes
 * the file. 0 or errno. */
int file_rewrite(int dir, const char *name, uint64_t offset, const void *bytes,
                 size_t len);

/* Visits every name in `dir`, in no order, unless one visit gives something
 * else than 0. What cannot be listed to its end is an error, never a shorter
 * list. 0, errno or what the visit gave. */
int file_each(int dir, int (*visit)(void *context, const char *name),
              void *context);

/* Is this errno that of a full disk, or of a quota that is used up? */
bool file_no_room(int code);

/* DIR/NAME becomes `bytes`: a new file, flushed, renamed, the directory
 * flushed. A crash leaves the old or the new; a failure takes no room. 0 or
 * errno. */
int file_replace(int dir, const char *name, const void *bytes, size_t len);

/* The frame that the P file and the snapshot have (store.h). */
void file_frame(struct buf *out, uint32_t magic, uint64_t generation,
                const void *bytes, size_t len);

#define FILE_FRAME_HEAD 24 /* bytes before the content */
#define FILE_FRAME_SIZE (FILE_FRAME_HEAD + 8)

/* Checks a frame. 0, RESULT_MALFORMED or RESULT_VERSION; *bytes points into
 * `frame`. */
int file_unframe(const struct buf *frame, uint32_t magic, uint64_t *generation,
                 const uint8_t **bytes, size_t *len);

#endif
