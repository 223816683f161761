#include "broker/message.h"

#include "base/memory.h"
#include "broker/connection.h"
#include "broker/digest.h"

#include <amqp.h>
#include <amqp_framing.h>
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
