#ifndef SYNC_COMMAND_ACCOUNT_WORDS_H
#define SYNC_COMMAND_ACCOUNT_WORDS_H

#include "command/account.h"

#include <stdio.h>

/* The account in words for people. */

/* Several lines: what is foreseen for the request. */
void account_print_plan(const struct account_entry *entry, FILE *stream);
/* One line: how it ended. */
void account_print_end(const struct account_entry *entry, FILE *stream);
/* One line: all that was, or would be, changed, and how requests ended. `left`: so many have not. */
void account_print_sum(const struct account *account, size_t left, FILE *stream);

#endif
