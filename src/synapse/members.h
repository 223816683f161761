#ifndef SYNC_SYNAPSE_MEMBERS_H
#define SYNC_SYNAPSE_MEMBERS_H

#include "synapse/state.h"

/*
 * Who is what in a room, small enough to be kept of whole schools: between 9.1 and 13.7 bytes for a member,
 * 11.1 on average, whatever the length of their id; and 96 bytes for a room of up to seven. See
 * src/synapse/members.c for how.
 *
 * Ids themselves are not kept, so nobody can be named. A pair of users has a chance of 2^-61 to be taken for
 * one another.
 */
struct members; /* NULL: nobody, as it is at first */

/* NULL is fine. */
void members_free(struct members *members);

/* MEMBERSHIP_NONE: nothing is known of the user. */
enum membership members_get(const struct members *members, const char *user);

/* Notes what has become of the user; allocates and moves the table as needed. Returns what they were. */
enum membership members_set(struct members **members, const char *user, enum membership membership);

/* Bytes of memory that they take. */
size_t members_weight(const struct members *members);

#endif
