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
 * Each try is an error in the broker's log; there are two to four, whenever a connection is made. Who may not
 * configure the queue is refused with 403 and learns nothing. Policies are not arguments: they stay unknown.
 */
#include "broker/shape.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_WITH_LIMIT = 400, DEFAULT_LIMIT = 20 };

static const char impossible_type[] = "synapse-sync-asks";

/* ---- reading refusals ---- */

struct shape shape_first_guess(void)
{
    return (struct shape){.durable = true};
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

static enum shape_value kind_of(const char *current)
{
    if (strstr(current, "' of type 'longstr'"))
        return SHAPE_TEXT;
    return strstr(current, "' of type 'bool'") ? SHAPE_BOOLEAN : SHAPE_NUMBER;
}

static enum shape_type type_of(const char *current, const char *value)
{
    if (strncmp(current, "none", 4) == 0 || strcmp(value, "classic") == 0)
        return SHAPE_CLASSIC;
    if (strcmp(value, "quorum") == 0)
        return SHAPE_QUORUM;
    return strcmp(value, "stream") == 0 ? SHAPE_STREAM : SHAPE_UNKNOWN;
}

static enum shape_step add_argument(struct shape *shape, const char *name, const char *current,
                                    const char *value)
{
    struct shape_argument *argument = &shape->arguments[shape->count];

    for (int i = 0; i < shape->count; i++)
        if (strcmp(shape->arguments[i].name, name) == 0)
            return SHAPE_LOST; /* the broker is not content with its own value */
    if (shape->count == SHAPE_ARGUMENTS)
        return SHAPE_LOST;
    (void)snprintf(argument->name, sizeof(argument->name), "%s", name);
    (void)snprintf(argument->value, sizeof(argument->value), "%s", value);
    argument->kind = kind_of(current);
    shape->count++;
    return SHAPE_AGAIN;
}

/* A yes or no that was guessed wrong; that it is wrong again does not happen, and must not go on for ever. */
static enum shape_step set_flag(bool *flag, bool guess, const char *value)
{
    bool is = strcmp(value, "true") == 0;

    if (*flag != guess || is == guess)
        return SHAPE_LOST;
    *flag = is;
    return SHAPE_AGAIN;
}

enum shape_step shape_fold(struct shape *shape, const char *refusal)
{
    static const char mark[] = " but current is ";
    char name[SHAPE_NAME_SIZE], value[SHAPE_VALUE_SIZE] = "";
    const char *current = find_last(refusal, mark);

    if (!current || !between(refusal, "inequivalent arg '", "'", name, sizeof(name)))
        return SHAPE_LOST;
    current += strlen(mark);
    if (strncmp(current, "none", 4) != 0 && !between(current, "'", "'", value, sizeof(value)))
        return SHAPE_LOST;
    if (strcmp(name, "durable") == 0)
        return set_flag(&shape->durable, true, value);
    if (strcmp(name, "auto_delete") == 0)
        return set_flag(&shape->auto_delete, false, value);
    if (strcmp(name, "x-queue-type") != 0)
        return add_argument(shape, name, current, value);
    shape->type = type_of(current, value);
    return shape->type == SHAPE_UNKNOWN ? SHAPE_LOST : SHAPE_KNOWN;
}

/* ---- asking ---- */

static amqp_field_value_t field_value(const struct shape_argument *argument)
{
    switch (argument->kind) {
    case SHAPE_TEXT:
        break;
    case SHAPE_NUMBER:
        return (amqp_field_value_t){.kind = AMQP_FIELD_KIND_I64,
                                    .value = {.i64 = strtoll(argument->value, NULL, 10)}};
    case SHAPE_BOOLEAN:
        return (amqp_field_value_t){.kind = AMQP_FIELD_KIND_BOOLEAN,
                                    .value = {.boolean = strcmp(argument->value, "true") == 0}};
    }
    return (amqp_field_value_t){.kind = AMQP_FIELD_KIND_UTF8,
                                .value = {.bytes = amqp_cstring_bytes(argument->value)}};
}

static enum link_answer try_shape(struct link *link, const char *queue, const struct shape *shape,
                                  uint16_t *ret_code, struct error *error)
{
    amqp_table_entry_t entries[SHAPE_ARGUMENTS + 1] = {
        {.key = amqp_cstring_bytes("x-queue-type"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8, .value = {.bytes = amqp_cstring_bytes(impossible_type)}}}};

    for (int i = 0; i < shape->count; i++)
        entries[i + 1] = (amqp_table_entry_t){.key = amqp_cstring_bytes(shape->arguments[i].name),
                                              .value = field_value(&shape->arguments[i])};
    (void)amqp_queue_declare(link->amqp, LINK_CHANNEL, amqp_cstring_bytes(queue), 0, shape->durable, 0,
                             shape->auto_delete, (amqp_table_t){shape->count + 1, entries});
    return link_answer(link, ret_code, error);
}

bool shape_learn(struct link *link, const char *queue, struct shape *ret_shape, struct error *ret_reason,
                 struct error *error)
{
    struct shape shape = shape_first_guess();
    enum shape_step step = SHAPE_AGAIN;
    struct error refusal;
    uint16_t code = 0;

    /* Each try but the last tells an argument, or one of the two flags. */
    for (int i = 0; i < SHAPE_ARGUMENTS + 3 && step == SHAPE_AGAIN; i++) {
        switch (try_shape(link, queue, &shape, &code, &refusal)) {
        case LINK_DONE:
            step = SHAPE_LOST;
            (void)error_set(&refusal, "the broker accepts a type that is none");
            break;
        case LINK_REFUSED:
            step = code == AMQP_PRECONDITION_FAILED ? shape_fold(&shape, refusal.text) : SHAPE_LOST;
            break;
        case LINK_FAILED:
            *error = refusal;
            return false;
        }
    }
    if (step != SHAPE_KNOWN) {
        shape.type = SHAPE_UNKNOWN;
        *ret_reason = refusal;
    }
    *ret_shape = shape;
    return true;
}

/* ---- saying ---- */

static const char *const type_names[] = {[SHAPE_UNKNOWN] = "unknown",
                                         [SHAPE_CLASSIC] = "classic",
                                         [SHAPE_QUORUM] = "quorum",
                                         [SHAPE_STREAM] = "stream"};

static const char *value_of(const struct shape *shape, const char *name)
{
    for (int i = 0; i < shape->count; i++)
        if (strcmp(shape->arguments[i].name, name) == 0)
            return shape->arguments[i].value;
    return NULL;
}

static bool has(const struct shape *shape, const char *name)
{
    return value_of(shape, name) != NULL;
}

bool shape_is_single_active(const struct shape *shape)
{
    const char *value = value_of(shape, "x-single-active-consumer");

    return value && strcmp(value, "true") == 0;
}

static bool dies_with_broker(const struct shape *shape)
{
    return !shape->durable;
}

static bool is_auto_deleted(const struct shape *shape)
{
    return shape->auto_delete;
}

static bool expires(const struct shape *shape)
{
    return has(shape, "x-expires");
}

bool shape_goes_with_consumer(const struct shape *shape)
{
    return shape->auto_delete || expires(shape);
}

bool shape_is_never_left(const struct shape *shape)
{
    return shape->auto_delete || (shape->type == SHAPE_CLASSIC && expires(shape));
}

int64_t shape_expiry(const struct shape *shape)
{
    const char *value = value_of(shape, "x-expires");

    return value ? strtoll(value, NULL, 10) : INT64_MAX;
}

static bool ages(const struct shape *shape)
{
    return has(shape, "x-message-ttl");
}

static bool overflows(const struct shape *shape)
{
    const char *overflow = value_of(shape, "x-overflow");

    return (has(shape, "x-max-length") || has(shape, "x-max-length-bytes")) &&
           (!overflow || strcmp(overflow, "drop-head") == 0);
}

static bool knows_no_priorities(const struct shape *shape)
{
    return shape->type == SHAPE_CLASSIC && !has(shape, "x-max-priority");
}

static bool does_not_count(const struct shape *shape)
{
    return shape->type == SHAPE_CLASSIC;
}

static bool serves_several(const struct shape *shape)
{
    return shape->type == SHAPE_QUORUM && !shape_is_single_active(shape);
}

static bool cannot_be_consumed(const struct shape *shape)
{
    return shape->type == SHAPE_STREAM;
}

static const struct {
    bool (*applies)(const struct shape *shape);
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
    {does_not_count, false, "a message that ends the process again and again is not set aside"},
    {serves_several, false, "two instances may work side by side for a moment"},
    {cannot_be_consumed, true, "messages cannot be taken out of it"},
};

char *shape_describe(const struct shape *shape)
{
    char *text;

    if (shape->type == SHAPE_UNKNOWN)
        return text_copy(type_names[SHAPE_UNKNOWN]);
    text = text_format("%s%s %s", shape->durable ? "durable" : "not durable",
                       shape->auto_delete ? " auto-deleted" : "", type_names[shape->type]);
    for (int i = 0; i < shape->count; i++) {
        CLEANUP(freep) char *shorter = text;

        text = text_format("%s, %s=%s", shorter, shape->arguments[i].name, shape->arguments[i].value);
    }
    return text;
}

char *shape_shortcomings(const struct shape *shape, bool *ret_loses)
{
    char *text = NULL;

    *ret_loses = false;
    if (shape->type == SHAPE_UNKNOWN)
        return NULL;
    for (size_t i = 0; i < sizeof(shortcomings) / sizeof(shortcomings[0]); i++) {
        CLEANUP(freep) char *shorter = NULL;

        if (!shortcomings[i].applies(shape))
            continue;
        shorter = text;
        text = text_format("%s%s%s", shorter ? shorter : "", shorter ? "; " : "", shortcomings[i].sentence);
        *ret_loses |= shortcomings[i].loses;
    }
    return text;
}

uint64_t shape_delivery_limit(const struct shape *shape, unsigned broker_version)
{
    bool may_count = shape->type == SHAPE_QUORUM || shape->type == SHAPE_UNKNOWN;

    return may_count && broker_version >= FIRST_WITH_LIMIT ? DEFAULT_LIMIT : UINT64_MAX;
}

void shape_log(const struct shape *shape, const char *queue, const char *reason)
{
    bool loses;
    CLEANUP(freep) char *kind = shape_describe(shape);
    CLEANUP(freep) char *not_promised = shape_shortcomings(shape, &loses);
    const struct log_field fields[] = {
        LOG_TEXT("queue", queue),
        LOG_TEXT("kind", kind),
        LOG_TEXT("not_promised", not_promised),
        LOG_TEXT("because", shape->type == SHAPE_UNKNOWN ? reason : NULL),
        {.kind = LOG_KIND_END},
    };

    log_write(loses ? LOG_WARNING : LOG_INFO, "queue-found", fields);
}
