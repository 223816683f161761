/* A reply comes out of the sieve the same in whatever pieces it comes. */

#include "base/memory.h"
#include "support/test.h"
#include "synapse/sieve.h"

#include <stdlib.h>
#include <string.h>

enum { LARGEST_EVENT = 512 * 1024 };

/* Events, each in a line; those with "keep" in them are kept. */
static bool note(void *context, const char *text, size_t size, struct buffer *rest)
{
    struct buffer *events = context;

    (void)buffer_append(events, text, size);
    (void)buffer_append_char(events, '\n');
    if (memmem(text, size, "keep", 4))
        sieve_keep(rest, "{K}", 3);
    return !memmem(text, size, "useless", 7);
}

static void expect_in_pieces(const char *reply, size_t piece, const char *rest, const char *events)
{
    struct buffer seen;
    CLEANUP(sieve_freep) struct sieve *sieve = NULL;
    size_t size = strlen(reply);

    buffer_init(&seen, SIZE_MAX);
    sieve = sieve_new("events", size, note, &seen);
    for (size_t at = 0; at < size; at += piece) {
        /* A copy of its very size, so that the sanitizers see a look behind its end. */
        size_t length = size - at < piece ? size - at : piece;
        char *copy = memory_new(length, 1);

        memcpy(copy, reply + at, length);
        assert_true(sieve_feed(sieve, copy, length));
        free(copy);
    }
    assert_string_equal(buffer_text(sieve_rest(sieve)), rest);
    assert_string_equal(buffer_text(&seen), events);
    buffer_deinit(&seen);
}

static void test_events_are_taken_out(void **state)
{
    static const struct {
        const char *reply, *rest, *events;
    } cases[] = {
        {"{\"events\":[{\"a\":1},{\"b\":[2]}],\"x\":1}", "{\"events\":[],\"x\":1}",
         "{\"a\":1}\n{\"b\":[2]}\n"},
        {"{ \"events\" : [ { } , { } ] }", "{ \"events\" : [] }", "{ }\n{ }\n"},
        {"{\"events\":[]}", "{\"events\":[]}", ""},
        {"", "", ""},
        /* wherever they are, and whatever else is there */
        {"{\"r\":{\"!a\":{\"state\":{\"events\":[{}]},\"timeline\":{\"events\":[{\"keep\":0},{\"keep\":1}]}}}"
         "}",
         "{\"r\":{\"!a\":{\"state\":{\"events\":[]},\"timeline\":{\"events\":[{K},{K}]}}}}",
         "{}\n{\"keep\":0}\n{\"keep\":1}\n"},
        {"{\"other\":[{\"a\":1}],\"events\":{\"a\":1}}", "{\"other\":[{\"a\":1}],\"events\":{\"a\":1}}", ""},
        {"[\"events\",[{\"a\":1}]]", "[\"events\",[{\"a\":1}]]", ""},
        /* what is in an event is its own affair */
        {"{\"events\":[{\"events\":[{}]}]}", "{\"events\":[]}", "{\"events\":[{}]}\n"},
        {"{\"events\":[{\"a\":\"]}\\\"}{\\\\\"}]}", "{\"events\":[]}", "{\"a\":\"]}\\\"}{\\\\\"}\n"},
        /* names that are nearly it */
        {"{\"event\":[{}],\"events2\":[{}],\"\\u0065vents\":[{}],\"events\\\\\":[{}]}",
         "{\"event\":[{}],\"events2\":[{}],\"\\u0065vents\":[{}],\"events\\\\\":[{}]}", ""},
        {"{\"a\":\"events\",\"b\":[{}]}", "{\"a\":\"events\",\"b\":[{}]}", ""},
        /* what is no event there */
        {"{\"events\":[1,null,\"{}\",[{}],{\"a\":1}]}", "{\"events\":[]}", "{\"a\":1}\n"},
        /* what is no JSON */
        {"}}]]{\"events\":[{}}", "}}]]{\"events\":[}", "{}\n"},
        {"{\"events\":[{\"a\":", "{\"events\":[", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t piece = 1; piece <= strlen(cases[i].reply) + 1; piece++)
            expect_in_pieces(cases[i].reply, piece, cases[i].rest, cases[i].events);
}

/* Its terminator is no part of the name. */
static void test_a_nul_is_no_end_of_a_name(void **state)
{
    static const char reply[] = "{\"events\0\":[{\"useless\":1}]}";
    CLEANUP(sieve_freep) struct sieve *sieve = NULL;
    struct buffer seen;

    (void)state;
    buffer_init(&seen, SIZE_MAX);
    sieve = sieve_new("events", 100, note, &seen);
    assert_true(sieve_feed(sieve, reply, sizeof(reply) - 1));
    assert_int_equal(sieve_rest(sieve)->size, sizeof(reply) - 1);
    assert_int_equal(seen.size, 0);
    buffer_deinit(&seen);
}

/* Of an event of so many bytes, between two small ones, so many come out. */
static size_t taken_of_event_of(size_t size)
{
    enum { OTHERS = 2 * 3 + 1 /* bytes in what is seen */ };
    struct buffer seen, text;
    CLEANUP(sieve_freep) struct sieve *sieve = NULL;
    size_t taken;

    buffer_init(&seen, SIZE_MAX);
    buffer_init(&text, SIZE_MAX);
    (void)buffer_append_text(&text, "{\"events\":[{},{\"");
    while (text.size < size + 10)
        (void)buffer_append_char(&text, 'x');
    (void)buffer_append_text(&text, "\":1},{}]}");
    sieve = sieve_new("events", 100, note, &seen);
    for (size_t at = 0; at < text.size; at += 1000)
        assert_true(sieve_feed(sieve, text.bytes + at, text.size - at < 1000 ? text.size - at : 1000));
    assert_string_equal(buffer_text(sieve_rest(sieve)), "{\"events\":[]}");
    taken = seen.size - OTHERS;
    buffer_deinit(&seen);
    buffer_deinit(&text);
    return taken;
}

static void test_of_a_very_large_event_the_beginning_is_taken(void **state)
{
    (void)state;
    assert_int_equal(taken_of_event_of(LARGEST_EVENT), LARGEST_EVENT);
    assert_true(taken_of_event_of(LARGEST_EVENT + 1) < LARGEST_EVENT);
    assert_true(taken_of_event_of(3 * LARGEST_EVENT) < LARGEST_EVENT);
}

static bool feeds(const char *reply, size_t largest_rest)
{
    struct buffer seen;
    CLEANUP(sieve_freep) struct sieve *sieve = NULL;
    bool fed;

    buffer_init(&seen, SIZE_MAX);
    sieve = sieve_new("events", largest_rest, note, &seen);
    fed = sieve_feed(sieve, reply, strlen(reply));
    buffer_deinit(&seen);
    return fed;
}

static void test_the_rest_has_a_largest_size(void **state)
{
    (void)state;
    assert_true(feeds("{\"events\":[{\"a\":1},{\"keep\":1}]}", 16)); /* {"events":[{K}]} */
    assert_false(feeds("{\"events\":[{\"a\":1},{\"keep\":1}]}", 15));
    assert_false(feeds("{\"events\":[{\"keep\":1},{\"keep\":1}]}", 16));
    assert_true(feeds("{\"a\":\"b\",\"events\":[{", 19)); /* as it is noticed before the first event */
    assert_false(feeds("{\"a\":\"b\",\"events\":[{", 18));
}

static void test_who_takes_events_may_have_enough(void **state)
{
    (void)state;
    assert_false(feeds("{\"events\":[{},{\"useless\":1},{}]}", 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_are_taken_out),
        cmocka_unit_test(test_a_nul_is_no_end_of_a_name),
        cmocka_unit_test(test_of_a_very_large_event_the_beginning_is_taken),
        cmocka_unit_test(test_the_rest_has_a_largest_size),
        cmocka_unit_test(test_who_takes_events_may_have_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
