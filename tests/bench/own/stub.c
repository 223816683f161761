/*
 * A stub homeserver for measuring what synapse-sync itself costs: quick, in memory, with a latency.
 *
 *     bench-stub PORT LATENCY SERVER_NAME USERS ROOMS MEMBERS
 *
 * LATENCY is in milliseconds. There are USERS users, `@u0:…` and so on, named "User 0"; ROOMS rooms with the
 * aliases
 * `#room_r0:…` and so on, named "Room 0", made as the sync makes them; the first MEMBERS users are in each of
 * them. The sync user `@sync:…` may log in with any password. SIGTERM ends it.
 *
 * `GET /_bench/counts` tells how many requests of each kind there were.
 */
#include "answers.h"
#include "server.h"

#include "base/memory.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stub {
    struct homeserver homeserver;
    unsigned long *counts; /* by kind */
};

/* ---- answering ---- */

static char *tell_counts(const struct stub *stub)
{
    json_auto_t *counts = json_object();

    for (size_t i = 0; i < answer_kinds(); i++) {
        CLEANUP(freep) char *name = answer_kind_name(i);

        if (stub->counts[i] > 0)
            (void)json_object_set_new(counts, name, json_integer((json_int_t)stub->counts[i]));
    }
    return json_dumps(counts, JSON_COMPACT);
}

static char *answer(void *context, const struct server_request *request, int *ret_status, size_t *ret_size)
{
    struct stub *stub = context;
    CLEANUP(freep) char *path = text_copy(request->target);
    char *query = strchr(path, '?');
    struct answer answer = {.status = 200};
    size_t kind;
    char *text;

    if (query)
        *query++ = '\0';
    if (strcmp(path, "/_bench/counts") == 0) {
        text = tell_counts(stub);
        *ret_status = 200;
        *ret_size = strlen(text);
        return text;
    }
    answer_question(
        &stub->homeserver,
        &(struct question){request->method, path, query ? query : "", request->body, request->body_size},
        &answer, &kind);
    stub->counts[kind]++;
    *ret_status = answer.status;
    *ret_size = answer.body.size;
    return buffer_take(&answer.body);
}

/* ---- what is there from the beginning ---- */

static void seed_users(struct homeserver *homeserver, unsigned long count)
{
    for (unsigned long i = 0; i < count; i++) {
        CLEANUP(freep) char *id = text_format("@u%lu:%s", i, homeserver->server_name);

        homeserver_add_user(homeserver, id)->name = text_format("User %lu", i);
    }
}

/* As src/synapse/bodies.c writes it, but for the levels of events, which are left alone where they differ. */
static json_t *room_request(const struct homeserver *homeserver, unsigned long number)
{
    return json_pack(
        "{s:o, s:o, s:{s:b}, s:{s:{s:i}, s:i, s:i, s:i, s:i}, s:[{s:s, s:s, s:{s:s}}, {s:s, s:s, s:{s:s}}]}",
        "room_alias_name", json_sprintf("room_r%lu", number), "name", json_sprintf("Room %lu", number),
        "creation_content", "m.federate", 0, "power_level_content_override", "users", homeserver->sync_user,
        100, "invite", 70, "kick", 70, "ban", 70, "events_default", 50, "initial_state", "type",
        "m.room.guest_access", "state_key", "", "content", "guest_access", "forbidden", "type", "m.room.sync",
        "state_key", "", "content", "mode", "managed");
}

static void seed_rooms(struct homeserver *homeserver, unsigned long count, unsigned long members)
{
    for (unsigned long i = 0; i < count; i++) {
        json_auto_t *request = room_request(homeserver, i);
        struct room *room = homeserver_create_room(homeserver, request);

        for (unsigned long j = 0; j < members; j++) {
            CLEANUP(freep) char *id = text_format("@u%lu:%s", j, homeserver->server_name);

            room_set_membership(homeserver, room, id, "join");
        }
    }
}

int main(int count, char **arguments)
{
    unsigned long numbers[7] = {0};
    struct loop *loop;
    struct error error;
    struct stub stub;

    if (count != 7) {
        (void)fputs("usage: bench-stub PORT LATENCY SERVER_NAME USERS ROOMS MEMBERS\n", stderr);
        return EXIT_FAILURE;
    }
    for (int i = 1; i < count; i++)
        numbers[i] = strtoul(arguments[i], NULL, 10);
    homeserver_init(&stub.homeserver, arguments[3]);
    stub.counts = memory_new(answer_kinds(), sizeof(stub.counts[0]));
    seed_users(&stub.homeserver, numbers[4]);
    seed_rooms(&stub.homeserver, numbers[5], numbers[6]);
    loop = loop_new(&error);
    if (!loop || !server_new(loop, (uint16_t)numbers[1], (int64_t)numbers[2], answer, &stub, &error)) {
        (void)fprintf(stderr, "bench-stub: %s\n", error.text);
        return EXIT_FAILURE;
    }
    loop_run(loop);
    return EXIT_SUCCESS;
}
