#include "tests/unit/lead.h"

#include <stdlib.h>

#include "daemon/core/membership.h"
#include "daemon/core/removal.h"
#include "tests/unit/sample.h"
#include "tests/unit/unit.h"

enum { LEAD_PID = 100, LEAD_RUN = 7, LEAD_EPOCH = 5 };

struct peer *lead_peer(struct lead *lead, uint8_t number)
{
    struct uuid uuid = sample_uuid(number);

    return peers_row(&lead->core.peers, &uuid);
}

void lead_lists(struct lead *lead, unsigned count, const uint32_t *nodes)
{
    struct core_member members[LEAD_SPARE];

    for (unsigned i = 0; i < count; i++)
        members[i] = (struct core_member){.node = nodes[i], .pid = LEAD_PID};
    peers_set_members(&lead->core.peers, members, count);
}

void lead_add_peer(struct lead *lead, uint8_t number)
{
    struct peer *peer = lead_peer(lead, number);

    peer->node = number;
    peer->run = LEAD_RUN;
    peer->member = (struct core_member){.node = number, .pid = LEAD_PID};
    peer->ack_epoch = LEAD_EPOCH;
    peer->ack_seq = LEAD_LAST;
}

static void add_voter(struct lead *lead, uint8_t number)
{
    struct uuid uuid = sample_uuid(number);

    lead_add_peer(lead, number);
    config_add(&lead->core.config, &uuid, number);
}

int lead_begins(void **state)
{
    static const uint32_t nodes[] = {LEAD_SELF, LEAD_OTHER};
    struct lead *lead = calloc(1, sizeof *lead);
    struct buf encoded = {0};

    assert_non_null(lead);
    struct core *core = &lead->core;
    core->effects = &lead->effects;
    core->uuid = sample_uuid(LEAD_SELF);
    core->run = LEAD_RUN;
    core->role = CORE_ROLE_LEADER;
    core->connected = true;
    core->quorate = true;
    core->options.node = LEAD_SELF;
    core->options.expected_voters = 3;
    core->options.leader_timeout_ns = LEAD_TIMEOUT_MS * STATE_MS;
    core->options.write_timeout_ns = LEAD_WRITE_MS * STATE_MS;
    core->options.ahead_bytes = 100000;
    core->now_ns = 100000 * STATE_MS;
    core->view.epoch = LEAD_EPOCH;
    for (uint64_t seq = 1; seq <= LEAD_LAST; seq++) {
        struct entry entry = {
            .epoch = LEAD_EPOCH, .seq = seq, .kind = ENTRY_NOOP};
        buf_reset(&encoded);
        entry_encode(&encoded, &entry);
        log_append(&core->log, encoded.data, encoded.len, seq);
    }
    buf_free(&encoded);
    core->commit_seq = LEAD_LAST;
    for (uint8_t number = LEAD_SELF; number <= LEAD_GONE; number++)
        add_voter(lead, number);
    core->config.seq = 1;
    core->committed = core->config;
    lead_lists(lead, 2, nodes);
    *state = lead;
    return 0;
}

int lead_ends(void **state)
{
    struct lead *lead = *state;

    log_free(&lead->core.log);
    backlog_free(&lead->core.backlog);
    peers_free(&lead->core.peers);
    sessions_free(&lead->core.replicate.tail);
    effects_free(&lead->effects);
    free(lead);
    return 0;
}

void lead_settles(struct lead *lead)
{
    removal_settle(&lead->core);
    membership_settle(&lead->core);
}

uint64_t lead_last(const struct lead *lead)
{
    return log_last(&lead->core.log).seq;
}

void lead_hears(struct lead *lead, uint8_t number)
{
    lead_peer(lead, number)->heard_ns = lead->core.now_ns;
}

void lead_acknowledges(struct lead *lead, uint8_t number, uint64_t seq)
{
    lead_peer(lead, number)->ack_seq = seq;
    lead_hears(lead, number);
}

void lead_commits(struct lead *lead)
{
    lead->core.commit_seq = lead_last(lead);
    lead->core.committed = lead->core.config;
}

void lead_passes(struct lead *lead, uint64_t ms)
{
    lead->core.now_ns = lead->from_ns + ms * STATE_MS;
}

bool lead_votes(const struct lead *lead, uint8_t number)
{
    struct uuid uuid = sample_uuid(number);

    return config_find(&lead->core.config, &uuid) >= 0;
}
