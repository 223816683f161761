#include "request/trim.h"

#include "base/memory.h"

#include <stdbool.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

/* Python's str.isspace(): Unicode's white space, and what separates information in ASCII. */
static bool is_space(ucs4_t character)
{
    return uc_is_property_white_space(character) || (character >= 0x1c && character <= 0x1f);
}

char *trim(const char *text)
{
    const uint8_t *first = (const uint8_t *)text, *behind, *at;
    ucs4_t character;

    if (!text)
        return NULL;
    for (at = first; (at = u8_next(&character, at)) && is_space(character);)
        first = at;
    behind = first + u8_strlen(first);
    for (at = behind; (at = u8_prev(&character, at, first)) && is_space(character);)
        behind = at;
    return behind > first ? text_copy_bytes((const char *)first, (size_t)(behind - first)) : NULL;
}
