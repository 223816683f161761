#include "base/visible.h"

#include "base/memory.h"
#include "base/text.h"

#include <string.h>
#include <unistr.h>

static const char replacement_character[] = "\xef\xbf\xbd";

/* Unicode's Cc (control), Zl and Zp (separators of lines), and of Cf (format) what has no shape of its
   own. */
bool visible_is_hidden(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } hidden[] = {
        {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad},   {0x061c, 0x061c},
        {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},
        {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
    };

    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]) && code >= hidden[i].first; i++)
        if (code <= hidden[i].last)
            return true;
    return false;
}

void visible_escape(struct buffer *buffer, uint32_t code)
{
    uint16_t units[2];
    int count = u16_uctomb(units, code, 2);

    for (int i = 0; i < count; i++)
        (void)buffer_append_format(buffer, "\\u%04x", units[i]);
}

char *visible_copy(const char *text)
{
    struct buffer copy;
    uint32_t code = 0;

    if (!text)
        return NULL;
    buffer_init(&copy, 12 * strlen(text)); /* no escape is longer */
    for (size_t size; *text; text += size ? size : 1) {
        size = text_read(text, &code);
        if (size == 0)
            (void)buffer_append_text(&copy, replacement_character);
        else if (visible_is_hidden(code))
            visible_escape(&copy, code);
        else
            (void)buffer_append(&copy, text, size);
    }
    return buffer_take(&copy);
}
