#ifndef SYNC_CONFIG_YAML_H
#define SYNC_CONFIG_YAML_H

#include "config/givens.h"

#include <stddef.h>

/*
 * YAML files. A setting whose name holds "__" stands in the mapping of what comes before it (its group):
 * SYNC__ERASE is ERASE in SYNC. All others stand in the outermost mapping.
 */

/* Takes down what a YAML file says, with the line of each name as its place, and complains of bytes that are
   no YAML, of names that are not in the table or given twice, and of what is no value; `path` is for
   messages. */
void yaml_read(const char *path, const char *bytes, size_t size, struct givens *givens,
               struct complaints *complaints);

/* The length of the group in a setting's name; 0: it is in none. */
size_t yaml_group_length(const char *name);

#endif
