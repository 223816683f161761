/*
 * Each secret is kept in all its forms, folded: without what may stand between its characters, in lower case,
 * and with one alphabet for base64. A text is folded in the same way, as it is and with its escapes undone,
 * and then holds a secret if it holds a form of it.
 */
#include "base/secrets.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/visible.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

enum {
    RUN = 12,            /* so many characters of a secret in a row give it away */
    SHORTEST_ENCODED = 6 /* bytes of a secret; the encoded form of a shorter one is found everywhere */
};
enum { DECODINGS = 2 };
enum { ESCAPE_LENGTH = 6 /* \u0000 */, LONGEST_ESCAPED = 3 /* bytes of the character of one */ };

struct secrets {
    char **forms; /* folded; each is a secret itself */
    size_t count;
};

/* ---- folding ---- */

static char fold_byte(char byte)
{
    if (byte == '-')
        return '+';
    return (char)(byte == '_' ? '/' : tolower((unsigned char)byte));
}

/* Whether a person who reads the text does not see it: also what is no danger by itself, such as a selector
   of a variant (Unicode, Default_Ignorable_Code_Point). */
static bool is_overlooked(uint32_t code)
{
    return code == ' ' || visible_is_hidden(code) ||
           (code > 0x7f && uc_is_property_default_ignorable_code_point(code));
}

/* The text without what may stand between the characters of a secret. */
static char *strip(const char *text, bool keep_backslashes)
{
    char *stripped = memory_new(strlen(text) + 1, 1), *to = stripped;
    uint32_t code = 0;

    for (size_t size; *text; text += size) {
        size = text_read(text, &code);
        if (size > 0 && (is_overlooked(code) || (code == '\\' && !keep_backslashes)))
            continue;
        size = size ? size : 1;
        memcpy(to, text, size);
        to += size;
    }
    return stripped;
}

static char *fold(const char *text)
{
    char *folded = strip(text, false);

    for (char *byte = folded; *byte; byte++)
        *byte = fold_byte(*byte);
    return folded;
}

/* ---- undoing escapes ---- */

/* The number that `count` hexadecimal digits stand for; -1: these are not so many. */
static long hex_number(const char *text, int count)
{
    long number = 0;

    for (int i = 0; i < count; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = text[i] ? strchr(digits, tolower((unsigned char)text[i])) : NULL;

        if (!digit)
            return -1;
        number = number * 16 + (digit - digits);
    }
    return number;
}

/* Takes one character or escape of `text`, and returns what follows it. A NUL character is left out. */
static const char *decode_one(const char *text, char **to)
{
    long code;

    if (text[0] == '%' && (code = hex_number(text + 1, 2)) >= 0) {
        if (code > 0)
            *(*to)++ = (char)code;
        return text + 3;
    }
    if (text[0] == '\\' && text[1] == 'u' && (code = hex_number(text + 2, 4)) >= 0) {
        int size = code > 0 ? u8_uctomb((uint8_t *)*to, (ucs4_t)code, LONGEST_ESCAPED) : 0;

        *to += size > 0 ? size : 0; /* half a pair is left out */
        return text + ESCAPE_LENGTH;
    }
    if (text[0] == '\\' && text[1]) {
        if (!strchr("bfnrt", text[1]))
            *(*to)++ = text[1];
        return text + 2;
    }
    *(*to)++ = *text;
    return text + 1;
}

static char *decode(const char *text)
{
    CLEANUP(text_free_secretp) char *stripped = strip(text, true);
    char *decoded = memory_new(strlen(stripped) + 1, 1), *to = decoded;

    for (const char *from = stripped; *from;)
        from = decode_one(from, &to);
    return decoded;
}

/* ---- forms ---- */

/* Takes the form over; one that is there already, or empty, is not kept. */
static void add_form(struct secrets *secrets, char *form)
{
    bool known = !*form;

    for (size_t i = 0; i < secrets->count; i++)
        known = known || text_equal(secrets->forms[i], form);
    if (known) {
        text_free_secret(form);
        return;
    }
    secrets->forms = memory_resize(secrets->forms, secrets->count + 1, sizeof(*secrets->forms));
    secrets->forms[secrets->count++] = form;
}

/* What base64 (RFC 4648) makes of the text behind `offset` other bytes, without the digits that depend on
   what is before and behind it too. */
static void add_base64(struct secrets *secrets, const char *text, size_t offset)
{
    static const char digits[] =
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789+/"; /* folded */
    size_t bits = 8 * strlen(text), skipped = (6 - 8 * offset % 6) % 6, count = (bits - skipped) / 6;
    char *form = memory_new(count + 1, 1);

    for (size_t i = 0; i < count; i++) {
        size_t bit = skipped + 6 * i;
        unsigned pair = (unsigned)(unsigned char)text[bit / 8] << 8 | (unsigned char)text[bit / 8 + 1];

        form[i] = digits[pair >> (10 - bit % 8) & 0x3f];
    }
    add_form(secrets, form);
}

static void add_hexadecimal(struct secrets *secrets, const char *text)
{
    char *form = memory_new(2 * strlen(text) + 1, 1);

    text_write_hex(form, text, strlen(text));
    add_form(secrets, form);
}

static void add_forms(struct secrets *secrets, const char *text)
{
    add_form(secrets, fold(text));
    if (strlen(text) < SHORTEST_ENCODED)
        return;
    for (size_t offset = 0; offset < 3; offset++)
        add_base64(secrets, text, offset);
    add_hexadecimal(secrets, text);
}

void secrets_add(struct secrets *secrets, const char *text)
{
    CLEANUP(text_free_secretp) char *decoded = NULL;

    if (!text || !*text)
        return;
    decoded = decode(text);
    add_forms(secrets, text);
    if (!text_equal(decoded, text))
        add_forms(secrets, decoded);
}

/* ---- the question ---- */

static bool holds_run(const char *folded, const char *form)
{
    size_t length = strlen(form), size = strlen(folded);

    if (length <= RUN)
        return strstr(folded, form) != NULL;
    for (size_t i = 0; i + RUN <= length; i++)
        if (memmem(folded, size, form + i, RUN))
            return true;
    return false;
}

static bool holds_form(const struct secrets *secrets, const char *text)
{
    CLEANUP(text_free_secretp) char *folded = fold(text);

    for (size_t i = 0; i < secrets->count; i++)
        if (holds_run(folded, secrets->forms[i]))
            return true;
    return false;
}

bool secrets_are_in(const struct secrets *secrets, const char *text)
{
    CLEANUP(text_free_secretp) char *decoded = NULL;

    if (!secrets || !text)
        return false;
    if (holds_form(secrets, text))
        return true;
    for (int i = 0; i < DECODINGS; i++) {
        char *further = decode(decoded ? decoded : text);

        text_free_secret(decoded);
        decoded = further;
        if (holds_form(secrets, decoded))
            return true;
    }
    return false;
}

/* ---- the object ---- */

struct secrets *secrets_new(void)
{
    return NEW(struct secrets);
}

void secrets_free(struct secrets *secrets)
{
    if (!secrets)
        return;
    for (size_t i = 0; i < secrets->count; i++)
        text_free_secret(secrets->forms[i]);
    free(secrets->forms);
    free(secrets);
}
