#include "command/account_json.h"

#include <jansson.h>
#include <stdlib.h>

static void put(json_t *object, const char *key, const char *text)
{
    if (text && *text)
        (void)json_object_set_new(object, key, json_string(text));
}

static json_t *deed_json(const struct account_deed *deed)
{
    json_t *object = json_object();

    put(object, "user", deed->user);
    put(object, "room", deed->room);
    put(object, "setting", deed->setting);
    put(object, "before", deed->before);
    put(object, "name", deed->name);
    if (deed->change == CHANGE_RAISED)
        (void)json_object_set_new(object, "level", json_integer(deed->level));
    return object;
}

/* Lists of what was changed, by the kind of change. */
static json_t *deeds_json(const struct account_entry *entry)
{
    json_t *object = json_object();

    for (size_t i = 0; i < entry->deed_count; i++) {
        const char *name = engine_change_name(entry->deeds[i].change);
        json_t *list = json_object_get(object, name);

        if (!list) {
            list = json_array();
            (void)json_object_set_new(object, name, list);
        }
        (void)json_array_append_new(list, deed_json(&entry->deeds[i]));
    }
    return object;
}

static json_t *entry_json(const struct account_entry *entry)
{
    json_t *object = json_object();

    put(object, "place", entry->place);
    put(object, "method", entry->method);
    put(object, "subject", entry->subject);
    put(object, "outcome", !entry->ended ? "left" : entry->rejected ? "rejected" : "done");
    put(object, "code", entry->code);
    put(object, "detail", entry->detail);
    put(object, "warnings", entry->warnings);
    (void)json_object_set_new(object, "changes", deeds_json(entry));
    return object;
}

static void print(json_t *object, FILE *stream)
{
    (void)json_dumpf(object, stream, JSON_COMPACT | JSON_ENSURE_ASCII);
    (void)fputc('\n', stream);
    json_decref(object);
}

void account_print_entry_json(const struct account_entry *entry, FILE *stream)
{
    print(entry_json(entry), stream);
}

static json_t *totals_json(const struct account *account, size_t left)
{
    json_t *changes = json_object();

    for (int i = 0; i < ENGINE_CHANGES; i++)
        (void)json_object_set_new(changes, engine_change_name((enum engine_change)i),
                                  json_integer((json_int_t)account->changes[i]));
    return json_pack("{s:I, s:I, s:I, s:I, s:o}", "done", (json_int_t)(account->ended - account->rejected),
                     "rejected", (json_int_t)account->rejected, "unchanged", (json_int_t)account->unchanged,
                     "left", (json_int_t)left, "changes", changes);
}

void account_print_json(const struct account *account, size_t left, bool entries, FILE *stream)
{
    json_t *object = json_object();
    json_t *list = entries ? json_array() : NULL;

    for (size_t i = 0; entries && i < account->entry_count; i++)
        (void)json_array_append_new(list, entry_json(account->entries[i]));
    if (list)
        (void)json_object_set_new(object, "requests", list);
    (void)json_object_set_new(object, "totals", totals_json(account, left));
    print(object, stream);
}
