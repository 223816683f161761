#ifndef SYNC_COMMAND_DLQ_PRINT_H
#define SYNC_COMMAND_DLQ_PRINT_H

#include "base/secrets.h"
#include "broker/letters.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

/* What is shown of a letter in a list. All texts are owned, visible and free of secrets; "-": not known. */
struct dlq_row {
    unsigned number;
    uint64_t tag;
    char *code, *detail, *place, *method, *subject, *failed_at;
    char digest[12 + 1];
    int64_t age; /* seconds; -1: not known */
    size_t size;
    bool stub;
};

struct dlq_rows {
    struct dlq_row *rows;
    size_t count;
};

/* Long texts are cut, so that a row takes some 2 KB at most, whatever the headers say. */
void dlq_rows_add(struct dlq_rows *rows, const struct letter *letter, const struct secrets *secrets,
                  time_t now);
/* Nothing is in it then. */
void dlq_rows_deinit(struct dlq_rows *rows);

/* A table for people, with a line of headings. */
void dlq_print_table(const struct dlq_rows *rows, FILE *file);
/* The same for machines: an array of objects. */
json_t *dlq_rows_json(const struct dlq_rows *rows) MUST_USE;

/* One letter as a whole: the reason, the headers, the body. */
void dlq_print_letter(const struct letter *letter, const struct secrets *secrets, time_t now, FILE *file);
json_t *dlq_letter_json(const struct letter *letter, const struct secrets *secrets, time_t now) MUST_USE;

#endif
