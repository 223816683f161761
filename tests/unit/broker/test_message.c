#include "base/memory.h"
#include "broker/connection.h"
#include "broker/message.h"
#include "support/test.h"

#include <string.h>

static uint64_t count_with(amqp_field_value_t value, const char *key)
{
    struct broker_message *message = NEW(struct broker_message);
    amqp_table_entry_t entries[] = {{.key = amqp_cstring_bytes("other"), .value = value},
                                    {.key = amqp_cstring_bytes(key), .value = value}};
    amqp_basic_properties_t properties = {._flags = AMQP_BASIC_HEADERS_FLAG, .headers = {2, entries}};
    char wire[1024] = "";
    uint64_t count;

    message->properties_size =
        (size_t)amqp_encode_properties(AMQP_BASIC_CLASS, &properties, connection_bytes(wire, sizeof(wire)));
    message->properties = text_copy_bytes(wire, message->properties_size);
    count = message_delivery_count(message);
    broker_message_free(message);
    return count;
}

static amqp_field_value_t number(int64_t value)
{
    return (amqp_field_value_t){.kind = AMQP_FIELD_KIND_I64, .value = {.i64 = value}};
}

static void test_count(void **state)
{
    (void)state;
    assert_int_equal(count_with(number(7), "x-delivery-count"), 7);
    assert_int_equal(count_with(number(7), "x-delivery-coun"), 0);
    assert_int_equal(count_with(number(7), "x-delivery-counts"), 0);
    assert_int_equal(count_with(number(-7), "x-delivery-count"), 0);
    assert_int_equal(count_with((amqp_field_value_t){.kind = AMQP_FIELD_KIND_UTF8,
                                                     .value = {.bytes = amqp_cstring_bytes("7")}},
                                "x-delivery-count"),
                     0);
}

static void test_no_headers(void **state)
{
    char none[] = {0, 0}, broken[] = {0x20, 0, '\xff', '\xff', '\xff', '\xff'};
    struct broker_message message = {.properties = none, .properties_size = sizeof(none)};

    (void)state;
    assert_int_equal(message_delivery_count(&message), 0);
    message.properties = broken;
    message.properties_size = sizeof(broken);
    assert_int_equal(message_delivery_count(&message), 0);
}

/* ---- priority ---- */

static size_t encode(char *wire, size_t size, amqp_flags_t flags, uint8_t priority)
{
    amqp_table_entry_t entry = {.key = amqp_cstring_bytes("key"), .value = number(1)};
    amqp_basic_properties_t properties = {._flags = flags,
                                          .content_type = amqp_cstring_bytes("application/json"),
                                          .content_encoding = amqp_cstring_bytes(""),
                                          .headers = {1, &entry},
                                          .delivery_mode = 2,
                                          .priority = priority,
                                          .message_id = amqp_cstring_bytes("1")};

    return (size_t)amqp_encode_properties(AMQP_BASIC_CLASS, &properties, connection_bytes(wire, size));
}

static unsigned priority_of(const char *wire, size_t size)
{
    CLEANUP(freep) char *exact = text_copy_bytes(wire, size); /* so that nothing beyond it is read unseen */
    struct broker_message message = {.properties = exact, .properties_size = size};

    return message_priority(&message);
}

static void test_priority_among_whatever_else_there_is(void **state)
{
    static const amqp_flags_t others[] = {AMQP_BASIC_CONTENT_TYPE_FLAG, AMQP_BASIC_CONTENT_ENCODING_FLAG,
                                          AMQP_BASIC_HEADERS_FLAG, AMQP_BASIC_DELIVERY_MODE_FLAG,
                                          AMQP_BASIC_MESSAGE_ID_FLAG};
    char wire[1024];

    (void)state;
    for (unsigned set = 0; set < 32; set++) {
        amqp_flags_t flags = 0;

        for (unsigned i = 0; i < 5; i++)
            flags |= set & 1u << i ? others[i] : 0;
        assert_int_equal(priority_of(wire, encode(wire, sizeof(wire), flags, 2)), 0);
        flags |= AMQP_BASIC_PRIORITY_FLAG;
        assert_int_equal(priority_of(wire, encode(wire, sizeof(wire), flags, 0)), 0);
        assert_int_equal(priority_of(wire, encode(wire, sizeof(wire), flags, 2)), 2);
        assert_int_equal(priority_of(wire, encode(wire, sizeof(wire), flags, 255)), 255);
    }
}

/* Flags that say that more of them follow. */
static void test_priority_behind_more_flags(void **state)
{
    static const char one[] = "\x08\x01\x61\x64\x07", two[] = "\x08\x01\x00\x01\x00\x00\x07";
    static const char none[] = "\x08\x01\x00\x01\x00\x01";

    (void)state;
    assert_int_equal(priority_of(one, sizeof(one) - 1), 7);
    assert_int_equal(priority_of(two, sizeof(two) - 1), 7);
    for (size_t size = 0; size < sizeof(none); size++)
        assert_int_equal(priority_of(none, size), 0);
}

static void test_priority_of_properties_that_are_cut(void **state)
{
    char wire[1024];
    size_t size =
        encode(wire, sizeof(wire),
               AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_PRIORITY_FLAG, 9);

    (void)state;
    assert_int_equal(priority_of(wire, size), 9);
    for (size_t length = 0; length < size; length++)
        assert_int_equal(priority_of(wire, length), 0);
    memset(wire + 2, 0xff, sizeof(wire) - 2); /* lengths that are larger than all */
    for (size_t length = 0; length < size; length++)
        assert_int_equal(priority_of(wire, length), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_count), cmocka_unit_test(test_no_headers),
                                       cmocka_unit_test(test_priority_among_whatever_else_there_is),
                                       cmocka_unit_test(test_priority_behind_more_flags),
                                       cmocka_unit_test(test_priority_of_properties_that_are_cut)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
