#ifndef SYNC_REQUEST_IDENTIFIER_H
#define SYNC_REQUEST_IDENTIFIER_H

#include "request/request.h"

/*
 * Used inside of this module only: what a user id and a room alias can be. src/request/identifier.c tells the
 * rules and where they come from. `place` is the object of the message that holds the text: "rooms[3]".
 */

/* Matrix, appendices, "common identifier format": sigil and server included. */
enum { IDENTIFIER_LONGEST = 255 };

/* Whether the id is one of a user of this server; REQUEST_INVALID_MESSAGE or REQUEST_FOREIGN_SERVER. */
bool identifier_check_user(const char *id, const char *server_name, const char *place,
                           struct request_complaint *complaint) MUST_USE;

/*
 * "#<type>_<id>:<server_name>"; the caller frees it. A NULL type is "room". NULL with REQUEST_INVALID_MESSAGE
 * when that could not be an alias or is one of the reserved ones.
 */
char *identifier_make_alias(const char *type, const char *id, const char *server_name, const char *place,
                            struct request_complaint *complaint) MUST_USE;

/*
 * Whether the text can be an e-mail address: one `@` (Synapse takes no more), something on both sides, no
 * white space or control characters, at most 254 bytes (RFC 5321, section 4.5.3.1.3, without the brackets).
 */
bool identifier_is_email(const char *text) MUST_USE;

#endif
