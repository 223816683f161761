/*
 * Lists that the homeserver sends: of the rooms that the sync user is in, and the pages of all rooms and of
 * all users. Each entry that has an id is found in what is made of it, in its order, and nothing else.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "synapse/changes_json.h"
#include "synapse/listing_json.h"
#include "synapse/parse.h"
#include "synapse/replies.h"

#include <stdlib.h>
#include <string.h>

/* Reaches: synapse/changes_json.c synapse/listing_json.c */

const struct fuzz_bound fuzz_bound = {.memory = 300, .blocks = 10, .steps = 500};

static void try_joined(const json_t *body)
{
    const json_t *list = json_object_get(body, "joined_rooms");
    CLEANUP(joined_rooms_freep) struct joined_rooms *joined = joined_rooms_from_json(body);
    struct synapse_reply reply = {.retry_after = -1};

    must(!joined == !json_is_array(list));
    must(reply_joined_rooms(body, &reply) == (joined != NULL));
    must(reply.joined_rooms == (int64_t)json_array_size(list));
    if (!joined)
        return;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_is_string(json_array_get(list, i)))
            must(joined_rooms_has(joined, json_string_value(json_array_get(list, i))));
    must(json_array_size(list) > 0 || !joined_rooms_has(joined, "!a:h"));
}

/* The id that stands at that place of the list; NULL: none. */
static const char *id_at(const json_t *list, size_t place, const char *key)
{
    return parse_text(json_array_get(list, place), key);
}

static void check_rooms(const struct listing *listing, const json_t *list)
{
    size_t found = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *id = id_at(list, i, "room_id");

        if (id)
            must(text_equal(listing->rooms[found++].id, id));
    }
    must(found == listing->room_count && listing->user_count == 0);
}

static void check_users(const struct listing *listing, const json_t *list)
{
    size_t found = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *id = id_at(list, i, "name");

        if (id)
            must(text_equal(listing->users[found++].id, id));
    }
    must(found == listing->user_count && listing->room_count == 0);
}

void fuzz_try(const uint8_t *data, size_t size)
{
    json_auto_t *body = parse_object((const char *)data, size);
    CLEANUP(listing_freep) struct listing *rooms = listing_of_rooms(body), *users = listing_of_users(body);

    try_joined(body);
    must(!rooms == !json_is_array(json_object_get(body, "rooms")));
    must(!users == !json_is_array(json_object_get(body, "users")));
    if (rooms)
        check_rooms(rooms, json_object_get(body, "rooms"));
    if (users)
        check_users(users, json_object_get(body, "users"));
}
