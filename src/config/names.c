#include "config/names.h"

#include "config/settings.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Longer names are not compared: none of ours is near them. */
enum { LONGEST_NAME = 64, NEAR_MISS = 2 };

#define SHARED_PREFIX "RABBITMQ_"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

size_t names_distance(const char *a, const char *b, size_t limit)
{
    /* Distances between the first i letters of a and the first j of b, for this i and the two before it. */
    size_t rows[3][LONGEST_NAME + 1], width = strlen(b), height = strlen(a);

    if (height > LONGEST_NAME || width > LONGEST_NAME)
        return limit + 1;
    for (size_t j = 0; j <= width; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= height; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + !same(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return least(rows[height % 3][width], limit + 1);
}

const char *names_nearest(const char *name, size_t limit)
{
    const char *nearest = NULL;

    for (size_t i = 0; i < NAME_COUNT; i++) {
        const char *candidate = setting_name(i);
        size_t distance = candidate ? names_distance(name, candidate, limit) : limit + 1;

        if (distance > limit)
            continue;
        nearest = candidate;
        if (distance == 0)
            break;
        limit = distance - 1; /* from here on only what is nearer */
    }
    return nearest;
}

const char *names_suggestion(const char *name)
{
    return names_nearest(name, strlen(name) / 3);
}

bool names_is_ours(const char *name)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const char *end = strstr(settings[i].name, "__");

        if (end && strncasecmp(name, settings[i].name, (size_t)(end - settings[i].name) + 2) == 0)
            return true;
    }
    return false;
}

/* Known to everybody as something else. */
static bool is_well_known(const char *name)
{
    static const char *const names[] = {"HTTP_PROXY", "HTTPS_PROXY"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

/* A copy with one underscore in place of any number of "_", "." and "-"; false: the name is too long. */
static bool squeeze(const char *name, char ret_squeezed[static LONGEST_NAME + 1])
{
    size_t length = 0;

    for (; *name; name++) {
        bool joint = strchr("_.-", *name) != NULL;

        if (joint && length > 0 && ret_squeezed[length - 1] == '_')
            continue;
        if (length == LONGEST_NAME)
            return false;
        ret_squeezed[length++] = *(joint ? "_" : name);
    }
    ret_squeezed[length] = '\0';
    return true;
}

static bool is_shared(const char *name)
{
    return strncasecmp(name, SHARED_PREFIX, strlen(SHARED_PREFIX)) == 0;
}

const char *names_near_miss(const char *name)
{
    char squeezed[LONGEST_NAME + 1] = "", ours[LONGEST_NAME + 1] = "";
    const char *nearest = NULL;
    size_t limit = NEAR_MISS;

    if (is_well_known(name) || !squeeze(name, squeezed))
        return NULL;
    for (size_t i = 0; i < NAME_COUNT; i++) {
        const char *candidate = setting_name(i);
        size_t distance;

        if (!candidate || (is_shared(name) && !is_shared(candidate)) || !squeeze(candidate, ours))
            continue;
        distance = names_distance(squeezed, ours, limit);
        if (distance > limit)
            continue;
        nearest = candidate;
        if (distance == 0)
            break;
        limit = distance - 1; /* from here on only what is nearer */
    }
    return nearest;
}

bool names_guards(const char *name)
{
    static const char *const guards[] = {"SYNC__ERASE", "SYNC__PROTECTED_USERS", "SYNC__REMOVALS_PER_HOUR"};

    for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++)
        if (strcmp(name, guards[i]) == 0)
            return true;
    return false;
}

size_t names_length(const char *name)
{
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");
}
