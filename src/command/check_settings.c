#include "command/check_settings.h"

#include <string.h>
#include <unistd.h>

static void check_way(const struct config *config, struct findings *report)
{
    const struct {
        const char *value, *name;
    } ways[] = {{config->matrix.sync_user_token, "MATRIX_MESSENGER__SYNC_USER_TOKEN"},
                {config->matrix.sync_user_password, "MATRIX_MESSENGER__SYNC_USER_PASSWORD"},
                {config->matrix.secret, "MATRIX_MESSENGER__SECRET"}};
    const char *used = NULL;

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (!ways[i].value)
            continue;
        if (used)
            findings_add(report, FINDING_OK, ways[i].name, "not used, since %s is set", used);
        else
            used = ways[i].name;
    }
}

static void check_avatar(const struct config *config, struct findings *report)
{
    const char *path = config->matrix.sync_user_avatar_path;

    if (!path || access(path, R_OK) == 0)
        return;
    findings_add(report, FINDING_WARNING, "MATRIX_MESSENGER__SYNC_USER_AVATAR_PATH", "%s cannot be read",
                 path);
    findings_advise(report, "give the path of a picture, or go without: the sync user then has none");
}

void check_settings(const struct config *config, struct findings *report)
{
    for (unsigned i = 0; i < config->entry_count; i++) {
        const struct config_entry *entry = &config->entries[i];

        if (strcmp(entry->source, "default") != 0)
            findings_add(report, FINDING_OK, entry->name, "%s (%s)", entry->value, entry->source);
    }
    check_way(config, report);
    check_avatar(config, report);
}
