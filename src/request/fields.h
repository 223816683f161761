#ifndef SYNC_REQUEST_FIELDS_H
#define SYNC_REQUEST_FIELDS_H

#include "request/request.h"

#include <jansson.h>

/*
 * Used inside of this module only: the shapes of JSON objects as tables, and one reader for all of them.
 *
 * `null` means absent, everywhere but as an entry of an array. An empty text of a field that is not required
 * means absent too, as it did for the predecessor (`room.type || 'room'`). Fields that no table names are
 * ignored, whatever they hold.
 *
 * Places in complaints are paths from the root of the message: "user.id", "rooms[3].is_moderator".
 */

enum { FIELDS_PLACE_SIZE = 64 };

enum field_kind { FIELD_TEXT, FIELD_BOOLEAN };

struct field {
    const char *name; /* NULL ends a table: {0} */
    enum field_kind kind;
    bool required;
    size_t offset; /* in the struct read into: of a `const char *` or of a bool */
};

#define FIELD_REQUIRED_TEXT(type, member)                                                                    \
    {                                                                                                        \
#member, FIELD_TEXT, true, offsetof(type, member)                                                    \
    }
#define FIELD_OPTIONAL_TEXT(type, member)                                                                    \
    {                                                                                                        \
#member, FIELD_TEXT, false, offsetof(type, member)                                                   \
    }
#define FIELD_OPTIONAL_BOOLEAN(type, member)                                                                 \
    {                                                                                                        \
#member, FIELD_BOOLEAN, false, offsetof(type, member)                                                \
    }

/*
 * Reads what the table names into the struct at `ret_values`, which was zeroed by the caller: absent fields
 * stay NULL or false. Texts belong to the JSON value. After a failure the struct may be read in part.
 */
bool fields_read(const json_t *object, const char *place, const struct field *fields, void *ret_values,
                 struct request_complaint *complaint) MUST_USE;

/* Complains when the value (an entry of an array) at this place is no object. */
bool fields_expect_object(const json_t *value, const char *place,
                          struct request_complaint *complaint) MUST_USE;

/* A field of the root that holds an object or an array; *ret_value is NULL when it is absent. */
bool fields_find_object(const json_t *root, const char *name, const json_t **ret_value,
                        struct request_complaint *complaint) MUST_USE;
bool fields_find_array(const json_t *root, const char *name, const json_t **ret_value,
                       struct request_complaint *complaint) MUST_USE;

#endif
