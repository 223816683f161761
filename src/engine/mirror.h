#ifndef SYNC_ENGINE_MIRROR_H
#define SYNC_ENGINE_MIRROR_H

#include "base/backoff.h"
#include "engine/subjects.h"

/*
 * The mirror: what was read of rooms and users is kept up to date, so that it need not be read again.
 *
 * The sync user is in all its rooms, and one request tells everything that changed in them since a position
 * in the homeserver's stream of events. So a position is asked for first; whatever is read after that is
 * *mirrored*: a catch-up brings it up to date. A message is judged by a catch-up that was sent after its
 * delivery, and one serves all messages that wait by then. A second request goes along with it, for which
 * rooms there are: when a room is purged, Synapse has nothing left to tell of it. That list is as long as the
 * school has rooms, so while one catch-up follows the other it is asked for but once a second.
 *
 * What is taken in:
 * - Changes of a room in which nothing of ours was under way go into its state.
 * - Where something was, nobody can say which came first. What is told is then compared with what we believe
 *   after our call was answered: mostly it is our own echo. If it is not, the room is read again.
 * - A room that the sync user has left is not told of any more, and what was known of it is dropped.
 * - A room in which something was redacted, or may have been, is read again.
 * - A room of which nothing would be told is read each time (engine/told.h).
 * - Users: who has a new member event in any room is read again, whatever it shows, unless it is our own echo
 *   (engine/echo.h): a name may be set in a room only. (Deactivation and the like are not told; therefore a
 * user's status is read before anything is written about the user, see engine/witness.h.)
 *
 * Where the homeserver does not answer such requests, nothing is mirrored, and all works without it. After a
 * failure a new position is asked for, in growing pauses.
 */
struct mirror {
    struct subjects *subjects;
    const char *sync_user;
    bool on;
    char *position;   /* NULL: none */
    unsigned attempt; /* to catch up from it */
    unsigned asker;   /* another in each process: they share user and device, and Synapse's cached answers */
    bool wanted;      /* a catch-up is waited for, and is not begun */
    instant not_before;      /* for the next one */
    instant asked_at;        /* when the last one began, or the last mark was left for it */
    instant since;           /* when the first position was asked for */
    bool half_asked;         /* of its two calls only the first was sent */
    unsigned under_way;      /* calls that are not answered, without marks */
    unsigned marks;          /* that are not answered */
    bool failed;             /* one of its calls was not answered as it should be */
    unsigned failures;       /* of calls, since the last one that went well */
    struct subject *waiting; /* for the end of the next catch-up */
    struct backoff backoff;

    instant mirrored_at;         /* what is mirrored is as of then: the last good catch-up began */
    struct joined_rooms *joined; /* the rooms that there were at `joined_at`; NULL: not known */
    instant joined_at;
    instant joined_asked_at; /* when a list of them was asked for last; INSTANT_PAST: in vain, or never */
};

/* `on`: whether there is to be one at all. The others are borrowed. */
void mirror_init(struct mirror *mirror, struct subjects *subjects, const char *sync_user, bool on);
void mirror_deinit(struct mirror *mirror);

/* A catch-up is needed. It will be due a moment later, so that others can join; if one is under way already,
   its end is to be awaited first. */
void mirror_want(struct mirror *mirror, instant now);

/* The subject waits for the end of a catch-up; nothing happens where it does already. */
void mirror_wait(struct mirror *mirror, struct subject *subject);
/* A catch-up is over: the next of those who waited for it, who then waits no longer; NULL: that was all. Who
   waited first goes first: users, since a message takes their places first, and then its rooms need not be
   told again and again how it stands with them. */
struct subject *mirror_release(struct mirror *mirror);

/* The next call of the mirror, if there is one now; *ret_at is when to ask again otherwise (INSTANT_NEVER:
   not before something happens). The call's texts are borrowed until mirror_answered(). */
bool mirror_next(const struct mirror *mirror, instant now, struct synapse_call *ret_call, instant *ret_at);
/* Whether nothing else may be sent before the mirror is answered: what is read before the position is known
   is not mirrored. At the start only, since all must work without a mirror too. */
bool mirror_goes_first(const struct mirror *mirror);
void mirror_sent(struct mirror *mirror, const struct synapse_call *call, instant now);
/* Returns whether the catch-up is over, for better or worse: who waited for it may look again. */
bool mirror_answered(struct mirror *mirror, enum synapse_kind kind, struct synapse_reply *reply,
                     instant now) MUST_USE;

/* A call about the subject goes out, its flight: the mirror must find it. */
void mirror_watch(struct mirror *mirror, struct subject *subject);
/* Its reply was learnt, and the flight is over. */
void mirror_learnt(struct mirror *mirror, struct subject *subject, const struct flight *flight,
                   const struct synapse_reply *reply);

/* Whether the sync user is in the room no more, by a list that is younger than what was read of it. */
bool mirror_is_gone(const struct mirror *mirror, const struct room_known *room) MUST_USE;
/* As of when it is known what a mirrored room is like: since it was read, catch-ups may have told of it. */
instant mirror_as_of(const struct mirror *mirror, const struct room_known *room) MUST_USE;
/* Brings what is known of a room up to date, if the mirror is ahead. Not while a call about it is under
   way. */
void mirror_refresh(const struct mirror *mirror, struct room_known *room);

#endif
