#include "command/dlq_print.h"

#include "base/memory.h"
#include "base/text.h"
#include "base/visible.h"
#include "command/dlq_body.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const int64_t MINUTE = 60, HOUR = 3600, DAY = 86400; /* seconds */

static const char MASK[] = "***";

/* Bytes of a text that a list keeps of each letter. There may be 100,000 letters, and who may write to the
   queue may give each a header of 128 KB. */
enum { LONGEST_WORD = 80, LONGEST_DETAIL = 1024 };

/* ---- what is to be told of it ---- */

static char *shown(const char *text, const struct secrets *secrets)
{
    if (!text)
        return text_copy("-");
    return secrets_are_in(secrets, text) ? text_copy(MASK) : visible_copy(text);
}

/* The detail of a message that is wrong begins with the place: "rooms[3].id: expected …". */
static char *place_in(const char *detail)
{
    size_t length = strcspn(detail, ": ");

    return length > 0 && strncmp(detail + length, ": ", 2) == 0 ? text_copy_bytes(detail, length)
                                                                : text_copy("-");
}

static int64_t age_of(const char *failed_at, time_t now)
{
    struct tm parts = {0};
    const char *end = failed_at ? strptime(failed_at, "%Y-%m-%dT%H:%M:%SZ", &parts) : NULL;
    time_t then;

    if (!end || *end)
        return -1;
    then = timegm(&parts);
    return now > then ? (int64_t)(now - then) : 0;
}

static char *masked_word(char *word, const struct secrets *secrets)
{
    if (!secrets_are_in(secrets, word))
        return word;
    free(word);
    return text_copy(MASK);
}

static void fill(struct dlq_row *row, const struct letter *letter, const struct secrets *secrets, time_t now)
{
    json_t *body = letter->stub ? NULL : dlq_body_parse(letter->body, letter->size, secrets);

    *row = (struct dlq_row){
        .number = letter->number,
        .tag = letter->tag,
        .code = shown(letter->code, secrets),
        .detail = shown(letter->detail, secrets),
        .method = masked_word(dlq_body_method(body), secrets),
        .subject = masked_word(dlq_body_subject(body), secrets),
        .failed_at = shown(letter->failed_at, secrets),
        .age = age_of(letter->failed_at, now),
        .size = letter->size,
        .stub = letter->stub,
    };
    row->place = place_in(row->detail);
    memcpy(row->digest, letter->digest, sizeof(row->digest));
    json_decref(body);
}

static void empty(struct dlq_row *row)
{
    free(row->code);
    free(row->detail);
    free(row->place);
    free(row->method);
    free(row->subject);
    free(row->failed_at);
}

static void shorten(char **text, size_t most)
{
    CLEANUP(freep) char *whole = *text;
    size_t fits = text_cut(whole, most);

    *text = whole[fits] ? text_format("%.*s...", (int)fits, whole) : TAKE(whole);
}

void dlq_rows_add(struct dlq_rows *rows, const struct letter *letter, const struct secrets *secrets,
                  time_t now)
{
    struct dlq_row *row;

    if ((rows->count & (rows->count - 1)) == 0) /* full: it holds a power of two */
        rows->rows = memory_resize(rows->rows, rows->count > 0 ? 2 * rows->count : 1, sizeof(*rows->rows));
    row = &rows->rows[rows->count++];
    fill(row, letter, secrets, now);
    shorten(&row->code, LONGEST_WORD);
    shorten(&row->detail, LONGEST_DETAIL);
    shorten(&row->place, LONGEST_WORD);
    shorten(&row->failed_at, LONGEST_WORD);
}

void dlq_rows_deinit(struct dlq_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        empty(&rows->rows[i]);
    free(rows->rows);
    *rows = (struct dlq_rows){.count = 0};
}

/* ---- the table ---- */

enum { COLUMNS = 7, WIDEST = 48, CELL_SIZE = 4 * WIDEST + 8 };

static size_t width_of(const char *text)
{
    size_t width = 0, size;
    uint32_t code;

    for (; (size = text_read(text, &code)) > 0; text += size)
        width++;
    return width;
}

/* In the largest unit that fits. */
static void write_age(int64_t age, char *cell, size_t size)
{
    if (age < 0)
        (void)snprintf(cell, size, "-");
    else if (age >= 2 * DAY)
        (void)snprintf(cell, size, "%" PRId64 "d", age / DAY);
    else if (age >= 2 * HOUR)
        (void)snprintf(cell, size, "%" PRId64 "h", age / HOUR);
    else if (age >= 2 * MINUTE)
        (void)snprintf(cell, size, "%" PRId64 "m", age / MINUTE);
    else
        (void)snprintf(cell, size, "%" PRId64 "s", age);
}

static void write_cell(const char *text, char *cell)
{
    size_t fits = text_cut(text, WIDEST);

    (void)snprintf(cell, CELL_SIZE, "%.*s%s", (int)fits, text, text[fits] ? "..." : "");
}

static void write_cells(const struct dlq_row *row, char cells[COLUMNS][CELL_SIZE])
{
    (void)snprintf(cells[0], CELL_SIZE, "%u", row->number);
    write_age(row->age, cells[1], CELL_SIZE);
    write_cell(row->code, cells[2]);
    write_cell(row->place, cells[3]);
    write_cell(row->method, cells[4]);
    write_cell(row->subject, cells[5]);
    (void)snprintf(cells[6], CELL_SIZE, "%s%s", row->digest, row->stub ? " (stub)" : "");
}

static void print_cells(char cells[COLUMNS][CELL_SIZE], const size_t *widths, FILE *file)
{
    for (int i = 0; i < COLUMNS; i++)
        fprintf(file, "%s%*s", cells[i], i + 1 < COLUMNS ? (int)(widths[i] - width_of(cells[i])) + 2 : 0, "");
    fputc('\n', file);
}

static void widen(char cells[COLUMNS][CELL_SIZE], size_t *widths)
{
    for (int i = 0; i < COLUMNS; i++)
        if (width_of(cells[i]) > widths[i])
            widths[i] = width_of(cells[i]);
}

void dlq_print_table(const struct dlq_rows *rows, FILE *file)
{
    char headings[COLUMNS][CELL_SIZE] = {"N", "AGE", "CODE", "PLACE", "METHOD", "SUBJECT", "DIGEST"};
    char cells[COLUMNS][CELL_SIZE];
    size_t widths[COLUMNS] = {0};

    widen(headings, widths);
    for (size_t i = 0; i < rows->count; i++) {
        write_cells(&rows->rows[i], cells);
        widen(cells, widths);
    }
    print_cells(headings, widths, file);
    for (size_t i = 0; i < rows->count; i++) {
        write_cells(&rows->rows[i], cells);
        print_cells(cells, widths, file);
    }
}

/* ---- JSON ---- */

static json_t *text_or_null(const char *text)
{
    return strcmp(text, "-") == 0 ? json_null() : json_string(text);
}

static json_t *row_json(const struct dlq_row *row)
{
    return json_pack("{s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:b}", "number", (int)row->number,
                     "digest", row->digest, "code", text_or_null(row->code), "detail",
                     text_or_null(row->detail), "place", text_or_null(row->place), "method",
                     text_or_null(row->method), "subject", text_or_null(row->subject), "failed_at",
                     text_or_null(row->failed_at), "age_seconds",
                     row->age < 0 ? json_null() : json_integer(row->age), "size", (json_int_t)row->size,
                     "stub", row->stub);
}

json_t *dlq_rows_json(const struct dlq_rows *rows)
{
    json_t *array = json_array();

    for (size_t i = 0; i < rows->count; i++)
        (void)json_array_append_new(array, row_json(&rows->rows[i]));
    return array;
}

/* ---- one letter ---- */

/*
 * Of a header that may say something secret by its name only its being there is told. A value may quote a
 * body, password and all, but for our own detail: that quotes nothing, and may name a place such as
 * user.password.
 */
static char *header_value(const struct letter *letter, const struct letter_header *header,
                          const struct secrets *secrets)
{
    static const char *const words[] = {"password", "token", "secret", "authorization"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasestr(header->name, words[i]))
            return text_copy(MASK);
    return header->value == letter->detail ? shown(header->value, secrets)
                                           : dlq_body_value(header->value, secrets);
}

static char *header_name(const struct letter_header *header, const struct secrets *secrets)
{
    return dlq_body_value(header->name, secrets);
}

/* The caller frees it. */
static char *body_as_text(const struct letter *letter, const struct secrets *secrets)
{
    json_t *parsed = dlq_body_parse(letter->body, letter->size, secrets);
    char *text = parsed ? json_dumps(parsed, JSON_INDENT(2)) : NULL, *lines;

    json_decref(parsed);
    if (text)
        lines = dlq_body_lines(text);
    else if (letter->body)
        lines = dlq_body_text(letter->body, letter->size, secrets);
    else
        lines = text_copy("(not shown: it is larger than RABBITMQ_MAX_DEAD_LETTER_SIZE)\n");
    memory_free_secret(text);
    return lines;
}

void dlq_print_letter(const struct letter *letter, const struct secrets *secrets, time_t now, FILE *file)
{
    CLEANUP(freep) char *body = body_as_text(letter, secrets);
    struct dlq_row row;
    char age[32];

    fill(&row, letter, secrets, now);
    write_age(row.age, age, sizeof(age));
    fprintf(file, "letter %u, digest %s, %zu bytes\nrejected: %s\nbecause: %s\nsince: %s (%s)\n", row.number,
            row.digest, row.size, row.code, row.detail, row.failed_at, age);
    fprintf(file, "method: %s\nsubject: %s\n\nheaders:\n", row.method, row.subject);
    for (size_t i = 0; i < letter->header_count; i++) {
        CLEANUP(freep) char *name = header_name(&letter->headers[i], secrets);
        CLEANUP(freep) char *value = header_value(letter, &letter->headers[i], secrets);

        fprintf(file, "  %s: %s\n", name, value);
    }
    fprintf(file, "\nbody%s:\n%s", letter->stub ? " (the original is lost; this stands in its place)" : "",
            body);
    empty(&row);
}

json_t *dlq_letter_json(const struct letter *letter, const struct secrets *secrets, time_t now)
{
    json_t *body = dlq_body_parse(letter->body, letter->size, secrets), *headers = json_object(), *object;
    struct dlq_row row;

    fill(&row, letter, secrets, now);
    object = row_json(&row);
    empty(&row);
    for (size_t i = 0; i < letter->header_count; i++) {
        CLEANUP(freep) char *name = header_name(&letter->headers[i], secrets);
        CLEANUP(freep) char *value = header_value(letter, &letter->headers[i], secrets);

        (void)json_object_set_new(headers, name, json_string(value));
    }
    (void)json_object_set_new(object, "headers", headers);
    if (!body) {
        CLEANUP(freep) char *text = body_as_text(letter, secrets);

        body = json_string(text);
    }
    (void)json_object_set_new(object, "body", body);
    return object;
}
