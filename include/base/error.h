#ifndef SYNC_BASE_ERROR_H
#define SYNC_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

/*
 * How functions of this program fail.
 *
 * A fallible function returns false (or NULL), leaves its `ret_` outputs untouched and writes one clear
 * sentence into the `struct error` it was given. The sentence is for people; a caller that has to decide
 * something gets an enum of its module to decide on, never the text. No secret is ever put into a text.
 *
 * Running out of memory is not an error to handle: the process ends with one line in the log
 * (base/memory.h). Nothing is lost by it, since an unacknowledged message is delivered again.
 */

/* The result must be looked at. */
#define MUST_USE __attribute__((warn_unused_result))

/* The compiler checks the arguments against the format string. */
#define PRINTF_LIKE(string, first) __attribute__((format(printf, string, first)))

enum { ERROR_TEXT_SIZE = 1024 };

struct error {
    char text[ERROR_TEXT_SIZE]; /* one sentence, cut when too long, always terminated */
};

/*
 * All of these make visible what is hidden in words of others (base/visible.h), so a sentence can be shown
 * anywhere as it is.
 */

/* Writes the sentence, in place of any there was; returns false, so that `return error_set(…)` reads well. */
bool error_set(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same for a function that has arguments of its own. */
bool error_set_list(struct error *error, const char *format, va_list arguments) PRINTF_LIKE(2, 0);

/* Puts "context: " before the sentence that is there; returns false. */
bool error_within(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
