#include "command/confine.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/sandbox.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef SYNC_INSTRUMENTED
enum { IS_WATCHED = true };
#else
enum { IS_WATCHED = false };
#endif

/* What libraries read at any time: the looking up of names, authorities, locales, the clock's zone, plugins,
   random bytes, and how many processors there are. Where these lead somewhere else, as /etc/resolv.conf does,
   what counts is where to. */
static const char *const of_the_system[] = {
    "/etc", "/usr", "/lib", "/lib64", "/run", "/proc", "/sys/devices/system/cpu", "/dev/null", "/dev/urandom",
};

/* Variables that name files or folders, for libraries or for us; several with colons between them. */
static const char *const variables[] = {"CREDENTIALS_DIRECTORY", "SSL_CERT_FILE", "SSL_CERT_DIR",
                                        "OPENSSL_CONF", "LD_LIBRARY_PATH"};

/* Of ours below the working directory, see src/config/sources.c; and of the system what may be a link to any
   place (to /mnt/wsl/resolv.conf, say). */
static const char *const links[] = {".env", "config/default.yaml", "/etc/resolv.conf", "/etc/hosts"};

static bool is_folder(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

/* A folder, or that in which the file is. Of one right below the root it is the file alone: not everything.
 */
static void let_read_folder(struct sandbox *sandbox, const char *path)
{
    CLEANUP(freep) char *folder = text_copy(path);
    char *slash = strrchr(folder, '/');

    if (slash && slash != folder && !is_folder(path))
        *slash = '\0';
    sandbox_let_read(sandbox, folder);
}

static char *whole_path(const char *path)
{
    CLEANUP(freep) char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);

    return here ? text_format("%s/%s", here[1] ? here : "", path) : text_copy(path);
}

/* Where it is said to be, since it may be replaced there, and where a link leads to. */
static void let_read(struct sandbox *sandbox, const char *path)
{
    CLEANUP(freep) char *whole = whole_path(path);
    CLEANUP(freep) char *real = realpath(whole, NULL);

    let_read_folder(sandbox, whole);
    if (real)
        let_read_folder(sandbox, real);
}

static void let_read_each(struct sandbox *sandbox, const char *list)
{
    CLEANUP(freep) char *paths = text_copy(list);
    char *rest = paths;

    while (rest) {
        const char *path = strsep(&rest, ":");

        if (*path)
            let_read(sandbox, path);
    }
}

static void let_read_all(struct sandbox *sandbox, const struct config *config)
{
    for (size_t i = 0; i < sizeof(of_the_system) / sizeof(of_the_system[0]); i++)
        sandbox_let_read(sandbox, of_the_system[i]);
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *list = getenv(variables[i]);

        let_read_each(sandbox, list ? list : "");
    }
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        let_read(sandbox, links[i]);
    let_read(sandbox, config->yaml_file);
    for (size_t i = 0; i < config->entry_count; i++)
        if (config->entries[i].file)
            let_read(sandbox, config->entries[i].file);
}

void confine(const struct config *config)
{
    struct sandbox sandbox;

    if (IS_WATCHED)
        return;
    sandbox_begin(&sandbox);
    let_read_all(&sandbox, config);
    sandbox_enter(&sandbox);
    if (sandbox.calls_refused == 0 && sandbox.files_refused == 0)
        log_debug("confined");
    else
        log_info(
            "confined-in-part",
            LOG_TEXT("system_calls", sandbox.calls_refused ? strerror(sandbox.calls_refused) : "confined"),
            LOG_TEXT("files", sandbox.files_refused ? strerror(sandbox.files_refused) : "confined"));
}
