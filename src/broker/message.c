#include "broker/message.h"

#include "base/memory.h"
#include "broker/connection.h"
#include "broker/digest.h"
#include "broker/rabbitmq_c.h"

#include <stdlib.h>
#include <string.h>

enum { POOL_PAGE = 4096 };

void broker_message_free(struct broker_message *message)
{
    if (!message)
        return;
    memory_free_secret(message->properties);
    memory_free_secret(message->body); /* may hold a password */
    free(message);
}

/* RabbitMQ writes counts as I64; what is no number, or a negative one, counts nothing. */
static uint64_t number_of(const amqp_field_value_t *value)
{
    return value->kind == AMQP_FIELD_KIND_I64 && value->value.i64 > 0 ? (uint64_t)value->value.i64 : 0;
}

static uint64_t count_in(const amqp_table_t *headers)
{
    static const char name[] = "x-delivery-count";

    for (int i = 0; i < headers->num_entries; i++) {
        const amqp_table_entry_t *entry = &headers->entries[i];

        if (entry->key.len == sizeof(name) - 1 && memcmp(entry->key.bytes, name, entry->key.len) == 0)
            return number_of(&entry->value);
    }
    return 0;
}

uint64_t message_delivery_count(const struct broker_message *message)
{
    uint64_t count = 0;
    void *decoded = NULL;
    amqp_pool_t pool;

    init_amqp_pool(&pool, POOL_PAGE);
    if (amqp_decode_properties(AMQP_BASIC_CLASS, &pool,
                               connection_bytes(message->properties, message->properties_size),
                               &decoded) == AMQP_STATUS_OK) {
        const amqp_basic_properties_t *properties = decoded;

        if (properties->_flags & AMQP_BASIC_HEADERS_FLAG)
            count = count_in(&properties->headers);
    }
    empty_amqp_pool(&pool);
    return count;
}

/* The bytes of a length of so many bytes, and those that it tells of; 0: they are not all there. */
static size_t skip(const unsigned char *bytes, size_t size, size_t digits)
{
    size_t length = 0;

    if (size < digits)
        return 0;
    for (size_t i = 0; i < digits; i++)
        length = length << 8 | bytes[i];
    return length <= size - digits ? digits + length : 0;
}

/* The last bit of each pair says that another one follows (AMQP 0-9-1, 4.2.6.1). Beyond the end if they do
   not end. */
static size_t behind_flags(const unsigned char *bytes, size_t size)
{
    size_t at = 2;

    while (at <= size && bytes[at - 1] & 1)
        at += 2;
    return at;
}

/* On the wire: flags, then those that are there of content type, content encoding, headers, delivery mode and
   priority (AMQP 0-9-1, 4.2.6.1). The headers are passed over, since decoding them may take much stack. */
unsigned message_priority(const struct broker_message *message)
{
    static const struct {
        unsigned flag;
        size_t digits; /* of the length that comes first; 0: it is one byte */
    } before[] = {{AMQP_BASIC_CONTENT_TYPE_FLAG, 1},
                  {AMQP_BASIC_CONTENT_ENCODING_FLAG, 1},
                  {AMQP_BASIC_HEADERS_FLAG, 4},
                  {AMQP_BASIC_DELIVERY_MODE_FLAG, 0}};
    const unsigned char *bytes = message->properties;
    size_t size = message->properties_size, at = behind_flags(bytes, size);
    unsigned flags = size >= at ? (unsigned)bytes[0] << 8 | bytes[1] : 0;

    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        size_t length = before[i].digits && at <= size ? skip(bytes + at, size - at, before[i].digits) : 1;

        if (!(flags & before[i].flag))
            continue;
        if (length == 0)
            return 0;
        at += length;
    }
    return flags & AMQP_BASIC_PRIORITY_FLAG && at < size ? bytes[at] : 0;
}

const char *message_sha256(struct broker_message *message)
{
    CLEANUP(digest_freep) struct digest *digest = NULL;

    if (message->sha256[0] == '\0') { /* else it was reckoned when it came, or is known already */
        digest = digest_new();
        if (message->body)
            digest_add(digest, message->body, (size_t)message->size);
        digest_finish(digest, message->sha256);
    }
    return message->sha256;
}
