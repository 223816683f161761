#include "engine/brake.h"

#include "base/hash.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { HOUR = 60 * 60 * 1000 /* ms */ };

struct brake_removal {
    char *key;
    instant at;
    UT_hash_handle hh; /* the table keeps the order of insertion */
};

void brake_init(struct brake *brake, size_t most)
{
    *brake = (struct brake){.most = most, .room = most, .over = memory_new(most, sizeof(instant))};
}

static void make_room(struct brake *brake, size_t room)
{
    instant *over = memory_new(room, sizeof(instant));

    for (size_t i = 0; i < brake->over_count; i++)
        over[i] = brake->over[(brake->first + i) % brake->room];
    free(brake->over);
    brake->over = over;
    brake->first = 0;
    brake->room = room;
}

void brake_set_most(struct brake *brake, size_t most)
{
    if (most > brake->room)
        make_room(brake, most);
    brake->most = most;
    brake->engaged = false; /* what it holds back from now on is worth a word again */
}

/* ---- those that are under way ---- */

/* NOLINTBEGIN(clang-analyzer-unix.Malloc): the analyzer does not see that uthash unlinks what it deletes */

static struct brake_removal *find(const struct brake *brake, const char *key)
{
    struct brake_removal *found = NULL;

    HASH_FIND_STR(brake->open, key, found);
    return found;
}

static void append(struct brake *brake, struct brake_removal *removal, instant now)
{
    removal->at = now;
    HASH_ADD_KEYPTR(hh, brake->open, removal->key, strlen(removal->key), removal);
}

static void take_away(struct brake *brake, struct brake_removal *removal)
{
    HASH_DEL(brake->open, removal);
    free(removal->key);
    free(removal);
}

static void begin(struct brake *brake, const char *key, instant now)
{
    struct brake_removal *removal = NEW(struct brake_removal);

    removal->key = text_copy(key);
    append(brake, removal, now);
}

static void renew(struct brake *brake, struct brake_removal *removal, instant now)
{
    HASH_DEL(brake->open, removal);
    append(brake, removal, now);
}

void brake_deinit(struct brake *brake)
{
    while (brake->open)
        take_away(brake, brake->open);
    free(brake->over);
    *brake = (struct brake){.most = 0};
}

/* ---- the hour ---- */

static void forget_the_old(struct brake *brake, instant now)
{
    while (brake->open && brake->open->at <= now - HOUR)
        take_away(brake, brake->open);
    while (brake->over_count > 0 && brake->over[brake->first] <= now - HOUR) {
        brake->first = (brake->first + 1) % brake->room;
        brake->over_count--;
    }
}

/* NOLINTEND(clang-analyzer-unix.Malloc) */

enum brake_answer brake_ask(struct brake *brake, const char *key, instant now)
{
    bool was_engaged = brake->engaged;
    struct brake_removal *removal;
    size_t count;

    if (brake->most == 0)
        return BRAKE_LETS_THROUGH;
    forget_the_old(brake, now);
    removal = find(brake, key);
    if (removal) {
        renew(brake, removal, now);
        return BRAKE_LETS_THROUGH;
    }
    count = HASH_COUNT(brake->open) + brake->over_count;
    brake->engaged = count >= brake->most || (was_engaged && count > brake->most / 2);
    if (count >= brake->most)
        return was_engaged ? BRAKE_HOLDS : BRAKE_ENGAGES;
    begin(brake, key, now);
    return BRAKE_LETS_THROUGH;
}

void brake_answered(struct brake *brake, const char *key, instant now)
{
    struct brake_removal *removal = find(brake, key);

    if (removal)
        renew(brake, removal, now);
}

/* What is open and over is at most `room` together, so there is a place for it. */
void brake_over(struct brake *brake, const char *key, instant now)
{
    struct brake_removal *removal = find(brake, key);

    if (!removal)
        return;
    take_away(brake, removal);
    brake->over[(brake->first + brake->over_count++) % brake->room] = now;
}
