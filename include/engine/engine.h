#ifndef SYNC_ENGINE_ENGINE_H
#define SYNC_ENGINE_ENGINE_H

#include "base/cleanup.h"
#include "engine/rules.h"
#include "loop/loop.h"
#include "request/request.h"
#include "synapse/call.h"
#include "synapse/sign.h"

/*
 * The sync engine: takes requests in the order of their delivery and makes the homeserver match them, each
 * subject (user, room) one call at a time, different subjects side by side. Decides when a call is made
 * again; nothing else in this program does.
 *
 * Knows the homeserver only through struct engine_homeserver, so that tests can put a simulated one there.
 */
struct engine;
struct engine_message;

/* How calls are carried out. Neither must call back before it has returned. */
struct engine_homeserver {
    void *homeserver;
    void (*send)(void *homeserver, const struct synapse_call *call,
                 void (*done)(void *context, struct synapse_reply *reply), void *context);
    /* It cannot be reached: engine_told() is to be called when it is back, and till then no call is begun. It
       is not to be asked before `retry_after` ms have passed (-1: it did not say). */
    void (*doubt)(void *homeserver, int64_t retry_after);
};

/* What may be changed on the homeserver. */
enum engine_change {
    CHANGE_CREATED_USERS,
    CHANGE_CREATED_ROOMS,
    CHANGE_JOINED,  /* users into rooms */
    CHANGE_RAISED,  /* users, to a higher power level */
    CHANGE_RENAMED, /* users */
    CHANGE_WELCOMED,
    CHANGE_REACTIVATED,
    CHANGE_SET, /* settings of rooms that were there */
    CHANGE_REMOVED_USERS,
    CHANGE_REMOVED_ROOMS,
};
enum { ENGINE_CHANGES = CHANGE_REMOVED_ROOMS + 1 };
/* For logs: "created_users". */
const char *engine_change_name(enum engine_change change);

/* One change; texts live during the call only. */
struct engine_deed {
    enum engine_change change;
    const char *user;          /* NULL: it is no user's */
    const char *room;          /* alias; NULL: it is in no room */
    const char *before, *name; /* of a user or room: what it is called; NULL: nothing */
    int64_t level;             /* CHANGE_RAISED: to which */
    const char *setting;       /* CHANGE_SET: which, in words for people; `name` is its value */
};

/* How a message ended. Texts live during the call only. */
struct engine_verdict {
    bool rejected;           /* else done */
    enum request_code code;  /* when rejected */
    const char *detail;      /* why, when rejected; "" otherwise */
    const char *warnings;    /* what was left as it is, and why; "" when nothing was */
    unsigned requests;       /* calls made for it */
    int64_t duration;        /* ms since it was submitted */
    const unsigned *changes; /* ENGINE_CHANGES of them: what was changed for it */
};

struct engine_config {
    struct engine_rules rules;  /* borrowed for the life of the engine */
    unsigned concurrency;       /* most calls at a time */
    bool paces;                 /* fewer where more would bring nothing, see engine/pace.h */
    unsigned removals_per_hour; /* the most, see engine/brake.h; 0: any number */
    bool mirrors;               /* keeps what it knows up to date, see engine/mirror.h */
    size_t most_memory;         /* bytes, of what is remembered of users and rooms that nobody asks for */
    /* A message has ended; it keeps its places in order until engine_leave(). */
    void (*ended)(void *context, struct engine_message *message, const struct engine_verdict *verdict);
    /* Something was changed for the message; NULL: nobody wants to know. To be called from it: nothing. */
    void (*changed)(void *context, struct engine_message *message, const struct engine_deed *deed);
    /* Since when nobody else can have been at work on the messages; INSTANT_NEVER: somebody may be now. Then
       no call is begun, and it is asked again soon. NULL: they always were ours. */
    instant (*lease_since)(void *context);
    /* Why it is INSTANT_NEVER, in words, for who asks what is waited for. NULL, or gives NULL: not known. */
    const char *(*lease_doubt)(void *context);
    void *context;
};

struct engine *engine_new(const struct engine_config *config, const struct engine_homeserver *homeserver,
                          struct loop *loop) MUST_USE;
/* Frees all messages; replies that are still to come must not come any more. NULL is fine. */
void engine_free(struct engine *engine);
DEFINE_CLEANUP(struct engine, engine_free)

/* Calls may be made, or may not. Not ready at first. */
void engine_set_ready(struct engine *engine, bool ready);

/* Other values for what the configuration said. Calls beyond the most end as usual; what was removed within
   the hour counts on. */
void engine_set_concurrency(struct engine *engine, unsigned concurrency);
/* Whether anybody is in a hurry: if not, there is a rest after each write, `factor` times as long as that
   took (see engine/rest.h). 0: there are none, as at first. */
void engine_set_rest(struct engine *engine, unsigned factor);
void engine_set_removals_per_hour(struct engine *engine, unsigned most);

/* Whether accounts are those of the Matrix Authentication Service: to be said before engine_set_ready(). */
void engine_set_mas(struct engine *engine, bool mas);

/* Writes into the log what each user and room waits for that messages ask for, and since when, one line each
   up to a bound; then how many there are. `trouble` as for engine_look(). */
void engine_say_waiting(const struct engine *engine, const char *trouble);

/* How the homeserver is, where replies do not tell. */
void engine_told(struct engine *engine, const struct synapse_sign *sign);

/* A message was delivered: takes the request, works on it when its turn comes. `ended` is called later, never
   before this returns. */
struct engine_message *engine_submit(struct engine *engine, struct request *request, void *owner);
/* The user's pointer that was given to engine_submit(). */
void *engine_owner(const struct engine_message *message);
const struct request *engine_request(const struct engine_message *message);
/* The message's end was made known (its ack is sent), or its delivery is gone: it leaves all lines and is
   freed. A call under way for it goes on, and what comes behind it waits for that. */
void engine_leave(struct engine *engine, struct engine_message *message);

/* Messages that wait because a call keeps failing. */
struct engine_held {
    unsigned messages;
    char reason[256]; /* in the homeserver's words, cut; "" while there are none */
};

/* One for each kind of call, and the last for all calls together. */
enum { ENGINE_HELD = SYNAPSE_KINDS + 1 };
/* The call, as in the log: "create-room"; NULL for the last. */
const char *engine_held_name(size_t number);

/* How the engine is. */
struct engine_figures {
    unsigned calls, calls_allowed; /* under way, and so many may be */
    char trouble[256];             /* why no call is made; "": calls are */
    struct engine_held held[ENGINE_HELD];
    uint64_t ended[SYNAPSE_OUTCOMES]; /* calls, by what came of them */
    size_t mirror_bytes;              /* what is remembered for nobody in particular */
    size_t mirror_subjects;           /* users and rooms of which something is known */
};

/* Says in the log what messages are held for, and how many, when it begins and as long as it lasts: to be
   called about once a second. `trouble`: why there is no session; NULL: there is one. And tells how the
   engine is, unless that is NULL. */
void engine_look(struct engine *engine, const char *trouble, struct engine_figures *ret_figures);

/* Whether nothing is under way that could still lead to an end: no call in flight, and none may be made. */
bool engine_is_stuck(const struct engine *engine);

#endif
