/*
 * The driver of the planners.
 *
 * A subject that something has happened to (a message came or left, a reply came, time passed) waits in the
 * queue of its message (engine/turns.h). Attending to a subject means: settle the places at the front of its
 * line for which nothing is left to do; then ask the planner for the next call towards what the rest of the
 * front wants, and send it. A subject has at most one call in flight; `engine/pace.h` bounds them all, and
 * messages get the slots in turn. Where the planner asks for what has changed (SYNAPSE_READ_CHANGES), the
 * subject waits for the next catch-up of the mirror, together with all others that do.
 *
 * Verdicts are given at the end of a turn, since the user of the engine may free the message in that call.
 */
#include "engine/engine.h"

#include "base/log.h"
#include "base/memory.h"
#include "engine/deeds.h"
#include "engine/driver.h"
#include "engine/flight.h"
#include "engine/front.h"
#include "engine/removal.h"
#include "engine/room_learn.h"
#include "engine/user_learn.h"

#include <stdlib.h>
#include <utlist.h>

enum {
    MOST_DELETIONS = 2,  /* rooms at a time: one may be large, and more are not over sooner */
    DELETION_TURN = 200, /* ms until a deletion asks again for its turn */
    LEASE_PAUSE = 10,    /* ms until it is asked again whether the messages are ours */
    LONGEST_TURN = 20,   /* ms */
};

static void work_on(void *context);

/* ---- queue and time ---- */

static struct turn_queue *queue_of(struct engine *engine, const struct subject *subject)
{
    struct engine_message *message = front_message(subject);

    return message ? &message->queue : &engine->nobodys;
}

static void enqueue(void *context, struct subject *subject)
{
    struct engine *engine = context;

    turns_add(&engine->turns, queue_of(engine, subject), subject);
}

static void wake_at(struct engine *engine, instant at)
{
    if (!loop_timer_is_set(&engine->timer) || at < engine->timer.at)
        loop_timer_set(&engine->timer, at);
}

static void timer_due(void *context)
{
    struct engine *engine = context;
    instant now = instant_now(), next = INSTANT_NEVER;
    struct subject *subject, *following;

    HASH_ITER (hh, engine->subjects.active, subject, following) {
        if (subject->wake <= now) {
            subject->wake = INSTANT_NEVER;
            enqueue(engine, subject);
        }
        next = instant_min(next, subject->wake);
    }
    loop_timer_set(&engine->timer, next);
    work_on(engine);
}

/* ---- whether anything may be begun ---- */

static instant lease_since(const void *context)
{
    const struct engine *engine = context;

    return engine->config.lease_since ? engine->config.lease_since(engine->config.context) : INSTANT_PAST;
}

/* Whether a call may be sent; if not, this is looked at again in time. */
static bool may_send(struct engine *engine)
{
    instant again;

    if (!engine->outlet.ready)
        return false;
    if (lease_since(engine) == INSTANT_NEVER) {
        wake_at(engine, instant_now() + LEASE_PAUSE);
        return false;
    }
    if (outlet_is_free(&engine->outlet, &again))
        return true;
    wake_at(engine, again);
    return false;
}

/* ---- the next call ---- */

static void replied(void *context, struct synapse_reply *reply);
static void enqueue_rooms_of_user(struct engine *engine, const struct subject *user);
static void learn(struct engine *engine, struct subject *subject, const struct flight *flight,
                  struct synapse_reply *reply, instant now);

static struct flight *begin(struct engine *engine, struct subject *subject, const struct synapse_call *call)
{
    struct flight *flight = flight_new(call, subject->is_room ? &subject->room : NULL);

    flight->engine = engine;
    flight->subject = subject;
    flight->sent = instant_now();
    subject->flight = flight;
    obstacle_risk(subject_obstacles(subject), call, flight->sent);
    return flight;
}

static void send_call(struct engine *engine, struct subject *subject, const struct synapse_call *call)
{
    struct flight *flight = begin(engine, subject, call);

    engine->looks += call->kind == SYNAPSE_READ_USER;
    mirror_watch(&engine->errands.mirror, subject);
    front_count_request(subject);
    outlet_send(&engine->outlet, &flight->call, replied, flight);
    flight_forget_borrowed(flight);
}

/* ---- errands ---- */

static void wait_for_mirror(struct engine *engine, struct subject *subject, const struct synapse_call *call,
                            instant now)
{
    obstacle_risk(subject_obstacles(subject), call, now);
    mirror_want(&engine->errands.mirror, now);
    mirror_wait(&engine->errands.mirror, subject);
}

/* Who is absent has been created by nobody else while the messages are ours. Who is there may have been by
   whoever else serves the homeserver, and then the records have to be as young as the messages. */
static instant records_as_of(void *context, const struct subject *subject)
{
    instant since = lease_since(context);

    return user_is_there(&subject->user) ? instant_max(since, front_arrived(subject)) : since;
}

static void ledger_answered_to(void *context, struct flight *flight, struct synapse_reply *reply)
{
    struct engine *engine = context;
    struct subject *subject = flight->subject;

    subject->flight = NULL;
    if (reply) {
        learn(engine, subject, flight, reply, instant_now());
        /* Who was looked at right before is written at once. */
        turns_add_first(&engine->turns, queue_of(engine, subject), subject);
        enqueue_rooms_of_user(engine, subject);
    } else {
        enqueue(engine, subject);
    }
    flight_free(flight);
}

/* Whether there was one to be run. */
static bool run_errand(struct engine *engine)
{
    bool quiet = turns_are_empty(&engine->turns) && engine->looks == 0;
    const struct subject *asker;
    instant again;

    if (!errands_send(&engine->errands, quiet, &again, &asker)) {
        wake_at(engine, again);
        return false;
    }
    if (asker)
        front_count_request(asker);
    return true;
}

static void sleep_until(struct engine *engine, struct subject *subject, instant until)
{
    subject->wake = until;
    wake_at(engine, until);
}

static void carry_out(struct engine *engine, struct subject *subject, const struct synapse_call *call,
                      instant now)
{
    if (call->kind == SYNAPSE_READ_CHANGES)
        wait_for_mirror(engine, subject, call, now);
    else if (call->kind == SYNAPSE_READ_RECORDS || call->kind == SYNAPSE_WRITE_RECORDS)
        errands_ask(&engine->errands, begin(engine, subject, call));
    else if (subjects_call_deletes(call) && subjects_deletions(&engine->subjects) >= MOST_DELETIONS)
        sleep_until(engine, subject, now + DELETION_TURN);
    else if (removal_is_braked(&engine->brake, subject, call, now))
        enqueue(engine, subject); /* which has nothing left to do now */
    else
        send_call(engine, subject, call);
}

static void act(void *context, struct subject *subject, const struct action *action)
{
    struct engine *engine = context;

    switch (action->kind) {
    case ACTION_NONE:
        break;
    case ACTION_WAIT:
        sleep_until(engine, subject, action->until);
        break;
    case ACTION_CALL:
        carry_out(engine, subject, &action->call, engine->attended_at);
        break;
    }
}

/* ---- turns ---- */

/* Rooms wait for their members: whatever is learnt of a user may concern the rooms of its messages. */
static void enqueue_rooms_of(struct engine *engine, const struct engine_message *message)
{
    for (size_t i = message->user_count; i < message->place_count; i++)
        enqueue(engine, message->places[i].subject);
}

static void enqueue_rooms_of_user(struct engine *engine, const struct subject *user)
{
    const struct place *place;

    DL_FOREACH (user->line, place)
        enqueue_rooms_of(engine, place->message);
}

static void settled(void *context, struct place *place)
{
    struct engine *engine = context;
    struct engine_message *message = place->message;

    brake_over(&engine->brake, place->subject->key, instant_now());
    if (!place->subject->is_room)
        enqueue_rooms_of(engine, message);
    if (--message->open > 0 || message->ended)
        return;
    message->ended = true;
    DL_APPEND(engine->ended, message);
}

static void reopened(void *context, struct place *place)
{
    place->message->open++;
    enqueue(context, place->subject);
}

static void attend(struct engine *engine, struct subject *subject)
{
    const struct front front = {.mirror = &engine->errands.mirror,
                                .rules = &engine->config.rules,
                                .now = engine->attended_at = instant_now(),
                                .settled = settled,
                                .reopened = reopened,
                                .next = act,
                                .context = engine};

    if (subject->flight)
        return; /* its reply brings it back */
    if (!subject->line) {
        if (!subject->waits) /* else it comes by again */
            subjects_rest(&engine->subjects, subject);
        return;
    }
    if (subject->is_room)
        mirror_refresh(&engine->errands.mirror, &subject->room);
    front_attend(&front, subject);
}

static void give_verdict(struct engine *engine, struct engine_message *message)
{
    const struct engine_verdict verdict = message_verdict(message, instant_now());

    DL_DELETE(engine->ended, message);
    message->prev = message->next = NULL;
    engine->config.ended(engine->config.context, message, &verdict);
}

/* One step; false: none can be done now. */
static bool work(struct engine *engine)
{
    if (!may_send(engine))
        return false;
    if (run_errand(engine))
        return true;
    if (turns_are_empty(&engine->turns) || mirror_goes_first(&engine->errands.mirror))
        return false;
    attend(engine, turns_take(&engine->turns));
    return true;
}

/* Where tens of thousands are to be attended to, the rest of the program must not wait for all of them. */
static bool is_long(const struct engine *engine)
{
    return engine->attended_at > engine->turn_began + LONGEST_TURN;
}

static void work_on(void *context)
{
    struct engine *engine = context;

    if (engine->in_turn)
        return;
    engine->in_turn = true;
    engine->turn_began = engine->attended_at = instant_now();
    do {
        while (!is_long(engine) && work(engine))
            ;
        while (engine->ended)
            give_verdict(engine, engine->ended);
    } while (!is_long(engine) && work(engine));
    if (is_long(engine))
        loop_timer_set(&engine->soon, engine->attended_at);
    engine->in_turn = false;
}

/* ---- replies ---- */

static void learn(struct engine *engine, struct subject *subject, const struct flight *flight,
                  struct synapse_reply *reply, instant now)
{
    const struct news news = {
        .call = &flight->call,
        .reply = reply,
        .rules = &engine->config.rules,
        .others_succeeded = outlet_serves_others(&engine->outlet, flight->call.kind, reply, subject, now),
        .sent = flight->sent,
        .now = now,
    };
    bool was_gone = !subject->is_room && user_is_deactivated(&subject->user);

    if (subject->is_room) {
        room_learn(&subject->room, &news);
        if (flight->outdated)
            room_known_doubt(&subject->room);
        return;
    }
    user_learn(&subject->user, &news);
    if (flight->outdated)
        user_known_forget(&subject->user);
    if (was_gone && user_is_there(&subject->user))
        subjects_doubt_rooms(&engine->subjects); /* who was deactivated had left them all */
}

static void replied(void *context, struct synapse_reply *reply)
{
    CLEANUP(flight_freep) struct flight *flight = context;
    struct engine *engine = flight->engine;
    struct subject *subject = flight->subject;
    instant now = instant_now();

    subject->flight = NULL;
    subject->answered = now;
    engine->looks -= flight->call.kind == SYNAPSE_READ_USER;
    outlet_answered(&engine->outlet, flight->call.kind, reply, flight->sent);
    brake_answered(&engine->brake, subject->key, now);
    if (reply->outcome != SYNAPSE_OK && reply->outcome != SYNAPSE_ABSENT)
        log_debug("call-failed", LOG_TEXT("call", synapse_kind_name(flight->call.kind)),
                  LOG_TEXT("subject", subject->key), LOG_TEXT("problem", reply->problem.text));
    deeds_note(&engine->subjects, &engine->config, subject, &flight->call, reply);
    learn(engine, subject, flight, reply, now);
    mirror_learnt(&engine->errands.mirror, subject, flight, reply);
    /* Who was looked at is written before anybody else is looked at: what was seen is soon too old. */
    if (synapse_kind_writes(flight->call.kind))
        enqueue(engine, subject);
    else
        turns_add_first(&engine->turns, queue_of(engine, subject), subject);
    if (!subject->is_room)
        enqueue_rooms_of_user(engine, subject);
    work_on(engine);
}

/* ---- for the user of the engine ---- */

struct engine *engine_new(const struct engine_config *config, const struct engine_homeserver *homeserver,
                          struct loop *loop)
{
    struct engine *engine = NEW(struct engine);
    const struct errand_handlers handlers = {.woken = enqueue,
                                             .as_of = records_as_of,
                                             .lease_since = lease_since,
                                             .answered = ledger_answered_to,
                                             .done = work_on,
                                             .context = engine};

    engine->config = *config;
    engine->subjects.reactivates = config->rules.reactivate;
    engine->subjects.most_weight = config->most_memory;
    outlet_init(&engine->outlet, homeserver, config);
    mirror_init(&engine->errands.mirror, &engine->subjects, config->rules.sync_user, config->mirrors);
    errands_init(&engine->errands, &engine->outlet, &handlers);
    brake_init(&engine->brake, config->removals_per_hour);
    loop_timer_init(&engine->timer, loop, timer_due, engine);
    loop_timer_init(&engine->soon, loop, work_on, engine);
    return engine;
}

static void left(void *context, struct subject *subject)
{
    struct engine *engine = context;

    if (!subject->line && subject->flight && ledger_withdraw(&engine->errands.ledger, subject->flight))
        flight_free(TAKE(subject->flight)); /* nobody wants it written any more */
    enqueue(engine, subject);
    if (!subject->is_room)
        enqueue_rooms_of_user(engine, subject);
}

void engine_leave(struct engine *engine, struct engine_message *message)
{
    if (message->prev)
        DL_DELETE(engine->ended, message);
    DL_DELETE2(engine->messages, message, older, newer);
    order_leave(message, left, engine);
    /* Not at once: when a connection is lost, those behind it are about to leave too. */
    loop_timer_set(&engine->soon, instant_now());
}

void engine_free(struct engine *engine)
{
    struct subject *subject, *following;

    if (!engine)
        return;
    engine->in_turn = true; /* nothing is begun any more */
    HASH_ITER (hh, engine->subjects.active, subject, following) {
        while (subject->line)
            engine_leave(engine, subject->line->message);
        flight_free(subject->flight);
    }
    subjects_deinit(&engine->subjects);
    errands_deinit(&engine->errands);
    brake_deinit(&engine->brake);
    held_deinit(&engine->held);
    loop_timer_stop(&engine->timer);
    loop_timer_stop(&engine->soon);
    free(engine);
}

void engine_set_ready(struct engine *engine, bool ready)
{
    engine->outlet.ready = ready;
    if (ready)
        work_on(engine);
}

void engine_told(struct engine *engine, const struct synapse_sign *sign)
{
    gate_told(&engine->outlet.gate, sign, instant_now());
    work_on(engine);
}

struct engine_message *engine_submit(struct engine *engine, struct request *request, void *owner)
{
    struct engine_message *message = order_enter(&engine->subjects, request, owner, instant_now());

    DL_APPEND2(engine->messages, message, older, newer);
    for (size_t i = 0; i < message->place_count; i++)
        enqueue(engine, message->places[i].subject);
    loop_timer_set(&engine->soon, message->arrived);
    return message;
}
