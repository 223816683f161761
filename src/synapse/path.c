#include "synapse/path.h"

#include <stdint.h>
#include <string.h>

static bool is_unreserved(unsigned char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr("-._~", byte) != NULL);
}

void path_append_segment(struct buffer *path, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;

        if (is_unreserved(byte))
            (void)buffer_append_char(path, (char)byte);
        else
            (void)buffer_append(path, (const char[]){'%', digits[byte >> 4], digits[byte & 15]}, 3);
    }
}

static const char *find(const struct path_value *values, const char *name, size_t length)
{
    for (; values->name; values++)
        if (strlen(values->name) == length && memcmp(values->name, name, length) == 0)
            return values->text;
    return "";
}

char *path_expand(const char *template, const struct path_value *values)
{
    struct buffer path;
    const char *open, *close;

    /* The longest value is an e-mail address of a request, whose size is bounded where it is read. */
    buffer_init(&path, SIZE_MAX / 2);
    while ((open = strchr(template, '{')) && (close = strchr(open, '}'))) {
        (void)buffer_append(&path, template, (size_t)(open - template));
        path_append_segment(&path, find(values, open + 1, (size_t)(close - open - 1)));
        template = close + 1;
    }
    (void)buffer_append_text(&path, template);
    return buffer_take(&path);
}
