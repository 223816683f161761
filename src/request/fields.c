#include "request/fields.h"

#include "request/complaint.h"

/* What a person calls the type. */
static const char *type_name(const json_t *value)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "object",  [JSON_ARRAY] = "array", [JSON_STRING] = "string",
        [JSON_INTEGER] = "number", [JSON_REAL] = "number", [JSON_TRUE] = "boolean",
        [JSON_FALSE] = "boolean",  [JSON_NULL] = "null",
    };

    return names[json_typeof(value)];
}

static const json_t *find(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_null(value) ? NULL : value;
}

static bool complain_of_type(const json_t *value, const char *place, const char *name, const char *expected,
                             struct request_complaint *complaint)
{
    return complaint_set(complaint, REQUEST_INVALID_MESSAGE, "%s%s%s: expected %s, got %s", place,
                         *place ? "." : "", name, expected, type_name(value));
}

static bool read_text(const json_t *value, const struct field *field, const char *place,
                      const char **ret_text, struct request_complaint *complaint)
{
    if (!json_is_string(value))
        return complain_of_type(value, place, field->name, "string", complaint);
    if (field->required || json_string_length(value) > 0)
        *ret_text = json_string_value(value);
    return true;
}

static bool read_boolean(const json_t *value, const struct field *field, const char *place, bool *ret_boolean,
                         struct request_complaint *complaint)
{
    if (!json_is_boolean(value))
        return complain_of_type(value, place, field->name, "boolean", complaint);
    *ret_boolean = json_is_true(value);
    return true;
}

static bool read_field(const json_t *object, const char *place, const struct field *field, void *ret_value,
                       struct request_complaint *complaint)
{
    const json_t *value = find(object, field->name);

    if (!value && field->required)
        return complaint_set(complaint, REQUEST_INVALID_MESSAGE, "%s%s%s: missing", place, *place ? "." : "",
                             field->name);
    if (!value)
        return true;
    switch (field->kind) {
    case FIELD_TEXT:
        return read_text(value, field, place, ret_value, complaint);
    case FIELD_BOOLEAN:
        return read_boolean(value, field, place, ret_value, complaint);
    }
    return true;
}

bool fields_read(const json_t *object, const char *place, const struct field *fields, void *ret_values,
                 struct request_complaint *complaint)
{
    for (; fields->name; fields++)
        if (!read_field(object, place, fields, (char *)ret_values + fields->offset, complaint))
            return false;
    return true;
}

bool fields_expect_object(const json_t *value, const char *place, struct request_complaint *complaint)
{
    return json_is_object(value) || complain_of_type(value, "", place, "object", complaint);
}

bool fields_find_object(const json_t *root, const char *name, const json_t **ret_value,
                        struct request_complaint *complaint)
{
    const json_t *value = find(root, name);

    if (value && !json_is_object(value))
        return complain_of_type(value, "", name, "object", complaint);
    *ret_value = value;
    return true;
}

bool fields_find_array(const json_t *root, const char *name, const json_t **ret_value,
                       struct request_complaint *complaint)
{
    const json_t *value = find(root, name);

    if (value && !json_is_array(value))
        return complain_of_type(value, "", name, "array", complaint);
    *ret_value = value;
    return true;
}
