#ifndef SYNC_ENGINE_LINEAGE_H
#define SYNC_ENGINE_LINEAGE_H

#include "engine/news.h"
#include "engine/plan.h"

/*
 * The rooms that were upgraded into one of ours, one after the other (Matrix specification, "Room upgrades").
 * They are removed together with it, the oldest first: each is known only by what the next one says of it, so
 * whatever is cut in between can be gone on with. One that is not ours ends the line. A part of
 * engine/room.h.
 */
enum { LINEAGE_MOST = 16 /* of one room; what is older stays */ };

struct lineage {
    char **rooms; /* ids of those that are ours, the oldest last; NULL: none */
    size_t count;
    char *next; /* whose create event is to be read; NULL: none */
    instant deleting_since;
    instant look_again; /* whether the deletion of the oldest is complete */
    bool begun;         /* else the room itself says which one is next */
    bool stateless;     /* `next` has no create event any more: who made it is to be asked */
    bool deleting;      /* the oldest */
};

/* Frees what is known; nothing is known then. */
void lineage_deinit(struct lineage *lineage);

/* Whether none of them is left. `predecessor` is the id of the room that the room itself says was before it;
   NULL: none was. */
bool lineage_is_over(const struct lineage *lineage, const char *predecessor);
/* The next call towards the removal of all that are left. The alias is that of the room itself. */
struct action lineage_next(struct plan *plan, const struct lineage *lineage, const char *alias,
                           const char *predecessor);
/*
 * Takes in the reply to such a call, of the lineage of that room, that neither was refused nor failed. False:
 * a deletion has ended, and whether the room is gone is to be seen; if it is not, it is deleted again, but
 * not at once.
 */
bool lineage_learn(struct lineage *lineage, const char *room, const struct news *news) MUST_USE;

#endif
