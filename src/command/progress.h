#ifndef SYNC_COMMAND_PROGRESS_H
#define SYNC_COMMAND_PROGRESS_H

#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * How far a batch has come, on standard error: a bar that is drawn again and again where that is a terminal,
 * else a line every ten seconds. Whatever else is written to the terminal has to clear the bar first.
 */
struct progress {
    const char *doing; /* what is done with the requests: "applied" */
    size_t count;      /* requests in all */
    size_t ended, rejected, held;
    instant since;
    bool is_terminal;
    bool is_drawn; /* the bar is on the terminal */
    instant shown_at;
};

void progress_begin(struct progress *progress, const char *doing, size_t count);
/* Shows what there is, unless it was shown a moment ago. */
void progress_show(struct progress *progress);
/* Takes the bar away, until it is shown next. For log_call_before(), too. */
void progress_clear(void *progress);

/* The text of the bar or line: at most `width` characters wide. The caller frees it. */
char *progress_text(const struct progress *progress, instant now, size_t width);

#endif
