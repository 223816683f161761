/*
 * Power levels.
 *
 * The content of the event is kept as it came and changed in place, so that whatever others have put there
 * (levels of users and events, notification rules, keys of times to come) is sent back untouched.
 *
 * A level is an integer. Room versions before 10 also allow integers as strings ("50"), and Synapse's int()
 * truncates fractions; what is no number at all is as good as missing.
 */
#include "synapse/levels.h"

#include "base/memory.h"
#include "synapse/parse.h"
#include "synapse/settings.h"
#include "synapse/weight.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CREATOR_LEVEL = 100 };

/* Levels beyond this are forbidden by canonical JSON; also the largest span of integers in a double. */
#define LARGEST_LEVEL ((int64_t)1 << 53)

struct levels {
    json_t *content; /* an object */
};

/* ---- one level ---- */

/* An integer with white space around it, as Python's int() takes it. */
static bool read_integer_text(const char *text, int64_t *ret_level)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    if (end == text || errno != 0)
        return false;
    end += strspn(end, " \t\n\r\f\v");
    if (*end)
        return false;
    *ret_level = number;
    return true;
}

static int64_t read_level(const json_t *value, int64_t otherwise)
{
    int64_t level = otherwise;

    if (json_is_integer(value))
        level = json_integer_value(value);
    else if (json_is_real(value))
        level = (int64_t)fmax(fmin(json_real_value(value), (double)LARGEST_LEVEL), -(double)LARGEST_LEVEL);
    else if (json_is_string(value) && !read_integer_text(json_string_value(value), &level))
        level = otherwise;
    return level;
}

/* ---- the four levels that the sync sets ---- */

static const struct {
    const char *key;
    size_t offset;     /* in struct levels_wanted */
    int64_t otherwise; /* when the key is missing: Matrix specification, m.room.power_levels */
} settings[] = {
    {"invite", offsetof(struct levels_wanted, invite), 0},
    {"kick", offsetof(struct levels_wanted, kick), 50},
    {"ban", offsetof(struct levels_wanted, ban), 50},
    {"events_default", offsetof(struct levels_wanted, events_default), 0},
};
enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };

static int64_t wanted_level(const struct levels_wanted *wanted, size_t setting)
{
    int64_t level;

    memcpy(&level, (const char *)wanted + settings[setting].offset, sizeof(level));
    return level;
}

static bool setting_matches(const struct levels *levels, const struct levels_wanted *wanted, size_t setting)
{
    const json_t *value = json_object_get(levels->content, settings[setting].key);

    return read_level(value, settings[setting].otherwise) == wanted_level(wanted, setting);
}

bool levels_match(const struct levels *levels, const struct levels_wanted *wanted)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (!setting_matches(levels, wanted, i))
            return false;
    return true;
}

void levels_set(struct levels *levels, const struct levels_wanted *wanted)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (!setting_matches(levels, wanted, i))
            (void)json_object_set_new(levels->content, settings[i].key,
                                      json_integer(wanted_level(wanted, i)));
}

/* ---- users ---- */

int64_t levels_of(const struct levels *levels, const char *user)
{
    int64_t otherwise = read_level(json_object_get(levels->content, "users_default"), 0);

    return read_level(json_object_get(json_object_get(levels->content, "users"), user), otherwise);
}

void levels_raise(struct levels *levels, const struct levels_user *user)
{
    json_t *users = json_object_get(levels->content, "users");

    if (levels_of(levels, user->user) >= user->level)
        return;
    if (!json_is_object(users)) {
        users = json_object();
        (void)json_object_set_new(levels->content, "users", users);
    }
    (void)json_object_set_new(users, user->user, json_integer(user->level));
}

/* ---- a room that is made ---- */

/*
 * `events` of an override replaces Synapse's own map as a whole, so that map is repeated here. To it come
 * settings for which a moderator (50) would be enough by default. Where creators reign, only they may replace
 * the room by another (handlers/room.py).
 */
static json_t *event_levels(bool creators_reign)
{
    json_t *events = json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "m.room.avatar", 50, "m.room.power_levels",
                               100, "m.room.history_visibility", 100, "m.room.server_acl", 100,
                               "m.room.encryption", 100, "m.room.tombstone", creators_reign ? 150 : 100);

    for (int i = 0; i < ROOM_SETTINGS; i++) {
        const struct setting_form *form = setting_form((enum room_setting)i);

        if (form->level > 0)
            (void)json_object_set_new(events, form->type, json_integer(form->level));
    }
    return events;
}

json_t *levels_override(const struct levels_wanted *wanted, const struct levels_user *users, size_t count,
                        const char *creator, bool creators_reign)
{
    struct levels levels = {.content = json_object()};

    for (size_t i = 0; i < SETTINGS; i++)
        (void)json_object_set_new(levels.content, settings[i].key, json_integer(wanted_level(wanted, i)));
    (void)json_object_set_new(levels.content, "events", event_levels(creators_reign));
    (void)json_object_set_new(levels.content, "users", json_object());
    if (creator && !creators_reign)
        levels_raise(&levels, &(struct levels_user){.user = creator, .level = CREATOR_LEVEL});
    for (size_t i = 0; i < count; i++)
        if (!text_equal(users[i].user, creator))
            levels_raise(&levels, &users[i]);
    return levels.content;
}

struct levels *levels_new(const struct levels_wanted *wanted, const struct levels_user *users, size_t count)
{
    struct levels *levels = NEW(struct levels);

    levels->content = levels_override(wanted, users, count, NULL, false);
    return levels;
}

/* ---- in and out ---- */

struct levels *levels_from_json(json_t *content)
{
    struct levels *levels;

    if (!json_is_object(content))
        return NULL;
    levels = NEW(struct levels);
    levels->content = json_incref(content);
    return levels;
}

struct levels *levels_parse(const char *json, size_t size)
{
    json_auto_t *content = parse_object(json, size);

    return levels_from_json(content);
}

char *levels_print(const struct levels *levels)
{
    return json_dumps(levels->content, JSON_COMPACT);
}

void levels_free(struct levels *levels)
{
    if (!levels)
        return;
    json_decref(levels->content);
    free(levels);
}

bool levels_equal(const struct levels *a, const struct levels *b)
{
    if (!a || !b)
        return a == b;
    return json_equal(a->content, b->content);
}

/* ---- memory ---- */

/*
 * What jansson allocates (2.14, hashtable.c and value.c): a table of at least eight buckets for each object,
 * a block with its key for each of its entries. It keeps the tables of arrays twice as large as need be at
 * most. Its depth is limited when it is parsed.
 */
static size_t weight_of_json(json_t *value)
{
    enum { NUMBER = 24, TEXT = 32, ARRAY = 40, OBJECT = 72, BUCKET = 16, FEWEST = 8, ENTRY = 56 };
    size_t weight = 0, buckets = FEWEST;

    if (json_is_number(value))
        return weight_of_block(NUMBER);
    if (json_is_string(value))
        return weight_of_block(TEXT) + weight_of_block(json_string_length(value) + 1);
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++)
            weight += weight_of_json(json_array_get(value, i));
        return weight + weight_of_block(ARRAY) +
               weight_of_block(2 * json_array_size(value) * sizeof(json_t *));
    }
    if (!json_is_object(value))
        return 0; /* true, false and null are there once for all */
    for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at))
        weight += weight_of_block(ENTRY + strlen(json_object_iter_key(at)) + 1) +
                  weight_of_json(json_object_iter_value(at));
    while (buckets < json_object_size(value))
        buckets *= 2;
    return weight + weight_of_block(OBJECT) + weight_of_block(buckets * BUCKET);
}

size_t levels_weight(const struct levels *levels)
{
    return levels ? weight_of_block(sizeof(*levels)) + weight_of_json(levels->content) : 0;
}
