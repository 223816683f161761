#ifndef SYNC_COMMAND_ACCOUNT_JSON_H
#define SYNC_COMMAND_ACCOUNT_JSON_H

#include "command/account.h"

#include <stdio.h>

/* The account as JSON. */

/* One line of JSON: the entry. */
void account_print_entry_json(const struct account_entry *entry, FILE *stream);
/* One line: the totals; with `entries`, all of these too. */
void account_print_json(const struct account *account, size_t left, bool entries, FILE *stream);

#endif
