#ifndef SYNC_TESTS_ENGINE_STAGE_H
#define SYNC_TESTS_ENGINE_STAGE_H

#include "engine/assumed.h"
#include "engine/engine.h"
#include "engine/simulation/others.h"

/*
 * The engine on its loop, between a simulated homeserver, whose answers come in any order, and a simulated
 * queue, which delivers messages and loses its connection. What the engine promises of its calls is watched:
 * never more than `concurrency` at a time, never two for one subject, none while it is not ready or the
 * homeserver is away or to be left alone, or during a rest; levels are written only right after they were
 * read, and nothing is written about a user who was not asked for since a message for that was delivered.
 */

enum { STAGE_MOST_MESSAGES = 128, STAGE_MOST_CALLS = 64 };

/* A message of the queue. */
struct letter {
    struct stage *stage;
    char *text;                     /* its body */
    struct engine_message *message; /* in the engine; NULL: not delivered, or acknowledged */
    unsigned deliveries;
    bool ended, rejected; /* since it was delivered last */
    bool gone;            /* acknowledged, or moved to the dead letters */
    enum request_code code;
    char detail[512], warnings[512];
    instant ended_at;
    unsigned requests;
    instant delivered_at;
};

/* A call under way. */
struct transit {
    struct synapse_call call;
    char *welcome, *password, *position, *room; /* borrowed by the call only while it is sent */
    char *subject;
    instant sent;
    bool carried_out;
    struct synapse_reply reply;
    void (*done)(void *context, struct synapse_reply *reply);
    void *context;
};

struct stage {
    struct world *world;
    struct homeserver homeserver;
    struct loop *loop;
    struct engine *engine;
    unsigned concurrency;
    unsigned most_calls; /* that there were at a time */
    bool mirrors;
    bool paces;
    bool hurries;  /* now and then: somebody is in a hurry, or nobody is */
    unsigned rest; /* nobody is: how long the daemon is to rest after a write, in its lengths */
    instant rests_until;
    bool assumes;            /* writes are assumed only */
    struct assumed *assumed; /* NULL: they are carried out */
    size_t most_memory;
    unsigned removals_per_hour;
    /* As that of struct engine_config, with the stage as its context; NULL: nobody wants to know. */
    void (*changed)(void *stage, struct engine_message *message, const struct engine_deed *deed);

    struct letter letters[STAGE_MOST_MESSAGES];
    size_t letter_count;
    size_t delivered; /* so many of the first letters were delivered */
    size_t gone;
    bool acks_at_once; /* else some time after the end */
    bool all_at_once;  /* all that is posted is delivered at once, else one after the other */
    unsigned losses;   /* of the connection, that are still to come */
    unsigned deeds;    /* of others, that are still to come, at any time */

    struct transit transits[STAGE_MOST_CALLS];
    size_t transit_count;
    struct {
        enum synapse_kind kind;
        instant at;
    } last[WORLD_ALIASES]; /* the last answer about a room */
    bool ready;
    bool out_of_touch;    /* nobody knows whether the messages are still the daemon's */
    instant lease_since;  /* when the connection was made */
    instant closed_until; /* the homeserver asked for patience */
    unsigned calls;
    bool away; /* the homeserver is held to be, until the pulse says otherwise */
    struct loop_timer answers, queue, session, pulse, deadline;
    bool stuck; /* not all messages came to their end */

    unsigned crash_in; /* calls; 0: never */
    enum fate crash_fate;
    bool crashed;
};

/* Zeroed before; `world` is what it plays in. */
void stage_init(struct stage *stage, struct world *world, unsigned concurrency);
void stage_deinit(struct stage *stage);
/* Before anything else: the daemon keeps a mirror, and remembers so many bytes. */
void stage_use_mirror(struct stage *stage, size_t most_memory);
/* Before anything else: the daemon finds out how many calls at a time bring something. */
void stage_use_pace(struct stage *stage);
/* Before anything else: so many removals within an hour are the most. */
void stage_use_brake(struct stage *stage, unsigned removals_per_hour);
/* Before anything else: what would be written is assumed to have been, and is not. */
void stage_only_assume(struct stage *stage);
/* Puts a message into the queue. */
void stage_post(struct stage *stage, const char *format, ...) PRINTF_LIKE(2, 3);
/* Runs until all messages are gone; false (and a crime) if that takes more than `limit` milliseconds. */
bool stage_run(struct stage *stage, int64_t limit);
/* Runs until the daemon is killed (true), right at call `crash_in`, which has that fate; or all messages are
 * gone. */
bool stage_run_and_crash(struct stage *stage, unsigned crash_in, enum fate crash_fate);
/* A new daemon, which knows nothing; what was not acknowledged is delivered to it. */
void stage_restart(struct stage *stage);
/* From now on: how long the daemon is to rest after a write; see engine_set_rest(). */
void stage_set_rest(struct stage *stage, unsigned factor);
/* Runs for so long. */
void stage_run_for(struct stage *stage, int64_t milliseconds);

/* The message is gone: the engine forgets it. */
void stage_acknowledge(struct stage *stage, struct letter *letter);
/* The connection is lost: what is not acknowledged is delivered again, in the same order. */
void stage_lose_connection(struct stage *stage);

/* The request of a letter; the caller frees it. */
struct request *stage_request(const struct stage *stage, const struct letter *letter);

#endif
