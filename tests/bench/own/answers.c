/*
 * The requests that a client which manages users and rooms makes, answered as Synapse answers them (its
 * source, and what tests/lab/stub.py learnt from real servers). What is in the wrong order or not allowed is
 * refused with Synapse's errcodes, so that the program under test takes the way that it takes in earnest.
 */
#include "asked.h"

#include <stdlib.h>
#include <string.h>

/* ---- answers ---- */

void say(struct asked *asked, int status, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);

    asked->answer->status = status;
    (void)buffer_append_text(&asked->answer->body, text);
    free(text);
    json_decref(body);
}

void refuse(struct asked *asked, int status, const char *errcode, const char *text)
{
    say(asked, status, json_pack("{s:s, s:s}", "errcode", errcode, "error", text));
}

const char *said(const struct asked *asked, const char *key)
{
    return json_string_value(json_object_get(asked->body, key));
}

void say_nothing(struct asked *asked)
{
    say(asked, 200, json_object());
}

size_t query_number(const struct asked *asked, const char *name, size_t otherwise)
{
    CLEANUP(freep) char *value = query_value(asked->query, name);

    return value ? strtoul(value, NULL, 10) : otherwise;
}

/* ---- paths and queries ---- */

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *found = c ? strchr(digits, c | 0x20) : NULL;

    return found ? (int)(found - digits) : 0;
}

/* The caller frees it. */
static char *decode(const char *text, size_t size)
{
    char *decoded = memory_new(size + 1, 1), *to = decoded;

    for (size_t i = 0; i < size; i++) {
        if (text[i] == '%' && i + 2 < size) {
            *to++ = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            *to++ = text[i];
        }
    }
    return decoded;
}

char *query_value(const char *query, const char *name)
{
    size_t length = strlen(name);

    while (*query) {
        size_t size = strcspn(query, "&");

        if (size > length && memcmp(query, name, length) == 0 && query[length] == '=')
            return decode(query + length + 1, size - length - 1);
        query += size + (query[size] == '&');
    }
    return NULL;
}

/* Whether the path has this form; finds where each {} begins and how long it is. */
static bool match(const char *form, const char *path, const char *parts[MOST_PARTS], size_t sizes[MOST_PARTS])
{
    size_t part = 0;

    memset(parts, 0, MOST_PARTS * sizeof(parts[0]));
    while (*form) {
        if (*form == '{') {
            parts[part] = path;
            sizes[part] = strcspn(path, "/");
            path += sizes[part++];
            form += 2;
        } else if (*form++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

/* ---- the tables ---- */

/* What is asked for most comes first. */
static const struct route *const tables[] = {room_routes, user_routes, session_routes};

enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

/* NULL: there are not so many. */
static const struct route *route_at(size_t kind)
{
    for (size_t table = 0; table < TABLES; table++)
        for (const struct route *route = tables[table]; route->path; route++)
            if (kind-- == 0)
                return route;
    return NULL;
}

size_t answer_kinds(void)
{
    size_t count = 0;

    while (route_at(count))
        count++;
    return count + 1; /* and what is unknown */
}

char *answer_kind_name(size_t kind)
{
    const struct route *route = route_at(kind);

    return route ? text_format("%s %s", route->method, route->path) : text_copy("unknown");
}

/* NULL: there is none. `ret_kind` is its number, or that of the unknown. */
static const struct route *find_route(const struct question *question, struct asked *asked, size_t *ret_kind)
{
    const char *parts[MOST_PARTS] = {NULL};
    size_t sizes[MOST_PARTS] = {0};

    *ret_kind = 0;
    for (size_t table = 0; table < TABLES; table++)
        for (const struct route *route = tables[table]; route->path; route++, ++*ret_kind) {
            if (strcmp(route->method, question->method) != 0 ||
                !match(route->path, question->path, parts, sizes))
                continue;
            for (size_t i = 0; i < MOST_PARTS && parts[i]; i++)
                asked->parts[i] = decode(parts[i], sizes[i]);
            return route;
        }
    return NULL;
}

void answer_question(struct homeserver *homeserver, const struct question *question, struct answer *answer,
                     size_t *ret_kind)
{
    json_auto_t *body =
        question->body_size > 0 ? json_loadb(question->body, question->body_size, 0, NULL) : NULL;
    struct asked asked = {.homeserver = homeserver, .query = question->query, .body = body, .answer = answer};
    const struct route *route = find_route(question, &asked, ret_kind);

    answer->status = 200;
    buffer_init(&answer->body, SIZE_MAX / 2);
    if (route)
        route->answer(&asked);
    else
        refuse(&asked, 404, "M_UNRECOGNIZED", "Unrecognized request");
    for (size_t i = 0; i < MOST_PARTS; i++)
        free(asked.parts[i]);
}
