#include "base/text.h"

#include <string.h>
#include <unistr.h>

size_t text_read(const char *text, uint32_t *ret_code)
{
    ucs4_t code;
    int size = u8_strmbtouc(&code, (const uint8_t *)text);

    if (size <= 0)
        return 0;
    *ret_code = code;
    return (size_t)size;
}

size_t text_cut(const char *text, size_t most)
{
    size_t length = strnlen(text, most + 1);
    const uint8_t *begun; /* the character that ends behind `most` */

    if (length <= most)
        return length;
    begun = u8_check((const uint8_t *)text, most);
    return begun ? (size_t)((const char *)begun - text) : most;
}
