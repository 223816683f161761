#ifndef SYNC_REQUEST_ENTITY_H
#define SYNC_REQUEST_ENTITY_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Used inside of this module only. */

/*
 * The character that the entity at `text` ("&amp;", "&#8211;", "&#x2013;") stands for, and its length; 0 when
 * no entity that we know begins there. Numbers that are no character give U+FFFD, and those from 128 to 159
 * what windows-1252 has there, as HTML demands (HTML standard, "numeric character reference end state").
 */
uint32_t entity_decode(const char *text, size_t *ret_length) MUST_USE;

#endif
