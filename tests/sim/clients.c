#include "tests/sim/clients.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

void clients_free(struct clients *clients)
{
    free(clients->ops);
    free(clients->sessions);
    *clients = (struct clients){0};
}

unsigned clients_session(struct clients *clients, unsigned node, uint32_t life)
{
    if (clients->session_count == clients->session_cap) {
        clients->session_cap += 64;
        clients->sessions = mem_realloc(clients->sessions, clients->session_cap,
                                        sizeof *clients->sessions);
    }
    clients->sessions[clients->session_count] =
        (struct session_state){.node = node, .life = life};
    return clients->session_count++;
}

static bool has_session(const struct op *op)
{
    return op->kind < OP_PROMOTE;
}

uint64_t clients_issue(struct clients *clients, const struct op *op)
{
    struct op *added;

    if (clients->count == clients->cap) {
        clients->cap = clients->cap == 0 ? 256 : clients->cap * 2;
        clients->ops =
            mem_realloc(clients->ops, clients->cap, sizeof *clients->ops);
    }
    added = &clients->ops[clients->count++];
    *added = *op;
    added->state = OP_OPEN;
    clients->open++;
    if (has_session(op)) {
        struct session_state *session = &clients->sessions[op->session];
        added->number = ++session->issued;
        session->open++;
        session->incr_maybe += op->kind == OP_INCR;
    }
    return clients->count;
}

struct op *clients_op(struct clients *clients, uint64_t request)
{
    if (request == 0 || request > clients->count)
        return NULL;
    return &clients->ops[request - 1];
}

void clients_settle(struct clients *clients, struct op *op, enum op_state state)
{
    assert(op->state == OP_OPEN);
    op->state = state;
    clients->open--;
    if (!has_session(op))
        return;
    struct session_state *session = &clients->sessions[op->session];
    session->open--;
    if (op->kind != OP_INCR)
        return;
    if (state == OP_OK)
        session->incr_ok++;
    if (state == OP_OK || state == OP_REFUSED)
        session->incr_maybe--;
}

const char *clients_kind(enum op_kind kind)
{
    static const char *const kinds[] = {
        "?",        "set",     "setpx",  "incr",   "get",
        "getlocal", "promote", "demote", "remove", "leave"};

    return kinds[kind];
}

void clients_lost(struct clients *clients, unsigned node, uint32_t life)
{
    bool skipping = true;

    for (size_t i = clients->first_open; i < clients->count; i++) {
        struct op *op = &clients->ops[i];
        if (op->state == OP_OPEN && op->node == node && op->life == life)
            clients_settle(clients, op, OP_DEAD);
        if (skipping && op->state == OP_OPEN)
            skipping = false;
        if (skipping)
            clients->first_open = i + 1;
    }
    for (unsigned i = 0; i < clients->session_count; i++)
        if (clients->sessions[i].node == node &&
            clients->sessions[i].life == life)
            clients->sessions[i].over = true;
}

size_t clients_value(const struct clients *clients, const struct op *op,
                     char value[CLIENTS_VALUE_MAX])
{
    int len =
        snprintf(value, CLIENTS_VALUE_MAX, "n%uc%u#%u@%zu:", op->node + 1,
                 op->session, op->number, (size_t)(op - clients->ops) + 1);
    size_t used = (size_t)len;

    memset(value + used, 'v', op->filler);
    return used + op->filler;
}

struct op *clients_by_value(struct clients *clients, const uint8_t *value,
                            size_t len)
{
    const uint8_t *at = memchr(value, '@', len);
    char expected[CLIENTS_VALUE_MAX];
    char digits[24] = {0};
    struct op *op;

    if (at == NULL)
        return NULL;
    for (size_t i = 0; i + 1 < sizeof digits && at + 1 + i < value + len; i++) {
        if (at[1 + i] < '0' || at[1 + i] > '9')
            break;
        digits[i] = (char)at[1 + i];
    }
    op = clients_op(clients, strtoull(digits, NULL, 10));
    if (op == NULL || clients_value(clients, op, expected) != len ||
        memcmp(expected, value, len) != 0)
        return NULL;
    return op;
}
