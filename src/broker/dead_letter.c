#include "broker/dead_letter.h"

#include "base/memory.h"
#include "base/text.h"
#include "base/visible.h"
#include "broker/connection.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    FRAME_OVERHEAD = 7 + 1,          /* type, channel, size; end (AMQP 0-9-1, 4.2.3) */
    HEADER_OVERHEAD = 2 + 2 + 8 + 2, /* class, weight, body size, flags (4.2.6.1) */
    FIXED_PROPERTIES = 1 + 1 + 8     /* delivery mode, priority, timestamp */
};

enum header { HEADER_ERROR, HEADER_DETAIL, HEADER_QUEUE, HEADER_TIME, HEADER_DIGEST, HEADER_STUB, HEADERS };

static const char *const header_names[HEADERS] = {
    [HEADER_ERROR] = "x-error",    [HEADER_DETAIL] = "x-error-detail", [HEADER_QUEUE] = "x-original-queue",
    [HEADER_TIME] = "x-failed-at", [HEADER_DIGEST] = "x-error-digest", [HEADER_STUB] = "x-error-stub"};

struct dead_letter *dead_letter_new(struct broker_message *message, const char *code, const char *detail,
                                    const char *queue)
{
    struct dead_letter *letter = NEW(struct dead_letter);
    time_t now = time(NULL);
    struct tm parts;

    letter->message = message;
    letter->code = text_copy(code);
    letter->detail = visible_copy(detail ? detail : "");
    letter->queue = text_copy(queue);
    if (!gmtime_r(&now, &parts) ||
        strftime(letter->failed_at, sizeof(letter->failed_at), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        letter->failed_at[0] = '\0';
    if (!message->body)
        (void)dead_letter_make_stub(letter);
    return letter;
}

bool dead_letter_make_stub(struct dead_letter *letter)
{
    struct broker_message *message = letter->message;

    if (letter->stub)
        return false;
    letter->stub = text_format("{\"error\": \"%s\", \"size\": %" PRIu64 ", \"sha256\": \"%s\"}", letter->code,
                               message->size, message_sha256(message));
    return true;
}

amqp_bytes_t dead_letter_body(const struct dead_letter *letter)
{
    if (letter->stub)
        return connection_bytes(letter->stub, strlen(letter->stub));
    return connection_bytes(letter->message->body, (size_t)letter->message->size);
}

void dead_letter_free(struct dead_letter *letter)
{
    if (!letter)
        return;
    broker_message_free(letter->message);
    free(letter->code);
    free(letter->detail);
    free(letter->queue);
    free(letter->stub);
    free(letter);
}

bool dead_letter_adds(amqp_bytes_t key)
{
    for (int i = 0; i < HEADERS; i++)
        if (key.len == strlen(header_names[i]) && memcmp(key.bytes, header_names[i], key.len) == 0)
            return true;
    return false;
}

bool dead_letter_routes(amqp_bytes_t key)
{
    return (key.len == 2 && memcmp(key.bytes, "CC", 2) == 0) ||
           (key.len == 3 && memcmp(key.bytes, "BCC", 3) == 0);
}

static amqp_table_entry_t text_header(const char *name, const char *text, size_t length)
{
    return (amqp_table_entry_t){
        .key = amqp_cstring_bytes(name),
        .value = {.kind = AMQP_FIELD_KIND_UTF8, .value = {.bytes = connection_bytes(text, length)}}};
}

/* Ours first, so that they are easy to find again; the detail with its first `detail_length` bytes. */
static bool make_table(const struct dead_letter *letter, const amqp_table_t *original, size_t detail_length,
                       amqp_pool_t *pool, amqp_table_t *ret_table)
{
    size_t size = ((size_t)original->num_entries + HEADERS) * sizeof(amqp_table_entry_t);
    amqp_table_t table = {.num_entries = HEADER_STUB, .entries = amqp_pool_alloc(pool, size)};

    if (!table.entries)
        return false;
    table.entries[HEADER_ERROR] = text_header(header_names[HEADER_ERROR], letter->code, strlen(letter->code));
    table.entries[HEADER_DETAIL] = text_header(header_names[HEADER_DETAIL], letter->detail, detail_length);
    table.entries[HEADER_QUEUE] =
        text_header(header_names[HEADER_QUEUE], letter->queue, strlen(letter->queue));
    table.entries[HEADER_TIME] =
        text_header(header_names[HEADER_TIME], letter->failed_at, strlen(letter->failed_at));
    table.entries[HEADER_DIGEST] =
        text_header(header_names[HEADER_DIGEST], message_sha256(letter->message), BROKER_DIGEST_SIZE - 1);
    if (letter->stub)
        table.entries[table.num_entries++] =
            (amqp_table_entry_t){.key = amqp_cstring_bytes(header_names[HEADER_STUB]),
                                 .value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value = {.boolean = 1}}};
    for (int i = 0; i < original->num_entries; i++)
        if (!dead_letter_adds(original->entries[i].key) && !dead_letter_routes(original->entries[i].key))
            table.entries[table.num_entries++] = original->entries[i];
    *ret_table = table;
    return true;
}

/* Bytes of the table on the wire; false: more than the scratch holds. */
static bool measure(amqp_table_t *table, amqp_bytes_t scratch, size_t *ret_size)
{
    size_t size = 0;

    if (amqp_encode_table(scratch, table, &size) != AMQP_STATUS_OK)
        return false;
    *ret_size = size;
    return true;
}

/* What of a frame is left for the headers. */
static size_t table_budget(const amqp_basic_properties_t *properties, size_t frame_max)
{
    const amqp_bytes_t texts[] = {properties->content_type,   properties->content_encoding,
                                  properties->correlation_id, properties->reply_to,
                                  properties->message_id,     properties->type,
                                  properties->app_id,         properties->cluster_id};
    size_t used = FRAME_OVERHEAD + HEADER_OVERHEAD + FIXED_PROPERTIES;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        used += 1 + texts[i].len;
    return frame_max > used ? frame_max - used : 0;
}

static bool fit_table(const struct dead_letter *letter, const amqp_table_t *original, size_t budget,
                      amqp_pool_t *pool, amqp_table_t *ret_table)
{
    CLEANUP(freep) void *memory = memory_new(budget, 1);
    amqp_table_t table;
    size_t size;

    if (!make_table(letter, original, 0, pool, &table) ||
        !measure(&table, connection_bytes(memory, budget), &size))
        return false;
    return make_table(letter, original, text_cut(letter->detail, budget - size), pool, ret_table);
}

static void describe_stub(amqp_basic_properties_t *properties)
{
    properties->_flags &= ~(amqp_flags_t)AMQP_BASIC_CONTENT_ENCODING_FLAG;
    properties->_flags |= AMQP_BASIC_CONTENT_TYPE_FLAG;
    properties->content_encoding = amqp_empty_bytes;
    properties->content_type = amqp_cstring_bytes("application/json");
}

bool dead_letter_properties(const struct dead_letter *letter, size_t frame_max, amqp_pool_t *pool,
                            amqp_basic_properties_t *ret_properties, bool *ret_stripped, struct error *error)
{
    const struct broker_message *message = letter->message;
    amqp_basic_properties_t properties;
    amqp_table_t headers;
    void *decoded = NULL;
    size_t budget;
    bool stripped = false;

    if (amqp_decode_properties(AMQP_BASIC_CLASS, pool,
                               connection_bytes(message->properties, message->properties_size),
                               &decoded) != AMQP_STATUS_OK)
        return error_set(error, "the properties of the message cannot be decoded");
    properties = *(amqp_basic_properties_t *)decoded;
    properties._flags &= ~(amqp_flags_t)(AMQP_BASIC_EXPIRATION_FLAG | AMQP_BASIC_USER_ID_FLAG);
    properties._flags |= AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG;
    properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
    if (letter->stub)
        describe_stub(&properties);
    budget = table_budget(&properties, frame_max);
    if (!fit_table(letter, &properties.headers, budget, pool, &headers)) {
        stripped = true;
        if (!fit_table(letter, &amqp_empty_table, budget, pool, &headers))
            return error_set(error, "the headers of the dead letter do not fit into a frame");
    }
    properties.headers = headers;
    *ret_properties = properties;
    *ret_stripped = stripped;
    return true;
}
