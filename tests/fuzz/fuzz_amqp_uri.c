/* Any bytes as a broker's URI: no crash, and what is taken holds together. */
#include "base/memory.h"
#include "broker/uri.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct broker_uri *uri)
{
    assert(uri->host && *uri->host && strlen(uri->host) <= 255);
    assert(uri->user && uri->password && uri->vhost && *uri->vhost && strlen(uri->vhost) <= 255);
    assert(uri->port > 0);
    assert(uri->heartbeat >= -1 && uri->heartbeat <= 65535);
    assert(!uri->certificate_file == !uri->key_file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_copy_bytes((const char *)data, size);
    struct broker_uri uri;
    struct error error = {""};

    if (broker_uri_parse(text, &uri, &error)) {
        assert(text[strlen(text) - 1] != '/' || strchr(text, '?'));
        check(&uri);
        broker_uri_deinit(&uri);
    } else {
        assert(error.text[0] != '\0');
    }
    free(text);
    return 0;
}
