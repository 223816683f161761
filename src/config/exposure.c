#include "config/exposure.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "config/peers.h"

#include <string.h>
#include <sys/stat.h>

/* Where systemd and container engines put secrets, which they guard themselves: in a container nobody else is
   there, and files have the rights 444. */
static bool is_guarded(const struct given *given)
{
    static const char folder[] = "/run/secrets/";

    return given->source == SOURCE_CREDENTIALS || strncmp(given->place, folder, sizeof(folder) - 1) == 0;
}

/* A URI is one only if there is a password in it. */
static bool holds_secret(const struct setting *setting, const struct given *given)
{
    CLEANUP(text_free_secretp) char *password = NULL;

    if (!given->text || !setting_is_secret(setting) || is_guarded(given))
        return false;
    if (!strstr(given->text, "://"))
        return true;
    password = config_uri_password(given->text);
    return password != NULL;
}

/* The file in which the value stands, without the number of the line. The caller frees it; what is no file is
   not found later. */
static char *file_of(const struct given *given)
{
    const char *colon = strrchr(given->place, ':');

    if (colon && colon[1] && colon[1 + strspn(colon + 1, "0123456789")] == '\0')
        return text_copy_bytes(given->place, (size_t)(colon - given->place));
    return text_copy(given->place);
}

static bool others_may_read(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & S_IROTH);
}

static bool was_told(const struct givens *givens, size_t before, const char *path)
{
    for (size_t i = 0; i < before; i++) {
        CLEANUP(freep)
        char *other = holds_secret(&settings[i], &givens->of[i]) ? file_of(&givens->of[i]) : NULL;

        if (other && strcmp(other, path) == 0)
            return true;
    }
    return false;
}

void complain_of_exposure(const struct givens *givens, const struct complaints *complaints)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        CLEANUP(freep)
        char *path = holds_secret(&settings[i], &givens->of[i]) ? file_of(&givens->of[i]) : NULL;

        if (path && others_may_read(path) && !was_told(givens, i, path))
            complain_softly(complaints,
                            &(struct doubt){.event = "config-file-readable",
                                            .place = path,
                                            .name = settings[i].name,
                                            .problem = "everybody on this machine can read the file, and "
                                                       "there is a secret in it; chmod o-r takes that away"});
    }
}
