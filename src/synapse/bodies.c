#include "synapse/bodies.h"

#include "base/memory.h"
#include "synapse/html.h"
#include "synapse/levels.h"
#include "synapse/settings.h"
#include "synapse/state_json.h"

#include <string.h>

char *body_print(json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;

    json_decref(value);
    return text;
}

/* ---- users (admin API, "Create or modify account") ---- */

static json_t *threepids(const char *email)
{
    return email ? json_pack("[{s:s, s:s}]", "medium", "email", "address", email) : NULL;
}

char *body_create_user(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)terms;
    return body_print(json_pack("{s:s*, s:o*, s:s*}", "displayname", call->name, "threepids",
                                threepids(call->email), "password", call->password));
}

char *body_display_name(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)terms;
    return body_print(json_pack("{s:s}", "displayname", call->name));
}

char *body_email(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)terms;
    return body_print(json_pack("{s:o}", "threepids", threepids(call->email)));
}

char *body_reactivate(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)terms;
    return body_print(json_pack("{s:b, s:s*}", "deactivated", 0, "password", call->password));
}

char *body_deactivate(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)terms;
    return body_print(json_pack("{s:b}", "erase", call->erase));
}

static json_t *texts(const char *const *list, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(array, json_string(list[i]));
    return array;
}

/* Of one user it names nobody. */
char *body_records(const struct synapse_call *call, const struct call_terms *terms)
{
    json_t *users = call->user ? NULL : texts(call->users, call->user_count);

    (void)terms;
    return body_print(json_pack("{s:b, s:b, s:o*, s:o*}", "open", call->record.open, "email",
                                call->record.email, "set", call->record.set ? json_true() : NULL, "users",
                                users));
}

/* ---- rooms ---- */

/* `#local:server` -> `local`; the first colon ends it, as server names may have one. */
static char *alias_localpart(const char *alias)
{
    return text_copy_bytes(alias + 1, strcspn(alias + 1, ":"));
}

static json_t *setting_event(const struct setting_form *form, const char *value)
{
    return json_pack("{s:s, s:s, s:{s:s}}", "type", form->type, "state_key", "", "content", form->key, value);
}

/* The same that Synapse would send: then a join that comes later finds it, and sends no other. */
static json_t *invitation(const struct levels_user *member)
{
    return json_pack("{s:s, s:s, s:{s:s, s:s*, s:s*}}", "type", "m.room.member", "state_key", member->user,
                     "content", "membership", "invite", "displayname", member->name, "avatar_url",
                     member->avatar);
}

/*
 * Events of the initial state are persisted all at once, invitations among them, which `invite` sends one by
 * one (Synapse: handlers/room.py, _send_events_for_new_room()).
 */
static json_t *initial_state(const struct synapse_call *call)
{
    json_t *events = json_array();

    for (int i = 0; i < ROOM_SETTINGS; i++) {
        const struct setting_form *form = setting_form((enum room_setting)i);

        if (form->made == MADE_BY_EVENT && call->settings[i])
            (void)json_array_append_new(events, setting_event(form, call->settings[i]));
    }
    for (size_t i = 0; i < call->raised_count; i++)
        if (call->raised[i].invited)
            (void)json_array_append_new(events, invitation(&call->raised[i]));
    return events;
}

/* What nobody can change any more once the room is there: what it was made for, by the key "alias" or
   "welcome", and by which attempt. */
static json_t *creation_content(const char *key, const char *value, const char *mark)
{
    return json_pack("{s:b, s:{s:s}, s:s*}", "m.federate", 0, ROOM_PURPOSE, key, value, ROOM_ATTEMPT, mark);
}

/* An empty text counts as absent: its event is left out. */
static json_t *with_parameters(json_t *room, const struct synapse_call *call)
{
    for (int i = 0; i < ROOM_SETTINGS; i++) {
        const struct setting_form *form = setting_form((enum room_setting)i);

        if (form->made == MADE_BY_PARAMETER && call->settings[i] && *call->settings[i])
            (void)json_object_set_new(room, form->key, json_string(call->settings[i]));
    }
    return room;
}

char *body_create_room(const struct synapse_call *call, const struct call_terms *terms)
{
    CLEANUP(freep) char *localpart = alias_localpart(call->alias);
    json_t *levels = levels_override(&call->levels, call->raised, call->raised_count, terms->sync_user,
                                     terms->creators_reign);

    return body_print(with_parameters(
        json_pack("{s:s, s:s, s:s, s:s*, s:o, s:o, s:o}", "room_alias_name", localpart, "preset",
                  "private_chat", "visibility", "private", "room_version", terms->room_version,
                  "creation_content", creation_content("alias", call->alias, call->mark),
                  "power_level_content_override", levels, "initial_state", initial_state(call)),
        call));
}

char *body_levels(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)terms;
    return levels_print(call->content);
}

char *body_setting(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)terms;
    return body_print(json_pack("{s:s, s:o*}", setting_form(call->setting)->key, call->value, "alt_aliases",
                                call->alt_aliases ? json_loads(call->alt_aliases, 0, NULL) : NULL));
}

char *body_join_user(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)terms;
    return body_print(json_pack("{s:s}", "user_id", call->user));
}

char *body_regain_room(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)call;
    return body_print(json_pack("{s:s}", "user_id", terms->sync_user));
}

/* Another number each time, since it is to be told. */
char *body_mark(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)terms;
    return body_print(json_pack("{s:I}", "number", (json_int_t)call->attempt));
}

char *body_empty(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)call;
    (void)terms;
    return text_copy("{}");
}

char *body_delete_room(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)call;
    (void)terms;
    return body_print(json_pack("{s:b, s:b}", "purge", 1, "block", 0));
}

/* ---- the welcome ---- */

char *body_create_welcome_room(const struct synapse_call *call, const struct call_terms *terms)
{
    CLEANUP(freep) char *alias = synapse_welcome_alias(call->user);
    CLEANUP(freep) char *localpart = alias_localpart(alias);
    json_t *invited = call->bare ? NULL : texts(&call->user, 1);

    return body_print(json_pack("{s:s, s:s, s:s, s:s*, s:b, s:o*, s:o}", "room_alias_name", localpart,
                                "preset", "private_chat", "visibility", "private", "room_version",
                                terms->room_version, "is_direct", 1, "invite", invited, "creation_content",
                                creation_content("welcome", call->user, call->mark)));
}

/* `invite` of the client API would not take `is_direct`. */
char *body_invite(const struct synapse_call *call, const struct call_terms *terms)
{
    (void)call;
    (void)terms;
    return body_print(json_pack("{s:s, s:b}", "membership", "invite", "is_direct", 1));
}

char *body_send_welcome(const struct synapse_call *call, const struct call_terms *terms)
{
    CLEANUP(text_free_secretp) char *text = html_to_text(call->welcome);

    (void)terms;
    return body_print(json_pack("{s:s, s:s, s:s, s:s}", "msgtype", "m.text", "body", text, "format",
                                "org.matrix.custom.html", "formatted_body", call->welcome));
}
