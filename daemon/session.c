#include "daemon/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/core/command.h"
#include "daemon/core/integer.h"

const char *session_role(enum core_role role)
{
    static const char *const names[] = {
        [CORE_ROLE_OFFLINE] = "offline",
        [CORE_ROLE_BLANK] = "blank",
        [CORE_ROLE_WAITING] = "waiting",
        [CORE_ROLE_VOTED] = "voted",
        [CORE_ROLE_CANDIDATE] = "candidate",
        [CORE_ROLE_FOLLOWER] = "follower",
        [CORE_ROLE_LEADER] = "leader",
        [CORE_ROLE_QUARANTINED] = "quarantined",
        [CORE_ROLE_REFUSED] = "refused",
        [CORE_ROLE_LEFT] = "left",
    };

    return names[role];
}

bool session_word(const struct core_arg *argv, size_t argc, size_t at,
                  const char *word)
{
    size_t len = strlen(word);

    return at < argc && argv[at].len == len &&
           strncasecmp((const char *)argv[at].data, word, len) == 0;
}

static const char NOT_AN_INTEGER[] =
    "-ERR value is not an integer or out of range\r\n";

static void reply_bulk(struct buf *reply, const void *bytes, size_t len)
{
    buf_printf(reply, "$%zu\r\n", len);
    buf_bytes(reply, bytes, len);
    buf_printf(reply, "\r\n");
}

static void reply_words(struct buf *reply, const char *const *words,
                        size_t count)
{
    buf_printf(reply, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++)
        reply_bulk(reply, words[i], strlen(words[i]));
}

static void reply_arity(struct buf *reply, const char *command)
{
    buf_printf(reply, "-ERR wrong number of arguments for '%s' command\r\n",
               command);
}

/* An error is one line, whatever the client sent. */
static void reply_one_line(struct buf *reply, size_t from)
{
    for (size_t at = from; at < reply->len; at++) {
        if (reply->data[at] == '\r' || reply->data[at] == '\n')
            reply->data[at] = ' ';
    }
    buf_printf(reply, "\r\n");
}

/* An argument as Redis reads numbers. */
static bool number_of(const struct core_arg *arg, int64_t *number)
{
    return integer_parse(arg->data, arg->len, number);
}

/* ---- what the replica is ---- */

void session_status(const struct session_facts *facts, struct buf *reply)
{
    char uuid[UUID_TEXT_SIZE], former[UUID_TEXT_SIZE] = "";
    char rival[UUID_TEXT_SIZE] = "", group[UUID_TEXT_SIZE] = "";
    char leader[UUID_TEXT_SIZE];
    struct core_status status;
    struct config newest, committed;
    struct buf text = {0};

    core_status(facts->core, &status);
    core_configuration(facts->core, &newest, &committed);
    buf_printf(&text, "group:%s\r\nnode:%u\r\nuuid:%s\r\n", facts->group,
               facts->node, uuid_text(&status.uuid, uuid));
    if (!uuid_is_none(&status.former))
        uuid_text(&status.former, former);
    if (!uuid_is_none(&status.rival))
        uuid_text(&status.rival, rival);
    if (!uuid_is_none(&status.group))
        uuid_text(&status.group, group);
    buf_printf(&text, "former:%s\r\nlost:%d\r\nrival:%s\r\n", former,
               status.lost, rival);
    buf_printf(&text, "role:%s\r\nwhy:%s\r\nmode:%s\r\n",
               session_role(status.role), status.why,
               facts->mode == CORE_HOT ? "hot" : "warm");
    buf_printf(&text, "run:%" PRIu64 "\r\nepoch:%" PRIu64 "\r\nleader:%s\r\n",
               status.run, status.epoch, uuid_text(&status.leader, leader));
    buf_printf(&text,
               "promoted:%d\r\nopen:%d\r\nreplaced:%d\r\nwritable:%d\r\n"
               "token:%" PRIu64 "\r\n",
               status.promoted, status.open, status.replaced, status.writable,
               status.token);
    buf_printf(&text, "voter:%d\r\nquorate:%d\r\nscore:%d\r\n", status.voter,
               status.quorate, status.score);
    buf_printf(&text, "group_uuid:%s\r\nvoters:", group);
    config_print_nodes(&newest, NULL, &text);
    buf_printf(&text, "\r\nvoters_settled:%d\r\nlast_epoch:%" PRIu64 "\r\n",
               newest.seq != 0 && newest.seq == committed.seq,
               status.last_epoch);
    buf_printf(
        &text,
        "last_seq:%" PRIu64 "\r\ndurable_seq:%" PRIu64 "\r\ncommit_seq:%" PRIu64
        "\r\napplied_seq:%" PRIu64 "\r\napplied_hash:%016" PRIx64
        "\r\npending:%" PRIu64 "\r\nbytes:%zu\r\n",
        status.last_seq, status.durable_seq, status.commit_seq,
        status.applied_seq, status.applied_hash, status.pending, status.bytes);
    reply_bulk(reply, text.data, text.len);
    buf_free(&text);
}

static void answer_info(const struct session_facts *facts,
                        const struct core_arg *argv, size_t argc,
                        struct buf *reply)
{
    struct core_status status;
    struct buf text = {0};

    (void)argv, (void)argc; /* every section is short: all are given */
    core_status(facts->core, &status);
    buf_printf(&text,
               "# Server\r\nredis_version:7.0.0\r\nredis_mode:standalone\r\n"
               "hotwarm_group:%s\r\n\r\n# Clients\r\nconnected_clients:%zu\r\n"
               "maxclients:%zu\r\n\r\n# Memory\r\nused_memory:%zu\r\nmaxmemory:%" PRIu64
               "\r\n\r\n# Replication\r\nrole:%s\r\n",
               facts->group, facts->clients, facts->max_clients, status.bytes,
               facts->max_memory,
               status.open ? "master" : "slave");
    buf_printf(&text,
               "hotwarm_role:%s\r\nhotwarm_mode:%s\r\nhotwarm_why:%s\r\n"
               "master_repl_offset:%" PRIu64 "\r\n",
               session_role(status.role),
               facts->mode == CORE_HOT ? "hot" : "warm", status.why,
               status.applied_seq);
    reply_bulk(reply, text.data, text.len);
    buf_free(&text);
}

static void answer_role(const struct session_facts *facts,
                        const struct core_arg *argv, size_t argc,
                        struct buf *reply)
{
    struct core_status status;

    (void)argv, (void)argc;
    core_status(facts->core, &status);
    if (status.open)
        buf_printf(reply, "*3\r\n$6\r\nmaster\r\n:%" PRIu64 "\r\n*0\r\n",
                   status.applied_seq);
    else
        buf_printf(reply,
                   "*5\r\n$5\r\nslave\r\n$0\r\n\r\n:0\r\n$9\r\nconnected\r\n"
                   ":%" PRIu64 "\r\n",
                   status.applied_seq);
}

/* Every acknowledged write is durable at a majority of the voters; so many of
 * them are others than the one that was asked. */
static void answer_wait(const struct session_facts *facts,
                        const struct core_arg *argv, size_t argc,
                        struct buf *reply)
{
    struct config config;
    int64_t number;

    (void)argc;
    if (!number_of(&argv[1], &number)) {
        buf_printf(reply, NOT_AN_INTEGER);
        return;
    }
    if (!number_of(&argv[2], &number)) {
        buf_printf(reply, "-ERR timeout is not an integer or out of range\r\n");
        return;
    }
    if (number < 0) {
        buf_printf(reply, "-ERR timeout is negative\r\n");
        return;
    }
    core_configuration(facts->core, &config, NULL);
    buf_printf(reply, ":%u\r\n",
               config.count == 0 ? 0 : config_majority(&config) - 1);
}

/* ---- what the connection is ---- */

static void answer_ping(const struct session_facts *facts,
                        const struct core_arg *argv, size_t argc,
                        struct buf *reply)
{
    (void)facts;
    if (argc == 1)
        buf_printf(reply, "+PONG\r\n");
    else if (argc == 2)
        reply_bulk(reply, argv[1].data, argv[1].len);
    else
        reply_arity(reply, "ping");
}

static void answer_echo(const struct session_facts *facts,
                        const struct core_arg *argv, size_t argc,
                        struct buf *reply)
{
    (void)facts, (void)argc;
    reply_bulk(reply, argv[1].data, argv[1].len);
}

static void answer_select(const struct session_facts *facts,
                          const struct core_arg *argv, size_t argc,
                          struct buf *reply)
{
    int64_t number;

    (void)facts, (void)argc;
    if (!number_of(&argv[1], &number))
        buf_printf(reply, NOT_AN_INTEGER);
    else
        buf_printf(reply, number == 0 ? "+OK\r\n"
                                      : "-ERR DB index is out of range\r\n");
}

/* HELLO's options, as without a password: any goes for the default user. False
 * when one was refused. */
static bool hello_options(const struct core_arg *argv, size_t argc,
                          struct buf *reply)
{
    for (size_t at = 2; at < argc;) {
        if (session_word(argv, argc, at, "AUTH") && at + 2 < argc) {
            if (!session_word(argv, argc, at + 1, "default")) {
                buf_printf(reply, "-WRONGPASS invalid username-password pair "
                                  "or user is disabled.\r\n");
                return false;
            }
            at += 3;
        } else if (session_word(argv, argc, at, "SETNAME") && at + 1 < argc) {
            at += 2;
        } else {
            size_t from = reply->len;
            buf_printf(reply, "-ERR Syntax error in HELLO option '%.*s'",
                       (int)(argv[at].len < 128 ? argv[at].len : 128),
                       (const char *)argv[at].data);
            reply_one_line(reply, from);
            return false;
        }
    }
    return true;
}

static void answer_hello(const struct session_facts *facts,
                         const struct core_arg *argv, size_t argc,
                         struct buf *reply)
{
    struct core_status status;
    int64_t version = 2;

    if (argc > 1 && !number_of(&argv[1], &version)) {
        buf_printf(reply, "-ERR Protocol version is not an integer or out of "
                          "range\r\n");
        return;
    }
    if (version != 2) {
        buf_printf(reply, "-NOPROTO unsupported protocol version\r\n");
        return;
    }
    if (!hello_options(argv, argc, reply))
        return;
    core_status(facts->core, &status);
    const char *const words[] = {"server", "redis", "version", "7.0.0",
                                 "proto"};
    buf_printf(reply, "*14\r\n");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        reply_bulk(reply, words[i], strlen(words[i]));
    buf_printf(reply, ":2\r\n$2\r\nid\r\n:1\r\n$4\r\nmode\r\n"
                      "$10\r\nstandalone\r\n$4\r\nrole\r\n");
    const char *role = status.open ? "master" : "replica";
    reply_bulk(reply, role, strlen(role));
    buf_printf(reply, "$7\r\nmodules\r\n*0\r\n");
}

static void answer_auth(const struct session_facts *facts,
                        const struct core_arg *argv, size_t argc,
                        struct buf *reply)
{
    (void)facts, (void)argv, (void)argc;
    buf_printf(reply, "-ERR AUTH <password> called without any password "
                      "configured for the default user. Are you sure your "
                      "configuration is correct?\r\n");
}

static void answer_client(const struct session_facts *facts,
                          const struct core_arg *argv, size_t argc,
                          struct buf *reply)
{
    (void)facts;
    if (session_word(argv, argc, 1, "SETNAME") ||
        session_word(argv, argc, 1, "SETINFO"))
        buf_printf(reply, "+OK\r\n");
    else if (session_word(argv, argc, 1, "GETNAME"))
        buf_printf(reply, "$-1\r\n");
    else {
        size_t from = reply->len;
        buf_printf(reply, "-ERR unknown subcommand '%.*s'. Try CLIENT HELP.",
                   (int)(argv[1].len < 128 ? argv[1].len : 128),
                   (const char *)argv[1].data);
        reply_one_line(reply, from);
    }
}

static void answer_command(const struct session_facts *facts,
                           const struct core_arg *argv, size_t argc,
                           struct buf *reply)
{
    (void)facts, (void)argv, (void)argc;
    buf_printf(reply, "*0\r\n");
}

static void answer_config(const struct session_facts *facts,
                          const struct core_arg *argv, size_t argc,
                          struct buf *reply)
{
    static const char *const save[] = {"save", ""};
    static const char *const appendonly[] = {"appendonly", "yes"};

    (void)facts;
    if (!session_word(argv, argc, 1, "GET") || argc != 3)
        buf_printf(reply, "-ERR CONFIG knows GET only: every setting is a "
                          "parameter of the resource\r\n");
    else if (session_word(argv, argc, 2, "save"))
        reply_words(reply, save, 2);
    else if (session_word(argv, argc, 2, "appendonly"))
        reply_words(reply, appendonly, 2);
    else
        buf_printf(reply, "*0\r\n");
}

static void answer_time(const struct session_facts *facts,
                        const struct core_arg *argv, size_t argc,
                        struct buf *reply)
{
    struct buf text = {0};

    (void)argv, (void)argc;
    buf_printf(reply, "*2\r\n");
    buf_printf(&text, "%" PRIu64, facts->wall_us / 1000000);
    reply_bulk(reply, text.data, text.len);
    buf_reset(&text);
    buf_printf(&text, "%" PRIu64, facts->wall_us % 1000000);
    reply_bulk(reply, text.data, text.len);
    buf_free(&text);
}

/* ---- the table ---- */

static const struct {
    const char *name;
    const char *lower;
    int arity; /* as Redis': negative: at least */
    void (*answer)(const struct session_facts *facts,
                   const struct core_arg *argv, size_t argc, struct buf *reply);
} answers[] = {
    {"AUTH", "auth", -2, answer_auth},
    {"CLIENT", "client", -2, answer_client},
    {"COMMAND", "command", -1, answer_command},
    {"CONFIG", "config", -2, answer_config},
    {"ECHO", "echo", 2, answer_echo},
    {"HELLO", "hello", -1, answer_hello},
    {"INFO", "info", -1, answer_info},
    {"PING", "ping", -1, answer_ping},
    {"ROLE", "role", 1, answer_role},
    {"SELECT", "select", 2, answer_select},
    {"TIME", "time", 1, answer_time},
    {"WAIT", "wait", 3, answer_wait},
};

enum session_kind session_kind(const struct core_arg *argv, size_t argc)
{
    const struct command *command = command_find(argv, argc, NULL);

    if (command == NULL)
        return SESSION_OTHER;
    return command->effect == COMMAND_READS ? SESSION_READS : SESSION_WRITES;
}

bool session_answer(const struct session_facts *facts,
                    const struct core_arg *argv, size_t argc, struct buf *reply)
{
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (!session_word(argv, argc, 0, answers[i].name))
            continue;
        size_t arity = (size_t)(answers[i].arity < 0 ? -answers[i].arity
                                                     : answers[i].arity);
        if (argc < arity || (answers[i].arity > 0 && argc != arity))
            reply_arity(reply, answers[i].lower);
        else
            answers[i].answer(facts, argv, argc, reply);
        return true;
    }
    return false;
}
