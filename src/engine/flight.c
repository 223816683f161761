#include "engine/flight.h"

#include "base/memory.h"

#include <stdlib.h>

struct flight *flight_new(const struct synapse_call *call, const struct room_known *room)
{
    struct flight *flight = NEW(struct flight);
    struct synapse_call *own = &flight->call;

    *own = *call;
    own->user = flight->texts[0] = text_copy(call->user);
    own->room = flight->texts[1] = text_copy(call->room);
    own->alias = flight->texts[2] = text_copy(call->alias);
    own->name = flight->texts[3] = text_copy(call->name);
    own->email = flight->texts[4] = text_copy(call->email);
    own->topic = flight->texts[5] = text_copy(call->topic);
    own->value = flight->texts[6] = text_copy(call->value);
    own->alt_aliases = flight->texts[7] = text_copy(call->alt_aliases);
    flight->raised = memory_new(call->raised_count, sizeof(*flight->raised));
    flight->raised_users = memory_new(call->raised_count, sizeof(*flight->raised_users));
    for (size_t i = 0; i < call->raised_count; i++) {
        flight->raised_users[i] = text_copy(call->raised[i].user);
        flight->raised[i] = call->raised[i];
        flight->raised[i].user = flight->raised_users[i];
    }
    own->raised = flight->raised;
    if (call->kind == SYNAPSE_WRITE_LEVELS)
        own->content = flight->content = room_levels_to_write(room, call);
    return flight;
}

void flight_forget_borrowed(struct flight *flight)
{
    flight->call.password = NULL;
    flight->call.body = NULL;
    flight->call.formatted_body = NULL;
    for (size_t i = 0; i < flight->call.raised_count; i++)
        flight->raised[i].name = flight->raised[i].avatar = NULL;
}

void flight_free(struct flight *flight)
{
    if (!flight)
        return;
    for (size_t i = 0; i < FLIGHT_TEXTS; i++)
        free(flight->texts[i]);
    for (size_t i = 0; i < flight->call.raised_count; i++)
        free(flight->raised_users[i]);
    free(flight->raised_users);
    free(flight->raised);
    levels_free(flight->content);
    free(flight);
}
