#include "command/dlq_body.h"

#include "base/buffer.h"
#include "base/json_weight.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/visible.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    HEAVIEST = 128 * 1024 * 1024, /* bytes of memory for a body that is taken apart */
    MOST_SHOWN = 64 * 1024,       /* bytes of text */
    LONGEST_WORD = 80,            /* bytes of a method or subject */
    DEEPEST = 100                 /* arrays and objects in each other */
};

static const char MASK[] = "***";
static const char WORD[] = "password";
static const char CUT[] = "(the rest is not shown)\n";

/* ---- passwords in a text ---- */

/* Where the value ends that begins there: behind its closing quote, or where a bare word ends; what is opened
   and not closed, or may hold more values, goes to the end of the text. */
static const char *end_of_value(const char *value)
{
    const char *end = value + 1;

    if (*value == '{' || *value == '[')
        return value + strlen(value);
    if (*value != '"' && *value != '\'')
        return value + strcspn(value, ",;&}] \t\r\n");
    while (*end && *end != *value)
        end += *end == '\\' && end[1] ? 2 : 1;
    return *end ? end + 1 : end;
}

/* Behind what stands between the word and its value: quotes of the name, blanks, a colon or the like. */
static const char *begin_of_value(const char *behind_word)
{
    const char *begin = behind_word + strspn(behind_word, "\"'\\ \t\r\n");

    if (*begin != ':' && *begin != '=')
        return behind_word; /* not a name */
    begin += strspn(begin, ":=> \t\r\n\\");
    return begin;
}

/* The same; but what is taken for a value may be a name with a value of its own, which is masked along with
 * it. */
static const char *end_of_values(const char *value)
{
    const char *end = end_of_value(value), *word = strcasestr(value, WORD);

    while (word && word < end) {
        const char *behind = word + strlen(WORD), *further = begin_of_value(behind);

        if (further != behind && *further && end_of_value(further) > end)
            end = end_of_value(further);
        word = strcasestr(behind, WORD);
    }
    return end;
}

/* Appends the text with the values of passwords masked; `rest` gets what is left without the word. */
static void mask_values(const char *text, struct buffer *shown, struct buffer *rest)
{
    const char *word;

    while ((word = strcasestr(text, WORD)) != NULL) {
        const char *behind = word + strlen(WORD), *begin = begin_of_value(behind);

        (void)buffer_append(rest, text, (size_t)(word - text));
        (void)buffer_append_char(rest, '\n');
        (void)buffer_append(shown, text, (size_t)(begin - text));
        text = begin;
        if (begin != behind && *begin) {
            (void)buffer_append_text(shown, MASK);
            text = end_of_values(begin);
        }
    }
    (void)buffer_append_text(rest, text);
    (void)buffer_append_text(shown, text);
}

/* What must not be seen. The word is looked for in other forms: escaped, percent-encoded, in base64. */
struct mask {
    const struct secrets *own;
    struct secrets *word;
};

static struct mask mask_begin(const struct secrets *own)
{
    struct mask mask = {.own = own, .word = secrets_new()};

    secrets_add(mask.word, WORD);
    return mask;
}

static void mask_end(struct mask *mask)
{
    secrets_free(mask->word);
}

/* The text without what must not be seen; NULL: it may hide some. The caller frees it. */
static char *masked_copy(const char *text, const struct mask *mask)
{
    size_t most = 2 * strlen(text) + sizeof(MASK); /* a mask is shorter than the word before it */
    CLEANUP(buffer_deinit) struct buffer shown, rest;

    buffer_init_secret(&shown, most);
    buffer_init_secret(&rest, most);
    mask_values(text, &shown, &rest);
    if (secrets_are_in(mask->word, buffer_text(&rest)) || secrets_are_in(mask->own, buffer_text(&shown)))
        return NULL;
    return buffer_take(&shown);
}

/* ---- JSON ---- */

static json_t *masked(json_t *value, const struct mask *mask, int depth);

/* It may be an object that was printed twice. */
static json_t *masked_string(const char *text, const struct mask *mask)
{
    CLEANUP(text_free_secretp) char *shown = masked_copy(text, mask);

    return json_string(shown ? shown : MASK);
}

static json_t *masked_object(json_t *object, const struct mask *mask, int depth)
{
    json_t *copy = json_object(), *value;
    const char *key;

    json_object_foreach(object, key, value)
    {
        CLEANUP(text_free_secretp) char *name = masked_copy(key, mask);
        json_t *shown =
            strcasestr(key, WORD) && !json_is_null(value) ? json_string(MASK) : masked(value, mask, depth);

        (void)json_object_set_new(copy, name ? name : MASK, shown);
    }
    return copy;
}

static json_t *masked_array(json_t *array, const struct mask *mask, int depth)
{
    json_t *copy = json_array(), *value;
    size_t index;

    json_array_foreach(array, index, value)(void) json_array_append_new(copy, masked(value, mask, depth));
    return copy;
}

static json_t *masked(json_t *value, const struct mask *mask, int depth)
{
    if (depth > DEEPEST)
        return json_string("(too deep to be shown)");
    if (json_is_object(value))
        return masked_object(value, mask, depth + 1);
    if (json_is_array(value))
        return masked_array(value, mask, depth + 1);
    if (json_is_string(value))
        return masked_string(json_string_value(value), mask);
    return json_incref(value);
}

json_t *dlq_body_parse(const char *body, size_t size, const struct secrets *secrets)
{
    struct mask mask;
    json_t *parsed, *copy;

    if (!body || !json_fits(body, size, HEAVIEST))
        return NULL;
    parsed = json_loadb(body, size, JSON_REJECT_DUPLICATES, NULL);
    if (!parsed)
        return NULL;
    mask = mask_begin(secrets);
    copy = masked(parsed, &mask, 0);
    mask_end(&mask);
    json_decref(parsed);
    return copy;
}

/* ---- text ---- */

static void without_nul(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] == '\0')
            text[i] = '\x01'; /* shown as an escape, and the text goes on behind it */
}

char *dlq_body_text(const char *body, size_t size, const struct secrets *secrets)
{
    size_t most = size < MOST_SHOWN ? size : MOST_SHOWN;
    CLEANUP(text_free_secretp) char *text = text_copy_bytes(body, most);
    CLEANUP(text_free_secretp) char *shown = NULL;
    CLEANUP(freep) char *lines = NULL;
    struct mask mask = mask_begin(secrets);

    without_nul(text, most);
    shown = masked_copy(text, &mask);
    mask_end(&mask);
    if (!shown)
        return text_copy("(not shown: it may hold a password)\n");
    lines = dlq_body_lines(shown);
    return text_format("%s%s", lines, most < size ? CUT : "");
}

char *dlq_body_value(const char *text, const struct secrets *secrets)
{
    struct mask mask = mask_begin(secrets);
    CLEANUP(text_free_secretp) char *shown = masked_copy(text, &mask);

    mask_end(&mask);
    return shown ? visible_copy(shown) : text_copy(MASK);
}

char *dlq_body_lines(const char *text)
{
    struct buffer lines;
    size_t left = MOST_SHOWN;

    buffer_init(&lines, 8 * (size_t)MOST_SHOWN);
    while (*text && left > 0) {
        size_t length = strcspn(text, "\n"), taken = length < left ? length : left;
        CLEANUP(freep) char *line = text_copy_bytes(text, taken);
        CLEANUP(freep) char *visible = visible_copy(line);

        (void)buffer_append_format(&lines, "%s\n", visible);
        left -= taken;
        if (left > 0)
            left--; /* the end of the line */
        text += taken + (text[taken] == '\n');
    }
    if (*text)
        (void)buffer_append_text(&lines, CUT);
    return buffer_take(&lines);
}

/* ---- in a word ---- */

static char *short_copy(const char *text)
{
    CLEANUP(freep) char *part = text ? text_copy_bytes(text, text_cut(text, LONGEST_WORD)) : NULL;

    return part && *part ? visible_copy(part) : text_copy("-");
}

char *dlq_body_method(const json_t *parsed)
{
    return short_copy(json_string_value(json_object_get(parsed, "method")));
}

char *dlq_body_subject(const json_t *parsed)
{
    const json_t *room = json_object_get(parsed, "room");
    const char *user = json_string_value(json_object_get(json_object_get(parsed, "user"), "id"));
    const char *id = json_string_value(json_object_get(room, "id"));
    const char *type = json_string_value(json_object_get(room, "type"));
    CLEANUP(freep) char *alias = NULL;

    if (user || !id)
        return short_copy(user);
    alias = text_format("#%s_%s", type && *type ? type : "room", id);
    return short_copy(alias);
}
