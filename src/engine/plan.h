#ifndef SYNC_ENGINE_PLAN_H
#define SYNC_ENGINE_PLAN_H

#include "base/backoff.h"
#include "base/buffer.h"
#include "base/instant.h"
#include "engine/attempts.h"
#include "request/request.h"
#include "synapse/call.h"

#include <stdbool.h>

/*
 * What both planners (engine/user.h, engine/room.h) are made of: actions, and the memory of what did not
 * work.
 */

/* Whether the subject is there. */
enum presence { PRESENCE_UNKNOWN, PRESENCE_ABSENT, PRESENCE_HERE };

/* ---- actions ---- */

struct action {
    enum {
        ACTION_NONE, /* nothing is left to be done */
        ACTION_WAIT, /* nothing can be done before `until` */
        ACTION_CALL, /* this call is the next step */
    } kind;
    instant until;
    struct synapse_call call; /* its texts are borrowed from what was known and wanted */
};

/* ---- obstacles ---- */

/*
 * Failure is knowledge too: an obstacle stands before a call that failed. A planner passes over what is
 * obstructed to what can be done, so that one thing that always fails holds up no other.
 * A final obstacle stays until a message leaves the line; others stand until their time and then longer.
 * Beside them it is counted what was tried, which may have to pause whatever became of it.
 */
struct obstacle;
struct obstacles {
    struct obstacle *table; /* NULL: none */
    struct attempts attempts;
};

void obstacles_deinit(struct obstacles *obstacles);

/* The call is begun. */
void obstacle_risk(struct obstacles *obstacles, const struct synapse_call *call, instant now);
/* Nobody answered it, or it was asked for patience, or for another token. */
void obstacle_excuse(struct obstacles *obstacles, const struct synapse_call *call, instant now);

/*
 * The call failed and may be tried later: after a pause that grows with every failure. Ten minutes after the
 * first failure while `others_succeeded` (see outlet_serves_others()), and if they do so again, the obstacle
 * is final (REQUEST_HOMESERVER_FAILING).
 */
void obstacle_fail(struct obstacles *obstacles, const struct synapse_call *call,
                   const struct synapse_reply *reply, bool others_succeeded, instant now);
/* The call was refused for good (REQUEST_HOMESERVER_REJECTED). */
void obstacle_refuse(struct obstacles *obstacles, const struct synapse_call *call,
                     const struct synapse_reply *reply);
/* The call is not to be made at all, and why: final, with that code. */
void obstacle_forbid(struct obstacles *obstacles, const struct synapse_call *call, enum request_code code,
                     const struct error *why);
/* A refusal that may rest on outdated knowledge: the first may be tried again from `again` on, the second is
   final. Returns whether it is final. */
bool obstacle_doubt(struct obstacles *obstacles, const struct synapse_call *call,
                    const struct synapse_reply *reply, instant again);
/* Whether that has happened to the call. */
bool obstacle_was_doubted(const struct obstacles *obstacles, const struct synapse_call *call);
/* The call succeeded. */
void obstacle_clear(struct obstacles *obstacles, const struct synapse_call *call);
/* Another message's turn: what was refused may be tried again. But not what kept failing all the time since
   `oldest`, when the oldest message came that still waits for the rest (INSTANT_NEVER: none does). */
void obstacles_forget_final(struct obstacles *obstacles, instant oldest);

/* Calls `fails` for each call that keeps failing, with the homeserver's words and the time of its first
   failure. Final ones are left out. */
void obstacles_failing(const struct obstacles *obstacles,
                       void (*fails)(void *context, enum synapse_kind kind, const char *problem,
                                     instant since),
                       void *context);

/* ---- verdicts ---- */

/* What is to be said of a message at its end. Zeroed by report_init(); texts are capped. */
struct report {
    bool rejected;
    enum request_code code; /* of the first refusal */
    struct buffer refusals; /* all of them, "; " between */
    struct buffer warnings; /* likewise */
};

void report_init(struct report *report);
void report_deinit(struct report *report);
void report_refusal(struct report *report, enum request_code code, const char *format, ...) PRINTF_LIKE(3, 4);
void report_warning(struct report *report, const char *format, ...) PRINTF_LIKE(2, 3);
/* Reports each final obstacle as a refusal that concerns `whom`; of those about a user or setting (see
   plan_may()) only where `about` is the same or NULL. */
void report_obstacles(struct report *report, const struct obstacles *obstacles, const char *whom,
                      bool (*concerns)(const void *context, const char *about), const void *context);

/* ---- planning ---- */

/* One run of a planner: what it may do now, and when something else may be done at the earliest. */
struct plan {
    const struct obstacles *obstacles;
    instant now;
    instant earliest;
};

struct plan plan_begin(const struct obstacles *obstacles, instant now);
/*
 * Whether a call of this kind (about this user or setting; NULL: about the subject as a whole) may be made
 * now. If an obstacle stands before it, the plan remembers until when.
 */
bool plan_may(struct plan *plan, enum synapse_kind kind, const char *about);
/* The same, of a call; also whether it was made too often. */
bool plan_may_make(struct plan *plan, const struct synapse_call *call);
/* Whether the call was refused before and this would be the second attempt. */
bool plan_was_refused(const struct plan *plan, const struct synapse_call *call);
/* Whether a final obstacle stands before calls of this kind. */
bool plan_is_barred(const struct obstacles *obstacles, enum synapse_kind kind);
/* The same, about this user or setting. */
bool plan_is_barred_about(const struct obstacles *obstacles, enum synapse_kind kind, const char *about);
/* Something is to be looked at again at that time. */
void plan_wait(struct plan *plan, instant until);
/* What is left when nothing can be done now: ACTION_WAIT, or ACTION_NONE when nothing is waited for. */
struct action plan_rest(const struct plan *plan);
/* The call, if it may be made; else what is left. For steps on which all later ones depend. */
struct action plan_step(struct plan *plan, const struct synapse_call *call);
struct action plan_call(const struct synapse_call *call);

/*
 * When that which the homeserver does in its background is looked at: after pauses of 0.2 to 5 seconds. The
 * deletion of a room that so many have joined is looked at for the first time when it may be over, since
 * Synapse takes them out one after the other. Whatever began at `begun` is looked at again when it has taken
 * twice as long.
 */
instant plan_first_look(size_t members, instant now);
instant plan_next_look(instant begun, instant now);

/* What the levels of a room that are no user's are called, as that which a call is about. */
#define LEVELS_OF_ROOM "levels"

/* What a call is about, in the sense of plan_may(): a user who is to join or to be raised, a setting, the
   room whose create event is read; else NULL. */
const char *call_about(const struct synapse_call *call);

#endif
