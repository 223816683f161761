#ifndef SYNC_CONFIG_SETTINGS_H
#define SYNC_CONFIG_SETTINGS_H

#include "base/error.h"
#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The table of settings. Everything the program knows about a setting stands in its one row: how it is
 * called, what it may hold, where its value goes, and what --help says of it.
 */

enum setting_type {
    SETTING_TEXT,        /* UTF-8 without control characters, at most `most` bytes -> char * */
    SETTING_TOKEN,       /* what fits into a header: visible ASCII -> char * */
    SETTING_PATH,        /* a file that may be missing -> char * */
    SETTING_FILE,        /* a file that must be readable -> char * */
    SETTING_URI,         /* of an HTTP server, slashes at its end are dropped -> char * */
    SETTING_PROXY,       /* URI of a proxy -> char * */
    SETTING_BROKER,      /* amqp:// or amqps:// URI -> char * */
    SETTING_SERVER_NAME, /* Matrix: Appendices, Server name -> char * */
    SETTING_USER,        /* a localpart, or a full id of our server; stored as localpart -> char * */
    SETTING_USERS,       /* any number of them; stored as full ids, NULL at the end -> char ** */
    SETTING_NUMBER,      /* a whole number from `least` to `most` -> uint32_t */
    SETTING_BOOLEAN,     /* true or false -> bool */
    SETTING_CHOICE,      /* one of `choices`; stored as its place among them -> an enum */
    SETTING_LISTEN,      /* address:port; "off" is stored as NULL -> char * */
};

struct setting {
    const char *name;
    const char *file_name; /* of a secret: the setting that names a file to read it from; else NULL */
    enum setting_type type;
    bool required;
    size_t offset;              /* of the member of struct config that takes the value */
    const char *fallback;       /* the default, as text; NULL: none */
    uint32_t least, most;       /* SETTING_NUMBER: the range; SETTING_TEXT: `most` bytes, 0: no limit */
    const char *const *choices; /* SETTING_CHOICE: NULL at the end */
    const char *help;           /* one sentence without a full stop */
};

enum { SETTING_COUNT = 44, NAME_COUNT = 2 * SETTING_COUNT };

/* Grouped by prefix. The server name comes before the settings that hold user ids. */
extern const struct setting settings[SETTING_COUNT];

/*
 * All names, numbered: that of settings[i] is number i, its file_name number SETTING_COUNT + i. The name with
 * that number; NULL: the setting has no file_name.
 */
const char *setting_name(size_t number);
/* The number of the name; NAME_COUNT: it is not in the table. */
size_t setting_number(const char *name);

static inline bool setting_is_secret(const struct setting *setting)
{
    return setting->file_name != NULL;
}

enum { EXPECTED_SIZE = 160 };
/* What the setting may hold, to follow the word "expected": "a whole number from 1 to 64". */
const char *setting_expected(const struct setting *setting, char text[static EXPECTED_SIZE]);

#endif
