#include "broker/tries.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "broker/confirm.h"
#include "broker/connect.h"
#include "broker/errand.h"
#include "broker/get.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONFIRM_LIMIT = 3000,              /* ms: the message waits for it */
    KEPT_FOR = 24 * 60 * 60 * 1000,    /* ms */
    MOST_COUNTED = 1000 * 1000 * 1000, /* of more there is no need */
    DIGITS = 10,                       /* of that */
    DECIMAL = 10,
    PERSISTENT = 2, /* delivery mode, AMQP 0-9-1 section 1.8.3.9 and RabbitMQ's publishers guide */
};

/* ---- the note ---- */

void tries_write(char ret_note[TRIES_NOTE_SIZE], const char *sha256, uint64_t count)
{
    (void)snprintf(ret_note, TRIES_NOTE_SIZE, "%s %" PRIu64, sha256, count);
}

uint64_t tries_read(const void *note, size_t size, const char *sha256)
{
    const char *text = note;
    size_t length = strlen(sha256);
    uint64_t count = 0;

    if (size <= length + 1 || size > length + 1 + DIGITS || memcmp(text, sha256, length) != 0 ||
        text[length] != ' ')
        return 0;
    for (size_t i = length + 1; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        count = count * DECIMAL + (uint64_t)(text[i] - '0');
    }
    return count < MOST_COUNTED ? count : MOST_COUNTED;
}

/* ---- in the helper ---- */

struct job {
    struct broker_settings *settings;
    char sha256[DIGEST_SIZE];
    uint64_t before;
};

static void job_release(void *context)
{
    struct job *job = context;

    broker_settings_free(job->settings);
    free(job);
}

static struct job *job_new(struct broker_settings *settings, struct broker_message *message)
{
    struct job *job = NEW(struct job);

    job->settings = broker_settings_share(settings);
    (void)snprintf(job->sha256, sizeof(job->sha256), "%s", message_sha256(message));
    return job;
}

static bool find_queue(struct connection *connection, const char *queue, struct error *error)
{
    amqp_table_entry_t entries[] = {
        {.key = amqp_cstring_bytes("x-max-length"),
         .value = {.kind = AMQP_FIELD_KIND_I32, .value = {.i32 = 1}}},
        {.key = amqp_cstring_bytes("x-expires"),
         .value = {.kind = AMQP_FIELD_KIND_I32, .value = {.i32 = KEPT_FOR}}},
    };

    return connection_require_queue(
        connection, queue,
        (amqp_table_t){.num_entries = (int)(sizeof(entries) / sizeof(entries[0])), .entries = entries},
        error);
}

static bool publish(struct connection *connection, const struct job *job, struct error *error)
{
    const amqp_basic_properties_t properties = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
                                                .delivery_mode = PERSISTENT};
    struct confirm confirm = {0};
    char note[TRIES_NOTE_SIZE];

    tries_write(note, job->sha256, job->before + 1);
    if (amqp_basic_publish(connection->amqp, CONNECTION_CHANNEL, amqp_empty_bytes,
                           amqp_cstring_bytes(job->settings->tries_queue), 1, 0, &properties,
                           amqp_cstring_bytes(note)) != AMQP_STATUS_OK)
        return error_set(error, "publishing broke off");
    return confirm_await(&confirm, connection, instant_now() + CONFIRM_LIMIT, error);
}

/* The old note is acknowledged when the new one is safe; if it comes back, there is no place for it. */
static bool count(struct connection *connection, struct job *job, struct error *error)
{
    CLEANUP(broker_message_freep) struct broker_message *note = NULL;

    if (get_one(connection, job->settings->tries_queue, TRIES_NOTE_SIZE, &note, error) == GET_FAILED)
        return false;
    if (note && note->body)
        job->before = tries_read(note->body, note->size, job->sha256);
    return confirm_select(connection, error) && publish(connection, job, error) &&
           (!note || get_acknowledge(connection, note->tag, error));
}

static void job_run(struct helper *helper, void *context)
{
    struct job *job = context;
    struct error error;
    CLEANUP(connection_freep)
    struct connection *connection = connection_open(job->settings, "tries", helper, &error);

    if ((!connection || !find_queue(connection, job->settings->tries_queue, &error) ||
         !count(connection, job, &error)) &&
        !helper_is_stopping(helper))
        log_warning("tries-not-counted", LOG_TEXT("reason", error.text));
}

/* ---- in the loop ---- */

struct tries {
    struct job *job; /* the errand's */
    struct errand *errand;
    struct broker_message *message;
    void (*counted)(void *context, struct broker_message *message);
    void *context;
};

/* It was delivered at least once before the first time that it was counted. */
static void ended(void *context)
{
    struct tries *tries = context;

    tries->message->deliveries = tries->job->before + 1;
    tries->counted(tries->context, TAKE(tries->message));
}

struct tries *tries_count(struct broker_settings *settings, struct loop *loop, struct broker_message *message,
                          void (*counted)(void *context, struct broker_message *message), void *context)
{
    CLEANUP(tries_freep) struct tries *tries = NEW(struct tries);
    const struct errand_plan errand = {
        .run = job_run, .release = job_release, .ended = ended, .context = tries};
    struct error error;

    tries->counted = counted;
    tries->context = context;
    tries->job = job_new(settings, message);
    tries->errand = errand_start(&errand, tries->job, loop, &error);
    if (!tries->errand) {
        log_warning("tries-not-counted", LOG_TEXT("reason", error.text));
        return NULL;
    }
    tries->message = message;
    return TAKE(tries);
}

void tries_free(struct tries *tries)
{
    if (!tries)
        return;
    errand_free(tries->errand);
    broker_message_free(tries->message);
    free(tries);
}
