/*
 * From the sources to a configuration, in three steps, each complete before the next begins, so that all
 * mistakes of one kind are told at once:
 *
 * 1. what is given: the sources are read, names are judged (sources.c);
 * 2. each setting by itself: the text that counts, or the default, is checked and stored (store.c);
 * 3. settings together: what is required, a way to log in.
 */
#include "config/config.h"

#include "base/memory.h"
#include "config/exposure.h"
#include "config/file.h"
#include "config/list.h"
#include "config/places.h"
#include "config/settings.h"
#include "config/sources.h"
#include "config/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the text that counts ---- */

/*
 * X and X_FILE together are a mistake, wherever they stand: one of them would be passed over silently. Only
 * systemd's credentials may stand beside an X_FILE, which often names the credential itself; there precedence
 * decides.
 */
static bool is_given_twice(const struct given *value, const struct given *file)
{
    return value->text && file->text && value->source != SOURCE_CREDENTIALS;
}

/* Replaces a value by the content of the file that X_FILE names, if that is what counts. Where there is no
   such file, its path is not told: it may be the secret itself. */
static void read_secret_file(const struct setting *setting, struct given *value, const struct given *file,
                             struct complaints *complaints)
{
    struct error error;
    char *secret = NULL;

    if (!file->text || (value->text && value->source < file->source))
        return;
    if (file_read_secret(file->text, &secret, &error) != FILE_READ) {
        complain(complaints, "%s: %s: expected the path of a file with the secret: %s", file->place,
                 setting->file_name, error.text);
    } else if (!*secret) {
        complain(complaints, "%s: %s: expected a secret in %s, but it is empty", file->place,
                 setting->file_name, file->text);
    } else {
        text_free_secret(value->text);
        free(value->place);
        *value = (struct given){TAKE(secret), text_copy(file->text), file->source};
    }
    text_free_secret(secret);
}

static void read_secret_files(struct givens *givens, struct complaints *complaints)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        struct given *value = &givens->of[i];
        const struct given *file = &givens->of[SETTING_COUNT + i];

        if (is_given_twice(value, file))
            complain(complaints, "%s: %s: given together with %s (%s); expected one of them", value->place,
                     settings[i].name, settings[i].file_name, file->place);
        else
            read_secret_file(&settings[i], value, file, complaints);
    }
}

/* ---- each by itself ---- */

/* docker's --env-file, unlike shells and .env files, keeps quotes around a value. */
static bool is_quoted(const char *text)
{
    size_t length = strlen(text);

    return length >= 2 && strchr("'\"`", text[0]) && text[length - 1] == text[0];
}

/* Of texts and paths the quotes may be a part, though hardly so; no other value has any. */
static bool may_hold_quotes(enum setting_type type)
{
    return type == SETTING_TEXT || type == SETTING_PATH;
}

static void check_quotes(const struct setting *setting, const struct given *given,
                         struct complaints *complaints)
{
    if (given->source != SOURCE_ENVIRONMENT || !is_quoted(given->text))
        return;
    if (may_hold_quotes(setting->type))
        complain_softly(complaints,
                        &(struct doubt){.event = "config-value-quoted",
                                        .place = given->place,
                                        .name = setting->name,
                                        .problem = "the quotes around the value are taken as a part of it"});
    else
        complain(complaints,
                 "%s: %s: expected a value without quotes around it (docker's --env-file keeps them)",
                 given->place, setting->name);
}

static void store_given(const struct setting *setting, const struct given *given, struct config *config,
                        struct complaints *complaints)
{
    size_t before = complaints->count;
    struct error error;

    check_quotes(setting, given, complaints);
    if (complaints->count == before && !setting_store(setting, given->text, config, &error))
        complain(complaints, "%s: %s: %s", given->place, setting->name, error.text);
}

static void store_default(const struct setting *setting, struct config *config, struct complaints *complaints)
{
    struct error error;

    if (setting->fallback && !setting_store(setting, setting->fallback, config, &error))
        complain(complaints, "default: %s: %s", setting->name, error.text);
}

static void store_all(const struct givens *givens, struct config *config, struct complaints *complaints)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (givens->of[i].text)
            store_given(&settings[i], &givens->of[i], config, complaints);
        else
            store_default(&settings[i], config, complaints);
    }
}

/* ---- together ---- */

/* Who looks at the files alone does not know whether it stands in the environment. */
static void complain_of_absence(struct complaints *complaints, const char *what, const char *expected,
                                const char *ending)
{
    CLEANUP(freep) char *problem = NULL;

    if (!complaints->is_partial) {
        complain(complaints, "%s: expected %s%s", what, expected, ending);
        return;
    }
    problem = text_format("not in the files, so the environment must have it: expected %s", expected);
    complain_softly(
        complaints,
        &(struct doubt){.event = "config-incomplete", .place = "files", .name = what, .problem = problem});
}

static void check_required(const struct givens *givens, struct complaints *complaints)
{
    char expected[EXPECTED_SIZE];

    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (settings[i].required && !givens->of[i].text)
            complain_of_absence(complaints, settings[i].name, setting_expected(&settings[i], expected),
                                ", but it is set neither in the environment nor in "
                                ".env of this folder nor in a YAML file");
}

static void check_together(const struct config *config, struct complaints *complaints)
{
    if (!config->matrix.sync_user_token && !config->matrix.sync_user_password && !config->matrix.secret)
        complain_of_absence(complaints, "no way to log in",
                            "one of MATRIX_MESSENGER__SECRET, MATRIX_MESSENGER__SYNC_USER_PASSWORD and "
                            "MATRIX_MESSENGER__SYNC_USER_TOKEN",
                            "");
    if (config->matrix.mas_client_id && !config->matrix.mas_client_secret)
        complain_of_absence(complaints, "MATRIX_MESSENGER__MAS_CLIENT_ID",
                            "MATRIX_MESSENGER__MAS_CLIENT_SECRET", " with it");
    if (!config->rabbitmq.certificate_file != !config->rabbitmq.key_file)
        complain(complaints, "RABBITMQ_CERTIFICATE_FILE and RABBITMQ_KEY_FILE: expected both or neither");
    if (!config->http.certificate_file != !config->http.key_file)
        complain(complaints, "HTTP__CERTIFICATE_FILE and HTTP__KEY_FILE: expected both or neither");
}

/* The default picture is looked for below the working directory first, then among the installed data. */
static void find_avatar(const struct givens *givens, struct places *places, struct config *config)
{
    char **path = &config->matrix.sync_user_avatar_path;

    if (givens->of[setting_number("MATRIX_MESSENGER__SYNC_USER_AVATAR_PATH")].text ||
        access(*path, F_OK) == 0)
        return;
    free(*path);
    *path = TAKE(places->avatar);
}

static void find_files(const struct config_sources *sources, const struct givens *givens,
                       struct config *config)
{
    CLEANUP(places_deinit) struct places places = places_find();

    find_avatar(givens, &places, config);
    config->yaml_file = sources->yaml_file ? text_copy(sources->yaml_file) : TAKE(places.default_yaml);
}

struct config *config_load(const struct config_sources *sources, struct error *error)
{
    CLEANUP(config_freep) struct config *config = NEW(struct config);
    CLEANUP(givens_deinit) struct givens givens = {0};
    struct complaints complaints = {
        .first = error, .listener = sources->listener, .is_partial = sources->no_environment};

    sources_read(sources, &givens, &complaints);
    if (complaints.count == 0)
        read_secret_files(&givens, &complaints);
    complain_of_exposure(&givens, &complaints);
    store_all(&givens, config, &complaints);
    if (complaints.count == 0)
        check_required(&givens, &complaints);
    if (complaints.count == 0)
        check_together(config, &complaints);
    if (complaints.count > 0)
        return NULL;
    find_files(sources, &givens, config);
    list_make(config, &givens);
    config->files = TAKE(givens.files);
    return TAKE(config);
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < SETTING_COUNT; i++)
        setting_clear(&settings[i], config);
    list_free(config);
    free(config->files);
    free(config->yaml_file);
    free(config);
}
