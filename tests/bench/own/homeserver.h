#ifndef SYNC_TESTS_BENCH_OWN_HOMESERVER_H
#define SYNC_TESTS_BENCH_OWN_HOMESERVER_H

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/hash.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * What the stub homeserver holds: users, rooms, the state of rooms, and a journal of all events in their
 * order, from which /sync is answered. Everything is in memory and nothing is ever freed but what it
 * replaces: the process lives for one measurement.
 *
 * An event is kept as the JSON text that is sent, so that a room of ten thousand members costs the stub a
 * copy of bytes and no printing of JSON.
 */

enum { TYPE_SIZE = 64 };

struct user {
    char *id, *name, *email; /* name and e-mail: NULL: none */
    bool admin, deactivated, locked;
    UT_hash_handle hh;
};

struct event {
    struct room *room;
    char *slot; /* type, a line feed, state_key: what it replaces; a message has none (NULL) */
    char type[TYPE_SIZE];
    char *content;      /* JSON with sorted keys: equal contents are equal texts */
    char *text;         /* the whole event */
    long long at;       /* milliseconds() */
    char membership[8]; /* of a member's; else "" */
    size_t position;    /* in the journal; an event that was replaced since has a later one */
    UT_hash_handle hh;
};

struct room {
    char *id, *alias, *creator;
    struct event *state; /* by slot, in the order of their first coming */
    struct event *last_message;
    size_t joined; /* members */
    bool is_direct, deleted;
    struct { /* while a /sync is answered */
        bool seen;
        size_t events;
        struct event *newest;
        struct room *next;
        struct buffer state;
    } sync;
    UT_hash_handle hh;
};

struct alias {
    char *alias;
    struct room *room;
    UT_hash_handle hh;
};

/* The account data of the sync user. */
struct record {
    char *type;
    json_t *content;
    UT_hash_handle hh;
};

struct journal_entry {
    struct event *event;
    size_t position; /* the event's then */
};

struct homeserver {
    char *server_name, *sync_user;
    struct user *users;
    struct room *rooms; /* by id, deleted ones too */
    struct alias *aliases;
    struct record *records;
    struct journal_entry *journal;
    size_t journal_size, journal_capacity;
    size_t room_count;
    bool users_sorted;
};

void homeserver_init(struct homeserver *homeserver, const char *server_name);

struct user *homeserver_user(struct homeserver *homeserver, const char *id);
struct user *homeserver_add_user(struct homeserver *homeserver, const char *id);
/* NULL: unknown or deleted. */
struct room *homeserver_room(struct homeserver *homeserver, const char *id);
/* As createRoom of the client API makes it; takes nothing over. The alias must be free. */
struct room *homeserver_create_room(struct homeserver *homeserver, const json_t *request);
void homeserver_delete_room(struct homeserver *homeserver, struct room *room);

/* Since 1970. */
long long milliseconds(void);

/* Sets a state event (`key` NULL: appends a message) and writes it to the journal; takes the reference of
   `content`. What is the same already is left alone: false. */
bool room_set(struct homeserver *homeserver, struct room *room, const char *sender, const char *type,
              const char *key, json_t *content);
/* NULL: there is none. */
const struct event *room_event(const struct room *room, const char *type, const char *key);
/* "join", "leave", …; "" for who was never in the room. */
const char *room_membership(const struct room *room, const char *user);
void room_set_membership(struct homeserver *homeserver, struct room *room, const char *user,
                         const char *membership);

#endif
