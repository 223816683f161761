#ifndef SYNC_COMMAND_DLQ_BODY_H
#define SYNC_COMMAND_DLQ_BODY_H

#include "base/error.h"
#include "base/secrets.h"

#include <jansson.h>
#include <stddef.h>

/*
 * The body of a dead letter, made fit to be shown. It may be anything, and may hold the password that a user
 * was to get: no such password, and none of our own secrets, gets out.
 */

/*
 * The body as JSON, passwords and texts that repeat a secret replaced by "***", also the password in a text
 * that is JSON itself; NULL: it is no object or array, or none that the daemon would read (a name twice, too
 * deep), or too heavy to be looked into.
 */
json_t *dlq_body_parse(const char *body, size_t size, const struct secrets *secrets) MUST_USE;

/*
 * What is no JSON, as text of lines: what stands behind the word password is "***" to the end of that value,
 * hidden characters are escaped, and it is cut. Where it may hold a password or a secret in another form, it
 * says that instead. The caller frees it.
 */
char *dlq_body_text(const char *body, size_t size, const struct secrets *secrets) MUST_USE;

/* A text that stands beside the body, such as the value of a header, which may quote it: masked like a body
   that is no JSON, visible. Where it may hide a password or a secret it is "***". The caller frees it. */
char *dlq_body_value(const char *text, const struct secrets *secrets) MUST_USE;

/* Lines of text, each made visible; cut likewise. The caller frees it. */
char *dlq_body_lines(const char *text) MUST_USE;

/* What can be told of the request in it, short and visible; "-" where there is nothing. `parsed` may be
   NULL. The caller frees them. */
char *dlq_body_method(const json_t *parsed) MUST_USE;
char *dlq_body_subject(const json_t *parsed) MUST_USE;

#endif
