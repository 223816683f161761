#ifndef SYNC_COMMAND_TERMINAL_H
#define SYNC_COMMAND_TERMINAL_H

#include "base/cleanup.h"
#include "base/error.h"

#include <stdbool.h>

/*
 * A person at the terminal, who is asked one thing after the other. As long as it is open, the signals that
 * usually end a process end the asking instead, so that the terminal shows again what is typed, however it
 * ends.
 */
struct terminal;

/* Whether questions can be seen and answered: standard input and output are a terminal. */
bool terminal_is_there(void);

/* NULL with an error if there is none after all. */
struct terminal *terminal_open(struct error *error) MUST_USE;
/* NULL is fine. */
void terminal_close(struct terminal *terminal);
DEFINE_CLEANUP(struct terminal, terminal_close)

/* Asks, and returns the answer without its line end, for the caller to free with text_free_secret(). Hidden:
   what is typed is not shown. NULL: the person has had enough (end of input, or a signal). */
char *terminal_ask(struct terminal *terminal, const char *question, bool is_hidden) MUST_USE;

#endif
