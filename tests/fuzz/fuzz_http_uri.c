/*
 * Any text as the URI of a server or a proxy: what is taken has a host, and a port that is one; a URI of this
 * machine names it; and a password that is found in it stands there.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "config/peers.h"
#include "http/uri.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct fuzz_bound fuzz_bound = {.memory = 100, .blocks = 10, .steps = 1000};

static void check_port(const char *port)
{
    char *end;
    long number = strtol(port, &end, 10);

    must(*end == '\0' && number >= 1 && number <= 65535);
}

static void check_uri(const struct http_uri *uri, const char *text)
{
    must(uri->scheme && *uri->scheme && uri->host && *uri->host && uri->path);
    must(strncasecmp(text, uri->scheme, strlen(uri->scheme)) == 0);
    must(strncmp(text + strlen(uri->scheme), "://", 3) == 0);
    if (uri->port)
        check_port(uri->port);
}

/* Where nothing is percent-encoded, whoever is said to be here is so by its letters or digits. */
static void check_loopback(const char *text)
{
    if (config_is_loopback(text) && !strchr(text, '%') && strncasecmp(text, "amqp", 4) != 0)
        must(strcasestr(text, "localhost") || strpbrk(text, "0123456789"));
}

void fuzz_try(const uint8_t *data, size_t size)
{
    CLEANUP(freep) char *text = text_copy_bytes((const char *)data, size);
    CLEANUP(http_uri_deinit) struct http_uri uri = {0};
    CLEANUP(text_free_secretp) char *password = config_uri_password(text);

    if (http_uri_parse(text, &uri))
        check_uri(&uri, text);
    check_loopback(text);
    must(!password || strchr(text, '%') || strstr(text, password));
}
