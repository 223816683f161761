#ifndef SYNC_CONFIG_CONFIG_H
#define SYNC_CONFIG_CONFIG_H

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * The settings: one table (src/config/settings.c) of names, types, defaults, secrets and help texts, from
 * which reading, checking, --help and the table in config/README.md come. Values come from the command line,
 * the environment, .env in the working directory, a YAML file and the table's defaults, in this order of
 * precedence; all are texts at first and are checked by the same code, wherever they came from.
 */

enum config_queue_declare {
    QUEUE_DECLARE_DURABLE,
    QUEUE_DECLARE_QUORUM,
    QUEUE_DECLARE_LEGACY,
    QUEUE_DECLARE_PASSIVE
};

/* What counts for a setting, as text, and where that was found. */
struct config_entry {
    char *name;
    char *value;  /* of a secret that is set: "***"; "": nothing */
    char *source; /* "environment", ".env:7", "config/default.yaml:12", "default" */
    char *file;   /* that it names, or that a secret was read from; NULL: none */
};

struct config {
    struct config_entry *entries; /* in the order of the table of settings */
    unsigned entry_count;
    char *files;     /* that were read, whole paths with ", " between them; NULL: none */
    char *yaml_file; /* that is looked at if there is none below the working directory, or before that */
    struct {
        char *uri; /* without a slash at its end */
        char *server_name;
        char *secret;             /* NULL: none (secret) */
        char *sync_user_name;     /* localpart */
        char *sync_user_password; /* NULL: none (secret) */
        char *sync_user_token;    /* NULL: none (secret) */
        char *mas_uri;            /* of the Matrix Authentication Service; NULL: as the homeserver says */
        char *mas_client_id;      /* NULL: none */
        char *mas_client_secret;  /* NULL: none (secret) */
        char *sync_user_displayname;
        char *sync_user_avatar_path;
    } matrix;
    struct {
        char *uri; /* (secret: may hold a password) */
        char *queue;
        enum config_queue_declare queue_declare;
        uint32_t prefetch;
        uint32_t hold_seconds;        /* after which messages that cannot be ended are given back */
        uint32_t heartbeat;           /* seconds */
        uint32_t largest_message;     /* bytes */
        uint32_t largest_dead_letter; /* bytes */
        char *ca_file, *certificate_file, *key_file; /* PEM, readable; NULL: none; the last two go together */
    } rabbitmq;
    struct {
        uint32_t concurrency;
        bool reactivate;
        bool erase;
        bool lift_rate_limit;
        char *room_version;         /* NULL: the homeserver's default */
        char **former_sync_users;   /* full ids, NULL at the end; never NULL itself */
        char **protected_users;     /* likewise, with `*` in them for any run of characters */
        uint32_t bulk_rest;         /* times as long as a write took; 0: none */
        uint32_t removals_per_hour; /* 0: any number */
        bool mirror;
        uint32_t mirror_megabytes;
        uint32_t drain_seconds;
    } sync;
    struct {
        char *proxy;                       /* NULL: none (secret: may hold a password) */
        char *ca_file;                     /* PEM, readable; NULL: those of the system */
        char *certificate_file, *key_file; /* PEM, readable; NULL: none; they go together */
        uint32_t request_seconds, connect_seconds;
        uint32_t largest_reply; /* bytes */
    } http;
    struct {
        char *listen; /* address:port; NULL: off */
    } monitor;
    struct {
        enum log_level level;
        enum log_format format;
    } log;
};

/* Who is told of mistakes, and of what is only suspicious, as they are found, in place of the log. */
struct config_listener {
    void (*mistake)(void *context, const char *text); /* file, line, name and what was expected */
    void (*doubt)(void *context, const char *place, const char *name, const char *text);
    void *context;
};

/* Where settings are looked for besides the environment; NULL members: the usual places, which
 * config/README.md lists. */
struct config_sources {
    const char *yaml_file;        /* --config */
    const char *const *overrides; /* NAME=VALUE texts of the command line, NULL at the end; or NULL. Secrets
                                     are refused here: a command line is seen by everyone on the machine */
    bool no_environment;          /* neither the environment nor systemd's credentials are looked at */
    const struct config_listener *listener; /* NULL: the log */
};

/*
 * Reads and checks everything. On failure the error holds the first mistake by file, line, name, what was
 * expected, and a suggestion for a misspelt name. All of them are written to the log, as are things that are
 * only suspicious (among them files with secrets that everybody on the machine may read); or a listener is
 * told of them, and the log says nothing. The log is not configured by it.
 */
struct config *config_load(const struct config_sources *sources, struct error *error) MUST_USE;
/* NULL is fine. Secrets are overwritten. */
void config_free(struct config *config);
DEFINE_CLEANUP(struct config, config_free)

/* Whether an entry of that number has another value in the other configuration, secrets included. */
bool config_entry_differs(const struct config *a, const struct config *b, size_t entry);

/* The settings in force and where each came from, as YAML or JSON; secrets are not shown. False: it could not
   be written. */
bool config_list(const struct config *config, bool as_json, FILE *stream) MUST_USE;
/* The table of settings for --help. */
void config_print_help(FILE *stream);
/* The same in roff, for the page of the manual. */
void config_print_manual(FILE *stream);
/* The table of settings in Markdown, for config/README.md. */
void config_print_markdown(FILE *stream);

#endif
