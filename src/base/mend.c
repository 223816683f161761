#include "base/mend.h"

#include "base/memory.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

enum { ESCAPE_LENGTH = 6 /* \u0000 */ };

/* ---- escapes ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code unit of the escape that begins at `at`; -1: there is no \uXXXX. */
static int unit_at(const char *at, const char *end)
{
    int unit = 0;

    if (end - at < ESCAPE_LENGTH || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < ESCAPE_LENGTH; i++) {
        int digit = hex_digit(at[i]);

        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* Looks at the escape at `at`, mends it if need be, and returns what follows it. */
static char *mend_escape(char *at, const char *end, bool nul)
{
    int first = unit_at(at, end), second, count;
    ucs4_t character;

    if (first < 0)
        return at + 1 < end ? at + 2 : at + 1;
    second = unit_at(at + ESCAPE_LENGTH, end);
    count =
        u16_mbtoucr(&character, (const uint16_t[]){(uint16_t)first, (uint16_t)second}, second < 0 ? 1 : 2);
    if (count == 2)
        return at + 2 * (ptrdiff_t)ESCAPE_LENGTH;
    if (count < 0 || (first == 0 && nul))
        memcpy(at, "\\ufffd", ESCAPE_LENGTH);
    return at + ESCAPE_LENGTH;
}

/* A backslash occurs in strings only, so there is no need to know where strings begin and end. */
char *mend_escapes(const char *text, size_t size, bool nul)
{
    const char *first = size > 0 ? memchr(text, '\\', size) : NULL;
    char *copy, *end;

    if (!first)
        return NULL;
    copy = text_copy_bytes(text, size);
    end = copy + size;
    for (char *at = copy + (first - text); at; at = memchr(at, '\\', (size_t)(end - at)))
        at = mend_escape(at, end, nul);
    return copy;
}

/* ---- numbers ---- */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static char *skip_digits(char *at)
{
    while (is_digit(*at))
        at++;
    return at;
}

/* What follows a fraction and an exponent (RFC 8259, section 6), if these begin at `at`. */
static char *skip_fraction(char *at)
{
    char *digits;

    if (*at == '.' && is_digit(at[1]))
        at = skip_digits(at + 1);
    if (*at != 'e' && *at != 'E')
        return at;
    digits = at + 1;
    if (*digits == '+' || *digits == '-')
        digits++;
    return is_digit(*digits) ? skip_digits(digits) : at;
}

/* Asked of strtod() or strtoll(), which need an end. */
static bool is_too_large(const char *at, char *behind, bool is_real)
{
    char next = *behind;
    bool too_large;

    *behind = '\0';
    errno = 0;
    if (is_real)
        too_large = isinf(strtod(at, NULL)) != 0;
    else
        too_large = strtoll(at, NULL, 10) != 0 && errno == ERANGE;
    *behind = next;
    return too_large;
}

/* A number that is too large is never shorter than what stands in for it here. */
static void replace(char *at, const char *behind, bool is_real)
{
    const char *number = is_real ? "1e308" : at[0] == '-' ? "9223372036854775808" : "9223372036854775807";

    if (*at == '-')
        at++;
    for (; at < behind; at++)
        *at = (char)(*number ? *number++ : ' ');
}

/* Looks at the number at `at`, mends it if need be, and returns what follows it. A leading zero is left to be
   complained of. */
static char *mend_number(char *at)
{
    char *digits = *at == '-' ? at + 1 : at, *behind_integer = skip_digits(digits);
    char *behind = skip_fraction(behind_integer);
    bool is_real = behind > behind_integer;

    if (behind_integer == digits)
        return digits; /* a sign alone */
    if (!(digits[0] == '0' && is_digit(digits[1])) && is_too_large(at, behind, is_real))
        replace(at, behind, is_real);
    return behind;
}

static char *skip_string(char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\' && at + 1 < end)
            at++;
    return at < end ? at + 1 : at;
}

char *mend_numbers(const char *text, size_t size)
{
    char *copy = text_copy_bytes(text, size), *end = copy + size, *at = copy;

    while (at < end) {
        if (*at == '"')
            at = skip_string(at, end);
        else if (*at == '-' || is_digit(*at))
            at = mend_number(at);
        else
            at++;
    }
    return copy;
}
