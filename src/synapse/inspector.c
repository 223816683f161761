#include "synapse/inspector.h"

#include <stdlib.h>
#include <string.h>

void inspector_note(struct synapse_sight *sight, const struct heard *heard)
{
    sight->problem = heard->answer.problem;
}

bool inspector_succeeded(const struct heard *heard)
{
    return heard->answer.status >= 200 && heard->answer.status <= 299 && heard->answer.body;
}

bool inspector_has_errcode(const struct heard *heard, const char *errcode)
{
    return strcmp(heard->answer.errcode, errcode) == 0;
}

void inspector_take_name(struct synapse_inspector *inspector, struct synapse_sight *sight, char *name)
{
    free(sight->server_name);
    sight->server_name = name;
    if (name)
        sight->is_ours = strcmp(name, inspector->server_name) == 0 ? SYNAPSE_YES : SYNAPSE_NO;
}
