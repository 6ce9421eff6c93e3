/* Gives a fuzz target the inputs that it is told, in place of libFuzzer:
 *
 *   fuzz_NAME FILE|DIRECTORY...
 *
 * Of a directory every file. Ends with "N inputs"; no input is a failure. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

/* A target may use libFuzzer's own mutator; without it nothing is mutated. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
    (void)data, (void)max_size;
    return size;
}

static void die(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    exit(2);
}

/* From memory of exactly its size, so that a read beyond it is noticed. */
static void replay_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(size > 0 ? size : 1);

    if (file == NULL || bytes == NULL)
        die(path, strerror(errno));
    if (fread(bytes, 1, size, file) != size)
        die(path, "cannot be read whole");
    fclose(file);
    fprintf(stderr, "%s\n", path); /* the last line names what broke it */
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
}

static size_t replay(const char *path)
{
    struct dirent **list = NULL;
    struct stat is;
    size_t count = 0;

    if (stat(path, &is) != 0)
        die(path, strerror(errno));
    if (!S_ISDIR(is.st_mode)) {
        replay_file(path, (size_t)is.st_size);
        return 1;
    }
    int names = scandir(path, &list, NULL, alphasort);
    if (names < 0)
        die(path, strerror(errno));
    for (int i = 0; i < names; i++) {
        char inner[4096];
        snprintf(inner, sizeof inner, "%s/%s", path, list[i]->d_name);
        if (list[i]->d_name[0] != '.')
            count += replay(inner);
        free(list[i]);
    }
    free(list);
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;

    for (int i = 1; i < argc; i++)
        count += replay(argv[i]);
    printf("%zu inputs\n", count);
    return count > 0 ? 0 : 1;
}
