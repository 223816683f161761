/*
 * The sources of settings, one function each. Every source takes down what it says in a set of its own, in
 * which a later mention replaces an earlier one; the sets are then laid over each other in the order of
 * precedence: a setting's text comes from the first source that has one.
 */
#include "config/sources.h"

#include "base/memory.h"
#include "config/dotenv.h"
#include "config/file.h"
#include "config/places.h"
#include "config/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DOTENV_FILE ".env"
#define LOCAL_YAML_FILE "config/default.yaml"

enum { LARGEST_FILE = 1048576 };

/* A command line is seen by everyone on the machine, so it takes no secrets. */
static void read_override(const char *override, struct givens *givens, struct complaints *complaints)
{
    static const char place[] = "command line";
    const char *sign = strchr(override, '=');
    CLEANUP(freep) char *name = sign ? text_copy_bytes(override, (size_t)(sign - override)) : NULL;
    size_t number = name ? setting_number(name) : NAME_COUNT;

    if (!name)
        complain(complaints, "%s: expected NAME=VALUE", place);
    else if (number < SETTING_COUNT && setting_is_secret(&settings[number]))
        complain(complaints, "%s: %s: expected it elsewhere, for it is a secret: in the environment or as %s",
                 place, name, settings[number].file_name);
    else
        givens_put(givens, SOURCE_COMMAND_LINE, place, name, sign + 1, complaints);
}

static void read_overrides(const struct config_sources *sources, struct givens *givens,
                           struct complaints *complaints)
{
    for (const char *const *override = sources->overrides; override && *override; override++)
        read_override(*override, givens, complaints);
}

static void read_environment(const struct config_sources *sources, struct givens *givens,
                             struct complaints *complaints)
{
    if (sources->no_environment)
        return;
    for (char **variable = environ; variable && *variable; variable++) {
        const char *sign = strchr(*variable, '=');
        CLEANUP(freep) char *name = sign ? text_copy_bytes(*variable, (size_t)(sign - *variable)) : NULL;

        if (name)
            givens_put(givens, SOURCE_ENVIRONMENT, "environment", name, sign + 1, complaints);
    }
}

static void read_credential(const char *folder, const struct setting *setting, struct givens *givens,
                            struct complaints *complaints)
{
    CLEANUP(freep) char *path = text_format("%s/%s", folder, setting->name);
    char *secret = NULL;
    struct error error;

    switch (file_read_secret(path, &secret, &error)) {
    case FILE_READ:
        givens_put(givens, SOURCE_CREDENTIALS, path, setting->name, secret, complaints);
        break;
    case FILE_MISSING:
        break;
    case FILE_FAILED:
        complain(complaints, "credentials: %s: cannot read %s: %s", setting->name, path, error.text);
        break;
    }
    text_free_secret(secret);
}

/* systemd.exec(5), LoadCredential=: a folder of files named like the settings. */
static void read_credentials(const struct config_sources *sources, struct givens *givens,
                             struct complaints *complaints)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");

    if (sources->no_environment || !folder || !*folder)
        return;
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (setting_is_secret(&settings[i]))
            read_credential(folder, &settings[i], givens, complaints);
}

struct dotenv_context {
    struct givens *givens;
    struct complaints *complaints;
};

static void found_in_dotenv(void *data, const struct dotenv_entry *entry)
{
    struct dotenv_context *context = data;
    CLEANUP(freep) char *place = text_format("%s:%u", DOTENV_FILE, entry->line);

    if (entry->ended_by_comment && setting_number(entry->name) < NAME_COUNT)
        complain_softly(
            context->complaints,
            &(struct doubt){.event = "config-value-cut",
                            .place = place,
                            .name = entry->name,
                            .problem = "a # begins a comment here; quote the value if it belongs to it"});
    givens_put(context->givens, SOURCE_DOTENV, place, entry->name, entry->value, context->complaints);
}

static void read_dotenv(const struct config_sources *sources, struct givens *givens,
                        struct complaints *complaints)
{
    struct dotenv_context context = {givens, complaints};
    struct error error;
    char *bytes = NULL;
    size_t size = 0;
    unsigned line = 0;

    (void)sources;
    switch (file_read(DOTENV_FILE, LARGEST_FILE, &bytes, &size, &error)) {
    case FILE_READ:
        givens_note_file(givens, DOTENV_FILE);
        if (!dotenv_parse(bytes, size, found_in_dotenv, &context, &line, &error))
            complain(complaints, "%s:%u: %s", DOTENV_FILE, line, error.text);
        break;
    case FILE_MISSING:
        break;
    case FILE_FAILED:
        complain(complaints, "cannot read %s: %s", DOTENV_FILE, error.text);
        break;
    }
    text_free_secret(bytes);
}

/* Whether the file is there, or is there but broken; then the files that stand in for it are not tried. */
static bool read_yaml_file(const char *path, bool required, struct givens *givens,
                           struct complaints *complaints)
{
    struct error error;
    char *bytes = NULL;
    size_t size = 0;
    enum file_result result = file_read(path, LARGEST_FILE, &bytes, &size, &error);

    if (result == FILE_READ)
        givens_note_file(givens, path);
    if (result == FILE_READ)
        yaml_read(path, bytes, size, givens, complaints);
    else if (result == FILE_FAILED || required)
        complain(complaints, "cannot read %s: %s", path, error.text);
    text_free_secret(bytes);
    return result != FILE_MISSING;
}

static void read_yaml(const struct config_sources *sources, struct givens *givens,
                      struct complaints *complaints)
{
    CLEANUP(places_deinit) struct places places = places_find();

    if (sources->yaml_file)
        (void)read_yaml_file(sources->yaml_file, true, givens, complaints);
    else if (!read_yaml_file(LOCAL_YAML_FILE, false, givens, complaints))
        (void)read_yaml_file(places.default_yaml, false, givens, complaints);
}

typedef void read_source(const struct config_sources *sources, struct givens *givens,
                         struct complaints *complaints);

void sources_read(const struct config_sources *sources, struct givens *givens, struct complaints *complaints)
{
    static read_source *const in_precedence[] = {
        [SOURCE_COMMAND_LINE] = read_overrides,
        [SOURCE_ENVIRONMENT] = read_environment,
        [SOURCE_CREDENTIALS] = read_credentials,
        [SOURCE_DOTENV] = read_dotenv,
        [SOURCE_YAML] = read_yaml,
    };

    for (size_t i = 0; i < sizeof(in_precedence) / sizeof(in_precedence[0]); i++) {
        CLEANUP(givens_deinit) struct givens here = {0};

        in_precedence[i](sources, &here, complaints);
        givens_fall_back(givens, &here);
    }
}
