#include "engine/mirror.h"

#include "base/log.h"
#include "engine/echo.h"
#include "engine/flight.h"
#include "engine/told.h"

#include <limits.h>
#include <stdlib.h>
#include <utlist.h>

enum {
    GATHERING = 1,                  /* ms: messages come in bursts, and one catch-up serves them all */
    JOINED_LIFE = 1000,             /* ms: so old may the list of rooms be */
    MOST_FAILURES = 4,              /* while a room is being purged, Synapse may fail to tell of changes */
    ATTEMPT_PAUSE = 300,            /* ms */
    FIRST_PAUSE = 10 * 1000,        /* ms after which a mirror that failed is tried again */
    LONGEST_PAUSE = 10 * 60 * 1000, /* ms: it may be refused for good */
    LASTING = 60 * 1000,            /* ms after which a mirror was a good one */
};

void mirror_init(struct mirror *mirror, struct subjects *subjects, const char *sync_user, bool on)
{
    *mirror = (struct mirror){.subjects = subjects,
                              .sync_user = sync_user,
                              .on = on,
                              .asker = (unsigned)instant_now(),
                              .not_before = INSTANT_PAST,
                              .mirrored_at = INSTANT_PAST,
                              .joined_asked_at = INSTANT_PAST};
}

void mirror_deinit(struct mirror *mirror)
{
    free(mirror->position);
    mirror->position = NULL;
    joined_rooms_free(mirror->joined);
    mirror->joined = NULL;
    mirror->joined_asked_at = INSTANT_PAST;
}

/* ---- asking ---- */

void mirror_want(struct mirror *mirror, instant now)
{
    if (mirror->wanted || mirror->half_asked || mirror->under_way > 0)
        return; /* who is not served by this one will ask again when it is over */
    mirror->wanted = true;
    mirror->not_before = instant_max(mirror->not_before, now + GATHERING);
}

void mirror_wait(struct mirror *mirror, struct subject *subject)
{
    if (subject->waits)
        return;
    subject->waits = true;
    DL_APPEND2(mirror->waiting, subject, prev_waiting, next_waiting);
}

struct subject *mirror_release(struct mirror *mirror)
{
    struct subject *subject = mirror->waiting;

    if (!subject)
        return NULL;
    DL_DELETE2(mirror->waiting, subject, prev_waiting, next_waiting);
    subject->waits = false;
    return subject;
}

/* Marks come before the catch-up that is to tell of them. */
static bool next_mark(const struct mirror *mirror, instant now, struct synapse_call *ret_call)
{
    const struct subject *room =
        mirror->position ? told_to_mark(mirror->subjects, mirror->mirrored_at, now) : NULL;

    if (room)
        *ret_call = (struct synapse_call){
            .kind = SYNAPSE_MARK_ROOM, .room = room->room.id, .attempt = (unsigned)now & INT_MAX};
    return room != NULL;
}

bool mirror_next(const struct mirror *mirror, instant now, struct synapse_call *ret_call, instant *ret_at)
{
    *ret_at = INSTANT_NEVER;
    if (mirror->half_asked) {
        *ret_call = (struct synapse_call){.kind = SYNAPSE_READ_JOINED};
        return true;
    }
    if (!mirror->on || mirror->under_way > 0 || (mirror->position && !mirror->wanted))
        return false;
    if (now < mirror->not_before) {
        *ret_at = mirror->not_before;
        return false;
    }
    if (next_mark(mirror, now, ret_call))
        return true;
    if (mirror->marks > 0)
        return false;
    if (mirror->position)
        *ret_call = (struct synapse_call){.kind = SYNAPSE_READ_CHANGES,
                                          .position = mirror->position,
                                          .attempt = mirror->attempt,
                                          .asker = mirror->asker};
    else /* those before may have been another process's */
        *ret_call = (struct synapse_call){.kind = SYNAPSE_READ_POSITION, .attempt = (unsigned)now & INT_MAX};
    return true;
}

bool mirror_goes_first(const struct mirror *mirror)
{
    return mirror->on && !mirror->position && mirror->backoff.attempts == 0;
}

/* Its room was mirrored a moment ago, so it is watched. */
static void note_mark(struct mirror *mirror, const char *id, instant now)
{
    struct subject *subject = subjects_find_room(mirror->subjects, id);

    mirror->marks++;
    mirror->asked_at = now;
    if (subject)
        subject->room.marked_at = now;
}

void mirror_sent(struct mirror *mirror, const struct synapse_call *call, instant now)
{
    enum synapse_kind kind = call->kind;

    if (kind == SYNAPSE_MARK_ROOM) {
        note_mark(mirror, call->room, now);
        return;
    }
    mirror->under_way++;
    mirror->half_asked = kind == SYNAPSE_READ_CHANGES && mirror->joined_asked_at < now - JOINED_LIFE;
    if (kind == SYNAPSE_READ_JOINED) {
        mirror->joined_asked_at = now;
        return;
    }
    mirror->asked_at = now;
    mirror->failed = mirror->wanted = false;
    mirror->attempt++;
}

/* ---- what rooms tell of users ---- */

static bool is_being_renamed(const struct subject *user, const char *name)
{
    return user->flight && user->flight->call.kind == SYNAPSE_SET_DISPLAY_NAME &&
           text_equal(user->flight->call.name, name);
}

static bool is_as_known(const struct subject *user, const struct member_event *member)
{
    switch (member->membership) {
    case MEMBERSHIP_JOIN:
        return text_equal(user->user.name, member->name) || is_being_renamed(user, member->name);
    case MEMBERSHIP_LEAVE:
    case MEMBERSHIP_BAN:
        return false;
    case MEMBERSHIP_NONE:
    case MEMBERSHIP_INVITE:
    case MEMBERSHIP_KNOCK:
        break;
    }
    return true;
}

/* What is being read meanwhile may be older than what was told, or newer. */
static void doubt_flight(const struct subject *subject)
{
    if (subject->flight)
        subject->flight->mirrored = false;
}

/* Our own echo, or somebody else's doing: who shows the name that we know may have it in that room only. */
static bool is_echo(const struct mirror *mirror, const struct subject *user,
                    const struct member_event *member, instant now)
{
    return member->age >= 0 && echo_may_be(user, mirror->asked_at - member->age, now - member->age);
}

static void hear_of_users(struct mirror *mirror, const struct state_events *events, instant now)
{
    for (size_t i = 0; i < state_events_count(events); i++) {
        struct member_event member;
        struct subject *user;

        if (!state_events_member(events, i, &member))
            continue;
        user = subjects_find(mirror->subjects, member.user);
        if (!user || user->is_room)
            continue;
        if (!is_as_known(user, &member) || !is_echo(mirror, user, &member, now))
            user->user.mirrored = false;
        doubt_flight(user);
    }
}

/* ---- what is told of rooms ---- */

static void doubt(struct subject *subject)
{
    room_known_doubt(&subject->room);
    doubt_flight(subject);
}

/* Of a join that is under way the invitation comes first, and is part of it. */
static bool is_invitation_of(const struct flight *flight, const struct state_events *events)
{
    struct member_event member;

    return flight->call.kind == SYNAPSE_JOIN_USER && state_events_count(events) == 1 &&
           state_events_member(events, 0, &member) && member.membership == MEMBERSHIP_INVITE &&
           text_equal(member.user, flight->call.user);
}

/* A call is under way: when it was answered we shall see. Twice in one call is more than can be told
   apart. */
static void keep(struct subject *subject, struct room_change *change)
{
    struct room_known *room = &subject->room;

    if (is_invitation_of(subject->flight, change->events))
        return;
    if (room->news)
        doubt(subject);
    else
        room->news = TAKE(change->events);
}

/* Nothing is under way; but what was may have been answered after this was asked for. */
static void follow(const struct mirror *mirror, struct subject *subject, const struct state_events *events)
{
    struct room_state *state = subject->room.state;

    if (subject->answered < mirror->asked_at)
        room_state_apply(state, events);
    else if (!room_state_agrees(state, events))
        doubt(subject);
}

static void take_in(const struct mirror *mirror, struct subject *subject, struct room_change *change)
{
    const struct room_known *room = &subject->room;

    if (!text_equal(room->id, change->room))
        return; /* it was watched under the id that it had */
    if (change->left || change->doubtful)
        doubt(subject);
    else if (change->events && subject->flight)
        keep(subject, change);
    else if (change->events && room->mirrored && room->state)
        follow(mirror, subject, change->events);
}

static void catch_up(struct mirror *mirror, struct changes *changes, instant now)
{
    for (size_t i = 0; i < changes->room_count; i++) {
        struct room_change *change = &changes->rooms[i];
        struct subject *subject = subjects_find_room(mirror->subjects, change->room);

        if (change->events)
            hear_of_users(mirror, change->events, now);
        if (!subject)
            continue;
        if (!change->left && text_equal(subject->room.id, change->room))
            told_note(&subject->room, mirror->asked_at);
        take_in(mirror, subject, change);
        subjects_reweigh(mirror->subjects, subject);
    }
}

/* ---- answers ---- */

static void give_up(struct mirror *mirror, const struct synapse_reply *reply, instant now)
{
    int64_t pause = backoff_next(&mirror->backoff, FIRST_PAUSE, LONGEST_PAUSE);

    log_warning("mirror-lost", LOG_TEXT("reason", reply->problem.text), LOG_NUMBER("retry_ms", pause));
    mirror_deinit(mirror);
    mirror->attempt = mirror->failures = 0;
    mirror->wanted = mirror->half_asked = false;
    mirror->not_before = now + pause;
    subjects_unmirror(mirror->subjects);
}

static void go_on(struct mirror *mirror, struct synapse_reply *reply)
{
    free(mirror->position);
    mirror->position = TAKE(reply->changes->position);
    mirror->attempt = 0;
}

static void learn(struct mirror *mirror, enum synapse_kind kind, struct synapse_reply *reply, instant now)
{
    if (kind == SYNAPSE_READ_POSITION) {
        mirror->since = mirror->asked_at;
        go_on(mirror, reply);
    } else if (!mirror->position) {
        return; /* it was given up meanwhile */
    } else if (kind == SYNAPSE_READ_CHANGES) {
        catch_up(mirror, reply->changes, now);
        go_on(mirror, reply);
    } else {
        joined_rooms_free(mirror->joined);
        mirror->joined = TAKE(reply->joined);
        mirror->joined_at = mirror->joined_asked_at;
    }
}

/* Who waits asks again, from the same position. But whatever it is that the position fails for, nothing else
   shall wait for it. */
static void miss(struct mirror *mirror, enum synapse_kind kind, const struct synapse_reply *reply,
                 instant now)
{
    /* Out of reach may be the homeserver, or only what answers /sync (a worker, behind a proxy). */
    bool may_pass = (reply->outcome == SYNAPSE_UNREACHABLE || reply->outcome == SYNAPSE_FAILED) &&
                    ++mirror->failures < MOST_FAILURES;
    bool later = reply->outcome == SYNAPSE_SHUT_OUT ||
                 ((may_pass || reply->outcome == SYNAPSE_LIMITED) && kind != SYNAPSE_READ_POSITION);

    mirror->failed = true;
    mirror->half_asked = false;
    mirror->not_before = now + ATTEMPT_PAUSE;
    if (kind == SYNAPSE_READ_JOINED)
        mirror->joined_asked_at = INSTANT_PAST;
    if (!later && (mirror->position || kind == SYNAPSE_READ_POSITION))
        give_up(mirror, reply, now);
}

bool mirror_answered(struct mirror *mirror, enum synapse_kind kind, struct synapse_reply *reply, instant now)
{
    if (kind == SYNAPSE_MARK_ROOM) { /* whatever came of it, the catch-up shows it */
        mirror->marks--;
        return false;
    }
    mirror->under_way--;
    if (reply->outcome == SYNAPSE_OK)
        learn(mirror, kind, reply, now);
    else
        miss(mirror, kind, reply, now);
    if (mirror->under_way > 0 || mirror->half_asked)
        return false;
    if (!mirror->failed && kind != SYNAPSE_READ_POSITION) {
        mirror->mirrored_at = mirror->asked_at;
        told_settle(mirror->subjects, mirror->asked_at);
        mirror->failures = 0;
        if (now - mirror->since > LASTING)
            backoff_reset(&mirror->backoff);
    }
    return true;
}

/* ---- calls about subjects ---- */

void mirror_watch(struct mirror *mirror, struct subject *subject)
{
    echo_begin(mirror->subjects, subject, mirror->mirrored_at);
    subject->flight->mirrored = mirror->position != NULL;
    if (mirror->position && subject->is_room)
        subjects_watch(mirror->subjects, subject);
}

/* The sync user is told only of the rooms that it is in. */
static bool is_told_of(const struct mirror *mirror, const struct subject *subject)
{
    const struct room_known *room = &subject->room;

    return room->id && room->state && !told_is_silent(room, subject->answered) &&
           subjects_find_room(mirror->subjects, room->id) == subject &&
           room_state_membership(room->state, mirror->sync_user) == MEMBERSHIP_JOIN;
}

static void look_at_news(struct room_known *room)
{
    CLEANUP(state_events_freep) struct state_events *news = TAKE(room->news);

    if (news && room->state && !room_state_agrees(room->state, news))
        room_known_doubt(room);
}

static void room_learnt(struct mirror *mirror, struct subject *subject, const struct flight *flight,
                        bool success)
{
    enum synapse_kind kind = flight->call.kind;

    if (success && flight->mirrored && !flight->outdated &&
        (kind == SYNAPSE_READ_STATE || kind == SYNAPSE_CREATE_ROOM)) {
        subjects_watch(mirror->subjects, subject);
        subject->room.mirrored = is_told_of(mirror, subject);
    }
    look_at_news(&subject->room);
}

void mirror_learnt(struct mirror *mirror, struct subject *subject, const struct flight *flight,
                   const struct synapse_reply *reply)
{
    enum synapse_kind kind = flight->call.kind;
    bool success = reply->outcome == SYNAPSE_OK;

    echo_end(mirror->subjects, subject, flight);
    if (subject->is_room)
        room_learnt(mirror, subject, flight, success);
    else if (success && (kind == SYNAPSE_READ_USER || kind == SYNAPSE_CREATE_USER))
        subject->user.mirrored = flight->mirrored;
}

/* ---- what is known of rooms ---- */

bool mirror_is_gone(const struct mirror *mirror, const struct room_known *room)
{
    return mirror->joined && room->whole_at < mirror->joined_at &&
           !joined_rooms_has(mirror->joined, room->id);
}

instant mirror_as_of(const struct mirror *mirror, const struct room_known *room)
{
    return told_is(room, mirror->mirrored_at) ? instant_max(room->read_at, mirror->mirrored_at)
                                              : room->read_at;
}

void mirror_refresh(const struct mirror *mirror, struct room_known *room)
{
    if (!room->mirrored || room->read_at >= mirror->mirrored_at)
        return;
    if (mirror_is_gone(mirror, room))
        room_known_doubt(room);
    else
        room->read_at = mirror_as_of(mirror, room);
}
