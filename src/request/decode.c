/*
 * Bytes to JSON. The bytes come from outside, so they are bounded before anything else looks at them: first
 * their number, then the depth, since jansson recurses for each level, and the number of values, since each
 * takes memory however short it is. What jansson says about a bad body quotes the token that it stumbled
 * upon; of its error only the code and the place are used. What other parsers take and jansson does not is
 * mended first (base/mend.h).
 */
#include "request/decode.h"

#include "base/cleanup.h"
#include "base/json_weight.h"
#include "base/mend.h"
#include "request/complaint.h"

#include <string.h>

static const char *const reasons[] = {
    [json_error_invalid_utf8] = "not valid UTF-8",
    [json_error_premature_end_of_input] = "ends too early",
    [json_error_end_of_input_expected] = "something follows the JSON value",
    [json_error_invalid_syntax] = "syntax error",
    [json_error_null_character] = "NUL character",
    [json_error_null_byte_in_key] = "NUL character in a key",
    [json_error_duplicate_key] = "key given twice",
    [json_error_numeric_overflow] = "number too large",
};

/* jansson passes over a NUL byte right behind a number or a word (load.c, stream_unget()). */
static bool holds_nul(const char *bytes, size_t size)
{
    return size > 0 && memchr(bytes, '\0', size) != NULL;
}

static const char *reason_of(const json_error_t *error)
{
    size_t code = (size_t)json_error_code(error);
    const char *reason = code < sizeof(reasons) / sizeof(reasons[0]) ? reasons[code] : NULL;

    return reason ? reason : "not valid JSON";
}

/*
 * Whether no bracket outside of strings is more than DECODE_MOST_LEVELS deep. Exact up to the first syntax
 * error; jansson goes no further than that.
 */
static bool is_shallow(const char *bytes, size_t size)
{
    size_t level = 0;
    bool in_string = false;

    for (size_t i = 0; i < size; i++) {
        char byte = bytes[i];

        if (in_string && byte == '\\')
            i++;
        else if (byte == '"')
            in_string = !in_string;
        else if (!in_string && (byte == '{' || byte == '['))
            level++;
        else if (!in_string && (byte == '}' || byte == ']') && level > 0)
            level--;
        if (level > DECODE_MOST_LEVELS)
            return false;
    }
    return true;
}

/* What says something has more bytes to each value: a member `{"id":"@a:h"}` is two, in 14. */
enum { FEWEST_BYTES = 5 /* for a value */ };

/* Where a value has two bytes, and one of them is a comma, there may be no more of them in so few. */
static bool has_too_many_values(const char *bytes, size_t size, size_t largest)
{
    size_t most = largest / FEWEST_BYTES;

    return size / 2 + 1 > most && json_weigh(bytes, size).values > most;
}

/* A number that is too large for jansson may be in a field that nobody reads. */
static json_t *load(const char *bytes, size_t size, json_error_t *error)
{
    /* Integers as reals: a number of any length in a field that we do not know is no reason to complain. */
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL;
    CLEANUP(text_free_secretp) char *mended = NULL;
    json_t *root = json_loadb(bytes, size, flags, error);

    if (root || json_error_code(error) != json_error_numeric_overflow)
        return root;
    mended = mend_numbers(bytes, size);
    return json_loadb(mended, size, flags, error);
}

static void complain_of_syntax(const json_error_t *error, const struct request_origin *origin,
                               struct request_complaint *complaint)
{
    size_t line = (size_t)error->line, column = (size_t)error->column, byte = (size_t)error->position;

    (void)complaint_set(complaint, REQUEST_INVALID_JSON, "line %zu, column %zu (byte %zu): %s",
                        origin->lines + line, line == 1 ? origin->columns + column : column,
                        origin->bytes + byte, reason_of(error));
}

json_t *decode_body(const void *bytes, size_t size, const struct request_rules *rules,
                    struct request_complaint *complaint)
{
    size_t largest = rules->largest_body;
    CLEANUP(text_free_secretp) char *mended = NULL;
    json_error_t error;
    json_t *root;

    if (size > largest) {
        (void)complaint_set(complaint, REQUEST_TOO_LARGE, "%zu bytes: more than %zu", size, largest);
        return NULL;
    }
    if (!is_shallow(bytes, size)) {
        (void)complaint_set(complaint, REQUEST_INVALID_JSON, "nested deeper than %d levels",
                            DECODE_MOST_LEVELS);
        return NULL;
    }
    if (has_too_many_values(bytes, size, largest)) {
        (void)complaint_set(complaint, REQUEST_TOO_LARGE, "more than %zu JSON values",
                            largest / FEWEST_BYTES);
        return NULL;
    }
    mended = mend_escapes(bytes, size, false);
    root = load(mended ? mended : size > 0 ? bytes : "", size, &error);
    if (root && holds_nul(bytes, size)) {
        (void)complaint_set(complaint, REQUEST_INVALID_JSON, "NUL byte");
        json_decref(root);
        return NULL;
    }
    if (!root)
        complain_of_syntax(&error, &rules->origin, complaint);
    return root;
}
