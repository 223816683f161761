/*
 * JSON of the homeserver.
 *
 * Two things that Synapse passes on are refused by jansson: an escaped NUL character (in a key even where
 * JSON_ALLOW_NUL is given), which any member may put into the content of their own member event, and a lone
 * half of a surrogate pair. One such event would make the state of the whole room unreadable. Therefore these
 * escapes are replaced, before parsing, by that of U+FFFD, the replacement character, which is as long. (A
 * text with it is never equal to one that is wanted, which is right: nor was the original.)
 */
#include "synapse/parse.h"

#include "base/cleanup.h"
#include "base/json_weight.h"
#include "base/memory.h"

#include <string.h>

enum { ESCAPE_LENGTH = 6 /* \u0000 */ };

/* Bytes for one reply. The largest are lists of what there is: 200,000 rooms, or 70,000 records. */
enum { MOST_MEMORY = 32 * 1024 * 1024 };

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code unit of the escape that begins at `at`; -1: there is no \uXXXX. */
static int unit_at(const char *at, const char *end)
{
    int unit = 0;

    if (end - at < ESCAPE_LENGTH || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < ESCAPE_LENGTH; i++) {
        int digit = hex_digit(at[i]);

        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* Looks at the escape at `at`, mends it if need be, and returns what follows it. */
static char *mend_escape(char *at, const char *end)
{
    int unit = unit_at(at, end);

    if (unit < 0)
        return at + 1 < end ? at + 2 : at + 1;
    if (unit >= 0xd800 && unit < 0xdc00) {
        int second = unit_at(at + ESCAPE_LENGTH, end);

        if (second >= 0xdc00 && second < 0xe000)
            return at + 2 * (ptrdiff_t)ESCAPE_LENGTH;
    }
    if (unit == 0 || (unit >= 0xd800 && unit < 0xe000))
        memcpy(at, "\\ufffd", ESCAPE_LENGTH);
    return at + ESCAPE_LENGTH;
}

/* A copy in which all escapes are mended; NULL: there are none. The caller frees it. A backslash occurs in
   strings only, so there is no need to know where strings begin and end. */
static char *mend(const char *text, size_t size)
{
    const char *first = size > 0 ? memchr(text, '\\', size) : NULL;
    char *copy, *end;

    if (!first)
        return NULL;
    copy = text_copy_bytes(text, size);
    end = copy + size;
    for (char *at = copy + (first - text); at; at = memchr(at, '\\', (size_t)(end - at)))
        at = mend_escape(at, end);
    return copy;
}

bool parse_fits(const char *text, size_t size)
{
    return json_fits(text, size, MOST_MEMORY);
}

json_t *parse_object(const char *text, size_t size)
{
    CLEANUP(freep) char *mended = NULL;
    json_t *value;

    if (!parse_fits(text, size))
        return NULL;
    mended = mend(text, size);
    value = json_loadb(mended ? mended : text, size, 0, NULL);
    if (json_is_object(value))
        return value;
    json_decref(value);
    return NULL;
}

const char *parse_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

int64_t parse_number(const json_t *object, const char *key, int64_t otherwise)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool parse_flag(const json_t *object, const char *key, bool otherwise)
{
    const json_t *value = json_object_get(object, key);

    if (json_is_boolean(value))
        return json_is_true(value);
    return json_is_integer(value) ? json_integer_value(value) != 0 : otherwise;
}

bool parse_has_flag(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_boolean(value) || json_is_integer(value);
}
