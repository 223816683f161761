#include "engine/told.h"

enum { LIFE = 60 * 60 * 1000 /* ms: the homeserver may have been configured anew since */ };

void told_note(struct room_known *room, instant asked_at)
{
    room->told_at = instant_max(room->told_at, asked_at);
}

/* INSTANT_PAST, which is never lately, must not be reckoned with. */
static bool is_lately(instant at, instant now)
{
    return at != INSTANT_PAST && now != INSTANT_PAST && at > now - LIFE;
}

bool told_is(const struct room_known *room, instant now)
{
    return is_lately(room->told_at, now);
}

bool told_is_silent(const struct room_known *room, instant now)
{
    return room->marked_at > room->told_at && is_lately(room->marked_at, now);
}

static bool may_be_silent(const struct subject *subject, instant mirrored_at, instant now)
{
    const struct room_known *room = &subject->room;

    return subject->is_room && subject->line && room->mirrored && text_equal(subject->watched, room->id) &&
           room->whole_at <= mirrored_at && !told_is(room, now) && !told_is_silent(room, now);
}

struct subject *told_to_mark(const struct subjects *subjects, instant mirrored_at, instant now)
{
    struct subject *subject = subjects->active;

    while (subject && !may_be_silent(subject, mirrored_at, now))
        subject = subject->hh.next;
    return subject;
}

void told_settle(struct subjects *subjects, instant asked_at)
{
    for (struct subject *subject = subjects->active; subject; subject = subject->hh.next)
        if (subject->is_room && told_is_silent(&subject->room, asked_at))
            subject->room.mirrored = false;
}
