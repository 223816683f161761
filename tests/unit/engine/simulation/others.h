#ifndef SYNC_TESTS_ENGINE_OTHERS_H
#define SYNC_TESTS_ENGINE_OTHERS_H

#include "engine/simulation/homeserver.h"

/* What others have done, and do: worlds of all sorts to begin with, and changes behind the sync's back. */

/* Users of all sorts, what a cut run of the sync leaves behind included. */
void others_populate(struct world *world);
/* What there may be behind the aliases of rooms. */
void others_build(struct world *world);
/* One change of something. Whatever happens here may happen at any time. */
void others_act(struct world *world);

/* Something that people and admins may do to users and sound rooms, and that a message will set right or
   leave as it is; to users only if `users`. The same in worlds that are the same. */
void others_meddle(struct world *world, bool users);

/* Something that nobody hears of: a user has another name that no room shows, or an alias is freed or bound
   to another room by an administrator who is not in it. The same in worlds that are the same. */
void others_meddle_unheard(struct world *world);
/* The homeserver is set up anew: which rooms /sync tells of is left to chance. */
void others_silence(struct world *world);

/* A sound room has members and settings of all sorts from then on. */
void others_decorate(struct world *world, struct world_room *room);
/* The sync user loses power in the room, and others may get it. */
void others_weaken_sync(struct world *world, struct world_room *room);
/* Whoever was making the room goes on, one stage at a time. */
void others_finish(struct world *world, struct world_room *room);

/* Creates the user, if there is none. */
void others_create(struct world *world, struct world_user *user);

/* One of the texts; of a hundred times so many NULL. */
const char *others_choose(unsigned null_percent, const char *const *texts, size_t count);

extern const char *const others_names[3];
extern const char *const others_emails[3];

#endif
