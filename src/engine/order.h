#ifndef SYNC_ENGINE_ORDER_H
#define SYNC_ENGINE_ORDER_H

#include "engine/engine.h"
#include "engine/subjects.h"
#include "engine/turns.h"
#include "request/request.h"

/*
 * Order: which message may touch which user and room now.
 *
 * Each user and each room that a message touches is a subject with a line. On arrival a message takes its
 * place in the lines of all its subjects at once, so that any two messages stand in the same order in every
 * line they share, and none can wait for one that waits for it. It leaves all lines at once, when its ack is
 * sent. The front of a line is the run of places at its head that can be worked on together; the outcome is
 * then the same as one after the other. A removal stands alone.
 */

enum place_kind {
    PLACE_MEMBER,       /* a user to exist, as a member of addRoom */
    PLACE_USER_ADDED,   /* the user of addUser */
    PLACE_USER_REMOVED, /* the user of removeUser */
    PLACE_ROOM_ADDED,   /* a room of addUser, the room of addRoom */
    PLACE_ROOM_REMOVED, /* the room of removeRoom */
};

struct place {
    enum place_kind kind;
    struct engine_message *message;
    struct subject *subject;
    struct place *prev, *next;       /* in the line */
    const struct request_user *user; /* of a user's place */
    const struct request_room *room; /* of a room's place */
    char name[32];                   /* of a room's place: how complaints call it, "rooms[2]" */
    bool in_front;
    bool settled;     /* nothing is left to be done for it */
    bool was_settled; /* it was once, though it may have been opened again since */
    bool there;       /* a user's place that is settled: the user can be brought into rooms */
    bool vouched;     /* a user's place that is settled: by the word of witnesses, see front_reopen() */
};

struct engine_message {
    struct request *request;
    char *welcome_alias; /* of the room in which the user of addUser is greeted; NULL: no welcome */
    void *owner;         /* the user of the engine's own */
    instant arrived;
    unsigned requests;                /* calls that were made for it */
    unsigned changes[ENGINE_CHANGES]; /* that were made for it */
    size_t open;                      /* places that are not settled */
    size_t pending; /* the member that was pending when its room asked last: most likely still is */
    struct report report;
    bool ended;                           /* the verdict was given, or is about to be */
    struct engine_message *prev, *next;   /* the engine's list of ended ones */
    struct engine_message *older, *newer; /* the engine's list of all */
    struct turn_queue queue;              /* of its subjects that are to be attended to */
    size_t user_count;                    /* the places of users come first, then those of rooms */
    size_t place_count;
    struct place places[];
};

/* A message with a place at the end of each line it is concerned with. Takes the request. */
struct engine_message *order_enter(struct subjects *subjects, struct request *request, void *owner,
                                   instant now);
/* Leaves all lines and frees the message. `left` is called for each subject, which may be put to rest in
   it. */
void order_leave(struct engine_message *message, void (*left)(void *context, struct subject *subject),
                 void *context);
/* The level that a member is to have at least, by the places of the user and of the room. */
int64_t order_level_wanted(const struct place *member, const struct place *room);

/* How the message ended; the texts are its own. */
struct engine_verdict message_verdict(const struct engine_message *message, instant now);

#endif
