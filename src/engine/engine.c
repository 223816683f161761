/*
 * The driver of the planners.
 *
 * A subject that something has happened to (a message came or left, a reply came, time passed) is put into a
 * queue. Attending to a subject means: settle the places at the front of its line for which nothing is left
 * to do; then ask the planner for the next call towards what the rest of the front wants, and send it. A
 * subject has at most one call in flight; `concurrency` bounds them all, and the queue hands the slots out in
 * turn.
 *
 * The gate. When the homeserver cannot be reached or asks for patience, no call at all is made before a time;
 * after it one call goes first, and the others follow when that was answered.
 *
 * Messages whose last place was settled are collected and their verdicts given at the end of a turn, since
 * the user of the engine may free the message in that call.
 */
#include "engine/engine.h"

#include "base/backoff.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/flight.h"
#include "engine/order.h"

#include <stdlib.h>
#include <utlist.h>

enum {
    FIRST_PAUSE = 500,     /* ms after which an unreachable homeserver is tried again */
    LONGEST_PAUSE = 4000,  /* ms: a refused connection is cheap */
    PROBE_PATIENCE = 5000, /* ms: some calls may take minutes, and nobody may be there to answer this one */
    MOST_DELETIONS = 3,    /* rooms at a time; Synapse itself allows five */
    DELETION_TURN = 200,   /* ms until a deletion asks again for its turn */
    RECENT = 60 * 1000,    /* ms within which a success tells that the homeserver is well */
};

struct engine {
    struct engine_config config;
    struct engine_homeserver homeserver;
    struct order order;
    struct message *messages; /* in the order of their arrival */
    struct subject *queue;
    struct message *ended;
    bool in_turn;

    bool ready;
    unsigned in_flight;

    instant closed_until; /* the gate */
    bool probing;         /* the gate opens for one call at a time */
    instant probe_until;  /* how long that call is waited for before another one may go */
    struct backoff backoff;
    instant last_answer; /* that was of use */
    instant last_write;  /* that succeeded: reads may go well while the homeserver can write nothing */

    struct loop_timer timer; /* the earliest wake of a subject, or the gate's */
    struct loop_timer soon;  /* a message was submitted, or left */
};

static void turn(struct engine *engine);

/* ---- queue and time ---- */

static void enqueue(struct engine *engine, struct subject *subject)
{
    if (subject->queued)
        return;
    subject->queued = true;
    DL_APPEND(engine->queue, subject);
}

/* It is its turn next. */
static void enqueue_first(struct engine *engine, struct subject *subject)
{
    if (subject->queued)
        DL_DELETE(engine->queue, subject);
    subject->queued = true;
    DL_PREPEND(engine->queue, subject);
}

static struct subject *dequeue(struct engine *engine)
{
    struct subject *subject = engine->queue;

    DL_DELETE(engine->queue, subject);
    subject->queued = false;
    return subject;
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

    HASH_ITER (hh, engine->order.subjects, subject, following) {
        if (subject->wake <= now) {
            subject->wake = INSTANT_NEVER;
            enqueue(engine, subject);
        }
        next = instant_min(next, subject->wake);
    }
    loop_timer_set(&engine->timer, next);
    turn(engine);
}

static void soon_due(void *context)
{
    turn(context);
}

/* ---- the gate ---- */

static bool gate_is_open(struct engine *engine, instant now)
{
    instant opens = engine->closed_until;

    if (!engine->ready || engine->in_flight >= engine->config.concurrency)
        return false;
    if (engine->probing)
        opens = instant_max(opens, engine->probe_until);
    if (now < opens) {
        wake_at(engine, opens);
        return false;
    }
    return true;
}

static void close_gate(struct engine *engine, const struct synapse_reply *reply, instant now)
{
    int64_t pause;

    if (engine->probing && now < engine->closed_until && reply->retry_after < 0)
        return; /* one of those that were under way: they all tell of the same outage */
    pause = backoff_next(&engine->backoff, FIRST_PAUSE, LONGEST_PAUSE);
    if (!engine->probing)
        log_warning("homeserver-paused", LOG_TEXT("reason", reply->problem.text));
    if (reply->retry_after > pause)
        pause = reply->retry_after;
    engine->probing = true;
    engine->probe_until = INSTANT_PAST;
    engine->closed_until = instant_max(engine->closed_until, now + pause);
    wake_at(engine, engine->closed_until);
}

/* Who answered others meanwhile is there: it is this call that fails, and it must not hold up all others. */
static void blame(const struct engine *engine, const struct flight *flight, struct synapse_reply *reply)
{
    if (reply->outcome == SYNAPSE_UNREACHABLE && engine->last_answer > flight->sent)
        reply->outcome = SYNAPSE_FAILED;
}

static void note_answer(struct engine *engine, enum synapse_kind kind, const struct synapse_reply *reply,
                        instant now)
{
    switch (reply->outcome) {
    case SYNAPSE_UNREACHABLE:
    case SYNAPSE_LIMITED:
        close_gate(engine, reply, now);
        return;
    case SYNAPSE_OK:
    case SYNAPSE_ABSENT:
    case SYNAPSE_TAKEN:
        engine->last_answer = now;
        if (synapse_kind_writes(kind))
            engine->last_write = now;
        break;
    case SYNAPSE_REFUSED:
    case SYNAPSE_FAILED:
    case SYNAPSE_SHUT_OUT:
        break;
    }
    if (engine->probing)
        log_info("homeserver-resumed");
    engine->probing = false;
    backoff_reset(&engine->backoff);
}

/* ---- settling ---- */

static bool is_settled(const struct engine *engine, const struct place *place, struct levels_user *members,
                       instant now)
{
    const struct engine_rules *rules = &engine->config.rules;
    struct subject *subject = place->subject;
    struct members_state state;
    struct user_wanted user;
    struct room_wanted room;

    if (!subject->is_room) {
        user = order_user_wanted(place);
        if (user_next(&subject->user, &user, rules, now).kind != ACTION_NONE)
            return false;
        user_report(&subject->user, &user, rules, &place->message->report);
        return true;
    }
    room = order_room_wanted(place);
    state = order_ready_members(place, rules, now, members);
    room.members = members;
    room.member_count = state.ready;
    room.exists = state.ready > 0 || place->message->request->method == REQUEST_ADD_ROOM;
    if (state.pending > 0 || state.delayed > 0 ||
        room_next(&subject->room, &room, rules, now).kind != ACTION_NONE)
        return false;
    room_report(&subject->room, &room, rules, &place->message->report);
    return true;
}

static void settle(struct engine *engine, struct place *place)
{
    struct message *message = place->message;

    place->settled = true;
    if (!place->subject->is_room)
        place->there = user_is_there(&place->subject->user);
    if (--message->open > 0 || message->ended)
        return;
    message->ended = true;
    DL_APPEND(engine->ended, message);
}

static struct levels_user *room_for_members(const struct subject *subject)
{
    const struct place *place;
    size_t count = 0;

    DL_FOREACH (subject->line, place)
        count += order_member_count(place);
    return memory_new(count, sizeof(struct levels_user));
}

static void settle_front(struct engine *engine, struct subject *subject, instant now)
{
    CLEANUP(freep) struct levels_user *members = room_for_members(subject);
    struct place *place;

    DL_FOREACH (subject->line, place)
        if (place->in_front && !place->settled && is_settled(engine, place, members, now))
            settle(engine, place);
}

/* ---- the next call ---- */

/*
 * A place is brought in once nothing is pending with its members: their levels are then written all at once.
 * Members with whom something keeps failing are not waited for.
 */
static struct action next_of_room(const struct engine *engine, struct subject *subject,
                                  struct levels_user *members, instant now)
{
    const struct engine_rules *rules = &engine->config.rules;
    struct room_wanted all = {.alias = subject->key};
    instant since = INSTANT_PAST;
    const struct place *place;
    size_t count = 0;

    DL_FOREACH (subject->line, place) {
        struct members_state state;

        if (!place->in_front || place->settled)
            continue;
        state = order_ready_members(place, rules, now, members + count);
        if (place->kind == PLACE_ROOM_ADDED &&
            (state.pending > 0 || (state.ready == 0 && place->message->request->method == REQUEST_ADD_USER)))
            continue;
        all = order_room_wanted(place);
        since = instant_max(since, all.since);
        all.exists = true;
        count += state.ready;
    }
    all.since = since;
    all.members = members;
    all.member_count = count;
    return room_next(&subject->room, &all, rules, now);
}

static void replied(void *context, struct synapse_reply *reply);

/* The request is counted for the message whose place comes first. */
static void count_request(struct subject *subject)
{
    struct place *place;

    DL_FOREACH (subject->line, place)
        if (!place->settled) {
            place->message->requests++;
            return;
        }
}

static void send(struct engine *engine, struct subject *subject, const struct synapse_call *call)
{
    struct flight *flight = flight_new(call, subject->is_room ? &subject->room : NULL);

    flight->engine = engine;
    flight->subject = subject;
    flight->sent = instant_now();
    subject->flight = flight;
    engine->in_flight++;
    if (engine->probing)
        engine->probe_until = flight->sent + PROBE_PATIENCE;
    count_request(subject);
    engine->homeserver.send(engine->homeserver.homeserver, &flight->call, replied, flight);
    flight_forget_borrowed(flight);
}

static void sleep_until(struct engine *engine, struct subject *subject, instant until)
{
    subject->wake = until;
    wake_at(engine, until);
}

static bool is_deleting(const struct flight *flight)
{
    return flight && flight->call.kind == SYNAPSE_DELETE_ROOM;
}

static bool may_delete(const struct engine *engine)
{
    const struct subject *subject;
    unsigned deletions = 0;

    for (subject = engine->order.subjects; subject; subject = subject->hh.next)
        if (subject->is_room && (subject->room.deleting || is_deleting(subject->flight)))
            deletions++;
    return deletions < MOST_DELETIONS;
}

static void act(struct engine *engine, struct subject *subject, instant now)
{
    CLEANUP(freep) struct levels_user *members = room_for_members(subject);
    struct user_wanted user;
    struct action action;

    if (subject->is_room) {
        action = next_of_room(engine, subject, members, now);
    } else {
        user = order_user_wanted_by_all(subject);
        action = user_next(&subject->user, &user, &engine->config.rules, now);
    }
    switch (action.kind) {
    case ACTION_NONE:
        break;
    case ACTION_WAIT:
        sleep_until(engine, subject, action.until);
        break;
    case ACTION_CALL:
        if (action.call.kind == SYNAPSE_DELETE_ROOM && !may_delete(engine))
            sleep_until(engine, subject, now + DELETION_TURN);
        else
            send(engine, subject, &action.call);
        break;
    }
}

static bool has_open_place(const struct subject *subject)
{
    const struct place *place;

    DL_FOREACH (subject->line, place)
        if (place->in_front && !place->settled)
            return true;
    return false;
}

static void attend(struct engine *engine, struct subject *subject)
{
    instant now = instant_now();

    if (subject->flight)
        return; /* its reply brings it back */
    if (!subject->line) {
        order_drop(&engine->order, subject);
        return;
    }
    settle_front(engine, subject, now);
    if (has_open_place(subject))
        act(engine, subject, now);
}

static void give_verdict(struct engine *engine, struct message *message)
{
    const struct engine_verdict verdict = {
        .rejected = message->report.rejected,
        .code = message->report.code,
        .detail = buffer_text(&message->report.refusals),
        .warnings = buffer_text(&message->report.warnings),
        .requests = message->requests,
        .duration = instant_now() - message->arrived,
    };

    DL_DELETE(engine->ended, message);
    message->prev = message->next = NULL;
    engine->config.ended(engine->config.context, message, &verdict);
}

static void turn(struct engine *engine)
{
    if (engine->in_turn)
        return;
    engine->in_turn = true;
    do {
        while (engine->queue && gate_is_open(engine, instant_now()))
            attend(engine, dequeue(engine));
        while (engine->ended)
            give_verdict(engine, engine->ended);
    } while (engine->queue && gate_is_open(engine, instant_now()));
    engine->in_turn = false;
}

/* ---- replies ---- */

/* Rooms wait for their members: whatever is learnt of a user may concern the rooms of its messages. */
static void enqueue_rooms_of(struct engine *engine, struct subject *user)
{
    const struct place *place;

    DL_FOREACH (user->line, place)
        for (size_t i = place->message->user_count; i < place->message->place_count; i++)
            enqueue(engine, place->message->places[i].subject);
}

/* Who was deactivated had left all rooms, whatever was known of them. */
static void doubt_members(struct engine *engine)
{
    struct subject *subject, *following;

    HASH_ITER (hh, engine->order.subjects, subject, following)
        if (subject->is_room)
            subject->room.read_at = INSTANT_PAST;
}

static void learn(struct engine *engine, struct subject *subject, const struct flight *flight,
                  struct synapse_reply *reply, instant now)
{
    const struct engine_rules *rules = &engine->config.rules;
    bool others_succeeded = engine->last_write > now - RECENT, was_gone;

    if (subject->is_room) {
        room_learn(&subject->room, &flight->call, reply, rules, others_succeeded, flight->sent, now);
        return;
    }
    was_gone = subject->user.deactivated;
    user_learn(&subject->user, &flight->call, reply, rules, others_succeeded, flight->sent, now);
    if (was_gone && user_is_there(&subject->user))
        doubt_members(engine);
}

static void replied(void *context, struct synapse_reply *reply)
{
    CLEANUP(flight_freep) struct flight *flight = context;
    struct engine *engine = flight->engine;
    struct subject *subject = flight->subject;
    instant now = instant_now();

    subject->flight = NULL;
    engine->in_flight--;
    blame(engine, flight, reply);
    note_answer(engine, flight->call.kind, reply, now);
    if (reply->outcome != SYNAPSE_OK && reply->outcome != SYNAPSE_ABSENT)
        log_debug("call-failed", LOG_TEXT("call", synapse_kind_name(flight->call.kind)),
                  LOG_TEXT("subject", subject->key), LOG_TEXT("problem", reply->problem.text));
    learn(engine, subject, flight, reply, now);
    if (flight->call.kind == SYNAPSE_READ_LEVELS || flight->call.kind == SYNAPSE_READ_USER)
        enqueue_first(engine, subject); /* what was read right before is written at once */
    else
        enqueue(engine, subject);
    if (!subject->is_room)
        enqueue_rooms_of(engine, subject);
    turn(engine);
}

/* ---- for the user of the engine ---- */

struct engine *engine_new(const struct engine_config *config, const struct engine_homeserver *homeserver,
                          struct loop *loop)
{
    struct engine *engine = NEW(struct engine);

    engine->config = *config;
    engine->homeserver = *homeserver;
    engine->order.reactivates = config->rules.reactivate;
    engine->closed_until = INSTANT_PAST;
    engine->last_answer = engine->last_write = INSTANT_PAST;
    loop_timer_init(&engine->timer, loop, timer_due, engine);
    loop_timer_init(&engine->soon, loop, soon_due, engine);
    return engine;
}

static void left(void *context, struct subject *subject)
{
    struct engine *engine = context;

    enqueue(engine, subject);
    if (!subject->is_room)
        enqueue_rooms_of(engine, subject);
}

void engine_leave(struct engine *engine, struct message *message)
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
    HASH_ITER (hh, engine->order.subjects, subject, following) {
        while (subject->line)
            engine_leave(engine, subject->line->message);
        flight_free(subject->flight);
    }
    order_deinit(&engine->order);
    loop_timer_stop(&engine->timer);
    loop_timer_stop(&engine->soon);
    free(engine);
}

void engine_set_ready(struct engine *engine, bool ready)
{
    engine->ready = ready;
    if (ready)
        turn(engine);
}

struct message *engine_submit(struct engine *engine, struct request *request, void *owner)
{
    struct message *message = order_enter(&engine->order, request, owner, instant_now());

    DL_APPEND2(engine->messages, message, older, newer);
    for (size_t i = 0; i < message->place_count; i++)
        enqueue(engine, message->places[i].subject);
    loop_timer_set(&engine->soon, message->arrived);
    return message;
}

void *engine_owner(const struct message *message)
{
    return message->owner;
}

const struct request *engine_request(const struct message *message)
{
    return message->request;
}

bool engine_is_stuck(const struct engine *engine)
{
    return engine->in_flight == 0 && (!engine->ready || engine->probing);
}

instant engine_oldest(const struct engine *engine)
{
    return engine->messages ? engine->messages->arrived : INSTANT_NEVER;
}
