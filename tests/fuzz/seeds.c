/* Makes the seeds of tests/fuzz/corpus with what writes such bytes in real life:
 *
 *   seeds DIRECTORY      DIRECTORY/TARGET/seed-NAME, and no other file
 *
 * The rest of the corpus was found by the fuzzers. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/core/wire.h"
#include "tests/fuzz/records.h"
#include "tests/fuzz/ring.h"

static const char *directory;

static void seed(const char *target, const char *name, const void *bytes,
                 size_t len)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", directory, target);
    fuzz_check(mkdir(path, 0777) == 0 || errno == EEXIST);
    snprintf(path, sizeof path, "%s/%s/seed-%s", directory, target, name);
    FILE *file = fopen(path, "wb");
    fuzz_check(file != NULL);
    fuzz_check(fwrite(bytes, 1, len, file) == len);
    fuzz_check(fclose(file) == 0);
}

static void seed_text(const char *target, const char *name, const char *text)
{
    seed(target, name, text, strlen(text));
}

/* ---- the ring's stories ---- */

enum { TYPES = 32 };

struct seen {
    enum ring_story story;
    bool types[TYPES];
};

/* The first message of each type, as it is and as it is given to a replica. */
static void on_event(void *context, size_t replica,
                     const struct core_event *event)
{
    struct seen *seen = context;
    struct message message;
    struct buf input = {0};
    char name[64];

    (void)replica;
    if (event->kind != CORE_DELIVER ||
        wire_decode(event->u.deliver.data, event->u.deliver.len, &message) != 0)
        return;
    if (seen->types[message.type] ||
        (message.type == WIRE_APPEND && message.count == 0))
        return;
    seen->types[message.type] = true;
    snprintf(name, sizeof name, "%s-%d", wire_type_name((uint8_t)message.type),
             seen->story);
    seed("wire", name, event->u.deliver.data, event->u.deliver.len);
    /* fuzz_core.c: near the middle of the story, with all put right. */
    buf_u8(&input, (uint8_t)seen->story);
    buf_u8(&input, 0);
    buf_u16(&input, 60);
    buf_u8(&input, 0);
    buf_u8(&input, (uint8_t)(event->u.deliver.sender.node - 1));
    buf_u8(&input, 0xf7);
    buf_u16(&input, (uint16_t)event->u.deliver.len);
    buf_bytes(&input, event->u.deliver.data, event->u.deliver.len);
    seed("core", name, input.data, input.len);
    buf_free(&input);
}

static void disk_of(const struct replica *state, struct buf *out)
{
    struct buf snapshot = {0};

    records_put(out, 0, state->promise.data, state->promise.len);
    if (state->snapshot.len > 0) {
        buf_u8(&snapshot, 0);
        buf_bytes(&snapshot, state->snapshot.data, state->snapshot.len);
        records_put(out, 1, snapshot.data, snapshot.len);
    }
    for (size_t i = 0; i < state->count; i++)
        records_put(out, 2, state->records[i].data.data,
                    state->records[i].data.len);
    buf_free(&snapshot);
}

static void snapshot_of(const struct replica *state, struct buf *out)
{
    struct buf now = {0};

    core_snapshot(state->core, &now);
    buf_u16(out, (uint16_t)now.len);
    buf_bytes(out, now.data, now.len);
    for (size_t i = 0; i < state->count; i++)
        buf_bytes(out, state->records[i].data.data, state->records[i].data.len);
    buf_free(&now);
}

static void on_end(void *context, size_t replica, const struct replica *state)
{
    const struct seen *seen = context;
    struct buf disk = {0}, snapshot = {0};
    char name[64];

    snprintf(name, sizeof name, "story%d-%zu", seen->story, replica);
    disk_of(state, &disk);
    snapshot_of(state, &snapshot);
    seed("disk", name, disk.data, disk.len);
    seed("snapshot", name, snapshot.data, snapshot.len);
    buf_free(&disk);
    buf_free(&snapshot);
}

/* One of each type that was heard before, as it was, with a changed end, and as
 * if it were of now. */
static void put_heard(struct buf *input)
{
    static const struct {
        uint8_t mends, ago, changes;
    } ways[] = {{0, 3, 0}, {0, 1, 1}, {0x47, 0, 0}};

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        for (uint8_t type = 0; type < WIRE_CHUNK; type++) {
            buf_u8(input, 1);
            buf_u8(input, 0);
            buf_u8(input, ways[i].mends);
            buf_u8(input, type);
            buf_u8(input, ways[i].ago);
            buf_u8(input, ways[i].changes);
            if (ways[i].changes > 0) {
                buf_u16(input, UINT16_MAX);
                buf_u8(input, 1);
            }
        }
    }
}

/* Every kind of what may come to a replica, at some places of each story. */
static void seed_core(void)
{
    static const uint8_t what[] = {
        4, 0,    0, 2,    0, 1, 2, /* made: two bytes */
        2, 10,                     /* half a second */
        3, 0,    0,                /* SET */
        6, 0x1f, 6, 0x0f,          /* membership and quorum */
        9, 1,    7, 3,    0, 0, /* heard before, and nothing comes back yet */
        7, 0,    7, 1,    7, 3, /* a restart, a fencing, tuning */
    };
    static const uint16_t places[] = {0, 5, 20, 60, 120, 200};
    char name[64];

    for (uint8_t story = 0; story < RING_STORIES; story++) {
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            struct buf input = {0};
            buf_u8(&input, story);
            buf_u8(&input, (uint8_t)(i % RING_REPLICAS));
            buf_u16(&input, places[i]);
            if (i % 2 == 0)
                buf_bytes(&input, what, sizeof what);
            else
                put_heard(&input);
            snprintf(name, sizeof name, "story%d-at%d", story, places[i]);
            seed("core", name, input.data, input.len);
            buf_free(&input);
        }
    }
}

/* ---- clients ---- */

static void seed_commands(const char *name, uint8_t kind,
                          const char *const *lines)
{
    struct buf input = {0};

    for (; *lines != NULL; lines++)
        records_put(&input, kind, *lines, strlen(*lines));
    seed("resp", name, input.data, input.len);
    buf_free(&input);
}

static void seed_resp(void)
{
    static const char *const strings[] = {"SET key value EX 100 NX",
                                          "GET key",
                                          "APPEND key more",
                                          "STRLEN key",
                                          "MSET a 1 b 2",
                                          "MGET a b c",
                                          "INCRBY a 5",
                                          "DECR a",
                                          "GETDEL b",
                                          "GETSET a 9",
                                          "SETEX t 10 v",
                                          "PSETEX t 10 v",
                                          "SETNX t x",
                                          "GETEX t PX 100",
                                          "INCR key",
                                          NULL};
    static const char *const keys[] = {"SET key value",
                                       "EXISTS key key",
                                       "TYPE key",
                                       "RENAME key other",
                                       "KEYS o*[a-z]?",
                                       "SCAN 0 MATCH * COUNT 10 TYPE string",
                                       "DBSIZE",
                                       "EXPIRE other 10 GT",
                                       "PEXPIREAT other 1700000001000",
                                       "TTL other",
                                       "PTTL other",
                                       "PERSIST other",
                                       "UNLINK other",
                                       "DEL other",
                                       "FLUSHDB",
                                       NULL};
    static const char *const hashes[] = {
        "HSET h a 1 b 2", "HGET h a", "HMGET h a b c", "HGETALL h",
        "HDEL h a",       "HLEN h",   "HEXISTS h b",   "HINCRBY h b 5",
        "HKEYS h",        "HVALS h",  "GET h",         NULL};
    static const char *const sessions[] = {"PING",
                                           "PING text",
                                           "ECHO text",
                                           "HELLO 2 AUTH default p SETNAME n",
                                           "HELLO 3",
                                           "INFO replication",
                                           "ROLE",
                                           "SELECT 0",
                                           "TIME",
                                           "WAIT 1 0",
                                           "AUTH p",
                                           "CLIENT SETNAME n",
                                           "CLIENT NONE",
                                           "COMMAND DOCS",
                                           "CONFIG GET save",
                                           "NONE some text",
                                           NULL};
    static const char *const control[] = {
        "HOTWARM STATUS",
        "HOTWARM DEMOTE",
        "SET key value",
        "HOTWARM PROMOTE",
        "HOTWARM TUNE preference 3 failback always failback_delay 5 maxlag 0 "
        "promoted_max 1",
        "SET key value",
        "HOTWARM",
        "HOTWARM STOP",
        "GET key",
        NULL};
    static const char *const raw[] = {
        "*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$3\r\na\r\n\r\n",
        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n*0\r\n",
        "*2\r\n$3\r\nGET\r\n$1\r\nk", "\r\n", NULL};
    static const char *const bad[] = {"*1\r\n:5\r\n", NULL};
    static const char *const worse[] = {"*-1\r\n*1000000\r\n$-5\r\n", NULL};
    static const char *const inline_one[] = {"PING\r\n", NULL};

    seed_commands("strings", 0, strings);
    seed_commands("keys", 0, keys);
    seed_commands("hashes", 0, hashes);
    seed_commands("sessions", 0, sessions);
    seed_commands("control", 1, control);
    seed_commands("raw", 2, raw);
    seed_commands("pieces", 4, raw);
    seed_commands("bad", 2, bad);
    seed_commands("worse", 3, worse);
    seed_commands("inline", 2, inline_one);
}

/* ---- agents and supervisor ---- */

static void seed_ocf(void)
{
    seed_text("ocf", "good",
              "validate-all\nRESKEY_replica_group=ledger\nRESKEY_mode=hot\n"
              "RESKEY_expected_voters=3\nRESKEY_preferred_nodes=n1, n2\n"
              "RESKEY_failback=delayed\nRESKEY_failback_delay=5min\n"
              "RESKEY_maxlag=10\nRESKEY_reads=local\nRESKEY_fencing=none\n"
              "RESKEY_socket_group=root\nRESKEY_state_dir=/nonexistent/x\n"
              "RESKEY_max_memory=512M\nRESKEY_transfer_rate=0\n"
              "RESKEY_write_timeout=500ms\nRESKEY_hang_timeout=1h\n"
              "CHECK_LEVEL=10\nRESKEY_CRM_meta_clone_max=3\n");
    seed_text("ocf", "bad",
              "validate-all\nRESKEY_replica_group=../x\nRESKEY_mode=cold\n");
    seed_text("ocf", "range",
              "validate-all\nRESKEY_replica_group=a\n"
              "RESKEY_expected_voters=99999999999999999999\n");
    seed_text("ocf", "probe",
              "monitor\nRESKEY_replica_group=a\nRESKEY_CRM_meta_timeout=20000\n"
              "RESKEY_CRM_meta_interval=0\nRESOURCE_INSTANCE=r:0\n");
    seed_text("ocf", "monitor",
              "monitor\nRESKEY_replica_group=\nRESKEY_CRM_meta_interval=10000\n"
              "RESKEY_CRM_meta_role=Master\nEXIT_REASON_PREFIX=why:\n");
    seed_text("ocf", "reload", "reload-agent\nRESKEY_replica_group=a\n");
    seed_text("ocf", "meta-data", "meta-data\n");
    seed_text("ocf", "usage", "usage\n");
    seed_text("ocf", "number", "3min");
    seed_text("ocf", "size", "64KiB");
}

static void seed_supervise(void)
{
    static const char *const packets[] = {"ready",      "alive",
                                          "score 1000", "why no \x01quorum",
                                          "mark 7 2",   "failed disk"};
    static const char *const requests[] = {"stop", "stop 20000", "status",
                                           "refresh"};
    static const char *const lines[] = {"note text", "marked 7", "fenced 2"};
    static const char *const documents[] = {
        "<pacemaker-result api-version=\"2.25\" request=\"crm_mon\">\n"
        "  <resources>\n    <resource id=\"r\" resource_agent=\"ocf:hotwarm:"
        "replica\" role=\"Promoted\" managed=\"true\" failed=\"false\"/>\n"
        "  </resources>\n  <node_history>\n    <node name=\"node1\">\n"
        "      <resource_history id=\"r\" migration-threshold=\"3\" "
        "fail-count=\"INFINITY\"/>\n    </node>\n  </node_history>\n"
        "</pacemaker-result>\n",
        "<resource id=\"r\" managed=\"false\"/>"};
    static const struct {
        const char *name;
        const char *const *texts;
        size_t count;
    } kinds[] = {{"link", packets, 6},
                 {"control", requests, 4},
                 {"crmmon", documents, 2},
                 {"fencing", lines, 3}};

    for (uint8_t kind = 0; kind < 4; kind++) {
        for (size_t i = 0; i < kinds[kind].count; i++) {
            struct buf input = {0};
            char name[64];
            snprintf(name, sizeof name, "%s-%zu", kinds[kind].name, i);
            buf_u8(&input, kind);
            buf_printf(&input, "%s", kinds[kind].texts[i]);
            seed("supervise", name, input.data, input.len);
            buf_free(&input);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return 2;
    }
    directory = argv[1];
    for (int story = 0; story < RING_STORIES; story++) {
        struct seen seen = {.story = (enum ring_story)story};
        struct ring_watch watch = {on_event, on_end, &seen};
        ring_tell(seen.story, &watch);
    }
    seed_core();
    seed_resp();
    seed_ocf();
    seed_supervise();
    return 0;
}
