#ifndef SYNC_SYNAPSE_PICTURE_H
#define SYNC_SYNAPSE_PICTURE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* A picture from a file, of at most 4 MiB. */
struct picture {
    char *bytes; /* owned by who asked for it */
    size_t size;
    const char *content_type; /* by its first bytes; application/octet-stream when they are not known */
};

bool picture_read(const char *path, struct picture *ret_picture, struct error *error) MUST_USE;

#endif
