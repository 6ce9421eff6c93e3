#include "daemon/core/glob.h"

#include <stdint.h>

struct glob {
    const int8_t *at; /* the rest of the pattern */
    const int8_t *end;
};

static size_t left(const struct glob *glob)
{
    return (size_t)(glob->end - glob->at);
}

static bool in_range(int8_t a, int8_t b, int8_t byte)
{
    return a <= b ? a <= byte && byte <= b : b <= byte && byte <= a;
}

/* One member of a set, behind which `glob` then is. */
static bool match_member(struct glob *glob, int8_t byte)
{
    if (glob->at[0] == '\\' && left(glob) >= 2) {
        glob->at += 2;
        return glob->at[-1] == byte;
    }
    if (left(glob) >= 3 && glob->at[1] == '-') {
        glob->at += 3;
        return in_range(glob->at[-3], glob->at[-1], byte);
    }
    return *glob->at++ == byte;
}

/* A set, without its opening bracket. */
static bool match_set(struct glob *glob, int8_t byte)
{
    bool negated = left(glob) > 0 && glob->at[0] == '^';
    bool matched = false;

    if (negated)
        glob->at++;
    while (left(glob) > 0 && glob->at[0] != ']')
        matched |= match_member(glob, byte);
    if (left(glob) > 0)
        glob->at++;
    return matched != negated;
}

/* What stands for one byte, behind which `glob` then is. No `*` comes first. */
static bool match_one(struct glob *glob, int8_t byte)
{
    if (left(glob) == 0)
        return false;
    int8_t first = *glob->at++;
    if (first == '?')
        return true;
    if (first == '[')
        return match_set(glob, byte);
    if (first == '\\' && left(glob) > 0)
        first = *glob->at++;
    return first == byte;
}

/* Past all `*`; were there any? */
static bool skip_stars(struct glob *glob)
{
    const int8_t *from = glob->at;

    while (left(glob) > 0 && glob->at[0] == '*')
        glob->at++;
    return glob->at != from;
}

bool glob_match(const void *pattern, size_t pattern_len, const void *bytes,
                size_t len)
{
    if (len == 0 || pattern_len == 0)
        return len == pattern_len;
    const int8_t *first = pattern, *at = bytes, *end = at + len;
    struct glob glob = {first, first + pattern_len};
    /* Behind the last `*`, and where what follows it was tried last. Only the
     * last one need ever take more: what came before it matched as early as
     * it could. */
    struct glob star = {NULL, NULL};
    const int8_t *tried = NULL;

    while (at < end) {
        if (skip_stars(&glob)) {
            if (left(&glob) == 0)
                return true;
            star = glob;
            tried = at;
        }
        if (match_one(&glob, *at)) {
            at++;
        } else if (tried != NULL) {
            at = ++tried;
            glob = star;
        } else {
            return false;
        }
    }
    skip_stars(&glob);
    return left(&glob) == 0;
}
