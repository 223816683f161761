#ifndef SYNC_SYNAPSE_SETTINGS_H
#define SYNC_SYNAPSE_SETTINGS_H

#include "synapse/state.h"

/* Everything about each setting of a room, except the wanted value: that is the engine's. */
struct setting_form {
    const char *type;  /* of its state event, whose state_key is empty */
    const char *key;   /* of its text in the content */
    const char *words; /* what people call it */
    /* How createRoom brings it about (Matrix client-server API, "Creation"): by itself, as it is told the
       alias and the preset; by the parameter that is called like the key; or by an event of the initial
       state. */
    enum { MADE_BY_ITSELF, MADE_BY_PARAMETER, MADE_BY_EVENT } made;
    int64_t level; /* who may set it in a room that is made; 0: nothing is said of it there */
};

const struct setting_form *setting_form(enum room_setting setting);

#endif
