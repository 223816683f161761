/*
 * The welcome message: HTML in, the two bodies of a Matrix message out.
 *
 * Text is taken apart as browsers do it (HTML standard, "tokenization"), as far as it matters here: a tag
 * begins with `<` and a letter, `</` and a letter, `<!` or `<?`, and ends at the next `>` that is in no
 * quoted attribute value. To stay linear on text that is broken, each way to look for an end is given up for
 * good once it has run into the end of the text: it would do so from every later place as well (`struct
 * stripper`). A tag whose quotes never close ends at the next `>`, one that has no `>` at all is text.
 */
#include "request/welcome.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "request/entity.h"

#include <stdlib.h>
#include <string.h>

struct stripper {
    bool no_comments; /* no "-->" is left in the text */
    bool no_quotes;   /* some quote is never closed */
    bool no_tags;     /* no ">" is left in the text */
};

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

/* What lies behind the first of these endings; NULL: there is none. */
static const char *behind_first(const char *text, const char *ending)
{
    size_t length = strlen(ending);

    for (; *text; text++)
        if (*text == *ending && strncmp(text, ending, length) == 0)
            return text + length;
    return NULL;
}

/*
 * What lies behind the `>` that ends a tag; one in a quoted attribute value does not. NULL: the text ends
 * before. A quote counts as one only behind a `=`, blanks passed over.
 */
static const char *behind_quoted_tag(const char *text)
{
    char quote = '\0', before = '\0';

    for (; *text; text++) {
        if (quote && *text == quote)
            quote = '\0';
        else if (!quote && (*text == '"' || *text == '\'') && before == '=')
            quote = *text;
        else if (!quote && *text == '>')
            return text + 1;
        if (!is_blank(*text))
            before = *text;
    }
    return NULL;
}

/* "<!-->" is a whole comment, so the end may begin right behind the "<!". */
static const char *behind_comment(struct stripper *stripper, const char *text)
{
    const char *behind = stripper->no_comments ? NULL : behind_first(text + 2, "-->");

    if (!behind)
        stripper->no_comments = true;
    return behind;
}

static const char *behind_tag(struct stripper *stripper, const char *text)
{
    const char *behind = stripper->no_quotes ? NULL : behind_quoted_tag(text);

    if (behind)
        return behind;
    stripper->no_quotes = true;
    behind = stripper->no_tags ? NULL : behind_first(text, ">");
    if (!behind)
        stripper->no_tags = true;
    return behind;
}

static bool is_letter(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

/* What lies behind the tag or comment that begins at this `<`; NULL: none does. */
static const char *behind_markup(struct stripper *stripper, const char *text)
{
    const char *behind = NULL;

    if (strncmp(text, "<!--", strlen("<!--")) == 0)
        behind = behind_comment(stripper, text);
    if (behind)
        return behind;
    if (is_letter(text[1]) || text[1] == '!' || text[1] == '?' || (text[1] == '/' && is_letter(text[2])))
        return behind_tag(stripper, text);
    return NULL;
}

static void append_character(struct buffer *body, uint32_t character)
{
    if (character < 0x80) {
        (void)buffer_append_char(body, (char)character);
    } else if (character < 0x800) {
        (void)buffer_append_char(body, (char)(0xc0 | character >> 6));
        (void)buffer_append_char(body, (char)(0x80 | (character & 0x3f)));
    } else if (character < 0x10000) {
        (void)buffer_append_char(body, (char)(0xe0 | character >> 12));
        (void)buffer_append_char(body, (char)(0x80 | (character >> 6 & 0x3f)));
        (void)buffer_append_char(body, (char)(0x80 | (character & 0x3f)));
    } else {
        (void)buffer_append_char(body, (char)(0xf0 | character >> 18));
        (void)buffer_append_char(body, (char)(0x80 | (character >> 12 & 0x3f)));
        (void)buffer_append_char(body, (char)(0x80 | (character >> 6 & 0x3f)));
        (void)buffer_append_char(body, (char)(0x80 | (character & 0x3f)));
    }
}

/* The text without tags. An entity is never shorter than its character, so the result fits into as much. */
static char *plain_text(const char *html)
{
    struct stripper stripper = {0};
    struct buffer body;

    buffer_init_secret(&body, strlen(html));
    while (*html) {
        const char *behind = *html == '<' ? behind_markup(&stripper, html) : NULL;
        size_t length = 0;
        uint32_t character = *html == '&' ? entity_decode(html, &length) : 0;

        if (behind) {
            html = behind;
        } else if (character) {
            append_character(&body, character);
            html += length;
        } else {
            (void)buffer_append_char(&body, *html++);
        }
    }
    return buffer_take(&body);
}

/* Producers' settings hold newlines as the two characters \ and n. */
static char *with_newlines(const char *text)
{
    char *copy = text_copy(text);
    char *out = copy;

    for (const char *in = copy; *in; in++) {
        if (in[0] == '\\' && in[1] == 'n') {
            *out++ = '\n';
            in++;
        } else {
            *out++ = *in;
        }
    }
    *out = '\0';
    return copy;
}

struct request_welcome *welcome_new(const char *text)
{
    struct request_welcome *welcome;

    if (!text || !*text)
        return NULL;
    welcome = NEW(struct request_welcome);
    welcome->formatted_body = with_newlines(text);
    welcome->body = plain_text(welcome->formatted_body);
    return welcome;
}

void welcome_free(struct request_welcome *welcome)
{
    if (!welcome)
        return;
    text_free_secret(welcome->body); /* for some, the way that a first password takes */
    text_free_secret(welcome->formatted_body);
    free(welcome);
}
