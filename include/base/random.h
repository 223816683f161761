#ifndef SYNC_BASE_RANDOM_H
#define SYNC_BASE_RANDOM_H

#include "base/error.h"

/* A text of 16 hexadecimal digits that nobody has had before; the caller frees it. NULL: there is no
   randomness yet, right after the machine was started. */
char *random_mark(void) MUST_USE;

#endif
