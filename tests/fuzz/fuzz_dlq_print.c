/*
 * Any letter in the dead-letter queue, listed and shown: a line is a line, nothing is hidden, none of our
 * secrets is told, the columns stay in their places, and for machines it is JSON.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "base/text.h"
#include "base/visible.h"
#include "command/dlq_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "hunter2-7f3a9c"

/* Reaches: command/dlq_print.c command/dlq_body.c */

enum { HEADERS = 5, NOW = 1800000000 };

const struct fuzz_bound fuzz_bound = {.memory = 500, .blocks = 200, .steps = 20000};

/* Line by line: the halves of a secret in two headers are no secret. */
static void check_lines(const char *text, const struct secrets *secrets)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        char *line = text_copy_bytes(text, length);

        must(!secrets_are_in(secrets, line));
        free(line);
        text += length + (text[length] == '\n');
    }
}

static void check_text(const char *text, const struct secrets *secrets)
{
    uint32_t code = 0;

    check_lines(text, secrets);
    for (size_t size; *text; text += size) {
        size = text_read(text, &code);
        must(size > 0 && (code == '\n' || !visible_is_hidden(code)));
    }
}

static size_t lines_in(const char *text)
{
    size_t lines = 0;

    for (; (text = strchr(text, '\n')); text++)
        lines++;
    return lines;
}

static void list(const struct letter *letter, const struct secrets *secrets)
{
    struct dlq_rows rows = {0};
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    json_t *json;

    dlq_rows_add(&rows, letter, secrets, NOW);
    dlq_print_table(&rows, stream);
    must(fclose(stream) == 0);
    check_text(text, secrets);
    must(lines_in(text) == 2);
    json = dlq_rows_json(&rows);
    must(json_array_size(json) == 1 && json_object_size(json_array_get(json, 0)) == 11);
    json_decref(json);
    dlq_rows_deinit(&rows);
    free(text);
}

static void show(const struct letter *letter, const struct secrets *secrets)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    json_t *json = dlq_letter_json(letter, secrets, NOW);

    dlq_print_letter(letter, secrets, NOW, stream);
    must(fclose(stream) == 0);
    check_text(text, secrets);
    must(json_is_object(json_object_get(json, "headers")) && json_object_get(json, "body"));
    json_decref(json);
    free(text);
}

void fuzz_try(const uint8_t *data, size_t size)
{
    static struct secrets *secrets;
    struct fuzz_rest rest = {data, size};
    struct letter letter = {.number = 1, .digest = "0123456789ab"};
    struct letter_header headers[HEADERS];

    if (!secrets) {
        secrets = secrets_new();
        secrets_add(secrets, SECRET);
    }
    for (int i = 0; i < HEADERS; i++) {
        headers[i].name = fuzz_text(&rest);
        headers[i].value = fuzz_text(&rest);
    }
    letter.headers = headers;
    letter.header_count = HEADERS;
    letter.code = headers[0].value;
    letter.detail = headers[1].value;
    letter.queue = headers[2].value;
    letter.failed_at = headers[3].value;
    letter.body = (const char *)rest.data;
    letter.size = rest.size;
    list(&letter, secrets);
    show(&letter, secrets);
    for (int i = 0; i < HEADERS; i++) {
        free(headers[i].name);
        free(headers[i].value);
    }
}
