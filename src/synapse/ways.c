#include "synapse/ways.h"

#include "base/memory.h"

#include <stdlib.h>
#include <utlist.h>

struct way {
    char *base;
    struct http *http;
    struct way *next;
};

void ways_init(struct ways *ways, const struct http_config *config, struct loop *loop)
{
    *ways = (struct ways){.allowed = config != NULL, .loop = loop};
    if (config)
        ways->http = *config;
}

static void free_way(struct way *way)
{
    http_free(way->http);
    free(way->base);
    free(way);
}

void ways_deinit(struct ways *ways)
{
    struct way *way, *next;

    LL_FOREACH_SAFE(ways->list, way, next)
    free_way(way);
    ways->list = NULL;
}

static struct way *find(const struct ways *ways, const char *base)
{
    struct way *way;

    LL_FOREACH(ways->list, way)
    if (text_equal(way->base, base))
        return way;
    return NULL;
}

static struct way *make(struct ways *ways, const char *base, struct error *error)
{
    struct way *way = NEW(struct way);
    struct http_config config = ways->http;

    way->base = text_copy(base);
    config.base = way->base;
    way->http = http_new(&config, ways->loop, error);
    if (way->http)
        return way;
    free_way(way);
    return NULL;
}

/* The homeserver may name another address each time, and each way has descriptors of its own. */
static void free_idle(struct ways *ways)
{
    struct way **link = &ways->list, *way;

    while ((way = *link) != NULL) {
        if (http_is_idle(way->http)) {
            *link = way->next;
            free_way(way);
        } else {
            link = &way->next;
        }
    }
}

struct http *ways_to(struct ways *ways, const char *base, struct error *error)
{
    struct way *way = find(ways, base);

    if (!ways->allowed) {
        (void)error_set(error, "no way leads to %.255s", base);
        return NULL;
    }
    if (way) {
        LL_DELETE(ways->list, way);
    } else {
        free_idle(ways);
        way = make(ways, base, error);
    }
    if (!way)
        return NULL;
    LL_PREPEND(ways->list, way);
    return way->http;
}

struct http *ways_latest(const struct ways *ways)
{
    return ways->list ? ways->list->http : NULL;
}
