#include "synapse/listing_json.h"

#include "base/memory.h"
#include "synapse/parse.h"

#include <inttypes.h>
#include <stdlib.h>

struct listing *listing_new(void)
{
    struct listing *listing = NEW(struct listing);

    listing->total = -1;
    return listing;
}

static void free_room(struct listed_room *room)
{
    free(room->id);
    free(room->creator);
    free(room->name);
    free(room->alias);
}

void listing_free(struct listing *listing)
{
    if (!listing)
        return;
    for (size_t i = 0; i < listing->room_count; i++)
        free_room(&listing->rooms[i]);
    for (size_t i = 0; i < listing->user_count; i++) {
        free(listing->users[i].id);
        free(listing->users[i].name);
    }
    free(listing->rooms);
    free(listing->users);
    free(listing->next);
    free(listing);
}

/* Of rooms it is a number, of users a text. */
static char *next_of(const json_t *body, const char *key)
{
    const json_t *next = json_object_get(body, key);

    if (json_is_integer(next))
        return text_format("%" JSON_INTEGER_FORMAT, json_integer_value(next));
    return text_copy(json_string_value(next));
}

static void add_room(struct listing *listing, const json_t *room)
{
    const char *id = parse_text(room, "room_id");

    if (id)
        listing->rooms[listing->room_count++] = (struct listed_room){
            .id = text_copy(id),
            .creator = text_copy(parse_text(room, "creator")),
            .name = text_copy(parse_text(room, "name")),
            .alias = text_copy(parse_text(room, "canonical_alias")),
            .members = parse_number(room, "joined_local_members", 0),
            .state_events = parse_number(room, "state_events", 0),
        };
}

struct listing *listing_of_rooms(const json_t *body)
{
    const json_t *rooms = json_object_get(body, "rooms");
    struct listing *listing;

    if (!json_is_array(rooms))
        return NULL;
    listing = listing_new();
    listing->rooms = memory_new(json_array_size(rooms) + 1, sizeof(*listing->rooms));
    for (size_t i = 0; i < json_array_size(rooms); i++)
        add_room(listing, json_array_get(rooms, i));
    listing->total = parse_number(body, "total_rooms", -1);
    listing->next = next_of(body, "next_batch");
    return listing;
}

static void add_user(struct listing *listing, const json_t *user)
{
    const char *id = parse_text(user, "name");

    if (id)
        listing->users[listing->user_count++] =
            (struct listed_user){.id = text_copy(id),
                                 .name = text_copy(parse_text(user, "displayname")),
                                 .created_at = parse_number(user, "creation_ts", 0)};
}

struct listing *listing_of_users(const json_t *body)
{
    const json_t *users = json_object_get(body, "users");
    struct listing *listing;

    if (!json_is_array(users))
        return NULL;
    listing = listing_new();
    listing->users = memory_new(json_array_size(users) + 1, sizeof(*listing->users));
    for (size_t i = 0; i < json_array_size(users); i++)
        add_user(listing, json_array_get(users, i));
    listing->total = parse_number(body, "total", -1);
    listing->next = next_of(body, "next_token");
    return listing;
}
