#include "daemon/core/peers.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

#define PEERS_FULL_NS 2500000000ull /* two HELLOs may be late */

void peers_free(struct peers *peers)
{
    free(peers->list);
    free(peers->members);
    memset(peers, 0, sizeof(*peers));
}

struct peer *peers_find(const struct peers *peers, const struct uuid *uuid)
{
    for (size_t i = 0; i < peers->count; i++) {
        if (uuid_equal(&peers->list[i].uuid, uuid))
            return &peers->list[i];
    }
    return NULL;
}

struct peer *peers_row(struct peers *peers, const struct uuid *uuid)
{
    struct peer *peer = peers_find(peers, uuid);

    if (peer == NULL) {
        peers->list =
            mem_realloc(peers->list, peers->count + 1, sizeof(*peers->list));
        peer = &peers->list[peers->count++];
        memset(peer, 0, sizeof(*peer));
        peer->uuid = *uuid;
    }
    return peer;
}

static bool peers_lists(const struct peers *peers, struct core_member member)
{
    for (size_t i = 0; i < peers->member_count; i++) {
        if (peers->members[i].node == member.node &&
            peers->members[i].pid == member.pid)
            return true;
    }
    return false;
}

/* A node has one replica of a group: when one speaks that is there, any other of
 * that node is gone (its disk was replaced), even if CPG lists an equal pid. A
 * late word of one that is not there says nothing. */
static void peers_supersede(struct peers *peers, const struct peer *speaker)
{
    if (!speaker->present)
        return;
    for (size_t i = 0; i < peers->count; i++) {
        struct peer *peer = &peers->list[i];
        if (peer != speaker && peer->node == speaker->node) {
            peer->present = false;
            peer->hello = false;
            /* Nor is it back when CPG lists that pid again. */
            memset(&peer->member, 0, sizeof(peer->member));
        }
    }
}

struct peer *peers_hear(struct peers *peers, const struct message *message,
                        struct core_member from, uint64_t now_ns)
{
    struct peer *peer = peers_row(peers, &message->sender);

    if (message->run < peer->run)
        return NULL;
    if (message->run > peer->run) {
        peer->run = message->run;
        peer->hello = false;
        peer->leaving = false;
        peer->full = false;
        peer->ack_epoch = 0;
        peer->ack_seq = 0;
    }
    peer->node = message->node;
    peer->member = from;
    peer->present = peers_lists(peers, from);
    peer->heard_ns = now_ns;
    peers_supersede(peers, peer);
    return peer;
}

void peers_set_members(struct peers *peers, const struct core_member *list,
                       size_t count)
{
    free(peers->members);
    peers->members = mem_copy(list, count * sizeof(*list));
    peers->member_count = count;
    for (size_t i = 0; i < peers->count; i++) {
        struct peer *peer = &peers->list[i];
        peer->present = peers_lists(peers, peer->member);
        if (!peer->present)
            peer->hello = false;
    }
}

/* It may have room again and have said so while we were cut off. */
bool peers_full(const struct peer *peer, uint64_t now_ns)
{
    return peer->full && now_ns < peer->hello_ns + PEERS_FULL_NS;
}

bool peers_list_node(const struct peers *peers, uint32_t node)
{
    for (size_t i = 0; i < peers->member_count; i++) {
        if (peers->members[i].node == node)
            return true;
    }
    return false;
}

void peers_forget_view(struct peers *peers)
{
    for (size_t i = 0; i < peers->count; i++) {
        struct peer *peer = &peers->list[i];
        peer->hello = false;
        peer->ack_epoch = 0;
        peer->ack_seq = 0;
        peer->ready_epoch = 0;
        peer->answer_id = 0;
        peer->answer_seq = 0;
    }
}

unsigned peers_count(const struct peers *peers, const struct config *config,
                     bool (*test)(const struct peer *peer, uint64_t argument),
                     uint64_t argument)
{
    unsigned passed = 0;

    for (unsigned i = 0; i < config->count; i++) {
        const struct peer *peer = peers_find(peers, &config->voters[i].uuid);
        if (peer != NULL && test(peer, argument))
            passed++;
    }
    return passed;
}

bool peers_majority(const struct peers *peers, const struct config *config,
                    bool (*test)(const struct peer *peer, uint64_t argument),
                    uint64_t argument)
{
    return config->count > 0 && peers_count(peers, config, test, argument) >=
                                    config_majority(config);
}
