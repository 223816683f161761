/*
 * Any bytes: a sound request or a complaint. What is sound is checked here once more, in the plainest way.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "request/request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Reaches: request/request.c request/decode.c request/fields.c request/identifier.c request/merge.c
 * request/model.c request/trim.c request/complaint.c */

static void check_id(const char *id)
{
    const char *server = strstr(id, ":example.org");

    must(id[0] == '@' && server && server > id + 1 && strlen(id) <= 255 && strlen(server) == 12);
    must(!strpbrk(id, " \t\n") && !strstr(id, "/../") && strcmp(id, "@sync:example.org") != 0);
}

static void check_alias(const char *alias)
{
    const char *server = strstr(alias, ":example.org");

    must(alias[0] == '#' && server && strchr(alias, '_') && strlen(alias) <= 255 && strlen(server) == 12);
    must(!strpbrk(alias, " \t\n/\\") && strncmp(alias, "#sync_", 6) != 0);
}

const struct fuzz_bound fuzz_bound = {.memory = 300, .blocks = 10, .steps = 1000};

void fuzz_try(const uint8_t *data, size_t size)
{
    const struct request_rules rules = {
        .server_name = "example.org", .sync_user = "@sync:example.org", .largest_body = 4096};
    struct request_complaint complaint = {0};
    struct request *request = request_parse(data, size, &rules, &complaint);

    must(!request == (complaint.detail.text[0] != '\0'));
    if (!request)
        return;
    must(!request->user.name || strlen(request->user.name) <= 4 * (size_t)256);
    if (request->user.id)
        check_id(request->user.id);
    for (size_t i = 0; i < request->room_count; i++) {
        check_alias(request->rooms[i].alias);
        must(request->rooms[i].description && strlen(request->rooms[i].description) <= 4096);
        must(!request->rooms[i].name || strlen(request->rooms[i].name) <= 4096);
        for (size_t k = 0; k < i; k++)
            must(!text_equal(request->rooms[i].alias, request->rooms[k].alias));
    }
    for (size_t i = 0; i < request->member_count; i++) {
        check_id(request->members[i].id);
        for (size_t k = 0; k < i; k++)
            must(!text_equal(request->members[i].id, request->members[k].id));
    }
    request_free(request);
}
