/*
 * JSON of the homeserver.
 *
 * Three things that Synapse passes on are refused by jansson: an escaped NUL character (in a key even where
 * JSON_ALLOW_NUL is given), a lone half of a surrogate pair, and, from rooms of old versions, numbers of any
 * size. Any member may put them into the content of their own member event, and one such event would make the
 * state of the whole room unreadable. Therefore they are mended (base/mend.h), the numbers only where jansson
 * has met one.
 */
#include "synapse/parse.h"

#include "base/cleanup.h"
#include "base/json_weight.h"
#include "base/memory.h"
#include "base/mend.h"

/* Bytes for one reply. The largest are lists of what there is: 200,000 rooms, or 70,000 records. */
enum { MOST_MEMORY = 32 * 1024 * 1024 };

static json_t *load(const char *text, size_t size)
{
    CLEANUP(text_free_secretp) char *mended = NULL;
    json_error_t error;
    json_t *value = json_loadb(text, size, 0, &error);

    if (value || json_error_code(&error) != json_error_numeric_overflow)
        return value;
    mended = mend_numbers(text, size);
    return json_loadb(mended, size, 0, NULL);
}

bool parse_fits(const char *text, size_t size)
{
    return json_fits(text, size, MOST_MEMORY);
}

json_t *parse_object(const char *text, size_t size)
{
    CLEANUP(text_free_secretp) char *mended = NULL;
    json_t *value;

    if (!parse_fits(text, size))
        return NULL;
    mended = mend_escapes(text, size, true);
    value = load(mended ? mended : text, size);
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
