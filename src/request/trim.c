#include "request/trim.h"

#include "base/memory.h"

#include <stdbool.h>
#include <string.h>

/* Python's str.isspace(), in UTF-8. */
static const char *const blanks[] = {
    " ",
    "\t",
    "\n",
    "\v",
    "\f",
    "\r",
    "\x1c",
    "\x1d",
    "\x1e",
    "\x1f",
    "\xc2\x85",     /* U+0085 */
    "\xc2\xa0",     /* U+00A0 */
    "\xe1\x9a\x80", /* U+1680 */
    "\xe2\x80\x80",
    "\xe2\x80\x81",
    "\xe2\x80\x82",
    "\xe2\x80\x83",
    "\xe2\x80\x84",
    "\xe2\x80\x85",
    "\xe2\x80\x86",
    "\xe2\x80\x87",
    "\xe2\x80\x88",
    "\xe2\x80\x89",
    "\xe2\x80\x8a", /* U+2000 to U+200A */
    "\xe2\x80\xa8",
    "\xe2\x80\xa9",
    "\xe2\x80\xaf", /* U+2028, U+2029, U+202F */
    "\xe2\x81\x9f", /* U+205F */
    "\xe3\x80\x80", /* U+3000 */
};

/* Bytes of the blank that begins here; 0: none does. */
static size_t blank_before(const char *text, size_t length)
{
    for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++)
        if (strlen(blanks[i]) <= length && memcmp(text, blanks[i], strlen(blanks[i])) == 0)
            return strlen(blanks[i]);
    return 0;
}

/* Bytes of the blank that ends here. */
static size_t blank_behind(const char *text, size_t length)
{
    for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
        size_t size = strlen(blanks[i]);

        if (size <= length && memcmp(text + length - size, blanks[i], size) == 0)
            return size;
    }
    return 0;
}

char *trim(const char *text)
{
    size_t length = text ? strlen(text) : 0, blank;

    while ((blank = blank_before(text, length)) > 0) {
        text += blank;
        length -= blank;
    }
    while ((blank = blank_behind(text, length)) > 0)
        length -= blank;
    return length > 0 ? text_copy_bytes(text, length) : NULL;
}
