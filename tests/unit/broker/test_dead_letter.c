#include "base/memory.h"
#include "broker/connection.h"
#include "broker/dead_letter.h"
#include "support/evil.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FRAME_MAX = 4096 };

static amqp_pool_t pool;
static struct error error;

static int set_up(void **state)
{
    (void)state;
    init_amqp_pool(&pool, 4096);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    empty_amqp_pool(&pool);
    return 0;
}

/* A message with these properties, as it would come from the wire. */
static struct broker_message *message_with(amqp_basic_properties_t properties)
{
    struct broker_message *message = NEW(struct broker_message);
    char wire[131072] = "";
    int size = amqp_encode_properties(AMQP_BASIC_CLASS, &properties, connection_bytes(wire, sizeof(wire)));

    assert_true(size > 0);
    message->properties = text_copy_bytes(wire, (size_t)size);
    message->properties_size = (size_t)size;
    message->body = text_copy("body");
    message->size = 4;
    return message;
}

static amqp_table_entry_t text_entry(const char *key, const char *text)
{
    return (amqp_table_entry_t){
        .key = amqp_cstring_bytes(key),
        .value = {.kind = AMQP_FIELD_KIND_UTF8, .value = {.bytes = amqp_cstring_bytes(text)}}};
}

static amqp_table_entry_t number_entry(const char *key, int32_t number)
{
    return (amqp_table_entry_t){.key = amqp_cstring_bytes(key),
                                .value = {.kind = AMQP_FIELD_KIND_I32, .value = {.i32 = number}}};
}

static bool equals(amqp_bytes_t bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.bytes, text, bytes.len) == 0;
}

/* The value of the one header of that name. */
static const amqp_field_value_t *header(const amqp_basic_properties_t *properties, const char *key)
{
    const amqp_field_value_t *found = NULL;

    for (int i = 0; i < properties->headers.num_entries; i++) {
        if (!equals(properties->headers.entries[i].key, key))
            continue;
        assert_null(found);
        found = &properties->headers.entries[i].value;
    }
    return found;
}

static void assert_header(const amqp_basic_properties_t *properties, const char *key, const char *text)
{
    const amqp_field_value_t *value = header(properties, key);

    assert_non_null(value);
    assert_int_equal(value->kind, AMQP_FIELD_KIND_UTF8);
    assert_true(equals(value->value.bytes, text));
}

/* The header frame's payload, which with its overhead of 8 must fit into a frame. */
static size_t frame_size(amqp_basic_properties_t properties)
{
    char wire[200000] = "";
    int size = amqp_encode_properties(AMQP_BASIC_CLASS, &properties, connection_bytes(wire, sizeof(wire)));

    assert_true(size > 0);
    return (size_t)size + 12 + 8;
}

static void test_what_headers_of_ours_say_can_be_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < evil_count(); i++) {
        struct dead_letter *letter =
            dead_letter_new(message_with((amqp_basic_properties_t){0}), "code", evil_text(i), "queue");
        amqp_basic_properties_t properties;
        bool stripped;
        CLEANUP(freep) char *detail = NULL;
        const amqp_field_value_t *value;

        assert_true(dead_letter_properties(letter, FRAME_MAX, &pool, &properties, &stripped, &error));
        value = header(&properties, "x-error-detail");
        assert_non_null(value);
        detail = text_copy_bytes(value->value.bytes.bytes, value->value.bytes.len);
        assert_int_equal(strlen(detail), value->value.bytes.len);
        assert_shown_in_lines(detail, 0);
        dead_letter_free(letter);
    }
}

static void test_properties_are_kept(void **state)
{
    amqp_table_entry_t entries[] = {text_entry("a", "b"), number_entry("", 5), number_entry("x-error", 1),
                                    text_entry("x-error-detail", "old"), text_entry("x-error-", "other")};
    amqp_basic_properties_t original = {
        ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_PRIORITY_FLAG |
                  AMQP_BASIC_CORRELATION_ID_FLAG | AMQP_BASIC_REPLY_TO_FLAG | AMQP_BASIC_EXPIRATION_FLAG |
                  AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_TYPE_FLAG |
                  AMQP_BASIC_USER_ID_FLAG | AMQP_BASIC_APP_ID_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG,
        .content_type = amqp_cstring_bytes("text/plain"),
        .headers = {sizeof(entries) / sizeof(entries[0]), entries},
        .delivery_mode = 1,
        .priority = 2,
        .correlation_id = amqp_cstring_bytes("correlation"),
        .reply_to = amqp_cstring_bytes("reply"),
        .expiration = amqp_cstring_bytes("1000"),
        .message_id = amqp_cstring_bytes("id"),
        .timestamp = 1234567890123,
        .type = amqp_cstring_bytes("type"),
        .user_id = amqp_cstring_bytes("producer"),
        .app_id = amqp_cstring_bytes("app"),
    };
    CLEANUP(dead_letter_freep)
    struct dead_letter *letter = dead_letter_new(message_with(original), "invalid-json", "at 1", "queue");
    amqp_basic_properties_t properties;
    bool stripped = true;

    (void)state;
    assert_true(dead_letter_properties(letter, FRAME_MAX, &pool, &properties, &stripped, &error));
    assert_false(stripped);
    assert_int_equal(properties._flags,
                     original._flags & ~(amqp_flags_t)(AMQP_BASIC_EXPIRATION_FLAG | AMQP_BASIC_USER_ID_FLAG));
    assert_int_equal(properties.delivery_mode, 2);
    assert_int_equal(properties.priority, 2);
    assert_true(equals(properties.content_type, "text/plain"));
    assert_true(equals(properties.correlation_id, "correlation"));
    assert_true(equals(properties.reply_to, "reply"));
    assert_true(equals(properties.message_id, "id"));
    assert_true(equals(properties.type, "type"));
    assert_true(equals(properties.app_id, "app"));
    assert_int_equal(properties.timestamp, 1234567890123);
    assert_header(&properties, "a", "b");
    assert_header(&properties, "x-error-", "other");
    assert_int_equal(header(&properties, "")->value.i32, 5);
    assert_header(&properties, "x-error", "invalid-json");
    assert_header(&properties, "x-error-detail", "at 1");
    assert_header(&properties, "x-original-queue", "queue");
    assert_int_equal(properties.headers.num_entries, 5 + 3);
}

static void test_bare_message(void **state)
{
    CLEANUP(dead_letter_freep)
    struct dead_letter *letter = dead_letter_new(message_with((amqp_basic_properties_t){0}), "c", NULL, "q");
    amqp_basic_properties_t properties;
    bool stripped = true;
    struct tm parts;
    const char *end;

    (void)state;
    assert_true(dead_letter_properties(letter, FRAME_MAX, &pool, &properties, &stripped, &error));
    assert_int_equal(properties._flags, AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG);
    assert_int_equal(properties.headers.num_entries, 5);
    assert_header(&properties, "x-error-detail", "");
    assert_header(&properties, "x-error-digest", "230d8358dc8e"); /* of "body" */
    assert_header(&properties, "x-failed-at", letter->failed_at);
    end = strptime(letter->failed_at, "%Y-%m-%dT%H:%M:%SZ", &parts);
    assert_non_null(end);
    assert_string_equal(end, "");
}

/* Whatever the lengths, the frame is just full. */
static void test_detail_is_cut_to_fit(void **state)
{
    char detail[FRAME_MAX + 1] = "", value[2001] = "";

    for (size_t length = 0; length < sizeof(value) - 1; length += 37) {
        memset(value, 'v', length);
        value[length] = '\0';
        memset(detail, 'd', FRAME_MAX);
        amqp_table_entry_t entries[] = {text_entry("key", value)};
        amqp_basic_properties_t original = {
            ._flags = AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_PRIORITY_FLAG | AMQP_BASIC_TIMESTAMP_FLAG |
                      AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_CONTENT_ENCODING_FLAG |
                      AMQP_BASIC_CORRELATION_ID_FLAG | AMQP_BASIC_REPLY_TO_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG |
                      AMQP_BASIC_TYPE_FLAG | AMQP_BASIC_APP_ID_FLAG | AMQP_BASIC_CLUSTER_ID_FLAG,
            .headers = {1, entries},
            .content_type = amqp_cstring_bytes("a"),
            .correlation_id = amqp_cstring_bytes("bc"),
            .reply_to = amqp_cstring_bytes("def"),
            .type = amqp_cstring_bytes("type")};
        CLEANUP(dead_letter_freep)
        struct dead_letter *letter = dead_letter_new(message_with(original), "code", detail, "queue");
        amqp_basic_properties_t properties;
        bool stripped = true;

        assert_true(dead_letter_properties(letter, FRAME_MAX, &pool, &properties, &stripped, &error));
        assert_false(stripped);
        assert_int_equal(frame_size(properties), FRAME_MAX); /* every property is there: no byte is spare */
        assert_header(&properties, "key", value);
        (void)tear_down(state);
        (void)set_up(state);
    }
}

static void test_cut_is_between_characters(void **state)
{
    char detail[FRAME_MAX * 2 + 1] = "";

    for (size_t shift = 0; shift < 4; shift++) {
        const amqp_field_value_t *value;
        amqp_basic_properties_t properties;
        bool stripped;
        size_t length = shift;

        memset(detail, 'a', shift);
        for (; length + 3 <= FRAME_MAX + 300; length += 3)
            memcpy(detail + length, "\xe2\x82\xac", 3);
        detail[length] = '\0';
        CLEANUP(dead_letter_freep)
        struct dead_letter *letter =
            dead_letter_new(message_with((amqp_basic_properties_t){0}), "code", detail, "queue");

        assert_true(dead_letter_properties(letter, FRAME_MAX, &pool, &properties, &stripped, &error));
        value = header(&properties, "x-error-detail");
        assert_in_range(value->value.bytes.len, FRAME_MAX - 300, FRAME_MAX);
        assert_int_equal((value->value.bytes.len - shift) % 3, 0);
        (void)tear_down(state);
        (void)set_up(state);
    }
}

static void test_headers_that_leave_no_room(void **state)
{
    char value[FRAME_MAX + 1] = "";

    memset(value, 'v', FRAME_MAX - 60);
    amqp_table_entry_t entries[] = {text_entry("key", value)};
    amqp_basic_properties_t original = {._flags = AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG,
                                        .headers = {1, entries},
                                        .message_id = amqp_cstring_bytes("id")};
    CLEANUP(dead_letter_freep)
    struct dead_letter *letter = dead_letter_new(message_with(original), "code", "detail", "queue");
    amqp_basic_properties_t properties;
    bool stripped = false;

    (void)state;
    assert_true(dead_letter_properties(letter, FRAME_MAX, &pool, &properties, &stripped, &error));
    assert_true(stripped);
    assert_null(header(&properties, "key"));
    assert_header(&properties, "x-error", "code");
    assert_header(&properties, "x-error-detail", "detail");
    assert_true(equals(properties.message_id, "id"));
}

static void test_broken_properties(void **state)
{
    struct broker_message *message = NEW(struct broker_message);

    (void)state;
    message->properties = text_copy_bytes("\x20\x00\xff\xff\xff\xff", 6);
    message->properties_size = 6;
    message->body = text_copy("");
    CLEANUP(dead_letter_freep)
    struct dead_letter *letter = dead_letter_new(message, "code", "detail", "queue");
    amqp_basic_properties_t properties;
    bool stripped;

    assert_false(dead_letter_properties(letter, FRAME_MAX, &pool, &properties, &stripped, &error));
}

/* printf body | sha256sum */
static void test_stub(void **state)
{
    amqp_table_entry_t entries[] = {text_entry("a", "b"), text_entry("x-error-stub", "forged")};
    amqp_basic_properties_t original = {._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_HEADERS_FLAG |
                                                  AMQP_BASIC_CONTENT_ENCODING_FLAG |
                                                  AMQP_BASIC_MESSAGE_ID_FLAG,
                                        .content_type = amqp_cstring_bytes("text/plain"),
                                        .content_encoding = amqp_cstring_bytes("gzip"),
                                        .message_id = amqp_cstring_bytes("id"),
                                        .headers = {2, entries}};
    CLEANUP(dead_letter_freep)
    struct dead_letter *letter = dead_letter_new(message_with(original), "too-large", "detail", "queue");
    amqp_basic_properties_t properties;
    bool stripped = true;

    (void)state;
    assert_true(equals(dead_letter_body(letter), "body"));
    assert_true(dead_letter_make_stub(letter));
    assert_false(dead_letter_make_stub(letter));
    assert_true(equals(dead_letter_body(letter), "{\"error\": \"too-large\", \"size\": 4, \"sha256\": \""
                                                 "230d8358dc8e8890b4c58deeb62912ee"
                                                 "2f20357ae92a5cc861b98e68fe31acb5\"}"));
    assert_true(dead_letter_properties(letter, FRAME_MAX, &pool, &properties, &stripped, &error));
    assert_false(properties._flags & AMQP_BASIC_CONTENT_ENCODING_FLAG);
    assert_true(equals(properties.content_type, "application/json"));
    assert_true(equals(properties.message_id, "id"));
    assert_header(&properties, "a", "b");
    assert_int_equal(header(&properties, "x-error-stub")->kind, AMQP_FIELD_KIND_BOOLEAN);
    assert_int_equal(properties.headers.num_entries, 6 + 1);
}

static void test_what_was_not_kept_is_a_stub(void **state)
{
    struct broker_message *message = message_with((amqp_basic_properties_t){0});

    (void)state;
    freep(&message->body);
    message->body = NULL;
    message->size = 5000000000;
    strcpy(message->sha256, "abc");
    CLEANUP(dead_letter_freep)
    struct dead_letter *letter = dead_letter_new(message, "c", NULL, "q");

    assert_true(
        equals(dead_letter_body(letter), "{\"error\": \"c\", \"size\": 5000000000, \"sha256\": \"abc\"}"));
}

/* What the homeserver said may be read by who looks at the queue, as it is. */
static void shows_what_is_hidden_in_the_detail(void **state)
{
    struct dead_letter *letter = dead_letter_new(message_with((amqp_basic_properties_t){0}), "code",
                                                 "a\xe2\x80\xae\xc2\x9b"
                                                 "b\xff",
                                                 "queue");

    (void)state;
    assert_string_equal(letter->detail, "a\\u202e\\u009bb\xef\xbf\xbd");
    dead_letter_free(letter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_properties_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_headers_of_ours_say_can_be_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bare_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_detail_is_cut_to_fit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_is_between_characters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_headers_that_leave_no_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_broken_properties, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stub, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_was_not_kept_is_a_stub, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shows_what_is_hidden_in_the_detail, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
