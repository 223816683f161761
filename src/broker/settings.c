#include "broker/settings.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_QUEUE_NAME = 255, CONNECT_LIMIT = 5000 };

static const char dead_letter_suffix[] = "_dlq", tries_suffix[] = "_try";

static bool check_queue(const char *queue, struct error *error)
{
    if (!*queue || strlen(queue) + strlen(dead_letter_suffix) > LONGEST_QUEUE_NAME)
        return error_set(error, "the name of the queue must have 1 to 251 bytes");
    return true;
}

static char *first_of(const char *a, const char *b)
{
    return text_copy(a ? a : b);
}

static void merge(struct broker_settings *settings, const struct broker_config *config)
{
    const struct broker_uri *uri = &settings->uri;
    bool own_certificate =
        uri->certificate_file != NULL; /* with its key: never one from here, one from there */

    settings->heartbeat = uri->heartbeat >= 0 ? (uint16_t)uri->heartbeat : config->heartbeat;
    settings->connect_limit = uri->connect_limit > 0 ? uri->connect_limit : CONNECT_LIMIT;
    settings->ca_file = first_of(uri->ca_file, config->ca_file);
    settings->certificate_file =
        text_copy(own_certificate ? uri->certificate_file : config->certificate_file);
    settings->key_file = text_copy(own_certificate ? uri->key_file : config->key_file);
}

/* A password that is the user's name, as guest's is, is not a secret: the broker's refusals name the user. */
static struct secrets *secrets_of(const struct broker_uri *uri)
{
    struct secrets *secrets = secrets_new();

    if (!text_equal(uri->user, uri->password))
        secrets_add(secrets, uri->password);
    return secrets;
}

static void warn(const struct broker_uri *uri)
{
    /* Their names are not told: a '?' that was meant to be part of a password would be told with them. */
    if (uri->ignored > 0)
        log_warning("broker-uri-parameters-ignored", LOG_NUMBER("count", uri->ignored));
    if (uri->tls && !uri->verify)
        log_warning("broker-not-verified", LOG_TEXT("because", "verify=verify_none in the URI"));
}

struct broker_settings *broker_settings_new(const struct broker_config *config, struct error *error)
{
    CLEANUP(broker_settings_freep) struct broker_settings *settings = NEW(struct broker_settings);

    atomic_init(&settings->shares, 1);
    if (!check_queue(config->queue, error) || !broker_uri_parse(config->uri, &settings->uri, error))
        return NULL;
    settings->secrets = secrets_of(&settings->uri);
    settings->queue = text_copy(config->queue);
    settings->dead_letter_queue = text_format("%s%s", config->queue, dead_letter_suffix);
    settings->tries_queue = text_format("%s%s", config->queue, tries_suffix);
    settings->declare = config->declare;
    settings->prefetch = config->prefetch;
    settings->largest_body = config->largest_body;
    settings->largest_dead_letter = config->largest_dead_letter > config->largest_body
                                        ? config->largest_dead_letter
                                        : config->largest_body;
    merge(settings, config);
    if (!settings->certificate_file != !settings->key_file) {
        (void)error_set(error, "the client's certificate and its key go together");
        return NULL;
    }
    warn(&settings->uri);
    return TAKE(settings);
}

struct broker_settings *broker_settings_share(struct broker_settings *settings)
{
    atomic_fetch_add(&settings->shares, 1);
    return settings;
}

void broker_settings_free(struct broker_settings *settings)
{
    if (!settings || atomic_fetch_sub(&settings->shares, 1) > 1)
        return;
    broker_uri_deinit(&settings->uri);
    secrets_free(settings->secrets);
    free(settings->queue);
    free(settings->dead_letter_queue);
    free(settings->tries_queue);
    free(settings->ca_file);
    free(settings->certificate_file);
    free(settings->key_file);
    free(settings);
}
