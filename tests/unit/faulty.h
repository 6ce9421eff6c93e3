/* faulty: file system calls that fail, or end the process, when told to.
 *
 * WHAT
 *   The program is linked with --wrap for the calls below. Once armed, each of
 *   them that changes files is counted; the one with the given number ends the
 *   process before it is carried out (a write: after half of its bytes), or
 *   fails. What was flushed is remembered, so that a test can take away the
 *   rest, as a loss of power may. After a flush that failed, what it should have
 *   flushed counts as flushed only when it was written again: the kernel shows
 *   it, but takes it for clean. Once a fault has come, nobody waits for time.
 *
 * OWNERSHIP
 *   One struct faulty, in memory that forked children share.
 */
#ifndef HOTWARM_TESTS_UNIT_FAULTY_H
#define HOTWARM_TESTS_UNIT_FAULTY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum faulty_call {
    FAULTY_ANY,
    FAULTY_CREATE, /* openat that may create */
    FAULTY_WRITE,
    FAULTY_FDATASYNC,
    FAULTY_FSYNC,
    FAULTY_RENAME,
    FAULTY_UNLINK,
    FAULTY_TRUNCATE,
    FAULTY_MKDIR,
    FAULTY_READ, /* this and what follows is not one of FAULTY_ANY */
    FAULTY_READDIR,
    FAULTY_OPENDIR,
    FAULTY_CALLS
};

enum { FAULTY_FILES = 64, FAULTY_STATUS = 77 };

struct faulty {
    bool armed;
    uint64_t counts[FAULTY_CALLS]; /* since faulty_arm */
    enum faulty_call call;         /* the fault comes at this kind … */
    uint64_t at;    /* … at this one of them, from 1; 0: never */
    uint64_t times; /* and at so many more in a row */
    bool came;
    bool half;   /* a write: after half of it */
    int failure; /* errno; 0: the process ends */
    struct faulty_file {
        ino_t inode;
        off_t size;
        bool lost; /* what is behind it, though it can be read */
    } flushed[FAULTY_FILES];
    size_t flushed_count;
    uint64_t submitted, reported; /* for the test's own use */
};

/* Shared with forked children; one per program. */
struct faulty *faulty_shared(void);

/* Counts from 0, and lets the fault come. `failure` 0: the process ends with
 * FAULTY_STATUS. */
void faulty_arm(enum faulty_call call, uint64_t at, bool half, int failure);
void faulty_disarm(void);

/* How much of the file is flushed for certain. */
off_t faulty_flushed(ino_t inode);

#endif
