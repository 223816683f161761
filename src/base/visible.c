#include "base/visible.h"

#include "base/memory.h"

#include <string.h>

static const char replacement_character[] = "\xef\xbf\xbd";

size_t visible_read(const char *text, uint32_t *ret_code)
{
    static const struct {
        size_t size;
        uint32_t least;
        unsigned char mask, lead;
    } forms[] = {{1, 0, 0x80, 0x00}, {2, 0x80, 0xe0, 0xc0}, {3, 0x800, 0xf0, 0xe0}, {4, 0x10000, 0xf8, 0xf0}};
    size_t form = 0;
    uint32_t code;

    while (((unsigned char)text[0] & forms[form].mask) != forms[form].lead)
        if (++form == sizeof(forms) / sizeof(forms[0]))
            return 0;
    code = (unsigned char)text[0] & (unsigned char)~forms[form].mask;
    for (size_t i = 1; i < forms[form].size; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | ((unsigned char)text[i] & 0x3f);
    }
    if (code < forms[form].least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *ret_code = code;
    return forms[form].size;
}

/* Unicode's Cc (control), Zl and Zp (separators of lines), and of Cf (format) what has no shape of its own.
 */
bool visible_is_hidden(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } hidden[] = {
        {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad},   {0x061c, 0x061c},
        {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},
        {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
    };

    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        if (code >= hidden[i].first && code <= hidden[i].last)
            return true;
    return false;
}

void visible_escape(struct buffer *buffer, uint32_t code)
{
    if (code >= 0x10000)
        (void)buffer_append_format(buffer, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10),
                                   0xdc00 + ((code - 0x10000) & 0x3ff));
    else
        (void)buffer_append_format(buffer, "\\u%04x", code);
}

char *visible_copy(const char *text)
{
    struct buffer copy;
    uint32_t code = 0;

    if (!text)
        return NULL;
    buffer_init(&copy, 12 * strlen(text)); /* no escape is longer */
    for (size_t size; *text; text += size ? size : 1) {
        size = visible_read(text, &code);
        if (size == 0)
            (void)buffer_append_text(&copy, replacement_character);
        else if (visible_is_hidden(code))
            visible_escape(&copy, code);
        else
            (void)buffer_append(&copy, text, size);
    }
    return buffer_take(&copy);
}
