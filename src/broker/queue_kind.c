/*
 * A broker says nothing about a queue but how many messages and consumers it has. Yet it refuses to declare
 * one that exists differently, and names the first difference (measured, RabbitMQ 3.10 and 4.3):
 *
 *     406 PRECONDITION_FAILED - inequivalent arg 'x-max-priority' for queue 'q' in vhost '/':
 *         received none but current is the value '2' of type 'signedint'
 *
 * So a declaration is tried, mended by what the refusal tells, and tried again until the only difference left
 * is the type of the queue, which is compared last. The type that is asked for does not exist. That makes
 * sure that nothing is ever made, not even when the queue is deleted between two tries: then the broker
 * refuses the type itself ("invalid arg"). It also means that RABBITMQ_QUEUE_DECLARE=passive is honoured.
 *
 * Each try is an error in the broker's log. So before it comes to that, the queue is declared as one of the
 * kind that it is expected to be: as it was before, or as we would make it. The broker accepts that in
 * silence, if it is so. Not where nothing must ever be made (RABBITMQ_QUEUE_DECLARE=passive): there it comes
 * to that with each connection. Who may not configure the queue is refused with 403, learns nothing, and does
 * not ask again. Policies are not arguments: they stay unknown.
 */
#include "broker/queue_kind.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_WITH_LIMIT = 400, DEFAULT_LIMIT = 20 };

static const char impossible_type[] = "synapse-sync-asks";

static const char *const type_names[] = {[QUEUE_UNKNOWN] = "unknown",
                                         [QUEUE_CLASSIC] = "classic",
                                         [QUEUE_QUORUM] = "quorum",
                                         [QUEUE_STREAM] = "stream"};

/* ---- reading refusals ---- */

struct queue_kind queue_kind_first_guess(void)
{
    return (struct queue_kind){.durable = true};
}

/* A quorum queue must not be given x-max-priority: 406, also from versions whose quorum queues know
   priorities. */
struct queue_kind queue_kind_to_make(enum broker_declare declare)
{
    static const struct queue_kind_argument priorities = {"x-max-priority", "2", QUEUE_KIND_NUMBER};
    static const struct queue_kind_argument single = {"x-single-active-consumer", "true", QUEUE_KIND_BOOLEAN};
    bool quorum = declare == BROKER_QUORUM;

    if (declare == BROKER_PASSIVE)
        return (struct queue_kind){.type = QUEUE_UNKNOWN};
    return (struct queue_kind){.type = quorum ? QUEUE_QUORUM : QUEUE_CLASSIC,
                               .durable = declare != BROKER_LEGACY,
                               .arguments = {quorum ? single : priorities},
                               .count = 1};
}

/* The text between two marks; false: it is not there or does not fit. */
static bool between(const char *text, const char *before, const char *after, char *ret_part, size_t size)
{
    const char *begin = strstr(text, before), *end = NULL;

    if (begin) {
        begin += strlen(before);
        end = strstr(begin, after);
    }
    if (!end || (size_t)(end - begin) >= size)
        return false;
    memcpy(ret_part, begin, (size_t)(end - begin));
    ret_part[end - begin] = '\0';
    return true;
}

/* The last one: the queue may be called anything. */
static const char *find_last(const char *text, const char *part)
{
    const char *found = NULL;

    for (const char *next = strstr(text, part); next; next = strstr(next + 1, part))
        found = next;
    return found;
}

static enum queue_kind_value kind_of(const char *current)
{
    if (strstr(current, "' of type 'longstr'"))
        return QUEUE_KIND_TEXT;
    return strstr(current, "' of type 'bool'") ? QUEUE_KIND_BOOLEAN : QUEUE_KIND_NUMBER;
}

static enum queue_type type_of(const char *current, const char *value)
{
    if (strncmp(current, "none", 4) == 0 || strcmp(value, "classic") == 0)
        return QUEUE_CLASSIC;
    if (strcmp(value, "quorum") == 0)
        return QUEUE_QUORUM;
    return strcmp(value, "stream") == 0 ? QUEUE_STREAM : QUEUE_UNKNOWN;
}

static enum queue_kind_step add_argument(struct queue_kind *kind, const char *name, const char *current,
                                         const char *value)
{
    struct queue_kind_argument *argument = &kind->arguments[kind->count];

    for (int i = 0; i < kind->count; i++)
        if (strcmp(kind->arguments[i].name, name) == 0)
            return QUEUE_KIND_LOST; /* the broker is not content with its own value */
    if (kind->count == QUEUE_KIND_ARGUMENTS)
        return QUEUE_KIND_LOST;
    (void)snprintf(argument->name, sizeof(argument->name), "%s", name);
    (void)snprintf(argument->value, sizeof(argument->value), "%s", value);
    argument->kind = kind_of(current);
    kind->count++;
    return QUEUE_KIND_AGAIN;
}

/* A yes or no that was guessed wrong; that it is wrong again does not happen, and must not go on for ever. */
static enum queue_kind_step set_flag(bool *flag, bool guess, const char *value)
{
    bool is = strcmp(value, "true") == 0;

    if (*flag != guess || is == guess)
        return QUEUE_KIND_LOST;
    *flag = is;
    return QUEUE_KIND_AGAIN;
}

enum queue_kind_step queue_kind_fold(struct queue_kind *kind, const char *refusal)
{
    static const char mark[] = " but current is ";
    char name[QUEUE_KIND_NAME_SIZE], value[QUEUE_KIND_VALUE_SIZE] = "";
    const char *current = find_last(refusal, mark);

    if (!current || !between(refusal, "inequivalent arg '", "'", name, sizeof(name)))
        return QUEUE_KIND_LOST;
    current += strlen(mark);
    if (strncmp(current, "none", 4) != 0 && !between(current, "'", "'", value, sizeof(value)))
        return QUEUE_KIND_LOST;
    if (strcmp(name, "durable") == 0)
        return set_flag(&kind->durable, true, value);
    if (strcmp(name, "auto_delete") == 0)
        return set_flag(&kind->auto_delete, false, value);
    if (strcmp(name, "x-queue-type") != 0)
        return add_argument(kind, name, current, value);
    kind->type = type_of(current, value);
    return kind->type == QUEUE_UNKNOWN ? QUEUE_KIND_LOST : QUEUE_KIND_KNOWN;
}

/* ---- asking ---- */

/* The broker compares numbers, whatever their width; what is made has the one that is usual. */
static amqp_field_value_t number_value(int64_t number)
{
    if (number >= INT32_MIN && number <= INT32_MAX)
        return (amqp_field_value_t){.kind = AMQP_FIELD_KIND_I32, .value = {.i32 = (int32_t)number}};
    return (amqp_field_value_t){.kind = AMQP_FIELD_KIND_I64, .value = {.i64 = number}};
}

static amqp_field_value_t field_value(const struct queue_kind_argument *argument)
{
    switch (argument->kind) {
    case QUEUE_KIND_TEXT:
        break;
    case QUEUE_KIND_NUMBER:
        return number_value(strtoll(argument->value, NULL, 10));
    case QUEUE_KIND_BOOLEAN:
        return (amqp_field_value_t){.kind = AMQP_FIELD_KIND_BOOLEAN,
                                    .value = {.boolean = strcmp(argument->value, "true") == 0}};
    }
    return (amqp_field_value_t){.kind = AMQP_FIELD_KIND_UTF8,
                                .value = {.bytes = amqp_cstring_bytes(argument->value)}};
}

/* `type`: in place of the kind's own; NULL: none is named, which means classic. */
static enum connection_answer declare(struct connection *connection, const char *queue,
                                      const struct queue_kind *kind, const char *type, uint16_t *ret_code,
                                      struct error *error)
{
    amqp_table_entry_t entries[QUEUE_KIND_ARGUMENTS + 1];
    int count = 0;

    if (type)
        entries[count++] = (amqp_table_entry_t){
            .key = amqp_cstring_bytes("x-queue-type"),
            .value = {.kind = AMQP_FIELD_KIND_UTF8, .value = {.bytes = amqp_cstring_bytes(type)}}};
    for (int i = 0; i < kind->count; i++)
        entries[count++] = (amqp_table_entry_t){.key = amqp_cstring_bytes(kind->arguments[i].name),
                                                .value = field_value(&kind->arguments[i])};
    (void)amqp_queue_declare(connection->amqp, CONNECTION_CHANNEL, amqp_cstring_bytes(queue), 0,
                             kind->durable, 0, kind->auto_delete, (amqp_table_t){count, entries});
    return connection_answer(connection, ret_code, error);
}

enum connection_answer queue_kind_declare(struct connection *connection, const char *queue,
                                          const struct queue_kind *kind, uint16_t *ret_code,
                                          struct error *error)
{
    return declare(connection, queue, kind, kind->type == QUEUE_CLASSIC ? NULL : type_names[kind->type],
                   ret_code, error);
}

static enum queue_kind_step read_refusal(struct queue_kind *kind, uint16_t code, const char *refusal)
{
    return code == AMQP_PRECONDITION_FAILED ? queue_kind_fold(kind, refusal) : QUEUE_KIND_LOST;
}

bool queue_kind_learn(struct connection *connection, const char *queue, struct queue_kind *ret_kind,
                      struct error *ret_reason, struct error *error)
{
    struct queue_kind kind = queue_kind_first_guess();
    enum queue_kind_step step = QUEUE_KIND_AGAIN;
    struct error refusal;
    uint16_t code = 0;

    /* Each try but the last tells an argument, or one of the two flags. */
    for (int i = 0; i < QUEUE_KIND_ARGUMENTS + 3 && step == QUEUE_KIND_AGAIN; i++) {
        switch (declare(connection, queue, &kind, impossible_type, &code, &refusal)) {
        case CONNECTION_DONE:
            step = QUEUE_KIND_LOST;
            (void)error_set(&refusal, "the broker accepts a queue type that does not exist");
            break;
        case CONNECTION_REFUSED:
            step = read_refusal(&kind, code, refusal.text);
            break;
        case CONNECTION_FAILED:
            *error = refusal;
            return false;
        }
    }
    if (step != QUEUE_KIND_KNOWN) {
        kind.type = QUEUE_UNKNOWN;
        *ret_reason = refusal;
    }
    *ret_kind = kind;
    return true;
}

bool queue_kind_ask_right(struct connection *connection, const char *queue, bool *ret_may,
                          struct error *error)
{
    const struct queue_kind guess = queue_kind_first_guess();
    uint16_t code = 0;

    if (declare(connection, queue, &guess, impossible_type, &code, error) == CONNECTION_FAILED)
        return false;
    *ret_may = code != AMQP_ACCESS_REFUSED;
    return true;
}

/* ---- saying ---- */

static const char *value_of(const struct queue_kind *kind, const char *name)
{
    for (int i = 0; i < kind->count; i++)
        if (strcmp(kind->arguments[i].name, name) == 0)
            return kind->arguments[i].value;
    return NULL;
}

static bool has(const struct queue_kind *kind, const char *name)
{
    return value_of(kind, name) != NULL;
}

bool queue_kind_is_single_active(const struct queue_kind *kind)
{
    const char *value = value_of(kind, "x-single-active-consumer");

    return value && strcmp(value, "true") == 0;
}

static bool dies_with_broker(const struct queue_kind *kind)
{
    return !kind->durable;
}

static bool is_auto_deleted(const struct queue_kind *kind)
{
    return kind->auto_delete;
}

static bool expires(const struct queue_kind *kind)
{
    return has(kind, "x-expires");
}

bool queue_kind_goes_with_consumer(const struct queue_kind *kind)
{
    return kind->auto_delete || expires(kind);
}

bool queue_kind_is_never_left(const struct queue_kind *kind)
{
    return kind->auto_delete || (kind->type == QUEUE_CLASSIC && expires(kind));
}

int64_t queue_kind_expiry(const struct queue_kind *kind)
{
    const char *value = value_of(kind, "x-expires");

    return value ? strtoll(value, NULL, 10) : INT64_MAX;
}

static bool ages(const struct queue_kind *kind)
{
    return has(kind, "x-message-ttl");
}

static bool overflows(const struct queue_kind *kind)
{
    const char *overflow = value_of(kind, "x-overflow");

    return (has(kind, "x-max-length") || has(kind, "x-max-length-bytes")) &&
           (!overflow || strcmp(overflow, "drop-head") == 0);
}

static bool knows_no_priorities(const struct queue_kind *kind)
{
    return kind->type == QUEUE_CLASSIC && !has(kind, "x-max-priority");
}

/* Nothing is suspected on it: messages come several at a time, see broker/consumer.h. */
static bool suspects_nothing(const struct queue_kind *kind)
{
    return queue_kind_is_never_left(kind);
}

static bool serves_several(const struct queue_kind *kind)
{
    return kind->type == QUEUE_QUORUM && !queue_kind_is_single_active(kind);
}

static bool cannot_be_consumed(const struct queue_kind *kind)
{
    return kind->type == QUEUE_STREAM;
}

static const struct {
    bool (*applies)(const struct queue_kind *kind);
    bool loses;
    const char *sentence;
} shortcomings[] = {
    {dies_with_broker, true, "its messages are lost when the broker restarts"},
    {is_auto_deleted, true,
     "it is deleted with all its messages when this program ends or its connection breaks"},
    {expires, true, "it is deleted with its messages when nobody has consumed it for a while (x-expires)"},
    {ages, true, "messages that wait too long are dropped (x-message-ttl)"},
    {overflows, true, "messages are dropped when too many wait (x-max-length)"},
    {knows_no_priorities, false, "messages with a priority do not come first"},
    {suspects_nothing, false, "a message that ends the process again and again is not set aside"},
    {serves_several, false, "two instances may work side by side for a moment"},
    {cannot_be_consumed, true, "messages cannot be taken out of it"},
};

char *queue_kind_describe(const struct queue_kind *kind)
{
    char *text;

    if (kind->type == QUEUE_UNKNOWN)
        return text_copy(type_names[QUEUE_UNKNOWN]);
    text = text_format("%s%s %s", kind->durable ? "durable" : "not durable",
                       kind->auto_delete ? " auto-deleted" : "", type_names[kind->type]);
    for (int i = 0; i < kind->count; i++) {
        CLEANUP(freep) char *shorter = text;

        text = text_format("%s, %s=%s", shorter, kind->arguments[i].name, kind->arguments[i].value);
    }
    return text;
}

char *queue_kind_shortcomings(const struct queue_kind *kind, bool *ret_loses)
{
    char *text = NULL;

    *ret_loses = false;
    if (kind->type == QUEUE_UNKNOWN)
        return NULL;
    for (size_t i = 0; i < sizeof(shortcomings) / sizeof(shortcomings[0]); i++) {
        CLEANUP(freep) char *shorter = NULL;

        if (!shortcomings[i].applies(kind))
            continue;
        shorter = text;
        text = text_format("%s%s%s", shorter ? shorter : "", shorter ? "; " : "", shortcomings[i].sentence);
        *ret_loses |= shortcomings[i].loses;
    }
    return text;
}

uint64_t queue_kind_delivery_limit(const struct queue_kind *kind, unsigned broker_version)
{
    bool may_count = kind->type == QUEUE_QUORUM || kind->type == QUEUE_UNKNOWN;

    return may_count && broker_version >= FIRST_WITH_LIMIT ? DEFAULT_LIMIT : UINT64_MAX;
}

bool queue_kind_takes_back_in_order(const struct queue_kind *kind, uint64_t delivery_limit)
{
    return kind->type == QUEUE_CLASSIC || delivery_limit != UINT64_MAX;
}

void queue_kind_log(const struct queue_kind *kind, const char *queue, const char *reason)
{
    bool loses;
    CLEANUP(freep) char *words = queue_kind_describe(kind);
    CLEANUP(freep) char *not_promised = queue_kind_shortcomings(kind, &loses);
    const struct log_field fields[] = {
        LOG_TEXT("queue", queue),
        LOG_TEXT("kind", words),
        LOG_TEXT("not_promised", not_promised),
        LOG_TEXT("because", kind->type == QUEUE_UNKNOWN ? reason : NULL),
        {.kind = LOG_KIND_END},
    };

    log_write(loses ? LOG_WARNING : LOG_INFO, "queue-found", fields);
}
