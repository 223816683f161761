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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_count), cmocka_unit_test(test_no_headers)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
