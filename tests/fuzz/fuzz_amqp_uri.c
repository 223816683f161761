/* Any bytes as a broker's URI: no crash, and what is taken holds together. */
#include "fuzz.h"

#include "base/memory.h"
#include "broker/uri.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check(const struct broker_uri *uri)
{
    must(uri->host && *uri->host && strlen(uri->host) <= 255);
    must(uri->user && uri->password && uri->vhost && *uri->vhost && strlen(uri->vhost) <= 255);
    must(uri->port > 0);
    must(uri->heartbeat >= -1 && uri->heartbeat <= 65535);
    must(!uri->certificate_file == !uri->key_file);
}

const struct fuzz_bound fuzz_bound = {.memory = 100, .blocks = 4, .steps = 1000};

void fuzz_try(const uint8_t *data, size_t size)
{
    char *text = text_copy_bytes((const char *)data, size);
    struct broker_uri uri;
    struct error error = {""};

    if (broker_uri_parse(text, &uri, &error)) {
        must(text[strlen(text) - 1] != '/' || strchr(text, '?'));
        check(&uri);
        broker_uri_deinit(&uri);
    } else {
        must(error.text[0] != '\0');
    }
    free(text);
}
