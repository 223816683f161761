#include "request/merge.h"

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/memory.h"
#include "request/model.h"

#include <string.h>

struct seen {
    const char *key; /* of entry `index` */
    size_t index;
    UT_hash_handle hh;
};

/*
 * Where the key was seen before; notes it as seen at `index` when it was not, and returns that. `notes` has a
 * free element for each index.
 */
static size_t first_seen(struct seen **table, struct seen *notes, const char *key, size_t index)
{
    struct seen *seen = NULL;

    HASH_FIND_STR(*table, key, seen);
    if (seen)
        return seen->index;
    seen = &notes[index];
    *seen = (struct seen){.key = key, .index = index};
    HASH_ADD_KEYPTR(hh, *table, seen->key, strlen(seen->key), seen);
    return index;
}

static void swap_texts(char **a, char **b)
{
    char *text = *a;

    *a = *b;
    *b = text;
}

/* The later one is emptied into the earlier one and freed. */
static void fold_room(struct request_room *room, struct request_room *later)
{
    room->is_moderator = room->is_moderator || later->is_moderator;
    room->bidirectional = later->bidirectional;
    swap_texts(&room->description, &later->description);
    if (later->name)
        swap_texts(&room->name, &later->name);
    request_room_deinit(later);
}

static void fold_member(struct request_user *member, struct request_user *later)
{
    member->is_moderator = member->is_moderator || later->is_moderator;
    if (!member->name)
        swap_texts(&member->name, &later->name);
    request_user_deinit(later);
}

void merge_rooms(struct request_room *rooms, size_t *count)
{
    CLEANUP(freep) struct seen *notes = memory_new(*count, sizeof(*notes));
    struct seen *table = NULL;
    size_t kept = 0;

    for (size_t i = 0; i < *count; i++) {
        size_t first = first_seen(&table, notes, rooms[i].alias, kept);

        if (first < kept)
            fold_room(&rooms[first], &rooms[i]);
        else
            rooms[kept++] = rooms[i];
    }
    HASH_CLEAR(hh, table);
    *count = kept;
}

void merge_members(struct request_user *members, size_t *count)
{
    CLEANUP(freep) struct seen *notes = memory_new(*count, sizeof(*notes));
    struct seen *table = NULL;
    size_t kept = 0;

    for (size_t i = 0; i < *count; i++) {
        size_t first = first_seen(&table, notes, members[i].id, kept);

        if (first < kept)
            fold_member(&members[first], &members[i]);
        else
            members[kept++] = members[i];
    }
    HASH_CLEAR(hh, table);
    *count = kept;
}
