#include "config/places.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "synapse-sync"

/* Takes the last part off the path, "/usr/bin" to "/usr"; "" is the root. */
static void go_up(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash)
        *slash = '\0';
}

/* Whether the path ends in that; if it does, it is taken off. */
static bool take_off(char *path, const char *ending)
{
    size_t length = strlen(path), of_ending = strlen(ending);

    if (length < of_ending || strcmp(path + length - of_ending, ending) != 0)
        return false;
    path[length - of_ending] = '\0';
    return true;
}

static struct places built(const char *sources)
{
    return (struct places){text_format("%s/config/default.yaml", sources),
                           text_format("%s/data/avatar.png", sources)};
}

static struct places installed(char *prefix)
{
    struct places places = {.avatar = text_format("%s/share/" NAME "/avatar.png", prefix)};

    if (!take_off(prefix, "/usr"))
        (void)take_off(prefix, "/usr/local");
    places.default_yaml = text_format("%s/etc/" NAME "/default.yaml", prefix);
    return places;
}

struct places places_of(const char *program)
{
    CLEANUP(freep) char *folder = text_copy(program);

    go_up(folder);
    if (take_off(folder, "/bin"))
        return installed(folder);
    go_up(folder);
    return take_off(folder, "/build") ? built(folder) : installed(folder);
}

struct places places_find(void)
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);

    /* Where there is no /proc, it is most likely where packages put it. */
    if (length <= 0)
        return places_of("/usr/bin/" NAME);
    program[length] = '\0';
    return places_of(program);
}

void places_deinit(struct places *places)
{
    free(places->default_yaml);
    free(places->avatar);
    *places = (struct places){.default_yaml = NULL};
}
