#include "tests/sim/ledger.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cursor.h"
#include "lib/mem.h"

#define ARGS_MAX 8

void ledger_free(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->key_count; i++)
        free(ledger->keys[i].versions);
    free(ledger->keys);
    free(ledger->entries);
    free(ledger->configs);
    free(ledger->tokens);
    free(ledger->origins);
    *ledger = (struct ledger){0};
}

const struct ledger_entry *ledger_at(const struct ledger *ledger, uint64_t seq)
{
    return seq == 0 || seq > ledger->last ? NULL : &ledger->entries[seq];
}

const struct config *ledger_config(const struct ledger *ledger, uint64_t seq)
{
    for (size_t i = ledger->config_count; i-- > 0;)
        if (ledger->configs[i].seq <= seq)
            return &ledger->configs[i];
    return NULL;
}

bool ledger_token_valid(const struct ledger *ledger, uint64_t token,
                        uint64_t seq)
{
    for (size_t i = ledger->token_count; i-- > 0;) {
        const struct ledger_token *each = &ledger->tokens[i];
        if (each->token == token)
            return token <= seq && (each->revoked == 0 || each->revoked > seq);
    }
    return false;
}

uint64_t ledger_token_of(const struct ledger *ledger, const struct uuid *uuid,
                         uint64_t run, uint64_t seq)
{
    for (size_t i = ledger->token_count; i-- > 0;) {
        const struct ledger_token *each = &ledger->tokens[i];
        if (each->run == run && uuid_equal(&each->uuid, uuid) &&
            ledger_token_valid(ledger, each->token, seq))
            return each->token;
    }
    return 0;
}

uint64_t ledger_last_token(const struct ledger *ledger, uint64_t seq)
{
    for (size_t i = ledger->token_count; i-- > 0;)
        if (ledger->tokens[i].token <= seq)
            return ledger->tokens[i].token;
    return 0;
}

const struct ledger_version *ledger_value(const struct ledger *ledger,
                                          unsigned key, uint64_t seq)
{
    const struct ledger_key *found;

    if (key >= ledger->key_count)
        return NULL;
    found = &ledger->keys[key];
    for (size_t i = found->count; i-- > 0;)
        if (found->versions[i].seq <= seq)
            return &found->versions[i];
    return NULL;
}

uint64_t ledger_before_epoch(const struct ledger *ledger, uint64_t epoch)
{
    uint64_t seq = ledger->last;

    while (seq > 0 && ledger->entries[seq].commit_epoch >= epoch)
        seq--;
    return seq;
}

static void key_set(struct ledger *ledger, unsigned key, uint64_t seq,
                    uint64_t op, int64_t number)
{
    struct ledger_key *found;

    if (key >= ledger->key_count) {
        ledger->keys =
            mem_realloc(ledger->keys, key + 16, sizeof *ledger->keys);
        memset(ledger->keys + ledger->key_count, 0,
               (key + 16 - ledger->key_count) * sizeof *ledger->keys);
        ledger->key_count = key + 16;
    }
    found = &ledger->keys[key];
    if ((found->count & (found->count - 1)) == 0)
        found->versions = mem_realloc(found->versions,
                                      found->count == 0 ? 1 : found->count * 2,
                                      sizeof *found->versions);
    found->versions[found->count++] =
        (struct ledger_version){.seq = seq, .op = op, .number = number};
}

static void apply_set(struct ledger *ledger, struct ledger_entry *at,
                      uint64_t seq, const struct core_arg *argv)
{
    struct op *op =
        clients_by_value(ledger->clients, argv[2].data, argv[2].len);
    struct session_state *session;

    if (op == NULL) {
        verdict_fail(ledger->verdict, "once",
                     "entry %" PRIu64 " is a SET that no client made", seq);
        return;
    }
    at->op = (uint64_t)(op - ledger->clients->ops) + 1;
    at->key = op->key;
    if (!at->effective)
        return;
    session = &ledger->clients->sessions[op->session];
    if (++op->effects > 1)
        verdict_fail(ledger->verdict, "once",
                     "request %" PRIu64 " took effect again at %" PRIu64,
                     at->op, seq);
    /* What is lost may be what refused it. */
    if (op->state == OP_REFUSED && !ledger->forcing)
        verdict_fail(ledger->verdict, "refused-applied",
                     "request %" PRIu64 " was refused, but is entry %" PRIu64,
                     at->op, seq);
    if (op->number < session->applied_number)
        verdict_fail(ledger->verdict, "session-order",
                     "session %u: write %u at %" PRIu64 " comes behind %u",
                     op->session, op->number, seq, session->applied_number);
    session->applied_number = op->number;
    if (op->kind == OP_SET)
        key_set(ledger, op->key, seq, at->op, 0);
}

static void apply_incr(struct ledger *ledger, struct ledger_entry *at,
                       uint64_t seq, const struct core_arg *argv)
{
    unsigned long which = 0;
    struct session_state *session;
    const struct ledger_version *before;

    for (size_t i = 1; i < argv[1].len; i++)
        which = which * 10 + (unsigned long)(argv[1].data[i] - '0');
    if (argv[1].len < 2 || which >= ledger->clients->session_count) {
        verdict_fail(ledger->verdict, "once",
                     "entry %" PRIu64 " is an INCR that no client made", seq);
        return;
    }
    session = &ledger->clients->sessions[which];
    at->key = CLIENTS_KEYS + (unsigned)which;
    if (!at->effective)
        return;
    before = ledger_value(ledger, at->key, seq);
    at->number = (before == NULL ? 0 : before->number) + 1;
    key_set(ledger, at->key, seq, 0, at->number);
    if (++session->counted > session->incr_ok + session->incr_maybe)
        verdict_fail(ledger->verdict, "once",
                     "session %lu counted up more often than it asked, at "
                     "%" PRIu64,
                     which, seq);
}

static void apply_write(struct ledger *ledger, const struct entry *entry,
                        struct ledger_entry *at)
{
    struct cursor cursor = cursor_make(entry->payload, entry->length);
    struct core_arg argv[ARGS_MAX];
    uint16_t argc = cursor_u16(&cursor);

    at->effective = ledger_token_valid(ledger, entry->token, entry->seq);
    for (uint16_t i = 0; i < argc && i < ARGS_MAX; i++)
        argv[i].data = cursor_blob(&cursor, &argv[i].len);
    if (cursor.bad || argc < 2 || argc > ARGS_MAX)
        verdict_fail(ledger->verdict, "once",
                     "entry %" PRIu64 " is no client's command", entry->seq);
    else if (argv[0].len == 4 && memcmp(argv[0].data, "INCR", 4) == 0)
        apply_incr(ledger, at, entry->seq, argv);
    else if (argc >= 3)
        apply_set(ledger, at, entry->seq, argv);
}

static void apply_promote(struct ledger *ledger, const struct entry *entry,
                          struct ledger_entry *at)
{
    struct cursor cursor = cursor_make(entry->payload, entry->length);
    struct uuid uuid = cursor_uuid(&cursor);
    uint64_t run = cursor_u64(&cursor);
    uint64_t seen = cursor_u64(&cursor);

    if (!cursor_done(&cursor) ||
        (ledger->mode == CORE_WARM &&
         seen != ledger_last_token(ledger, entry->seq)))
        return;
    for (size_t i = 0; i < ledger->token_count; i++) {
        struct ledger_token *each = &ledger->tokens[i];
        if (each->revoked == 0 &&
            (ledger->mode == CORE_WARM || uuid_equal(&each->uuid, &uuid)))
            each->revoked = entry->seq;
    }
    ledger->tokens = mem_realloc(ledger->tokens, ledger->token_count + 1,
                                 sizeof *ledger->tokens);
    ledger->tokens[ledger->token_count++] =
        (struct ledger_token){.token = entry->seq, .uuid = uuid, .run = run};
    at->effective = true;
}

static void apply_demote(struct ledger *ledger, const struct entry *entry)
{
    struct cursor cursor = cursor_make(entry->payload, entry->length);
    uint64_t token = cursor_u64(&cursor);

    for (size_t i = 0; i < ledger->token_count; i++)
        if (ledger->tokens[i].token == token && ledger->tokens[i].revoked == 0)
            ledger->tokens[i].revoked = entry->seq;
}

static void apply_config(struct ledger *ledger, const struct entry *entry)
{
    struct cursor cursor = cursor_make(entry->payload, entry->length);
    const struct config *before = ledger_config(ledger, entry->seq);
    unsigned added = 0, removed = 0;
    struct config config;

    if (entry->kind == ENTRY_CREATE)
        ledger->mode = cursor_u8(&cursor) == 1 ? CORE_WARM : CORE_HOT;
    if ((entry->kind == ENTRY_CREATE) != (entry->seq == 1) ||
        config_decode(&cursor, &config) != 0 || config.count == 0) {
        verdict_fail(ledger->verdict, "config",
                     "entry %" PRIu64 " is no configuration, or CREATE is not "
                     "first",
                     entry->seq);
        return;
    }
    config.seq = entry->seq;
    for (unsigned i = 0; before != NULL && i < config.count; i++)
        added += config_find(before, &config.voters[i].uuid) < 0;
    for (unsigned i = 0; before != NULL && i < before->count; i++)
        removed += config_find(&config, &before->voters[i].uuid) < 0;
    if (!ledger->forcing && (added > 1 || removed > 1))
        verdict_fail(ledger->verdict, "config",
                     "entry %" PRIu64 " adds %u voters and removes %u",
                     entry->seq, added, removed);
    ledger->configs = mem_realloc(ledger->configs, ledger->config_count + 1,
                                  sizeof *ledger->configs);
    ledger->configs[ledger->config_count++] = config;
}

/* A replica's forwards stand in the log in the order of their numbers. */
static void check_origin(struct ledger *ledger, const struct entry *entry)
{
    struct ledger_origin *found = NULL;

    if (entry->number == 0)
        return;
    for (size_t i = 0; i < ledger->origin_count && found == NULL; i++)
        if (uuid_equal(&ledger->origins[i].uuid, &entry->origin))
            found = &ledger->origins[i];
    if (found == NULL) {
        ledger->origins = mem_realloc(ledger->origins, ledger->origin_count + 1,
                                      sizeof *ledger->origins);
        found = &ledger->origins[ledger->origin_count++];
        *found = (struct ledger_origin){.uuid = entry->origin};
    }
    if (entry->run < found->run ||
        (entry->run == found->run && entry->number != found->number + 1) ||
        (entry->run > found->run && entry->number != 1))
        verdict_fail(
            ledger->verdict, "once",
            "entry %" PRIu64 " has run %" PRIu64 " number %" PRIu64
            " behind run %" PRIu64 " number %" PRIu64 " of that origin",
            entry->seq, entry->run, entry->number, found->run, found->number);
    found->run = entry->run;
    found->number = entry->number;
}

void ledger_extend(struct ledger *ledger, const struct entry *entry,
                   uint64_t hash, uint64_t commit_epoch)
{
    struct ledger_entry *at;

    assert(entry->seq == ledger->last + 1);
    if (ledger->last + 2 > ledger->cap) {
        ledger->cap = ledger->cap == 0 ? 256 : ledger->cap * 2;
        ledger->entries =
            mem_realloc(ledger->entries, ledger->cap, sizeof *ledger->entries);
    }
    at = &ledger->entries[++ledger->last];
    *at = (struct ledger_entry){.hash = hash,
                                .epoch = entry->epoch,
                                .commit_epoch = commit_epoch,
                                .kind = entry->kind,
                                .origin = entry->origin,
                                .run = entry->run,
                                .forwarded = entry->number};
    check_origin(ledger, entry);
    if (entry->kind == ENTRY_WRITE)
        apply_write(ledger, entry, at);
    else if (entry->kind == ENTRY_PROMOTE)
        apply_promote(ledger, entry, at);
    else if (entry->kind == ENTRY_DEMOTE)
        apply_demote(ledger, entry);
    else if (entry->kind == ENTRY_CREATE || entry->kind == ENTRY_CONFIG)
        apply_config(ledger, entry);
}

void ledger_force(struct ledger *ledger, const struct entry *entry,
                  uint64_t hash, const struct uuid *group)
{
    ledger->forcing = true;
    ledger_extend(ledger, entry, hash, entry->epoch);
    ledger->forcing = false;
    ledger->forced = true;
    ledger->group = *group;
}
