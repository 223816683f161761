#include "engine/flight.h"

#include "base/memory.h"
#include "base/random.h"
#include "engine/raising.h"

#include <stdlib.h>
#include <string.h>

/* The two blocks of texts in a call: what is copied, and what is only needed while it is sent. */
enum {
    COPIED = offsetof(struct synapse_call, user),
    BORROWED = offsetof(struct synapse_call, password),
    BEHIND = offsetof(struct synapse_call, erase),
    TEXTS = (BORROWED - COPIED) / sizeof(char *),
};

static char **texts_of(struct synapse_call *call)
{
    return (char **)(void *)((char *)call + COPIED);
}

static void take_raised(struct flight *flight, const struct levels_user *user)
{
    size_t at = flight->call.raised_count++;

    flight->raised_users[at] = text_copy(user->user);
    flight->raised[at] = *user;
    flight->raised[at].user = flight->raised_users[at];
}

struct flight *flight_new(const struct synapse_call *call, const struct room_known *room)
{
    struct flight *flight = NEW(struct flight);
    struct synapse_call *own = &flight->call;

    *own = *call;
    for (size_t i = 0; i < TEXTS; i++)
        texts_of(own)[i] = text_copy(texts_of(own)[i]);
    if (call->kind == SYNAPSE_CREATE_ROOM || call->kind == SYNAPSE_CREATE_WELCOME_ROOM)
        own->mark = random_mark();
    flight->raised = memory_new(call->raised_count, sizeof(*flight->raised));
    flight->raised_users = memory_new(call->raised_count, sizeof(*flight->raised_users));
    own->raised = flight->raised;
    own->raised_count = 0;
    for (size_t i = 0; i < call->raised_count; i++)
        if (call->kind != SYNAPSE_WRITE_LEVELS || raising_concerns(room, &call->raised[i]))
            take_raised(flight, &call->raised[i]);
    if (call->kind == SYNAPSE_WRITE_LEVELS)
        own->content = flight->content = raising_levels(room, call);
    return flight;
}

void flight_forget_borrowed(struct flight *flight)
{
    memset((char *)&flight->call + BORROWED, 0, BEHIND - BORROWED);
    for (size_t i = 0; i < flight->call.raised_count; i++)
        flight->raised[i].name = flight->raised[i].avatar = NULL;
}

void flight_free(struct flight *flight)
{
    if (!flight)
        return;
    for (size_t i = 0; i < TEXTS; i++)
        free(texts_of(&flight->call)[i]);
    for (size_t i = 0; i < flight->call.raised_count; i++)
        free(flight->raised_users[i]);
    free(flight->raised_users);
    free(flight->raised);
    levels_free(flight->content);
    free(flight);
}
