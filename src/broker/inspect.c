/*
 * What AMQP has no question for is asked by requests that the broker can never carry out. It looks at the
 * right first (RabbitMQ, rabbit_channel.erl; measured on 3.10 and 4.3), so it refuses with 403 who has none
 * and with something else who has:
 *
 * - configure: a queue of a type that does not exist (broker/queue_kind.c);
 * - read: a consumer whose x-priority is a text (406);
 * - write: a message that expires "never" (406), to a queue that is not there.
 *
 * Another broker might take a consumer for good; so the last two are asked of RabbitMQ only.
 */
#include "broker/inspect.h"

#include "base/memory.h"
#include "broker/connect.h"
#include "broker/helper.h"
#include "broker/queue_kind.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 30000 /* milliseconds for all of it */ };

struct job {
    struct broker_settings *settings;
    struct broker_sight sight; /* the thread's until it has finished */
};

/* ---- in the helper ---- */

static bool is_rabbitmq(const struct connection *connection)
{
    static const char product[] = "product", name[] = "RabbitMQ";
    const amqp_table_t *properties = amqp_get_server_properties(connection->amqp);

    for (int i = 0; i < properties->num_entries; i++) {
        const amqp_table_entry_t *entry = &properties->entries[i];

        if (entry->key.len == sizeof(product) - 1 && memcmp(entry->key.bytes, product, entry->key.len) == 0)
            return entry->value.kind == AMQP_FIELD_KIND_UTF8 &&
                   entry->value.value.bytes.len == sizeof(name) - 1 &&
                   memcmp(entry->value.value.bytes.bytes, name, sizeof(name) - 1) == 0;
    }
    return false;
}

/* The verdict on something that cannot be carried out. */
static bool judge(struct connection *connection, enum broker_right *ret_right, struct error *error)
{
    struct error refusal;
    uint16_t code = 0;

    switch (connection_answer(connection, &code, &refusal)) {
    case CONNECTION_DONE:
        break;
    case CONNECTION_REFUSED:
        if (code == AMQP_ACCESS_REFUSED)
            *ret_right = BROKER_MAY_NOT;
        else if (code == AMQP_PRECONDITION_FAILED || code == AMQP_NOT_FOUND)
            *ret_right = BROKER_MAY;
        break;
    case CONNECTION_FAILED:
        *error = refusal;
        return false;
    }
    return true;
}

static bool ask_to_read(struct connection *connection, const char *queue, enum broker_right *ret_right,
                        struct error *error)
{
    amqp_table_entry_t impossible = {
        .key = amqp_cstring_bytes("x-priority"),
        .value = {.kind = AMQP_FIELD_KIND_UTF8, .value = {.bytes = amqp_cstring_bytes("none")}}};

    (void)amqp_basic_consume(connection->amqp, CONNECTION_CHANNEL, amqp_cstring_bytes(queue),
                             amqp_empty_bytes, 0, 0, 0, (amqp_table_t){1, &impossible});
    return judge(connection, ret_right, error);
}

/* Nothing answers a message, so a look at the queue behind it brings the verdict. */
static bool ask_to_write(struct connection *connection, enum broker_right *ret_right, struct error *error)
{
    amqp_basic_properties_t properties = {._flags = AMQP_BASIC_EXPIRATION_FLAG,
                                          .expiration = amqp_cstring_bytes("never")};
    amqp_bytes_t nowhere = amqp_cstring_bytes("synapse-sync asks whether it may write");

    if (amqp_basic_publish(connection->amqp, CONNECTION_CHANNEL, amqp_empty_bytes, nowhere, 1, 0, &properties,
                           amqp_empty_bytes) != AMQP_STATUS_OK)
        return error_set(error, "the connection broke");
    (void)amqp_queue_declare(connection->amqp, CONNECTION_CHANNEL, nowhere, 1, 0, 0, 0, amqp_empty_table);
    return judge(connection, ret_right, error);
}

static enum broker_queue_state state_of(uint16_t code)
{
    switch (code) {
    case AMQP_NOT_FOUND:
        return BROKER_QUEUE_MISSING;
    case AMQP_ACCESS_REFUSED:
        return BROKER_QUEUE_FORBIDDEN;
    case AMQP_RESOURCE_LOCKED:
        return BROKER_QUEUE_LOCKED;
    default:
        return BROKER_QUEUE_UNSEEN;
    }
}

/* What is there, by its number of messages and its kind. */
static bool look_closer(struct connection *connection, struct broker_queue_sight *queue, struct error *error)
{
    struct queue_kind kind;

    if (!queue_kind_learn(connection, queue->name, &kind, &queue->problem, error))
        return false;
    if (kind.type == QUEUE_UNKNOWN)
        return true;
    queue->kind = queue_kind_describe(&kind);
    queue->counts = kind.type == QUEUE_QUORUM;
    queue->shortcomings = queue_kind_shortcomings(&kind, &queue->loses);
    return true;
}

static bool ask_rights(struct connection *connection, struct broker_queue_sight *queue, bool to_read,
                       struct error *error)
{
    bool may = false;

    if (!queue_kind_ask_right(connection, queue->name, &may, error))
        return false;
    queue->configure = may ? BROKER_MAY : BROKER_MAY_NOT;
    return !to_read || !is_rabbitmq(connection) || ask_to_read(connection, queue->name, &queue->read, error);
}

static bool look_at_queue(struct connection *connection, struct broker_queue_sight *queue,
                          struct error *error)
{
    struct queue_counts counts = {0};
    uint16_t code = 0;

    switch (connection_look_up(connection, queue->name, &counts, &code, &queue->problem)) {
    case CONNECTION_DONE:
        queue->state = BROKER_QUEUE_FOUND;
        queue->messages = counts.messages;
        queue->consumers = counts.consumers;
        break;
    case CONNECTION_REFUSED:
        queue->state = state_of(code);
        break;
    case CONNECTION_FAILED:
        *error = queue->problem;
        return false;
    }
    return ask_rights(connection, queue, queue->state == BROKER_QUEUE_FOUND, error) &&
           (queue->state != BROKER_QUEUE_FOUND || look_closer(connection, queue, error));
}

/* Another broker might make the queue of the counts, which is not there as a rule, and leave it so. */
static bool look_at_queues(struct connection *connection, struct broker_queue_sight *queues,
                           struct error *error)
{
    return look_at_queue(connection, &queues[BROKER_QUEUE], error) &&
           look_at_queue(connection, &queues[BROKER_DEAD_LETTERS], error) &&
           (queues[BROKER_QUEUE].counts || !is_rabbitmq(connection) ||
            ask_rights(connection, &queues[BROKER_TRIES], true, error));
}

static void look(const struct broker_settings *settings, struct helper *helper, struct broker_sight *sight)
{
    CLEANUP(connection_freep) struct connection *connection = NULL;

    sight->trouble = connection_try(settings, "check", helper, &connection, &sight->problem);
    if (sight->trouble != BROKER_REACHED)
        return;
    sight->version = connection_broker_version(connection);
    if (!look_at_queues(connection, sight->queues, &sight->problem) ||
        (is_rabbitmq(connection) && !ask_to_write(connection, &sight->publish, &sight->problem)))
        sight->trouble = BROKER_CLOSED;
}

static void run(struct helper *helper, void *context)
{
    struct job *job = context;

    look(job->settings, helper, &job->sight);
}

static void release(void *context)
{
    struct job *job = context;

    broker_sight_deinit(&job->sight);
    broker_settings_free(job->settings);
    free(job);
}

/* ---- outside ---- */

static struct broker_sight first_sight(const struct broker_settings *settings)
{
    const struct broker_uri *uri = &settings->uri;
    struct broker_sight sight = {.host = text_copy(uri->host),
                                 .user = text_copy(uri->user),
                                 .vhost = text_copy(uri->vhost),
                                 .port = uri->port,
                                 .tls = uri->tls,
                                 .verified = uri->verify};

    sight.queues[BROKER_QUEUE].name = text_copy(settings->queue);
    sight.queues[BROKER_DEAD_LETTERS].name = text_copy(settings->dead_letter_queue);
    sight.queues[BROKER_TRIES].name = text_copy(settings->tries_queue);
    return sight;
}

static void wait_for(struct helper *helper)
{
    instant until = instant_now() + LIMIT;

    while (!helper_is_finished(helper) && instant_now() < until) {
        struct pollfd wakeup = {.fd = helper_wakeup(helper), .events = POLLIN};

        (void)poll(&wakeup, 1, (int)(until - instant_now()));
    }
}

bool broker_inspect(const struct broker_config *config, struct broker_sight *ret_sight, struct error *error)
{
    struct broker_settings *settings = broker_settings_new(config, error);
    struct job *job;
    struct helper *helper;

    if (!settings)
        return false;
    job = NEW(struct job);
    job->settings = settings;
    job->sight = first_sight(settings);
    helper = helper_start(run, job, release, error);
    if (!helper) {
        release(job);
        return false;
    }
    wait_for(helper);
    if (helper_is_finished(helper)) {
        *ret_sight = job->sight;
        job->sight = (struct broker_sight){0};
    } else {
        *ret_sight = first_sight(settings);
        ret_sight->trouble = BROKER_NO_ANSWER;
        (void)error_set(&ret_sight->problem, "the broker took longer than %d s to answer", LIMIT / 1000);
    }
    helper_stop(helper);
    return true;
}

void broker_sight_deinit(struct broker_sight *sight)
{
    free(sight->host);
    free(sight->user);
    free(sight->vhost);
    for (int i = 0; i < BROKER_QUEUES; i++) {
        free(sight->queues[i].name);
        free(sight->queues[i].kind);
        free(sight->queues[i].shortcomings);
    }
}
