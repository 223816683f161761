#include "engine/subjects.h"

#include "engine/flight.h"

#include <stdlib.h>
#include <string.h>

/* ---- found by id ---- */

/* NOLINTBEGIN(clang-analyzer-unix.Malloc): the analyzer does not see that uthash unlinks what it deletes */

static void unwatch(struct subjects *subjects, struct subject *subject)
{
    if (!subject->watched)
        return;
    HASH_DELETE(by_id, subjects->rooms, subject);
    free(subject->watched);
    subject->watched = NULL;
}

struct subject *subjects_find_room(const struct subjects *subjects, const char *id)
{
    struct subject *found = NULL;

    HASH_FIND(by_id, subjects->rooms, id, strlen(id), found);
    return found;
}

void subjects_watch(struct subjects *subjects, struct subject *subject)
{
    const char *id = subject->room.id;

    if (!id || text_equal(subject->watched, id))
        return;
    unwatch(subjects, subject);
    if (subjects_find_room(subjects, id))
        return;
    subject->watched = text_copy(id);
    HASH_ADD_KEYPTR(by_id, subjects->rooms, subject->watched, strlen(subject->watched), subject);
}

/* ---- making and freeing ---- */

static struct subject *make(struct subjects *subjects, const char *key)
{
    struct subject *subject = NEW(struct subject);

    subject->key = text_copy(key);
    subject->is_room = key[0] == '#';
    subject->wake = INSTANT_NEVER;
    subject->answered = INSTANT_PAST;
    subject->echo.from = subject->echo.until = INSTANT_PAST;
    if (subject->is_room) {
        room_known_init(&subject->room);
    } else {
        subject->may_return = subjects->reactivates;
        user_known_init(&subject->user);
    }
    return subject;
}

/* It is in neither table any more. */
static void destroy(struct subjects *subjects, struct subject *subject)
{
    unwatch(subjects, subject);
    if (subject->is_room)
        room_known_deinit(&subject->room);
    else
        user_known_deinit(&subject->user);
    free(subject->key);
    free(subject);
}

struct obstacles *subject_obstacles(struct subject *subject)
{
    return subject->is_room ? &subject->room.obstacles : &subject->user.obstacles;
}

/* ---- resting ---- */

static void activate(struct subjects *subjects, struct subject *subject)
{
    HASH_ADD_KEYPTR(hh, subjects->active, subject->key, strlen(subject->key), subject);
}

static void wake_up(struct subjects *subjects, struct subject *subject)
{
    HASH_DEL(subjects->rested, subject);
    subjects->weight -= subject->weight;
    subject->weight = 0;
}

/* It has not come to rest since nobody asked for it, which must make no difference: another process may have
   been at work on the user meanwhile, or be so while a call of ours still is. */
static void rest_in_passing(struct subject *subject)
{
    if (subject->line || subject->is_room)
        return;
    if (subject->flight)
        subject->flight->outdated = true;
    user_known_forget(&subject->user);
}

struct subject *subjects_take(struct subjects *subjects, const char *key)
{
    struct subject *subject = NULL;

    HASH_FIND_STR(subjects->active, key, subject);
    if (subject) {
        rest_in_passing(subject);
        return subject;
    }
    HASH_FIND_STR(subjects->rested, key, subject);
    if (subject)
        wake_up(subjects, subject);
    else
        subject = make(subjects, key);
    activate(subjects, subject);
    return subject;
}

struct subject *subjects_find(const struct subjects *subjects, const char *key)
{
    struct subject *subject = NULL;

    HASH_FIND_STR(subjects->active, key, subject);
    if (!subject)
        HASH_FIND_STR(subjects->rested, key, subject);
    return subject;
}

/* False: nothing of it is worth remembering. */
static bool prepare_rest(struct subject *subject)
{
    return subject->is_room ? room_known_settle(&subject->room) : user_known_settle(&subject->user);
}

static size_t weigh(const struct subject *subject)
{
    enum { TEXTS = 128 /* bytes: about those of its key and name, or id */ };
    size_t weight = sizeof(*subject) + TEXTS;

    if (subject->is_room && subject->room.state)
        weight += room_state_weight(subject->room.state);
    for (int setting = 0; subject->is_room && setting < ROOM_SETTINGS; setting++)
        weight += subject->room.set[setting] ? strlen(subject->room.set[setting]) + 1 : 0;
    return weight;
}

static void forget_the_longest_rested(struct subjects *subjects)
{
    while (subjects->weight > subjects->most_weight && subjects->rested) {
        struct subject *first = subjects->rested; /* the table keeps the order of insertion */

        wake_up(subjects, first);
        destroy(subjects, first);
    }
}

void subjects_rest(struct subjects *subjects, struct subject *subject)
{
    HASH_DEL(subjects->active, subject);
    if (!prepare_rest(subject)) {
        destroy(subjects, subject);
        return;
    }
    subject->wake = INSTANT_NEVER;
    subject->weight = weigh(subject);
    subjects->weight += subject->weight;
    HASH_ADD_KEYPTR(hh, subjects->rested, subject->key, strlen(subject->key), subject);
    forget_the_longest_rested(subjects);
}

void subjects_reweigh(struct subjects *subjects, struct subject *subject)
{
    if (subject->weight == 0)
        return;
    subjects->weight -= subject->weight;
    subject->weight = weigh(subject);
    subjects->weight += subject->weight;
    forget_the_longest_rested(subjects);
}

/* ---- all of them ---- */

static void unmirror(struct subject *subject)
{
    if (subject->is_room)
        subject->room.mirrored = false;
    else
        subject->user.mirrored = false;
    if (subject->flight)
        subject->flight->mirrored = false;
}

/* Those that rest come into a table of their own, since they are put back behind those that are still to
 * come.
 */
void subjects_unmirror(struct subjects *subjects)
{
    struct subject *rested = TAKE(subjects->rested), *subject, *next;

    HASH_ITER (hh, subjects->active, subject, next)
        unmirror(subject);
    subjects->weight = 0;
    HASH_ITER (hh, rested, subject, next) {
        HASH_DEL(rested, subject);
        unmirror(subject);
        activate(subjects, subject);
        subjects_rest(subjects, subject); /* with less to remember */
    }
}

bool subjects_call_deletes(const struct synapse_call *call)
{
    return call->kind == SYNAPSE_DELETE_ROOM || call->to_delete;
}

static bool is_being_deleted(const struct subject *subject)
{
    return subject->is_room && (subject->room.deleting || subject->room.lineage.deleting ||
                                (subject->flight && subjects_call_deletes(&subject->flight->call)));
}

unsigned subjects_deletions(const struct subjects *subjects)
{
    const struct subject *subject;
    unsigned count = 0;

    for (subject = subjects->active; subject; subject = subject->hh.next)
        count += is_being_deleted(subject);
    return count;
}

void subjects_doubt_rooms(struct subjects *subjects)
{
    for (struct subject *subject = subjects->active; subject; subject = subject->hh.next) {
        if (!subject->is_room)
            continue;
        room_known_doubt(&subject->room);
        if (subject->flight)
            subject->flight->outdated = true;
    }
}

void subjects_deinit(struct subjects *subjects)
{
    struct subject *subject, *next;

    HASH_ITER (hh, subjects->active, subject, next) {
        HASH_DEL(subjects->active, subject);
        destroy(subjects, subject);
    }
    HASH_ITER (hh, subjects->rested, subject, next) {
        HASH_DEL(subjects->rested, subject);
        destroy(subjects, subject);
    }
}

/* NOLINTEND(clang-analyzer-unix.Malloc) */
