#include "http/uri.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "http/exchange.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

static void url_cleanup(CURLU **url)
{
    curl_url_cleanup(*url);
}

/* A part of the URI, or NULL if it has none. */
static char *part_of(CURLU *url, CURLUPart part)
{
    char *text = NULL, *copy;

    if (curl_url_get(url, part, &text, 0) != CURLUE_OK)
        return NULL;
    copy = text_copy(text);
    explicit_bzero(text, strlen(text));
    curl_free(text);
    return copy;
}

/* libcurl also takes any number of slashes behind the scheme, a ":" with no port behind it, and port 0. */
static bool is_strict(const char *text, const struct http_uri *uri)
{
    const char *authority = text + strlen(uri->scheme);
    size_t length;

    if (strncmp(authority, "://", 3) != 0)
        return false;
    length = strcspn(authority + 3, "/?#");
    return length > 0 && authority[3 + length - 1] != ':' && !text_equal(uri->port, "0");
}

static bool parse(const char *text, struct http_uri *ret_uri)
{
    CLEANUP(url_cleanup) CURLU *url = curl_url();
    CLEANUP(http_uri_deinit) struct http_uri uri = {0};

    memory_must(url);
    if (curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return false;
    uri = (struct http_uri){
        .scheme = part_of(url, CURLUPART_SCHEME),
        .user = part_of(url, CURLUPART_USER),
        .password = part_of(url, CURLUPART_PASSWORD),
        .host = part_of(url, CURLUPART_HOST),
        .port = part_of(url, CURLUPART_PORT),
        .path = part_of(url, CURLUPART_PATH),
    };
    if (!uri.scheme || !uri.host || !is_strict(text, &uri))
        return false;
    *ret_uri = uri;
    uri = (struct http_uri){0};
    return true;
}

/* What libcurl makes of a lack of memory here is sometimes a URI that is none. */
bool http_uri_parse(const char *text, struct http_uri *ret_uri)
{
    bool parsed;

    http_use_memory();
    parsed = parse(text, ret_uri);
    curl_global_cleanup();
    return parsed;
}

void http_uri_deinit(struct http_uri *uri)
{
    free(uri->scheme);
    text_free_secret(uri->user);
    text_free_secret(uri->password);
    free(uri->host);
    free(uri->port);
    free(uri->path);
    *uri = (struct http_uri){0};
}
