#ifndef SYNC_TESTS_BENCH_OWN_ASKED_H
#define SYNC_TESTS_BENCH_OWN_ASKED_H

#include "answers.h"

/* What the answers are made with. */

enum { MOST_PARTS = 3 };

/* A request whose path was understood. */
struct asked {
    struct homeserver *homeserver;
    char *parts[MOST_PARTS]; /* what stands for {} in the path, decoded */
    const char *query;
    const json_t *body; /* an object; NULL: there was none */
    struct answer *answer;
};

struct route {
    const char *method, *path; /* the path with {} for each segment that varies */
    void (*answer)(struct asked *asked);
};

#define ADMIN "/_synapse/admin/"
#define CLIENT "/_matrix/client/v3/"
#define ROOM CLIENT "rooms/{}/"

/* Each ends with a zeroed element. */
extern const struct route room_routes[], user_routes[], session_routes[];

/* The answer; takes the reference. */
void say(struct asked *asked, int status, json_t *body);
/* {} */
void say_nothing(struct asked *asked);
void refuse(struct asked *asked, int status, const char *errcode, const char *text);
/* A text of the request's body; NULL: it has none of that name. */
const char *said(const struct asked *asked, const char *key);
/* A number of the query. */
size_t query_number(const struct asked *asked, const char *name, size_t otherwise);

#endif
