#ifndef SYNC_CONFIG_DRAFT_H
#define SYNC_CONFIG_DRAFT_H

#include "base/cleanup.h"
#include "base/error.h"
#include "config/config.h"

#include <stdbool.h>

/*
 * A configuration that is being written: settings one after the other, each checked at once, and at the end a
 * .env file.
 */
struct config_draft;

struct config_draft *config_draft_new(void) MUST_USE;
/* NULL is fine. Secrets are overwritten. */
void config_draft_free(struct config_draft *draft);
DEFINE_CLEANUP(struct config_draft, config_draft_free)

/*
 * Adds a setting (by its name in the table) with the value, which may be a secret. False: it cannot have that
 * value, or no .env file can hold it; the error says what was expected, the draft is as before. The server
 * name comes before settings with ids of users.
 */
bool config_draft_add(struct config_draft *draft, const char *name, const char *value,
                      struct error *error) MUST_USE;

/* Writes the draft as a file that only its owner may read or write, whole or not at all. Never overwrites:
   false if there is anything of that name, or for any other reason that the error tells. */
bool config_draft_write(const struct config_draft *draft, const char *path, struct error *error) MUST_USE;

/* What the program would run with: what was added, and else the defaults. It holds no texts of what is
   required and was not added yet. The draft's own, and changed by what is added later. */
const struct config *config_draft_config(const struct config_draft *draft);

/* The default of the setting, as text; NULL: it has none. */
const char *config_draft_default(const char *name);

#endif
