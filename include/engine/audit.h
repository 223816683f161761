#ifndef SYNC_ENGINE_AUDIT_H
#define SYNC_ENGINE_AUDIT_H

#include "engine/rules.h"
#include "synapse/listing.h"
#include "synapse/state.h"

#include <stdbool.h>
#include <stdint.h>

/* What is to be said of a room that one of the sync users made, judged as the planners of rooms would. */

enum audit_purpose {
    AUDIT_MANAGED, /* it is kept in line: it says for which alias it was made, has the marker,
                    or its main alias is like those of messages */
    AUDIT_WELCOME, /* it greets somebody */
    AUDIT_OTHER,   /* neither: made by hand, or nothing of it is left that would say so */
};

struct audit {
    enum audit_purpose purpose;
    const char
        *alias;     /* that it is for; NULL: none, or nothing is left that tells. The state's or listing's */
    bool dead;      /* it was used, and nobody is in it */
    bool half_made; /* its making was cut: it lacks its first events, and nothing has come for a while */
    bool left;      /* others are in it, the sync user is not */
    bool powerless; /* the sync user is in it, with less power than the room's creator gets */
};

/* `state`: NULL: nothing of it is left. `now`: ms since 1970. */
struct audit audit_room(const struct listed_room *listed, const struct room_state *state,
                        const struct engine_rules *rules, int64_t now);

/* Whether the alias is reserved for rooms that greet. NULL is not. */
bool audit_is_welcome_alias(const char *alias);

#endif
