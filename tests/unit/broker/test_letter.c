#include "base/memory.h"
#include "broker/connection.h"
#include "broker/letter.h"
#include "support/test.h"

#include <string.h>

static amqp_table_entry_t text(const char *name, const char *value)
{
    return (amqp_table_entry_t){
        .key = amqp_cstring_bytes(name),
        .value = {.kind = AMQP_FIELD_KIND_UTF8, .value = {.bytes = amqp_cstring_bytes(value)}}};
}

static struct broker_message *message_of(amqp_basic_properties_t *properties, const char *body)
{
    struct broker_message *message = NEW(struct broker_message);
    char wire[2048] = "";

    message->properties_size =
        (size_t)amqp_encode_properties(AMQP_BASIC_CLASS, properties, connection_bytes(wire, sizeof(wire)));
    message->properties = text_copy_bytes(wire, message->properties_size);
    message->body = text_copy(body);
    message->size = strlen(body);
    message->tag = 9;
    return message;
}

static struct broker_message *rejected(void)
{
    amqp_table_entry_t entries[] = {text("x-error", "invalid-json"),
                                    text("x-error-detail", "place: why"),
                                    text("mine", "1"),
                                    text("x-original-queue", "q"),
                                    text("x-failed-at", "2026-01-02T03:04:05Z"),
                                    text("x-error-of-tomorrow", "t"),
                                    text("CC", "elsewhere"),
                                    text("x-delivery-count", "7"),
                                    {.key = amqp_cstring_bytes("x-error-stub"),
                                     .value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value = {.boolean = 1}}}};
    amqp_basic_properties_t properties = {._flags = AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG |
                                                    AMQP_BASIC_USER_ID_FLAG | AMQP_BASIC_EXPIRATION_FLAG |
                                                    AMQP_BASIC_PRIORITY_FLAG,
                                          .message_id = amqp_cstring_bytes("m"),
                                          .user_id = amqp_cstring_bytes("u"),
                                          .expiration = amqp_cstring_bytes("1"),
                                          .priority = 2,
                                          .headers = {sizeof(entries) / sizeof(entries[0]), entries}};

    return message_of(&properties, "body");
}

static void test_what_it_says(void **state)
{
    CLEANUP(letter_freep) struct letter *letter = letter_new(rejected(), 3);

    (void)state;
    assert_int_equal(letter->number, 3);
    assert_int_equal(letter->tag, 9);
    assert_string_equal(letter->code, "invalid-json");
    assert_string_equal(letter->detail, "place: why");
    assert_string_equal(letter->queue, "q");
    assert_string_equal(letter->failed_at, "2026-01-02T03:04:05Z");
    assert_true(letter->stub);
    assert_string_equal(letter->digest, "230d8358dc8e"); /* printf body | sha256sum */
}

static void test_what_says_nothing(void **state)
{
    amqp_basic_properties_t none = {0};
    CLEANUP(letter_freep) struct letter *letter = letter_new(message_of(&none, ""), 1);

    (void)state;
    assert_null(letter->code);
    assert_null(letter->queue);
    assert_false(letter->stub);
    assert_int_equal(letter->header_count, 0);
}

/* Whoever writes to the queue chooses the types. */
static void test_headers_of_all_types(void **state)
{
    amqp_table_entry_t entries[] = {
        {.key = amqp_cstring_bytes("x-error"), .value = {.kind = AMQP_FIELD_KIND_VOID}},
        {.key = amqp_cstring_bytes("x-original-queue"),
         .value = {.kind = AMQP_FIELD_KIND_ARRAY, .value = {.array = {0, NULL}}}},
        {.key = amqp_cstring_bytes("x-failed-at"),
         .value = {.kind = AMQP_FIELD_KIND_I64, .value = {.i64 = -5000000000}}},
        {.key = amqp_cstring_bytes("x-error-stub"),
         .value = {.kind = AMQP_FIELD_KIND_I32, .value = {.i32 = 1}}}};
    amqp_basic_properties_t properties = {._flags = AMQP_BASIC_HEADERS_FLAG,
                                          .headers = {sizeof(entries) / sizeof(entries[0]), entries}};
    CLEANUP(letter_freep) struct letter *letter = letter_new(message_of(&properties, "body"), 1);

    (void)state;
    assert_string_equal(letter->code, "(of a kind that is not shown)");
    assert_string_equal(letter->queue, "(of a kind that is not shown)");
    assert_string_equal(letter->failed_at, "-5000000000");
    assert_false(letter->stub);
}

/* The producer's own headers stay, behind those that say why. */
static void test_a_name_with_a_nul_is_not_ours(void **state)
{
    static const char longer[] = "x-error\0of mine", stub[] = "x-error-stub\0";
    amqp_table_entry_t entries[] = {
        text("x-error", "invalid-json"),
        {.key = connection_bytes(longer, sizeof(longer) - 1),
         .value = {.kind = AMQP_FIELD_KIND_UTF8, .value = {.bytes = amqp_cstring_bytes("fine")}}},
        {.key = connection_bytes(stub, sizeof(stub) - 1),
         .value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value = {.boolean = 1}}}};
    amqp_basic_properties_t properties = {._flags = AMQP_BASIC_HEADERS_FLAG,
                                          .headers = {sizeof(entries) / sizeof(entries[0]), entries}};
    CLEANUP(letter_freep) struct letter *letter = letter_new(message_of(&properties, "body"), 1);

    (void)state;
    assert_string_equal(letter->code, "invalid-json");
    assert_false(letter->stub);
    assert_string_equal(letter->headers[1].name, "x-error\x01of mine");
}

static struct letter *with_digest(const char *digest)
{
    amqp_table_entry_t entry = text("x-error-digest", digest);
    amqp_basic_properties_t properties = {._flags = AMQP_BASIC_HEADERS_FLAG, .headers = {1, &entry}};

    return letter_new(message_of(&properties, "body"), 1);
}

/* It is printed, and letters are chosen by it. */
static void test_its_digest_is_believed_if_it_is_one(void **state)
{
    static const char *const others[] = {
        "\x1b]0;title\x07\x1b[", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        "0123456789AB",          "0123456789a",
        "0123456789abc",         ""};
    CLEANUP(letter_freep) struct letter *letter = with_digest("0123456789ab");

    (void)state;
    assert_string_equal(letter->digest, "0123456789ab");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        CLEANUP(letter_freep) struct letter *other = with_digest(others[i]);

        assert_string_equal(other->digest, "230d8358dc8e");
    }
}

static void assert_headers(enum letter_purpose purpose, const char *const *names, int count)
{
    CLEANUP(broker_message_freep) struct broker_message *message = rejected();
    amqp_basic_properties_t properties;
    struct error error;
    amqp_pool_t pool;

    init_amqp_pool(&pool, 4096);
    assert_true(letter_properties(message, purpose, &pool, &properties, &error));
    assert_int_equal(properties._flags, AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG |
                                            AMQP_BASIC_PRIORITY_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG);
    assert_int_equal(properties.delivery_mode, AMQP_DELIVERY_PERSISTENT);
    assert_int_equal(properties.headers.num_entries, count);
    for (int i = 0; i < count; i++)
        assert_memory_equal(properties.headers.entries[i].key.bytes, names[i], strlen(names[i]));
    empty_amqp_pool(&pool);
}

static void test_sent_again_it_is_what_it_was(void **state)
{
    static const char *const kept[] = {"mine"};

    (void)state;
    assert_headers(LETTER_RETRIED, kept, 1);
}

static void test_renewed_it_is_the_same_letter(void **state)
{
    static const char *const kept[] = {"x-error",          "x-error-detail", "mine",
                                       "x-original-queue", "x-failed-at",    "x-error-of-tomorrow",
                                       "x-error-stub"};

    (void)state;
    assert_headers(LETTER_RENEWED, kept, 7);
}

static void test_sent_again_without_headers(void **state)
{
    amqp_table_entry_t entry = text("x-error", "invalid-json");
    amqp_basic_properties_t before = {._flags = AMQP_BASIC_HEADERS_FLAG, .headers = {1, &entry}}, properties;
    CLEANUP(broker_message_freep) struct broker_message *message = message_of(&before, "body");
    struct error error;
    amqp_pool_t pool;

    (void)state;
    init_amqp_pool(&pool, 4096);
    assert_true(letter_properties(message, LETTER_RETRIED, &pool, &properties, &error));
    assert_int_equal(properties._flags, AMQP_BASIC_DELIVERY_MODE_FLAG);
    empty_amqp_pool(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_it_says),
                                       cmocka_unit_test(test_what_says_nothing),
                                       cmocka_unit_test(test_headers_of_all_types),
                                       cmocka_unit_test(test_a_name_with_a_nul_is_not_ours),
                                       cmocka_unit_test(test_sent_again_without_headers),
                                       cmocka_unit_test(test_its_digest_is_believed_if_it_is_one),
                                       cmocka_unit_test(test_sent_again_it_is_what_it_was),
                                       cmocka_unit_test(test_renewed_it_is_the_same_letter)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
