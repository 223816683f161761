/*
 * The scanner knows strings, brackets, and the last string before a bracket, which is the array's name if a
 * colon is between them. It judges nothing else: both the events and the rest are parsed by who gets them.
 *
 * What stands in an array of events and is no object is passed over.
 */
#include "synapse/sieve.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* An event has at most 64 KiB (Matrix specification, "Size limits"), in JSON without white space, and what
   the homeserver adds to it ("unsigned") at most the content of the one before it. */
enum { LARGEST_EVENT = 512 * 1024 };

struct sieve {
    const char *name;
    sieve_event *event;
    void *context;
    struct buffer rest, one; /* event, as far as it came */
    size_t depth;
    size_t array;    /* depth of what stands in an array of events; 0: in none */
    bool collecting; /* in an event */
    bool in_string;
    bool escaped;   /* the character before was a backslash */
    size_t matched; /* so many characters of the string are those of the name */
    bool differs;   /* and then it goes on in another way */
    bool named;     /* the last string was the name, and only a colon came since */
};

struct sieve *sieve_new(const char *name, size_t largest_rest, sieve_event *event, void *context)
{
    struct sieve *sieve = NEW(struct sieve);

    sieve->name = name;
    sieve->event = event;
    sieve->context = context;
    buffer_init(&sieve->rest, largest_rest);
    buffer_init(&sieve->one, LARGEST_EVENT);
    return sieve;
}

void sieve_free(struct sieve *sieve)
{
    if (!sieve)
        return;
    buffer_deinit(&sieve->rest);
    buffer_deinit(&sieve->one);
    free(sieve);
}

const struct buffer *sieve_rest(const struct sieve *sieve)
{
    return &sieve->rest;
}

void sieve_keep(struct buffer *rest, const char *text, size_t size)
{
    if (rest->size > 0 && rest->bytes[rest->size - 1] != '[')
        (void)buffer_append_char(rest, ',');
    (void)buffer_append(rest, text, size);
}

/* ---- strings ---- */

static void begin_string(struct sieve *sieve)
{
    sieve->in_string = true;
    sieve->matched = 0;
    sieve->differs = sieve->array > 0; /* there the name means nothing */
    sieve->named = false;
}

static void go_through_character(struct sieve *sieve, char byte)
{
    if (sieve->escaped) {
        sieve->escaped = false;
    } else if (byte == '\\') {
        sieve->escaped = sieve->differs = true;
    } else if (byte == '"') {
        sieve->in_string = false;
        sieve->named = !sieve->differs && sieve->name[sieve->matched] == '\0';
    } else if (byte == '\0' || sieve->differs || sieve->name[sieve->matched] != byte) {
        sieve->differs = true;
    } else {
        sieve->matched++;
    }
}

/* Returns the last character that was taken in. */
static const char *go_through_string(struct sieve *sieve, const char *at, const char *end)
{
    while (sieve->differs && !sieve->escaped && at + 1 < end && *at != '"' && *at != '\\')
        at++;
    go_through_character(sieve, *at);
    return at;
}

/* ---- brackets ---- */

static void open_bracket(struct sieve *sieve, char byte)
{
    if (byte == '{' && sieve->array > 0 && sieve->depth == sieve->array)
        sieve->collecting = true;
    sieve->depth++;
    if (byte == '[' && sieve->named && sieve->array == 0)
        sieve->array = sieve->depth;
    sieve->named = false;
}

/* The bracket belongs to what it closes. */
static void close_bracket(struct sieve *sieve)
{
    if (sieve->depth > 0)
        sieve->depth--;
    if (sieve->depth < sieve->array)
        sieve->array = 0;
    sieve->named = false;
}

static void go_on(struct sieve *sieve, char byte)
{
    switch (byte) {
    case '"':
        begin_string(sieve);
        break;
    case '{':
    case '[':
        open_bracket(sieve, byte);
        break;
    case '}':
    case ']':
        close_bracket(sieve);
        break;
    case ':':
    case ' ':
    case '\t':
    case '\n':
    case '\r':
        break;
    default:
        sieve->named = false;
        break;
    }
}

/* ---- where the bytes go ---- */

/* What comes next, unless it is a bracket that changes that. NULL: nowhere. */
static struct buffer *place_of(struct sieve *sieve)
{
    if (sieve->collecting)
        return &sieve->one;
    return sieve->array > 0 ? NULL : &sieve->rest;
}

/* Takes the byte in, and returns its place: both brackets of an event are part of it, both of the array are
   not among the events. */
static struct buffer *take(struct sieve *sieve, char byte)
{
    struct buffer *before = place_of(sieve);

    go_on(sieve, byte);
    return before ? before : place_of(sieve);
}

/* Of an event that is too large only the beginning is kept, which is no JSON: who gets it says whether the
   reply is of use without it. */
static bool put(struct sieve *sieve, struct buffer *place, const char *from, const char *to)
{
    return !place || buffer_append(place, from, (size_t)(to - from)) || place == &sieve->one;
}

static bool end_event(struct sieve *sieve)
{
    bool of_use = sieve->event(sieve->context, buffer_text(&sieve->one), sieve->one.size, &sieve->rest);

    sieve->collecting = false;
    buffer_clear(&sieve->one);
    return of_use && !sieve->rest.overflowed;
}

bool sieve_feed(struct sieve *sieve, const char *bytes, size_t size)
{
    const char *from = bytes, *end = bytes + size;
    struct buffer *place = place_of(sieve);

    for (const char *at = bytes; at < end; at++) {
        struct buffer *its;

        if (sieve->in_string) {
            at = go_through_string(sieve, at, end);
            continue;
        }
        its = take(sieve, *at);
        if (its != place) {
            if (!put(sieve, place, from, at))
                return false;
            from = at;
            place = its;
        }
        if (sieve->collecting && sieve->depth == sieve->array) {
            if (!put(sieve, place, from, at + 1) || !end_event(sieve))
                return false;
            from = at + 1;
            place = place_of(sieve);
        }
    }
    return put(sieve, place, from, end);
}
