/*
 * A hash table without keys.
 *
 * Each member is one word of 64 bits: 61 bits of the fingerprint of the user's id, and three of membership.
 * A word of zero is a free slot. The id is not there to be compared, so two users with the same 61 bits would
 * be one: for a given pair the chance is 2^-61; for any two of a million users who meet in one room it is
 * one in five million. It takes more bad luck than that to lose the machine meanwhile. (Who may choose ids
 * can compute two that collide, see base/fingerprint.c. They would share their membership in the eyes of the
 * sync, and nobody else would be the worse for it.)
 *
 * Slots are searched from where the upper bits of the fingerprint point to, one after the other. The table
 * grows by half when seven of eight slots are taken: with growth by two it would be up to 18 bytes a member.
 * Nobody is ever taken out: those who have left are kept as such, as the homeserver keeps them in the state
 * of the room, for it matters whether somebody has been there.
 */
#include "synapse/members.h"

#include "base/fingerprint.h"
#include "base/memory.h"
#include "synapse/weight.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 8, MEMBERSHIP_BITS = 3 };
#define MEMBERSHIP_MASK ((uint64_t)(1 << MEMBERSHIP_BITS) - 1)

_Static_assert(MEMBERSHIP_KNOCK <= MEMBERSHIP_MASK, "each membership has its number");

struct members {
    uint32_t slots, taken;
    uint64_t words[];
};

/* Of a user, with no membership; never 0, which is a free slot. */
static uint64_t word_of(const char *user)
{
    uint64_t word = fingerprint(user, strlen(user)) & ~MEMBERSHIP_MASK;

    return word ? word : MEMBERSHIP_MASK + 1;
}

static enum membership membership_of(uint64_t word)
{
    return (enum membership)(word & MEMBERSHIP_MASK);
}

/* The slot that the user has, or would get. At least one is free. */
static uint32_t find(const struct members *members, uint64_t user)
{
    uint32_t slot = (uint32_t)((user >> 32) * members->slots >> 32);

    while (members->words[slot] && (members->words[slot] & ~MEMBERSHIP_MASK) != user)
        slot = slot + 1 < members->slots ? slot + 1 : 0;
    return slot;
}

enum membership members_get(const struct members *members, const char *user)
{
    return members ? membership_of(members->words[find(members, word_of(user))]) : MEMBERSHIP_NONE;
}

/* ---- growing ---- */

static struct members *make(size_t slots)
{
    struct members *members = memory_new(1, sizeof(*members) + slots * sizeof(members->words[0]));

    members->slots = (uint32_t)slots;
    return members;
}

static void put(struct members *members, uint32_t slot, uint64_t word)
{
    members->taken += members->words[slot] == 0;
    members->words[slot] = word;
}

/* All of them in a table that has room. */
static void grow(struct members **members)
{
    struct members *old = *members, *new = make((size_t)old->slots + old->slots / 2);

    for (uint32_t i = 0; i < old->slots; i++)
        if (old->words[i])
            put(new, find(new, old->words[i] & ~MEMBERSHIP_MASK), old->words[i]);
    free(old);
    *members = new;
}

static bool is_full(const struct members *members)
{
    enum { MOST = 7, OF = 8 };

    return (uint64_t)members->taken * OF >= (uint64_t)members->slots * MOST;
}

enum membership members_set(struct members **members, const char *user, enum membership membership)
{
    uint64_t word = word_of(user);
    enum membership before;
    uint32_t slot;

    if (!*members)
        *members = make(FIRST_SLOTS);
    slot = find(*members, word);
    before = membership_of((*members)->words[slot]);
    if (!(*members)->words[slot] && membership == MEMBERSHIP_NONE)
        return before;
    if (!(*members)->words[slot] && is_full(*members)) {
        grow(members);
        slot = find(*members, word);
    }
    put(*members, slot, word | membership);
    return before;
}

/* ---- the whole ---- */

void members_free(struct members *members)
{
    free(members);
}

size_t members_weight(const struct members *members)
{
    return members ? weight_of_block(sizeof(*members) + members->slots * sizeof(members->words[0])) : 0;
}
