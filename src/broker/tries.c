#include "broker/tries.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "broker/confirm.h"
#include "broker/connect.h"
#include "broker/errand.h"
#include "broker/get.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIMIT = 10000,                  /* ms that a message waits for its count */
    CONFIRM_LIMIT = 3000,           /* ms of it for the broker to take the new note */
    KEPT_FOR = 24 * 60 * 60 * 1000, /* ms */
    MOST_COUNTED = 999999999,
    DECIMAL = 10,
    PERSISTENT = 2, /* delivery mode, AMQP 0-9-1 section 1.8.3.9 and RabbitMQ's publishers guide */
};

/* ---- the note ---- */

/* The bytes of the line that the text begins with, its end included; 0: it begins with none. */
static size_t line_size(const char *text, size_t size)
{
    const char *end = memchr(text, '\n', size);
    size_t length = end ? (size_t)(end - text) : 0, digits = length > DIGEST_SIZE ? length - DIGEST_SIZE : 0;

    if (digits < 1 || digits > TRIES_DIGITS || text[DIGEST_SIZE - 1] != ' ')
        return 0;
    for (size_t i = 0; i < length; i++)
        if (i != DIGEST_SIZE - 1 && !memchr("0123456789abcdef", text[i], i < DIGEST_SIZE ? 16 : DECIMAL))
            return 0;
    return length + 1;
}

static bool is_about(const char *line, const char *sha256)
{
    return memcmp(line, sha256, DIGEST_SIZE - 1) == 0;
}

bool tries_is_note(const void *note, size_t size)
{
    const char *text = note;

    for (size_t length; size > 0; text += length, size -= length) {
        length = line_size(text, size);
        if (length == 0)
            return false;
    }
    return text != note;
}

uint64_t tries_read(const void *note, size_t size, const char *sha256)
{
    const char *text = note;
    uint64_t count = 0;

    for (size_t length; (length = line_size(text, size)) > 0; text += length, size -= length) {
        if (!is_about(text, sha256))
            continue;
        for (const char *digit = text + DIGEST_SIZE; *digit != '\n'; digit++)
            count = count * DECIMAL + (uint64_t)(*digit - '0');
        return count;
    }
    return 0;
}

void tries_write(struct buffer *to, const void *note, size_t size, const char *sha256, uint64_t count)
{
    const char *text = note;
    int lines = count > 0;

    if (count > 0)
        (void)buffer_append_format(to, "%s %" PRIu64 "\n", sha256,
                                   count < MOST_COUNTED ? count : MOST_COUNTED);
    for (size_t length; (length = line_size(text, size)) > 0; text += length, size -= length)
        if (!is_about(text, sha256) && lines++ < TRIES_LINES)
            (void)buffer_append(to, text, length);
}

/* ---- in the helper ---- */

struct job {
    struct broker_settings *settings;
    char sha256[DIGEST_SIZE];
    bool withdraws;
    uint64_t before;
    bool done;
};

static void job_release(void *context)
{
    struct job *job = context;

    broker_settings_free(job->settings);
    free(job);
}

static struct job *job_new(struct broker_settings *settings, const char *sha256, bool withdraws)
{
    struct job *job = NEW(struct job);

    job->settings = broker_settings_share(settings);
    memcpy(job->sha256, sha256, sizeof(job->sha256));
    job->withdraws = withdraws;
    return job;
}

/* Of a type that has a place for one message, whatever the broker makes by default. */
static bool find_queue(struct connection *connection, const char *queue, struct error *error)
{
    amqp_table_entry_t entries[] = {
        {.key = amqp_cstring_bytes("x-queue-type"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8, .value = {.bytes = amqp_cstring_bytes("classic")}}},
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

static bool publish(struct connection *connection, const struct job *job, const struct buffer *note,
                    struct error *error)
{
    const amqp_basic_properties_t properties = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
                                                .delivery_mode = PERSISTENT};
    struct confirm confirm = {0};

    if (!confirm_select(connection, error))
        return false;
    if (amqp_basic_publish(connection->amqp, CONNECTION_CHANNEL, amqp_empty_bytes,
                           amqp_cstring_bytes(job->settings->tries_queue), 1, 0, &properties,
                           connection_bytes(note->bytes, note->size)) != AMQP_STATUS_OK)
        return error_set(error, "publishing broke off");
    return confirm_await(&confirm, connection, instant_now() + CONFIRM_LIMIT, error);
}

/* The old note is acknowledged when the new one is safe; if it comes back all the same, there is no place for
   it. What is no note is somebody's, and stays. */
static bool renew_note(struct connection *connection, struct job *job, struct error *error)
{
    CLEANUP(broker_message_freep) struct broker_message *note = NULL;
    CLEANUP(buffer_deinit) struct buffer renewed = {.maximum = TRIES_NOTE_SIZE};
    const char *text = "";
    size_t size = 0;

    if (get_one(connection, job->settings->tries_queue, TRIES_NOTE_SIZE, &note, error) == GET_FAILED)
        return false;
    if (note) {
        text = note->body ? note->body : "";
        size = note->body ? note->size : 0;
        if (!tries_is_note(text, size))
            return error_set(error, "%s holds what is no note of ours", job->settings->tries_queue);
    }
    job->before = tries_read(text, size, job->sha256);
    tries_write(&renewed, text, size, job->sha256, job->withdraws ? 0 : job->before + 1);
    return (renewed.size == 0 || publish(connection, job, &renewed, error)) &&
           (!note || get_acknowledge(connection, note->tag, error));
}

static void job_run(struct helper *helper, void *context)
{
    struct job *job = context;
    struct error error;
    CLEANUP(connection_freep)
    struct connection *connection = connection_open(job->settings, "tries", helper, &error);

    job->done = connection && find_queue(connection, job->settings->tries_queue, &error) &&
                renew_note(connection, job, &error);
    if (!job->done && !helper_is_stopping(helper))
        log_warning("tries-not-counted", LOG_TEXT("reason", error.text));
}

/* ---- in the loop ---- */

struct tries {
    struct job *job; /* the errand's */
    struct errand *errand;
    struct loop_timer limit;
    struct broker_message *message; /* NULL: nothing is counted, but withdrawn */
    void (*ended)(void *context, struct broker_message *message);
    void *context;
};

/* It was delivered at least once before the first time that it was counted. */
static void errand_ended(void *context)
{
    struct tries *tries = context;

    if (tries->message)
        tries->message->deliveries = tries->job->before + 1;
    tries->ended(tries->context, TAKE(tries->message));
}

/* The helper has the job still. */
static void took_too_long(void *context)
{
    struct tries *tries = context;

    errand_free(TAKE(tries->errand));
    tries->job = NULL;
    log_warning("tries-not-counted", LOG_TEXT("reason", "the broker took too long"));
    if (tries->message)
        tries->message->deliveries = 1;
    tries->ended(tries->context, TAKE(tries->message));
}

static struct tries *begin(struct job *job, struct loop *loop,
                           void (*ended)(void *context, struct broker_message *message), void *context)
{
    CLEANUP(tries_freep) struct tries *tries = NEW(struct tries);
    const struct errand_plan errand = {
        .run = job_run, .release = job_release, .ended = errand_ended, .context = tries};
    struct error error;

    tries->ended = ended;
    tries->context = context;
    tries->job = job;
    loop_timer_init(&tries->limit, loop, took_too_long, tries);
    tries->errand = errand_start(&errand, job, loop, &error);
    if (!tries->errand) {
        log_warning("tries-not-counted", LOG_TEXT("reason", error.text));
        return NULL;
    }
    loop_timer_set(&tries->limit, instant_now() + LIMIT);
    return TAKE(tries);
}

struct tries *tries_count(struct broker_settings *settings, struct loop *loop, struct broker_message *message,
                          void (*counted)(void *context, struct broker_message *message), void *context)
{
    struct tries *tries = begin(job_new(settings, message_sha256(message), false), loop, counted, context);

    if (tries)
        tries->message = message;
    return tries;
}

struct tries *tries_withdraw(struct broker_settings *settings, struct loop *loop, const char *sha256,
                             void (*withdrawn)(void *context, struct broker_message *message), void *context)
{
    return begin(job_new(settings, sha256, true), loop, withdrawn, context);
}

bool tries_are_noted(const struct tries *tries)
{
    return tries->job && tries->job->done;
}

void tries_await(const struct tries *tries, int64_t milliseconds)
{
    if (tries)
        errand_await(tries->errand, milliseconds);
}

void tries_free(struct tries *tries)
{
    if (!tries)
        return;
    loop_timer_stop(&tries->limit);
    errand_free(tries->errand);
    broker_message_free(tries->message);
    free(tries);
}
