#include "daemon/shell/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/shell/file.h"

struct aside {
    int dir;
    const char *name;
};

static void aside_name(char name[ASIDE_NAME], unsigned n)
{
    snprintf(name, ASIDE_NAME, "aside-%lld-%u", (long long)time(NULL), n);
}

static int aside_make(int dir, char name[ASIDE_NAME])
{
    for (unsigned n = 1;; n++) {
        aside_name(name, n);
        if (mkdirat(dir, name, 0700) == 0)
            return 0;
        if (errno == EEXIST)
            continue;
        name[0] = '\0';
        return errno;
    }
}

static int aside_move_one(void *context, const char *name)
{
    const struct aside *aside = context;
    char to[512];

    if (strncmp(name, "log-", 4) != 0 && strcmp(name, "snapshot") != 0)
        return 0;
    snprintf(to, sizeof(to), "%s/%s", aside->name, name);
    return renameat(aside->dir, name, aside->dir, to) < 0 ? errno : 0;
}

int aside_move(int dir, char name[ASIDE_NAME])
{
    struct aside aside = {.dir = dir, .name = name};
    int rc = name[0] == '\0' ? aside_make(dir, name) : 0;

    if (rc == 0)
        rc = file_each(dir, aside_move_one, &aside);
    if (rc == 0 && fsync(dir) < 0)
        rc = errno;
    if (rc == 0)
        name[0] = '\0';
    return rc;
}

/* One that is there and empty is replaced: nothing is lost by that. */
int aside_keep(int dir, int from, const char *name)
{
    char to[ASIDE_NAME];

    for (unsigned n = 1;; n++) {
        aside_name(to, n);
        if (renameat(from, name, dir, to) == 0)
            return 0;
        if (errno != EEXIST && errno != ENOTEMPTY)
            return errno;
    }
}

struct newest {
    long long time;
    unsigned n;
    char *name;
};

static int aside_compare(void *context, const char *name)
{
    struct newest *newest = context;
    long long when = 0;
    unsigned n = 0;

    if (strlen(name) >= ASIDE_NAME ||
        sscanf(name, "aside-%lld-%u", &when, &n) != 2 || when < newest->time ||
        (when == newest->time && n < newest->n))
        return 0;
    newest->time = when;
    newest->n = n;
    memcpy(newest->name, name, strlen(name) + 1);
    return 0;
}

int aside_newest(int dir, char name[ASIDE_NAME])
{
    struct newest newest = {.name = name};

    name[0] = '\0';
    return file_each(dir, aside_compare, &newest);
}
