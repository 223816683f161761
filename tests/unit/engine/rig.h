#ifndef SYNC_TESTS_ENGINE_RIG_H
#define SYNC_TESTS_ENGINE_RIG_H

#include "engine/mirror.h"

#include "base/memory.h"
#include "engine/flight.h"
#include "support/test.h"
#include "synapse/replies.h"

#include <stdlib.h>
#include <string.h>

/*
 * A mirror on the workbench, without an engine: what it asks is answered by hand, and calls about subjects
 * are sent and answered as the engine does it. To be included after the headers of cmocka.
 */

#define ALIAS "#r:s"
#define ROOM "!1:s"

static struct subjects subjects;
static struct mirror mirror;
static instant now;

static inline int begin(void **state)
{
    (void)state;
    now = 1000000;
    subjects = (struct subjects){.most_weight = 1 << 20};
    mirror_init(&mirror, &subjects, "@sync:s", true);
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    mirror_deinit(&mirror);
    subjects_deinit(&subjects);
    return 0;
}

/* ---- what it asks ---- */

/* The call that is made now; it is sent. */
static inline struct synapse_call ask(enum synapse_kind kind)
{
    struct synapse_call call;
    instant at;

    if (!mirror_next(&mirror, now, &call, &at)) {
        assert_true(at > now && at != INSTANT_NEVER);
        now = at;
        assert_true(mirror_next(&mirror, now, &call, &at));
    }
    assert_int_equal(call.kind, kind);
    mirror_sent(&mirror, &call, now);
    return call;
}

static inline bool has_nothing_to_ask(void)
{
    struct synapse_call call;
    instant at;

    return !mirror_next(&mirror, now, &call, &at) && at == INSTANT_NEVER;
}

static inline char *quoted(const char *text)
{
    char *copy = text_copy(text);

    for (char *c = copy; *c; c++) /* ' is easier to write than " */
        if (*c == '\'')
            *c = '"';
    return copy;
}

static inline bool answer(enum synapse_kind kind, const char *text)
{
    CLEANUP(freep) char *json = quoted(text);
    json_auto_t *body = json_loads(json, 0, NULL);
    struct synapse_reply reply = {.outcome = SYNAPSE_OK};
    bool over;

    assert_non_null(body);
    if (kind == SYNAPSE_READ_JOINED)
        assert_true(reply_joined(body, &reply));
    else
        assert_true(reply_changes(body, &reply));
    over = mirror_answered(&mirror, kind, &reply, now);
    synapse_reply_deinit(&reply);
    return over;
}

static inline bool miss(enum synapse_kind kind, enum synapse_outcome outcome)
{
    struct synapse_reply reply = {.outcome = outcome, .retry_after = -1};

    return mirror_answered(&mirror, kind, &reply, now);
}

static inline void get_position(const char *position)
{
    CLEANUP(freep) char *reply = text_format("{'next_batch': '%s'}", position);

    (void)ask(SYNAPSE_READ_POSITION);
    (void)answer(SYNAPSE_READ_POSITION, reply);
}

enum { JOINED_LIFE = 1000 /* ms: for so long the mirror is content with a list of rooms */ };

/* Asks for changes, and which rooms there are; they come a moment later. */
static inline void ask_for_changes(void)
{
    now += JOINED_LIFE + 1;
    mirror_want(&mirror, now);
    (void)ask(SYNAPSE_READ_CHANGES);
    (void)ask(SYNAPSE_READ_JOINED);
    now += 10;
}

static inline void tell_rooms(const char *rooms)
{
    CLEANUP(freep) char *reply = text_format("{'next_batch': 'later', 'rooms': {%s}}", rooms);

    (void)answer(SYNAPSE_READ_CHANGES, reply);
    assert_true(answer(SYNAPSE_READ_JOINED, "{'joined_rooms': ['" ROOM "']}"));
}

#define EVENT(type, key, content)                                                                            \
    "{'type': '" type "', 'state_key': '" key "', 'sender': '@x:s', 'content': {" content "}}"
#define NAME(name) EVENT("m.room.name", "", "'name': '" name "'")
#define MEMBER(user, membership, name)                                                                       \
    EVENT("m.room.member", user, "'membership': '" membership "', 'displayname': '" name "'")
/* It was made so many milliseconds before it is told. */
#define MADE(ago, user, membership, name)                                                                    \
    "{'type': 'm.room.member', 'state_key': '" user "', 'sender': '@x:s', 'unsigned': {'age': " ago "}, "    \
    "'content': {'membership': '" membership "', 'displayname': '" name "'}}"
#define IN_ROOM(events) "'join': {'" ROOM "': {'state': {'events': [" events "]}}}"

static inline void be_told(const char *rooms)
{
    ask_for_changes();
    tell_rooms(rooms);
}

/* ---- calls about subjects ---- */

static inline void fly(struct subject *subject, struct synapse_call call)
{
    subject->flight = flight_new(&call, subject->is_room ? &subject->room : NULL);
    subject->flight->sent = now;
    mirror_watch(&mirror, subject);
}

static inline void land(struct subject *subject)
{
    CLEANUP(flight_freep) struct flight *flight = TAKE(subject->flight);
    const struct synapse_reply reply = {.outcome = SYNAPSE_OK};

    subject->answered = now;
    mirror_learnt(&mirror, subject, flight, &reply);
}

static inline void know_state(struct subject *subject, const char *name)
{
    CLEANUP(freep)
    char *text = text_format("{'state': [" NAME("%s") ", " MEMBER("@sync:s", "join", "Sync") "]}", name);
    CLEANUP(freep) char *json = quoted(text);

    room_state_free(subject->room.state);
    subject->room.state = room_state_parse(json, strlen(json));
    assert_non_null(subject->room.state);
    subject->room.read_at = subject->room.whole_at = subject->flight->sent;
}

static inline struct subject *room_that_was_read(void)
{
    struct subject *subject = subjects_take(&subjects, ALIAS);

    subject->room.presence = PRESENCE_HERE;
    free(subject->room.id);
    subject->room.id = text_copy(ROOM);
    fly(subject, (struct synapse_call){.kind = SYNAPSE_READ_STATE});
    know_state(subject, "A");
    now += 10;
    land(subject);
    now += 10;
    return subject;
}

#endif
