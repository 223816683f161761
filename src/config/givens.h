#ifndef SYNC_CONFIG_GIVENS_H
#define SYNC_CONFIG_GIVENS_H

#include "base/error.h"
#include "config/config.h"
#include "config/settings.h"

#include <stddef.h>

/*
 * What the sources say, before any of it is checked: texts, and where each was found.
 */

/* In the order of precedence. */
enum source {
    SOURCE_COMMAND_LINE,
    SOURCE_ENVIRONMENT,
    SOURCE_CREDENTIALS, /* of systemd; secrets only */
    SOURCE_DOTENV,
    SOURCE_YAML,
};

struct given {
    char *text;  /* NULL: not given; never empty (may be a secret) */
    char *place; /* for messages: "environment", ".env:7", "config/default.yaml:12" */
    enum source source;
};

/* Under each name's number: what is given for it. */
struct givens {
    struct given of[NAME_COUNT];
    char *files; /* that were read, the first in precedence first, with ", " between them; NULL: none */
};

/* Mistakes. The first one becomes the error; those after it are written to the log. With a listener all are
   told to that. */
struct complaints {
    struct error *first;
    size_t count;
    const struct config_listener *listener; /* NULL: none */
    bool is_partial;                        /* the environment was not looked at */
};

void complain(struct complaints *complaints, const char *format, ...) PRINTF_LIKE(2, 3);

/* What is only suspicious: a warning. */
struct doubt {
    const char *event;        /* for the log */
    const char *place, *name; /* NULL: of no setting in particular */
    const char *problem;      /* for people */
    const char *did_you_mean; /* NULL: nothing */
};

void complain_softly(const struct complaints *complaints, const struct doubt *doubt);
/* Of a name that is not in the table, with a suggestion if one is near. */
void complain_of_unknown(const char *place, const char *name, struct complaints *complaints);

/* Frees the texts; secrets are overwritten. A zeroed one is fine. */
void givens_deinit(struct givens *givens);

/*
 * Takes down that `source` says NAME=text at `place`: copies both, replacing what it said before. An empty
 * text is the same as none. A name that is not in the table is complained of where it is a mistake.
 */
void givens_put(struct givens *givens, enum source source, const char *place, const char *name,
                const char *text, struct complaints *complaints);

/* Takes down that the file was read, by its whole path. */
void givens_note_file(struct givens *givens, const char *path);

/* Lays one set over another: the lower one counts where the upper one is silent. */
void givens_fall_back(struct givens *upper, struct givens *lower);

#endif
