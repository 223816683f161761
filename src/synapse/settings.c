#include "synapse/settings.h"

static const struct setting_form forms[ROOM_SETTINGS] = {
    [ROOM_NAME] = {"m.room.name", "name", "name", MADE_BY_PARAMETER, 50},
    [ROOM_TOPIC] = {"m.room.topic", "topic", "topic", MADE_BY_PARAMETER, 0},
    [ROOM_JOIN_RULE] = {"m.room.join_rules", "join_rule", "join rule", MADE_BY_ITSELF, 100},
    [ROOM_GUEST_ACCESS] = {"m.room.guest_access", "guest_access", "guest access", MADE_BY_EVENT, 100},
    [ROOM_CANONICAL_ALIAS] = {"m.room.canonical_alias", "alias", "canonical alias", MADE_BY_ITSELF, 100},
    [ROOM_MARKER] = {"m.room.sync", "mode", "marker", MADE_BY_EVENT, 100},
};

const struct setting_form *setting_form(enum room_setting setting)
{
    return &forms[setting];
}

const char *room_setting_words(enum room_setting setting)
{
    return forms[setting].words;
}
