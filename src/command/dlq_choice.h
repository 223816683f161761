#ifndef SYNC_COMMAND_DLQ_CHOICE_H
#define SYNC_COMMAND_DLQ_CHOICE_H

#include "base/cleanup.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Which letters are meant, as the command line says: by their number in the list (up to five digits), by
 * their digest (six or more of its first digits) or by their code. Several together mean all of them; none,
 * all.
 */
struct dlq_choice;

/* Fails on what can be none of these. The arguments must live as long. */
struct dlq_choice *dlq_choice_new(const char *const *arguments, size_t count, struct error *error) MUST_USE;
/* NULL is fine. */
void dlq_choice_free(struct dlq_choice *choice);
DEFINE_CLEANUP(struct dlq_choice, dlq_choice_free)

/* Whether the letter is meant. `code` may be NULL. */
bool dlq_choice_takes(struct dlq_choice *choice, unsigned number, const char *code, const char *digest);
/* The first argument that no letter was meant by so far; NULL: none. */
const char *dlq_choice_unmet(const struct dlq_choice *choice);

#endif
