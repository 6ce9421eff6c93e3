/* result: what functions return.
 *
 * WHAT
 *   0 is good, a positive value is an errno, a negative one is of this enum.
 *   Foreign codes (libcpg's, libxml2's …) are translated once, where the
 *   library is called.
 */
#ifndef HOTWARM_LIB_RESULT_H
#define HOTWARM_LIB_RESULT_H

enum result {
    RESULT_OK = 0,
    RESULT_MALFORMED = -1,  /* bytes that are not what they should be */
    RESULT_VERSION = -2,    /* well formed, of a version that is not ours */
    RESULT_MISMATCH = -3,   /* another group's, another mode's, another file's */
    RESULT_DIVERGED = -4,   /* hashes differ where they must not */
    RESULT_TOO_LARGE = -5,  /* over a stated limit */
    RESULT_NOT_FOUND = -6
};

/* Text for any of the three kinds, "success" for 0. Static; never NULL. */
const char *result_text(int code);

#endif
