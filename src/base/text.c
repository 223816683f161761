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

void text_write_hex(char *ret_text, const void *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *byte = bytes;

    for (size_t i = 0; i < size; i++) {
        ret_text[2 * i] = digits[byte[i] >> 4];
        ret_text[2 * i + 1] = digits[byte[i] & 0xf];
    }
    ret_text[2 * size] = '\0';
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
