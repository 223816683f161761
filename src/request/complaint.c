#include "request/complaint.h"

#include <stdarg.h>

static const char *const code_names[] = {
    [REQUEST_INVALID_JSON] = "invalid-json",
    [REQUEST_INVALID_MESSAGE] = "invalid-message",
    [REQUEST_UNKNOWN_METHOD] = "unknown-method",
    [REQUEST_FOREIGN_SERVER] = "foreign-server",
    [REQUEST_TOO_LARGE] = "too-large",
    [REQUEST_PROTECTED_USER] = "protected-user",
    [REQUEST_ALIAS_CONFLICT] = "alias-conflict",
    [REQUEST_REMOVAL_BRAKE] = "removal-brake",
    [REQUEST_HOMESERVER_REJECTED] = "homeserver-rejected",
    [REQUEST_HOMESERVER_FAILING] = "homeserver-failing",
};

const char *request_code_name(enum request_code code)
{
    return code_names[code];
}

bool complaint_set(struct request_complaint *complaint, enum request_code code, const char *format, ...)
{
    va_list arguments;

    complaint->code = code;
    va_start(arguments, format);
    (void)error_set_list(&complaint->detail, format, arguments);
    va_end(arguments);
    return false;
}
