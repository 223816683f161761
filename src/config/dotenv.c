/*
 * .env files, by the rules of Node's dotenv package (version 15 and later), for which existing files were
 * written:
 *
 *     NAME=value            blanks around the name, the "=" and the value do not count
 *     NAME: value           the same
 *     export NAME=value     the same
 *     NAME=value # comment  a # ends an unquoted value wherever it stands
 *     NAME='value'          taken as it stands, # and line breaks included; so are "value" and `value`
 *     NAME="a\nb"           in double quotes \n and \r are a line feed and a carriage return; no other
 * escapes: a \" does not end the value, but the backslash stays
 *
 * A value that begins and ends with the same quote, with more of them inside, loses only the outer ones. Line
 * ends are LF, CRLF or CR. Names consist of letters, digits, "_", "." and "-".
 *
 * Written by hand because there is no library for it: these rules are those of one package of JavaScript.
 *
 * Where dotenv passes over what it does not understand, this parser says so: a line that is neither blank, a
 * comment nor an assignment is an error, and so is a quote that is opened and never closed.
 */
#include "config/dotenv.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <ctype.h>
#include <string.h>

#define BLANKS " \t\v\f"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct parser {
    const char *at; /* in a copy of the file with LF as its only line end, terminated */
    unsigned line;
    dotenv_found *found;
    void *context;
};

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, BLANKS);
}

static const char *line_end(const char *text)
{
    return text + strcspn(text, "\n");
}

/* Whether nothing but blanks or a comment stands between here and the end of the line. */
static bool is_rest_empty(const char *text)
{
    text = skip_blanks(text);
    return *text == '\0' || *text == '\n' || *text == '#';
}

static size_t name_length(const char *text)
{
    size_t length = 0;

    while (isalnum((unsigned char)text[length]) || (text[length] && strchr("_.-", text[length])))
        length++;
    return length;
}

/* Where the value begins behind a name, that is behind "=", or ":" and a blank; NULL: that is no
   assignment. */
static const char *find_value(const char *behind_name)
{
    const char *sign = skip_blanks(behind_name);

    if (*sign == '=')
        return skip_blanks(sign + 1);
    if (*behind_name == ':' && behind_name[1] && strchr(BLANKS, behind_name[1]))
        return skip_blanks(behind_name + 1);
    return NULL;
}

/*
 * The quote that closes the one at `open`: the first one without a backslash before it, if only blanks or a
 * comment follow; else, as the last backslash may belong to the value, the last one with a backslash that is
 * followed so. NULL: none.
 */
static const char *find_closing_quote(const char *open)
{
    const char *closing = NULL, *at;

    for (at = open + 1; *at && *at != *open; at++)
        if (*at == '\\' && at[1] == *open) {
            at++;
            if (is_rest_empty(at + 1))
                closing = at;
        }
    return *at && is_rest_empty(at + 1) ? at : closing;
}

static unsigned count_lines(const char *from, const char *to)
{
    unsigned count = 0;

    for (; from < to; from++)
        count += *from == '\n';
    return count;
}

/* What a letter behind a backslash stands for; 0: the backslash is one. */
static int escape_of(char letter)
{
    return letter == 'n' ? '\n' : letter == 'r' ? '\r' : 0;
}

static char *copy_unescaped(const char *from, size_t length)
{
    char *copy = text_copy_bytes(from, length), *to = copy;
    const char *end = from + length;

    while (from < end) {
        int meant = *from == '\\' && from + 1 < end ? escape_of(from[1]) : 0;

        *to++ = (char)(meant ? meant : *from);
        from += meant ? 2 : 1;
    }
    memset(to, 0, (size_t)(copy + length - to));
    return copy;
}

static void report(struct parser *parser, const char *name, char quote, const char *from, size_t length,
                   bool ended_by_comment)
{
    CLEANUP(text_free_secretp)
    char *value = quote == '"' ? copy_unescaped(from, length) : text_copy_bytes(from, length);
    struct dotenv_entry entry = {name, value, parser->line, ended_by_comment};

    parser->found(parser->context, &entry);
}

/* A value up to a # or the end of the line; one in quotes that holds more of them comes here too. */
static bool read_bare_value(struct parser *parser, const char *name, const char *value, struct error *error)
{
    size_t length = strcspn(value, "#\n");
    bool comment = value[length] == '#' && length > 0 && !strchr(BLANKS, value[length - 1]);
    char quote = '\0';

    while (length > 0 && strchr(BLANKS, value[length - 1]))
        length--;
    if (length > 0 && strchr("'\"`", *value))
        quote = *value;
    if (quote && (length == 1 || value[length - 1] != quote))
        return error_set(error, "expected the value's quote %c to be closed at its end", quote);
    if (quote)
        report(parser, name, quote, value + 1, length - 2, false);
    else
        report(parser, name, quote, value, length, comment);
    parser->at = line_end(value);
    return true;
}

static bool read_value(struct parser *parser, const char *name, const char *value, struct error *error)
{
    bool quoted = *value && strchr("'\"`", *value);
    const char *closing = quoted ? find_closing_quote(value) : NULL;

    if (!closing)
        return read_bare_value(parser, name, value, error);
    report(parser, name, *value, value + 1, (size_t)(closing - value) - 1, false);
    parser->line += count_lines(value, closing);
    parser->at = line_end(closing);
    return true;
}

/* Reads from the beginning of a line to the end of the last line of its value. */
static bool read_line(struct parser *parser, struct error *error)
{
    const char *start = skip_blanks(parser->at), *value;
    CLEANUP(freep) char *name = NULL;

    if (is_rest_empty(start)) {
        parser->at = line_end(start);
        return true;
    }
    if (strncmp(start, "export", 6) == 0 && start[6] && strchr(BLANKS, start[6]))
        start = skip_blanks(start + 6);
    name = text_copy_bytes(start, name_length(start));
    value = *name ? find_value(start + strlen(name)) : NULL;
    if (!value)
        return error_set(error, "expected NAME=value, a comment or an empty line");
    return read_value(parser, name, value, error);
}

/* A terminated copy with LF as its only line end. */
static char *copy_with_line_feeds(const char *bytes, size_t size)
{
    char *copy = memory_new(size + 1, 1), *to = copy;

    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\r' && i + 1 < size && bytes[i + 1] == '\n')
            continue;
        *to++ = bytes[i];
        if (bytes[i] == '\r')
            to[-1] = '\n';
    }
    return copy;
}

bool dotenv_parse(const char *bytes, size_t size, dotenv_found *found, void *context, unsigned *ret_line,
                  struct error *error)
{
    CLEANUP(text_free_secretp) char *text = copy_with_line_feeds(bytes, size);
    struct parser parser = {.at = text, .line = 1, .found = found, .context = context};
    const char *nul = size > 0 ? memchr(bytes, '\0', size) : NULL;

    if (nul) {
        *ret_line = 1 + count_lines(bytes, nul);
        return error_set(error, "expected text, found a NUL byte");
    }
    if (strncmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
        parser.at += strlen(BYTE_ORDER_MARK);
    for (;;) {
        if (!read_line(&parser, error)) {
            *ret_line = parser.line;
            return false;
        }
        if (*parser.at == '\0')
            return true;
        parser.at++;
        parser.line++;
    }
}
