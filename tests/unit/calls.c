#include "tests/unit/calls.h"

#include <string.h>

#include "tests/unit/unit.h"

size_t calls_split(const char *line, struct core_arg *argv)
{
    size_t argc = 0;

    while (*line != '\0') {
        size_t len = strcspn(line, " ");
        bool empty = len == 2 && memcmp(line, "\"\"", 2) == 0;
        assert_in_range(argc, 0, CALLS_ARGS_MAX - 1);
        argv[argc].data = (const uint8_t *)line;
        argv[argc++].len = empty ? 0 : len;
        line += len + strspn(line + len, " ");
    }
    return argc;
}

void calls_run(struct keyspace *keyspace, const struct core_arg *argv,
               size_t argc, struct buf *reply)
{
    size_t before = reply->len;
    const struct command *command = command_find(argv, argc, reply);
    struct command_call run = {
        .keyspace = keyspace,
        .argv = argv,
        .argc = argc,
        .clock_ms = CALLS_CLOCK_MS,
        .reply = reply,
    };

    assert_int_equal(command == NULL, reply->len > before);
    if (command != NULL)
        command->run(&run);
}

void calls_reply_is(const struct buf *reply, const char *wanted,
                    const char *line)
{
    if (reply->len != strlen(wanted) ||
        memcmp(reply->data, wanted, reply->len) != 0)
        fail_msg("%s\n  gives  %.*s  not  %s", line, (int)reply->len,
                 (const char *)reply->data, wanted);
}

void calls_says(struct keyspace *keyspace, const char *line, const char *wanted)
{
    struct core_arg argv[CALLS_ARGS_MAX];
    struct buf reply = {0};

    calls_run(keyspace, argv, calls_split(line, argv), &reply);
    calls_reply_is(&reply, wanted, line);
    buf_free(&reply);
}

void calls_play(const struct row *rows, size_t count)
{
    struct keyspace keyspace = {0};

    for (size_t i = 0; i < count; i++)
        calls_says(&keyspace, rows[i].line, rows[i].reply);
    keyspace_free(&keyspace);
}
