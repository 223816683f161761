#ifndef SYNC_REQUEST_TRIM_H
#define SYNC_REQUEST_TRIM_H

#include "base/error.h"

/*
 * A copy of the text without white space at its ends, as Synapse stores a display name that is set (Python's
 * str.strip(): Unicode's white space). NULL when nothing is left, or for NULL. Used inside the module only.
 */
char *trim(const char *text) MUST_USE;

#endif
