#include "monitor/html.h"

#include "base/cleanup.h"
#include "base/visible.h"

#include <string.h>

static const char *escape_of(char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_text(struct buffer *buffer, const char *text)
{
    CLEANUP(freep) char *visible = visible_copy(text);

    for (const char *byte = visible; byte && *byte; byte++) {
        const char *escape = escape_of(*byte);

        if (escape)
            (void)buffer_append_text(buffer, escape);
        else
            (void)buffer_append_char(buffer, *byte);
    }
}

static const struct html_place *find(const struct html_place *places, const char *name, size_t length)
{
    for (; places->name; places++)
        if (strlen(places->name) == length && memcmp(places->name, name, length) == 0)
            return places;
    return NULL;
}

void html_fill(struct buffer *buffer, const char *template, const struct html_place *places,
               const void *context)
{
    const char *open, *close;

    while ((open = strstr(template, "{{")) && (close = strstr(open, "}}"))) {
        const struct html_place *place = find(places, open + 2, (size_t)(close - open) - 2);

        (void)buffer_append(buffer, template, (size_t)(open - template));
        if (place)
            place->write(buffer, context);
        else
            (void)buffer_append(buffer, open, (size_t)(close - open) + 2);
        template = close + 2;
    }
    (void)buffer_append_text(buffer, template);
}
