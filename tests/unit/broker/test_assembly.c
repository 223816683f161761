#include "broker/assembly.h"
#include "broker/connection.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

enum { LARGEST = 16 };

static struct assembly assembly = {.largest = LARGEST};
static struct broker_message *message;
static struct error error;

static amqp_frame_t deliver(uint64_t tag, bool redelivered)
{
    static amqp_basic_deliver_t method;

    method = (amqp_basic_deliver_t){.delivery_tag = tag, .redelivered = redelivered};
    return (amqp_frame_t){.frame_type = AMQP_FRAME_METHOD,
                          .payload = {.method = {AMQP_BASIC_DELIVER_METHOD, &method}}};
}

static amqp_frame_t header(uint64_t size, const char *properties)
{
    return (amqp_frame_t){
        .frame_type = AMQP_FRAME_HEADER,
        .payload = {
            .properties = {.body_size = size, .raw = connection_bytes(properties, strlen(properties))}}};
}

static amqp_frame_t body(const char *text)
{
    return (amqp_frame_t){.frame_type = AMQP_FRAME_BODY,
                          .payload = {.body_fragment = connection_bytes(text, strlen(text))}};
}

static enum assembly_result feed(amqp_frame_t frame)
{
    assert_true(assembly_wants(&frame));
    return assembly_feed(&assembly, &frame, &message, &error);
}

static int reset(void **state)
{
    (void)state;
    assembly_clear(&assembly);
    broker_message_free(message);
    message = NULL;
    return 0;
}

static void test_one_frame(void **state)
{
    (void)state;
    assert_int_equal(feed(deliver(7, true)), ASSEMBLY_MORE);
    assert_int_equal(feed(header(5, "props")), ASSEMBLY_MORE);
    assert_null(message);
    assert_int_equal(feed(body("hello")), ASSEMBLY_COMPLETE);
    assert_int_equal(message->tag, 7);
    assert_true(message->redelivered);
    assert_int_equal(message->size, 5);
    assert_string_equal(message->body, "hello");
    assert_int_equal(message->properties_size, 5);
    assert_memory_equal(message->properties, "props", 5);
}

static void test_every_cut(void **state)
{
    static const char text[] = "abcdefgh";

    for (size_t first = 0; first <= 8; first++) {
        for (size_t second = first; second <= 8; second++) {
            char parts[3][9] = {{0}};
            enum assembly_result result = ASSEMBLY_MORE;

            memcpy(parts[0], text, first);
            memcpy(parts[1], text + first, second - first);
            memcpy(parts[2], text + second, 8 - second);
            assert_int_equal(feed(deliver(1, false)), ASSEMBLY_MORE);
            assert_int_equal(feed(header(8, "")), ASSEMBLY_MORE);
            for (int i = 0; i < 3 && result == ASSEMBLY_MORE; i++)
                result = feed(body(parts[i]));
            assert_int_equal(result, ASSEMBLY_COMPLETE);
            assert_string_equal(message->body, text);
            assert_false(message->redelivered);
            (void)reset(state);
        }
    }
}

static void test_empty_body(void **state)
{
    (void)state;
    (void)feed(deliver(1, false));
    assert_int_equal(feed(header(0, "")), ASSEMBLY_COMPLETE);
    assert_string_equal(message->body, "");
    assert_int_equal(message->size, 0);
}

static void test_one_after_the_other(void **state)
{
    for (uint64_t tag = 1; tag < 4; tag++) {
        (void)feed(deliver(tag, false));
        (void)feed(header(1, ""));
        assert_int_equal(feed(body("x")), ASSEMBLY_COMPLETE);
        assert_int_equal(message->tag, tag);
        (void)reset(state);
    }
}

static void test_out_of_turn(void **state)
{
    assert_int_equal(feed(header(1, "")), ASSEMBLY_BROKEN);
    assert_int_equal(feed(body("x")), ASSEMBLY_BROKEN);
    (void)feed(deliver(1, false));
    assert_int_equal(feed(body("x")), ASSEMBLY_BROKEN);
    (void)reset(state);
    (void)feed(deliver(1, false));
    assert_int_equal(feed(deliver(2, false)), ASSEMBLY_BROKEN);
    (void)reset(state);
    (void)feed(deliver(1, false));
    (void)feed(header(3, ""));
    assert_int_equal(feed(header(3, "")), ASSEMBLY_BROKEN);
}

static void test_more_than_announced(void **state)
{
    (void)state;
    (void)feed(deliver(1, false));
    (void)feed(header(3, ""));
    assert_int_equal(feed(body("ab")), ASSEMBLY_MORE);
    assert_int_equal(feed(body("cd")), ASSEMBLY_BROKEN);
    assert_null(message);
}

/* No memory is taken for what cannot be kept; its digest is made as it comes by. */
static void test_too_large(void **state)
{
    (void)state;
    (void)feed(deliver(1, false));
    assert_int_equal(feed(header(UINT64_MAX, "")), ASSEMBLY_MORE);
    assert_null(assembly.message->body);
    assert_int_equal(feed(body("abc")), ASSEMBLY_MORE);
    assert_int_equal(assembly.filled, 3);
    assembly_clear(&assembly);
    (void)feed(deliver(1, false));
    (void)feed(header(LARGEST, ""));
    assert_non_null(assembly.message->body);
    assembly_clear(&assembly);
    (void)feed(deliver(1, false));
    (void)feed(header(LARGEST + 1, ""));
    assert_null(assembly.message->body);
}

/* printf 0123456789abcdefg | sha256sum */
static void test_digest_of_what_is_too_large(void **state)
{
    (void)state;
    (void)feed(deliver(1, false));
    (void)feed(header(LARGEST + 1, ""));
    (void)feed(body("0123456789"));
    (void)feed(body(""));
    assert_int_equal(feed(body("abcdefg")), ASSEMBLY_COMPLETE);
    assert_null(message->body);
    assert_int_equal(message->size, LARGEST + 1);
    assert_string_equal(message->sha256, "8378b19d693ee89e2ca594b6ec0abfaadc4fe1831eaca2f748f0b71ede38892e");
    (void)reset(state);
    (void)feed(deliver(2, false));
    (void)feed(header(1, ""));
    assert_int_equal(feed(body("x")), ASSEMBLY_COMPLETE);
    assert_string_equal(message->body, "x");
    assert_string_equal(message->sha256, "");
}

static void test_wants(void **state)
{
    amqp_frame_t other = {.frame_type = AMQP_FRAME_METHOD,
                          .payload = {.method = {AMQP_BASIC_CANCEL_METHOD, NULL}}};
    amqp_frame_t heartbeat = {.frame_type = AMQP_FRAME_HEARTBEAT};

    (void)state;
    assert_false(assembly_wants(&other));
    assert_false(assembly_wants(&heartbeat));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_frame, reset, reset),
        cmocka_unit_test_setup_teardown(test_every_cut, reset, reset),
        cmocka_unit_test_setup_teardown(test_empty_body, reset, reset),
        cmocka_unit_test_setup_teardown(test_one_after_the_other, reset, reset),
        cmocka_unit_test_setup_teardown(test_out_of_turn, reset, reset),
        cmocka_unit_test_setup_teardown(test_more_than_announced, reset, reset),
        cmocka_unit_test_setup_teardown(test_too_large, reset, reset),
        cmocka_unit_test_setup_teardown(test_digest_of_what_is_too_large, reset, reset),
        cmocka_unit_test_setup_teardown(test_wants, reset, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
