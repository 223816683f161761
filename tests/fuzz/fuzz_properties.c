/*
 * Any bytes as the properties of a message (AMQP 0-9-1, 4.2.6.1): the dead letter that is made of it fits
 * into a frame, says in its headers what it must, each once, and leads nowhere else; sent anew it is what it
 * was.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "broker/connection.h"
#include "broker/dead_letter.h"
#include "broker/letter.h"

#include <stdlib.h>
#include <string.h>
#include <unistr.h>

/* Reaches: broker/dead_letter.c broker/letter.c broker/message.c */

#define CODE "invalid-message"
#define DETAIL                                                                                               \
    "rooms[3].id: expected a text – nothing else will do, said at some length, so that it must be cut"

enum {
    POOL_PAGE = 4096,
    SMALLEST_FRAME = 4096, /* AMQP 0-9-1: frame-min-size */
    LARGEST_FRAME = 131072,
    AROUND = 7 + 12 + 1, /* of a frame: its head, class, weight and size of the body, its end */
};

const struct fuzz_bound fuzz_bound = {.memory = 1500, .blocks = 20, .steps = 2000};

static struct broker_message *make(const void *properties, size_t size, bool keeps_body)
{
    struct broker_message *message = NEW(struct broker_message);

    message->properties = text_copy_bytes(properties, size);
    message->properties_size = size;
    message->size = 2;
    message->body = keeps_body ? text_copy("{}") : NULL;
    return message;
}

static bool decode(const void *bytes, size_t size, amqp_pool_t *pool, amqp_basic_properties_t *ret_properties)
{
    void *decoded = NULL;

    if (amqp_decode_properties(AMQP_BASIC_CLASS, pool, connection_bytes(bytes, size), &decoded) !=
        AMQP_STATUS_OK)
        return false;
    *ret_properties = *(amqp_basic_properties_t *)decoded;
    return true;
}

static int count_of(const amqp_table_t *table, const char *name)
{
    int count = 0;

    for (int i = 0; i < table->num_entries; i++)
        count += table->entries[i].key.len == strlen(name) &&
                 memcmp(table->entries[i].key.bytes, name, strlen(name)) == 0;
    return count;
}

/* As they go out, and are read again. */
static char *send(amqp_basic_properties_t *properties, size_t room, size_t *ret_size)
{
    char *bytes = memory_new(room, 1);
    int size = amqp_encode_properties(AMQP_BASIC_CLASS, properties, connection_bytes(bytes, room));

    must(size >= 0);
    *ret_size = (size_t)size;
    return bytes;
}

static void check_sent(const amqp_basic_properties_t *sent)
{
    static const amqp_flags_t none = AMQP_BASIC_EXPIRATION_FLAG | AMQP_BASIC_USER_ID_FLAG;

    must(!(sent->_flags & none));
    must(sent->_flags & AMQP_BASIC_DELIVERY_MODE_FLAG && sent->delivery_mode == 2);
    must(count_of(&sent->headers, "CC") == 0 && count_of(&sent->headers, "BCC") == 0);
}

static void check_headers(const amqp_table_t *headers, bool stub)
{
    static const char *const names[] = {"x-error", "x-error-detail", "x-original-queue", "x-failed-at",
                                        "x-error-digest"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        must(count_of(headers, names[i]) == 1);
    must(count_of(headers, "x-error-stub") == stub);
}

/* The letter says what it was given. */
static void check_letter(const struct letter *letter, bool stub)
{
    must(text_equal(letter->code, CODE) && text_equal(letter->queue, "q") && letter->stub == stub);
    must(letter->detail && strncmp(letter->detail, DETAIL, strlen(letter->detail)) == 0);
    must(!u8_check((const uint8_t *)letter->detail, strlen(letter->detail)));
    must(strlen(letter->digest) == sizeof(letter->digest) - 1);
}

/* What a person does with it. */
static void send_anew(const struct letter *letter, enum letter_purpose purpose)
{
    amqp_basic_properties_t properties, sent;
    struct error error;
    amqp_pool_t pool;
    size_t size;
    char *bytes;

    init_amqp_pool(&pool, POOL_PAGE);
    must(letter_properties(letter->message, purpose, &pool, &properties, &error));
    bytes = send(&properties, LARGEST_FRAME, &size);
    must(decode(bytes, size, &pool, &sent));
    check_sent(&sent);
    must(count_of(&sent.headers, "x-delivery-count") == 0);
    must(count_of(&sent.headers, "x-error") == (purpose == LETTER_RENEWED));
    free(bytes);
    empty_amqp_pool(&pool);
}

static void read_letter(const char *bytes, size_t size, bool keeps_body)
{
    struct letter *letter = letter_new(make(bytes, size, keeps_body), 1);

    check_letter(letter, !keeps_body);
    send_anew(letter, LETTER_RENEWED);
    send_anew(letter, LETTER_RETRIED);
    letter_free(letter);
}

static void try_dead_letter(const uint8_t *data, size_t size, size_t frame_max, bool keeps_body)
{
    struct dead_letter *letter = dead_letter_new(make(data, size, keeps_body), CODE, DETAIL, "q");
    amqp_basic_properties_t properties, sent;
    struct error error = {""};
    amqp_pool_t pool;
    bool stripped;

    init_amqp_pool(&pool, POOL_PAGE);
    if (dead_letter_properties(letter, frame_max, &pool, &properties, &stripped, &error)) {
        size_t sent_size;
        char *bytes = send(&properties, frame_max - AROUND, &sent_size);

        must(decode(bytes, sent_size, &pool, &sent));
        check_sent(&sent);
        check_headers(&sent.headers, !keeps_body);
        read_letter(bytes, sent_size, keeps_body);
        free(bytes);
    } else {
        must(error.text[0] != '\0');
    }
    empty_amqp_pool(&pool);
    dead_letter_free(letter);
}

/* The library also takes a table whose values go on behind its end, and flags that it does not know. */
static bool is_sound(const struct broker_message *message, amqp_basic_properties_t *properties)
{
    size_t size;
    CLEANUP(freep) char *bytes = send(properties, 2 * message->properties_size + FUZZ_LEAST, &size);

    return size == message->properties_size && memcmp(bytes, message->properties, size) == 0;
}

/* Whoever does not decode them finds the same as who does. */
static void check_priority(const struct broker_message *message)
{
    const unsigned char *bytes = message->properties;
    amqp_basic_properties_t properties;
    amqp_pool_t pool;

    init_amqp_pool(&pool, POOL_PAGE);
    must(message_priority(message) <= UINT8_MAX);
    if (decode(bytes, message->properties_size, &pool, &properties) && is_sound(message, &properties))
        must(message_priority(message) ==
             (properties._flags & AMQP_BASIC_PRIORITY_FLAG ? properties.priority : 0));
    must(message_delivery_count(message) <= INT64_MAX);
    empty_amqp_pool(&pool);
}

void fuzz_try(const uint8_t *data, size_t size)
{
    struct fuzz_rest rest = {data, size};
    uint8_t how = fuzz_byte(&rest);
    struct broker_message *message = make(rest.data, rest.size, true);
    struct letter *letter;

    check_priority(message);
    letter = letter_new(message, 1);
    must(strlen(letter->digest) == sizeof(letter->digest) - 1);
    letter_free(letter);
    try_dead_letter(rest.data, rest.size, how & 1 ? SMALLEST_FRAME : LARGEST_FRAME, !(how & 2));
}
