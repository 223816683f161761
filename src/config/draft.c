#include "config/draft.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "config/dotenv_write.h"
#include "config/settings.h"
#include "config/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LARGEST_DRAFT = 65536 };

struct config_draft {
    struct config *config; /* ids that are added are checked against the server name in it */
    struct buffer text;
};

static struct config *defaults(void)
{
    struct config *config = NEW(struct config);
    struct error error;

    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (settings[i].fallback && !setting_store(&settings[i], settings[i].fallback, config, &error))
            abort(); /* a default of ours, which is stored at each start */
    return config;
}

struct config_draft *config_draft_new(void)
{
    struct config_draft *draft = NEW(struct config_draft);

    draft->config = defaults();
    buffer_init_secret(&draft->text, LARGEST_DRAFT);
    (void)buffer_append_text(&draft->text, "# Made by `synapse-sync config --init`. There are more settings: "
                                           "`synapse-sync --help` lists them all.\n");
    return draft;
}

void config_draft_free(struct config_draft *draft)
{
    if (!draft)
        return;
    config_free(draft->config);
    buffer_deinit(&draft->text);
    free(draft);
}

bool config_draft_add(struct config_draft *draft, const char *name, const char *value, struct error *error)
{
    const struct setting *setting = &settings[setting_number(name)];

    if (!*value)
        return error_set(error, "expected something");
    if (!setting_store(setting, value, draft->config, error))
        return false;
    return dotenv_write(&draft->text, name, value) ||
           error_set(error,
                     "expected a value that a .env file can hold; this one is for a file of its own, "
                     "which %s_FILE names",
                     name);
}

/* ---- the file ---- */

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return fsync(fd) == 0;
}

/* link() is what never overwrites; open(2) recommends it for this. */
bool config_draft_write(const struct config_draft *draft, const char *path, struct error *error)
{
    CLEANUP(freep) char *unfinished = text_format("%s.XXXXXX", path);
    CLEANUP(closep) int fd = mkostemp(unfinished, O_CLOEXEC); /* with the rights 600 */
    bool written;

    if (fd < 0)
        return error_set(error, "cannot write beside %s: %s", path, strerror(errno));
    written = write_all(fd, draft->text.bytes, draft->text.size) && link(unfinished, path) == 0;
    if (!written)
        (void)error_set(error, "cannot write %s: %s", path, strerror(errno));
    (void)unlink(unfinished);
    return written;
}

const struct config *config_draft_config(const struct config_draft *draft)
{
    return draft->config;
}

const char *config_draft_default(const char *name)
{
    return settings[setting_number(name)].fallback;
}
