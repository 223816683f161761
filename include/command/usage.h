#ifndef SYNC_COMMAND_USAGE_H
#define SYNC_COMMAND_USAGE_H

#include <stdio.h>

/*
 * What the program says of itself, for a terminal (--help) and as a page of the manual: commands and options
 * from the tables of main.c, settings from theirs (src/config/settings.c).
 */

/* A command or an option. */
struct usage_row {
    const char *name;      /* "plan"; "-c, --config" */
    const char *arguments; /* for people: "[FILE|-]"; "": none */
    const char *help;      /* without a full stop */
};

struct usage {
    const struct usage_row *commands, *options; /* both end with a name that is NULL */
};

void usage_print_help(const struct usage *usage, FILE *stream);
/* In roff, for man(1). */
void usage_print_manual(const struct usage *usage, FILE *stream);

#endif
