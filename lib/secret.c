#include "lib/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/result.h"

static int refuse(int rc, const char *path, const char *why, char *error,
                  size_t error_size)
{
    snprintf(error, error_size, "the password file %.200s: %s", path, why);
    return rc;
}

int secret_open(const char *path, int *fd, char *error, size_t error_size)
{
    struct secret secret;
    char why[64] = "";
    struct stat is;
    int rc = 0;

    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (*fd < 0 || fstat(*fd, &is) < 0)
        rc = errno;
    else if (!S_ISREG(is.st_mode))
        rc = refuse(EINVAL, path, "is no regular file", error, error_size);
    else if ((is.st_mode & S_IRWXO) != 0)
        rc = refuse(EPERM, path,
                    "everybody may use it; make that chmod o=", error,
                    error_size);
    else if ((rc = secret_read(*fd, &secret, why, sizeof(why))) == EINVAL)
        refuse(rc, path, why, error, error_size);
    secret_wipe(&secret);
    if (rc != 0 && rc != EINVAL && rc != EPERM)
        refuse(rc, path, rc == ELOOP ? "is a symbolic link" : result_text(rc),
               error, error_size);
    if (rc != 0 && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    return rc;
}

int secret_read(int fd, struct secret *secret, char *error, size_t error_size)
{
    char text[SECRET_MAX + 2];
    ssize_t got = pread(fd, text, sizeof(text), 0);
    int rc = got < 0 ? errno : 0;

    memset(secret, 0, sizeof(*secret));
    if (rc == 0) {
        size_t size = (size_t)got < sizeof(text) ? (size_t)got : sizeof(text);
        const char *end = memchr(text, '\n', size);
        secret->len = end != NULL ? (size_t)(end - text) : size;
        if (secret->len == 0 || secret->len > SECRET_MAX) {
            snprintf(error, error_size, "its first line has %s%d bytes",
                     secret->len == 0 ? "" : "more than ",
                     secret->len == 0 ? 0 : SECRET_MAX);
            rc = EINVAL;
        }
    } else {
        snprintf(error, error_size, "%s", result_text(rc));
    }
    if (rc == 0)
        memcpy(secret->bytes, text, secret->len);
    explicit_bzero(text, sizeof(text));
    return rc;
}

bool secret_is(const struct secret *secret, const void *bytes, size_t len)
{
    const uint8_t *given = bytes;
    volatile uint8_t differ = len != secret->len;

    for (size_t i = 0; i < len; i++)
        differ = differ | (uint8_t)(given[i] ^ secret->bytes[i % SECRET_MAX]);
    return differ == 0;
}

void secret_wipe(struct secret *secret)
{
    explicit_bzero(secret, sizeof(*secret));
}
