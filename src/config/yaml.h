#ifndef SYNC_CONFIG_YAML_H
#define SYNC_CONFIG_YAML_H

#include "config/settings.h"
#include "config/sources.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * YAML files. A setting whose name holds "__" stands in the mapping of what comes before it (its group):
 * SYNC__ERASE is ERASE in SYNC. All others stand in the outermost mapping.
 *
 * A file is gone through twice. libyaml tells where each setting stands, which libcyaml does not
 * (yaml_find_lines()); libcyaml then loads the values (yaml_read()).
 */

#define YAML_JOINT "__"

/* The length of the group in a setting's name; 0: it is in none. */
size_t yaml_group_length(const char *name);
/* Whether a setting of that name stands in the group. */
bool yaml_is_in_group(const char *name, const char *group);

/*
 * Finds the line of each name, by its number; from 1, and 0 for those that are not there. Complains of bytes
 * that are no YAML, of names that are not in the table, and of those that are given twice.
 */
bool yaml_find_lines(const char *path, const char *bytes, size_t size, size_t ret_lines[static NAME_COUNT],
                     struct complaints *complaints) MUST_USE;

/* Takes down what a YAML file says; `path` is for messages. */
void yaml_read(const char *path, const char *bytes, size_t size, struct givens *givens,
               struct complaints *complaints);

#endif
