#ifndef SYNC_SYNAPSE_LISTING_H
#define SYNC_SYNAPSE_LISTING_H

#include "base/cleanup.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A page of all rooms or of all users of the homeserver, as its admin API lists them. What it counts may lag
 * a little behind. All texts are owned.
 */
struct listed_room {
    char *id;
    char *creator, *name, *alias; /* NULL: none. The alias is the canonical one */
    int64_t members;              /* of this homeserver, who are joined */
    int64_t state_events;
};

struct listed_user {
    char *id;
    char *name;         /* display name; NULL: none */
    int64_t created_at; /* ms since 1970; 0: not told */
};

struct listing {
    struct listed_room *rooms;
    struct listed_user *users;
    size_t room_count, user_count;
    int64_t total; /* of all pages; -1: not told */
    char *next;    /* where the next page begins; NULL: this was the last */
};

struct listing *listing_new(void) MUST_USE;
/* NULL is fine. */
void listing_free(struct listing *listing);
DEFINE_CLEANUP(struct listing, listing_free)

#endif
