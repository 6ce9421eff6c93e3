#include "daemon/shell/resp.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "lib/mem.h"

/* What hiredis allocates for an element of an array: its redisReply, its bytes'
 * allocation and a pointer. */
enum { ELEMENT_BYTES = 128 };

#if HIREDIS_MAJOR >= 1
typedef size_t reader_count;
#else
typedef int reader_count;
#endif

struct resp {
    redisReader *reader;
    redisReplyObjectFunctions functions; /* hiredis' own, but for arrays */
    void *(*create_array)(const redisReadTask *task, reader_count count);
    size_t begun;      /* bytes read since the last whole command */
    size_t room;       /* the most that it had, since it was new */
    size_t elements;   /* of the command that is held or being read */
    redisReply *held;  /* a command that is not done with */
    size_t held_bytes; /* … as they came */
    const char *error;
};

/* For hiredis: a command's arguments. It would make room for any number that
 * the client names. */
static void *reader_array(const redisReadTask *task, reader_count count)
{
    struct resp *resp = task->privdata;

    if (task->parent != NULL || count > RESP_ARGS)
        return NULL;
    resp->elements = (size_t)count;
    return resp->create_array(task, count);
}

static void reader_new(struct resp *resp)
{
    redisReader *reader = redisReaderCreate();

    if (reader == NULL)
        abort(); /* as lib/mem.h */
    resp->functions = *reader->fn;
    resp->create_array = resp->functions.createArray;
    resp->functions.createArray = reader_array;
    reader->fn = &resp->functions;
    reader->privdata = resp;
    resp->reader = reader;
    resp->room = 0;
}

struct resp *resp_open(void)
{
    struct resp *resp = mem_calloc(1, sizeof(*resp));

    reader_new(resp);
    return resp;
}

void resp_close(struct resp *resp)
{
    if (resp->held != NULL)
        freeReplyObject(resp->held);
    redisReaderFree(resp->reader);
    free(resp);
}

/* hiredis' complaint in Redis' own words, where that has some. */
static const char *reader_error(const redisReader *reader)
{
    if (reader->err == REDIS_ERR_OOM ||
        strstr(reader->errstr, "ulti-bulk length") != NULL)
        return "invalid multibulk length";
    if (strstr(reader->errstr, "ulk string length") != NULL)
        return "invalid bulk length";
    return "invalid bytes: a command is an array of bulk strings";
}

/* What is wrong with an element of that type. */
static const char *element_error(int type)
{
    switch (type) {
    case REDIS_REPLY_NIL:
        return "invalid bulk length";
    case REDIS_REPLY_STATUS:
        return "expected '$', got '+'";
    case REDIS_REPLY_ERROR:
        return "expected '$', got '-'";
    case REDIS_REPLY_INTEGER:
        return "expected '$', got ':'";
    default:
        return "expected '$', got '*'";
    }
}

void resp_feed(struct resp *resp, const void *bytes, size_t len)
{
    if (resp->error != NULL)
        return;
    if (redisReaderFeed(resp->reader, bytes, len) != REDIS_OK)
        resp->error = reader_error(resp->reader);
    resp->begun += len;
    if (resp->room < resp->begun)
        resp->room = resp->begun;
}

/* Has hiredis look for the next one, into `held`. */
static void resp_read(struct resp *resp)
{
    void *reply = NULL;

    if (resp->error != NULL)
        return;
    if (redisReaderGetReply(resp->reader, &reply) != REDIS_OK) {
        resp->error = reader_error(resp->reader);
        return;
    }
    if (reply == NULL) {
        if (resp->begun > RESP_COMMAND_MAX)
            resp->error = "the command is too large";
        return;
    }
    size_t left = resp->reader->len - resp->reader->pos;
    resp->held = reply;
    resp->held_bytes = resp->begun - left;
    resp->begun = left;
}

enum resp_found resp_next(struct resp *resp, struct core_arg *argv,
                          size_t *argc, const char **error)
{
    if (resp->held == NULL)
        resp_read(resp);
    *error = resp->error;
    if (resp->error != NULL)
        return RESP_BAD;
    if (resp->held == NULL)
        return RESP_NOTHING;
    if (resp->held->type != REDIS_REPLY_ARRAY) {
        *error = resp->error = "expected '*'";
        return RESP_BAD;
    }
    *argc = resp->held->elements;
    for (size_t i = 0; i < *argc; i++) {
        const redisReply *element = resp->held->element[i];
        if (element->type != REDIS_REPLY_STRING) {
            *error = resp->error = element_error(element->type);
            return RESP_BAD;
        }
        argv[i].data = (const uint8_t *)element->str;
        argv[i].len = element->len;
    }
    return RESP_COMMAND;
}

void resp_done(struct resp *resp)
{
    freeReplyObject(resp->held);
    resp->held = NULL;
    resp->held_bytes = resp->elements = 0;
    /* hiredis keeps its room until more comes, which may be never. */
    if (resp->begun == 0 && resp->room > RESP_KEEP) {
        redisReaderFree(resp->reader);
        reader_new(resp);
    }
}

bool resp_holds(const struct resp *resp)
{
    return resp->held != NULL;
}

size_t resp_command_bytes(const struct resp *resp)
{
    return resp->held_bytes;
}

size_t resp_bytes(const struct resp *resp)
{
    return resp->room + resp->held_bytes + resp->elements * ELEMENT_BYTES;
}
