#ifndef SYNC_HTTP_URI_H
#define SYNC_HTTP_URI_H

#include "base/error.h"

#include <stdbool.h>

/*
 * The URI of a server or a proxy, taken apart as libcurl will do it when it connects. All texts are owned by
 * the struct.
 */
struct http_uri {
    char *scheme;          /* in lower case */
    char *user, *password; /* percent-encoded as they stand there; NULL: none (secret) */
    char *host;            /* an IPv6 address in its brackets */
    char *port;            /* in digits; NULL: none */
    char *path;            /* "/" if there is none */
};

/* False for what is no URI with a host: of any scheme, with a port from 1 to 65535 if it has one. */
bool http_uri_parse(const char *text, struct http_uri *ret_uri) MUST_USE;
/* Frees the texts, user and password overwritten; a zeroed one is fine. */
void http_uri_deinit(struct http_uri *uri);

#endif
