#include "command/outcome.h"

#include "base/log.h"

enum { MOST_FIELDS = 12 + ENGINE_CHANGES };

static size_t add_changes(const unsigned *changes, struct log_field *fields)
{
    size_t count = 0;

    for (int i = 0; changes && i < ENGINE_CHANGES; i++)
        if (changes[i] > 0)
            fields[count++] = LOG_NUMBER(engine_change_name((enum engine_change)i), changes[i]);
    return count;
}

static const char *unless_empty(const char *text)
{
    return text && *text ? text : NULL;
}

void outcome_log(const struct outcome *outcome, const struct broker_delivery *delivery)
{
    const char *detail = unless_empty(outcome->detail);
    enum log_level level = outcome->code || detail ? LOG_WARNING : LOG_INFO;
    struct log_field fields[MOST_FIELDS] = {
        LOG_TEXT("method", outcome->method ? outcome->method : "-"),
        LOG_NUMBER("delivery", broker_delivery_tag(delivery)),
        LOG_TEXT("outcome", outcome->outcome),
        LOG_TEXT("code", outcome->code),
        LOG_TEXT("user", unless_empty(outcome->user)),
        LOG_TEXT("room", unless_empty(outcome->room)),
        LOG_NUMBER("requests", outcome->requests),
        LOG_NUMBER("duration_ms", outcome->duration),
    };
    char digest[BROKER_DIGEST_SIZE];
    size_t count = 8;

    if (!log_wants(level))
        return;
    broker_delivery_digest(delivery, digest);
    count += add_changes(outcome->changes, fields + count);
    fields[count++] = LOG_TEXT("digest", digest);
    fields[count++] = LOG_TEXT("detail", detail);
    fields[count] = (struct log_field){.kind = LOG_KIND_END};
    log_write(level, "message", fields);
}
