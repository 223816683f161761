#include "broker/letter.h"

#include "base/memory.h"
#include "broker/connection.h"
#include "broker/dead_letter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POOL_PAGE = 4096 };

static bool decode(const struct broker_message *message, amqp_pool_t *pool,
                   amqp_basic_properties_t *ret_properties)
{
    void *decoded = NULL;

    if (amqp_decode_properties(AMQP_BASIC_CLASS, pool,
                               connection_bytes(message->properties, message->properties_size),
                               &decoded) != AMQP_STATUS_OK)
        return false;
    *ret_properties = *(amqp_basic_properties_t *)decoded;
    return true;
}

/* ---- headers as texts ---- */

static char *text_of(const amqp_field_value_t *value)
{
    switch (value->kind) {
    case AMQP_FIELD_KIND_UTF8:
    case AMQP_FIELD_KIND_BYTES:
        return text_copy_bytes(value->value.bytes.bytes, value->value.bytes.len);
    case AMQP_FIELD_KIND_BOOLEAN:
        return text_copy(value->value.boolean ? "true" : "false");
    case AMQP_FIELD_KIND_I8:
        return text_format("%d", value->value.i8);
    case AMQP_FIELD_KIND_I16:
        return text_format("%d", value->value.i16);
    case AMQP_FIELD_KIND_I32:
        return text_format("%" PRId32, value->value.i32);
    case AMQP_FIELD_KIND_I64:
        return text_format("%" PRId64, value->value.i64);
    case AMQP_FIELD_KIND_TIMESTAMP:
        return text_format("%" PRIu64, value->value.u64);
    default:
        return text_copy("(of a kind that is not shown)");
    }
}

/* Cut at a NUL it would be the name of another header; as another control character it is shown as an escape.
 */
static char *name_of(amqp_bytes_t key)
{
    char *name = text_copy_bytes(key.bytes, key.len);

    for (size_t i = 0; i < key.len; i++)
        if (name[i] == '\0')
            name[i] = '\x01';
    return name;
}

static struct letter_header *next_header(struct letter *letter)
{
    return &letter->headers[letter->header_count++];
}

static void add_properties(struct letter *letter, const amqp_basic_properties_t *properties)
{
    const struct {
        amqp_flags_t flag;
        const char *name;
        amqp_bytes_t text;
    } texts[] = {
        {AMQP_BASIC_CONTENT_TYPE_FLAG, "content-type", properties->content_type},
        {AMQP_BASIC_CONTENT_ENCODING_FLAG, "content-encoding", properties->content_encoding},
        {AMQP_BASIC_CORRELATION_ID_FLAG, "correlation-id", properties->correlation_id},
        {AMQP_BASIC_REPLY_TO_FLAG, "reply-to", properties->reply_to},
        {AMQP_BASIC_MESSAGE_ID_FLAG, "message-id", properties->message_id},
        {AMQP_BASIC_TYPE_FLAG, "type", properties->type},
        {AMQP_BASIC_APP_ID_FLAG, "app-id", properties->app_id},
    };
    enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

    letter->headers =
        memory_new(TEXTS + 1 + (size_t)properties->headers.num_entries, sizeof(*letter->headers));
    for (size_t i = 0; i < TEXTS; i++)
        if (properties->_flags & texts[i].flag)
            *next_header(letter) = (struct letter_header){
                text_copy(texts[i].name), text_copy_bytes(texts[i].text.bytes, texts[i].text.len)};
    if (properties->_flags & AMQP_BASIC_PRIORITY_FLAG)
        *next_header(letter) =
            (struct letter_header){text_copy("priority"), text_format("%u", properties->priority)};
    for (int i = 0; i < properties->headers.num_entries; i++) {
        const amqp_table_entry_t *entry = &properties->headers.entries[i];

        *next_header(letter) = (struct letter_header){name_of(entry->key), text_of(&entry->value)};
    }
}

/* The last one that is called so, as headers come after properties. */
static const char *value_of(const struct letter *letter, const char *name)
{
    for (size_t i = letter->header_count; i > 0; i--)
        if (strcmp(letter->headers[i - 1].name, name) == 0)
            return letter->headers[i - 1].value;
    return NULL;
}

/* ---- the letter ---- */

/* Older letters do not tell it, and who else writes to the queue may tell anything. */
static bool is_digest(const char *text)
{
    return text && strlen(text) == sizeof(((struct letter *)0)->digest) - 1 &&
           text[strspn(text, "0123456789abcdef")] == '\0';
}

static void reckon_digest(struct letter *letter)
{
    const char *told = value_of(letter, "x-error-digest");

    (void)snprintf(letter->digest, sizeof(letter->digest), "%s",
                   is_digest(told) ? told : message_sha256(letter->message));
}

struct letter *letter_new(struct broker_message *message, unsigned number)
{
    struct letter *letter = NEW(struct letter);
    amqp_basic_properties_t properties = {0};
    amqp_pool_t pool;

    letter->message = message;
    letter->number = number;
    letter->tag = message->tag;
    letter->body = message->body;
    letter->size = (size_t)message->size;
    init_amqp_pool(&pool, POOL_PAGE);
    if (decode(message, &pool, &properties))
        add_properties(letter, &properties);
    empty_amqp_pool(&pool);
    letter->code = value_of(letter, "x-error");
    letter->detail = value_of(letter, "x-error-detail");
    letter->queue = value_of(letter, "x-original-queue");
    letter->failed_at = value_of(letter, "x-failed-at");
    letter->stub = text_equal(value_of(letter, "x-error-stub"), "true");
    reckon_digest(letter);
    return letter;
}

void letter_free(struct letter *letter)
{
    if (!letter)
        return;
    for (size_t i = 0; i < letter->header_count; i++) {
        free(letter->headers[i].name);
        text_free_secret(letter->headers[i].value);
    }
    free(letter->headers);
    broker_message_free(letter->message);
    free(letter);
}

/* ---- sending it anew ---- */

static bool is_count(amqp_bytes_t key)
{
    static const char name[] = "x-delivery-count";

    return key.len == sizeof(name) - 1 && memcmp(key.bytes, name, key.len) == 0;
}

/* Also what another version adds to a dead letter. */
static bool is_added(amqp_bytes_t key)
{
    static const char beginning[] = "x-error";
    size_t length = sizeof(beginning) - 1;

    return dead_letter_adds(key) || (key.len >= length && memcmp(key.bytes, beginning, length) == 0);
}

static bool stays(amqp_bytes_t key, enum letter_purpose purpose)
{
    return !is_count(key) && !dead_letter_routes(key) && (purpose == LETTER_RENEWED || !is_added(key));
}

bool letter_properties(const struct broker_message *message, enum letter_purpose purpose, amqp_pool_t *pool,
                       amqp_basic_properties_t *ret_properties, struct error *error)
{
    amqp_basic_properties_t properties;
    int kept = 0;

    if (!decode(message, pool, &properties))
        return error_set(error, "the properties of the letter cannot be decoded");
    properties._flags &= ~(amqp_flags_t)(AMQP_BASIC_EXPIRATION_FLAG | AMQP_BASIC_USER_ID_FLAG);
    properties._flags |= AMQP_BASIC_DELIVERY_MODE_FLAG;
    properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
    for (int i = 0; i < properties.headers.num_entries; i++)
        if (stays(properties.headers.entries[i].key, purpose))
            properties.headers.entries[kept++] = properties.headers.entries[i];
    properties.headers.num_entries = kept;
    if (kept == 0)
        properties._flags &= ~(amqp_flags_t)AMQP_BASIC_HEADERS_FLAG;
    *ret_properties = properties;
    return true;
}
