#include "request/model.h"

#include "base/memory.h"

#include <stdlib.h>

void request_room_deinit(struct request_room *room)
{
    free(room->alias);
    free(room->name);
    free(room->description);
}

void request_user_deinit(struct request_user *user)
{
    free(user->id);
    free(user->name);
    free(user->email);
    text_free_secret(user->password);
}

void request_free(struct request *request)
{
    if (!request)
        return;
    text_free_secret(request->welcome);
    request_user_deinit(&request->user);
    for (size_t i = 0; i < request->room_count; i++)
        request_room_deinit(&request->rooms[i]);
    for (size_t i = 0; i < request->member_count; i++)
        request_user_deinit(&request->members[i]);
    free(request->rooms);
    free(request->members);
    free(request);
}
