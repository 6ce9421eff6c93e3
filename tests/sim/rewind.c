#include "tests/sim/rewind.h"

/* A write that took effect no longer has. */
static void undo_write(struct ledger *ledger, const struct ledger_entry *at)
{
    if (at->op != 0)
        clients_op(ledger->clients, at->op)->effects--;
    else
        ledger->clients->sessions[at->key - CLIENTS_KEYS].counted--;
}

static void undo_keys(struct ledger *ledger, uint64_t seq)
{
    for (size_t i = 0; i < ledger->key_count; i++) {
        struct ledger_key *key = &ledger->keys[i];
        size_t kept = key->count;
        while (kept > 0 && key->versions[kept - 1].seq > seq)
            kept--;
        key->count = kept; /* room for as many as before, or fewer, is made */
    }
}

static void undo_tokens(struct ledger *ledger, uint64_t seq)
{
    while (ledger->token_count > 0 &&
           ledger->tokens[ledger->token_count - 1].token > seq)
        ledger->token_count--;
    for (size_t i = 0; i < ledger->token_count; i++)
        if (ledger->tokens[i].revoked > seq)
            ledger->tokens[i].revoked = 0;
}

/* What the newest entry of each origin, and each session's newest SET, are now. */
static void find_newest(struct ledger *ledger)
{
    struct clients *clients = ledger->clients;

    for (size_t i = 0; i < ledger->origin_count; i++)
        ledger->origins[i].run = ledger->origins[i].number = 0;
    for (unsigned i = 0; i < clients->session_count; i++)
        clients->sessions[i].applied_number = 0;
    for (uint64_t seq = 1; seq <= ledger->last; seq++) {
        const struct ledger_entry *at = &ledger->entries[seq];
        for (size_t i = 0; i < ledger->origin_count && at->forwarded != 0; i++)
            if (uuid_equal(&ledger->origins[i].uuid, &at->origin)) {
                ledger->origins[i].run = at->run;
                ledger->origins[i].number = at->forwarded;
            }
        if (at->kind == ENTRY_WRITE && at->effective && at->op != 0) {
            const struct op *op = clients_op(clients, at->op);
            clients->sessions[op->session].applied_number = op->number;
        }
    }
}

/* Nobody asks in what order lost writes were answered. */
static void undo_answers(struct clients *clients, uint64_t seq)
{
    for (unsigned i = 0; i < clients->session_count; i++) {
        struct session_state *session = &clients->sessions[i];
        if (session->answered_seq > seq)
            session->answered_seq = session->answered_number = 0;
    }
}

uint64_t rewind_ledger(struct ledger *ledger, uint64_t seq)
{
    uint64_t lost = 0;

    for (; ledger->last > seq; ledger->last--) {
        const struct ledger_entry *at = &ledger->entries[ledger->last];
        if (at->kind != ENTRY_WRITE || !at->effective)
            continue;
        undo_write(ledger, at);
        lost++;
    }
    while (ledger->config_count > 0 &&
           ledger->configs[ledger->config_count - 1].seq > seq)
        ledger->config_count--;
    undo_keys(ledger, seq);
    undo_tokens(ledger, seq);
    find_newest(ledger);
    undo_answers(ledger->clients, seq);
    return lost;
}
