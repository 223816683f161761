#ifndef SYNC_TESTS_ENGINE_DEED_H
#define SYNC_TESTS_ENGINE_DEED_H

#include "engine/simulation/world.h"

/* What the simulated homeserver does to its world. Used by its own files only. */

enum { RECENTLY = 10 * 1000 /* ms: what was read so long ago may be overwritten */ };

/* One call that is carried out. */
struct deed {
    struct world *world;
    const struct synapse_call *call;
    struct synapse_reply *reply;
    struct world_user *user; /* NULL: the call names none */
    struct world_room *room;
    bool cut; /* only in part, where that can be */
};

/* Carries the call out, or, if it is cut, a part of it. `reply` is SYNAPSE_OK before. */
void deed_carry_out(struct world *world, const struct synapse_call *call, bool cut,
                    struct synapse_reply *reply);

void deed_answer(struct synapse_reply *reply, enum synapse_outcome outcome, const char *errcode);
void deed_refuse(const struct deed *deed, const char *errcode);
void deed_finds_nothing(const struct deed *deed);
/* To be called before the sync does anything to the account: other processes tell of it later. */
void deed_is_seen_late(const struct deed *deed);
/* Whether there is such an alias, and that is the answer. */
bool deed_is_taken(const struct deed *deed, const char *alias);
/* How far the making of a room gets. */
enum world_stage deed_stage_of(const struct deed *deed);
bool deed_levels_are_too_large(const struct deed *deed, const struct levels *levels);

/* Inside of rooms. */
void deed_read_levels(const struct deed *deed);
void deed_write_levels(const struct deed *deed);
void deed_write_setting(const struct deed *deed);
void deed_join_user(const struct deed *deed);
void deed_regain_room(const struct deed *deed);
void deed_enter_room(const struct deed *deed);

/* Accounts that MAS keeps. False: the call is none of its. */
bool deed_at_mas(const struct deed *deed);

/* Rooms that greet. */
void deed_create_welcome_room(const struct deed *deed);
void deed_invite_user(const struct deed *deed);
void deed_read_welcome(const struct deed *deed);
void deed_send_welcome(const struct deed *deed);

#endif
