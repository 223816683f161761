/* What is told of a text before it is parsed is held against what jansson makes of it. */

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json_weight.h"
#include "base/memory.h"
#include "support/test.h"
#include "synapse/weight.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- what jansson takes ---- */

static size_t taken, most_taken;

union header {
    size_t size;
    max_align_t align;
};

static void *allocate(size_t size)
{
    union header *block = malloc(sizeof(*block) + size);

    assert_non_null(block);
    block->size = size;
    taken += weight_of_block(size);
    most_taken = taken > most_taken ? taken : most_taken;
    return block + 1;
}

static void release(void *memory)
{
    union header *block = memory;

    if (!block)
        return;
    taken -= weight_of_block(block[-1].size);
    free(block - 1);
}

static size_t values_in(json_t *value)
{
    size_t count = 1, i;
    json_t *one;
    const char *key;

    json_array_foreach(value, i, one) count += values_in(one);
    json_object_foreach(value, key, one) count += values_in(one);
    return count;
}

static size_t objects_in(json_t *value)
{
    size_t count = json_is_object(value), i;
    json_t *one;
    const char *key;

    json_array_foreach(value, i, one) count += objects_in(one);
    json_object_foreach(value, key, one) count += objects_in(one);
    return count;
}

/* Returns the weight that was told. */
static struct json_weight hold_against_jansson(const char *text, size_t size, bool expect_valid)
{
    struct json_weight weight = json_weigh(text, size);
    json_t *value;

    taken = most_taken = 0;
    value = json_loadb(text, size, JSON_DECODE_ANY, NULL);
    assert_true(most_taken <= weight.bytes);
    if (expect_valid)
        assert_non_null(value);
    if (value) {
        assert_int_equal(weight.values, values_in(value));
        assert_int_equal(weight.objects, objects_in(value));
    }
    json_decref(value);
    return weight;
}

/* ---- texts by chance ---- */

static uint64_t chance = 88172645463325252;

static unsigned below(unsigned most)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (unsigned)((chance >> 20) % most);
}

static void add_text(struct buffer *out, unsigned number)
{
    static const char *const pieces[] = {"a", "\\\"", "\\\\", "{", "}", "[", "]", ",", ":", "\\u00e4", " "};

    (void)buffer_append_format(out, "\"%u", number); /* so that no name comes twice */
    for (unsigned i = below(9); i > 0; i--)
        (void)buffer_append_text(out, pieces[below(sizeof(pieces) / sizeof(pieces[0]))]);
    (void)buffer_append_char(out, '"');
}

static void add_value(struct buffer *out, unsigned depth);

static void add_container(struct buffer *out, bool is_object, unsigned depth)
{
    unsigned count = below(4) == 0 ? below(60) : below(4);

    (void)buffer_append_text(out, is_object ? "{ " : "[\n");
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            (void)buffer_append_text(out, below(2) ? "," : " , ");
        if (is_object) {
            add_text(out, i);
            (void)buffer_append_text(out, below(2) ? ":" : " :\t");
        }
        add_value(out, depth - 1);
    }
    (void)buffer_append_char(out, is_object ? '}' : ']');
}

static void add_value(struct buffer *out, unsigned depth)
{
    static const char *const plain[] = {"0", "-17", "1.5e3", "true", "false", "null", "{}", "[]", "\"\""};
    unsigned kind = below(depth > 0 ? 4 : 2);

    if (kind == 0)
        (void)buffer_append_text(out, plain[below(sizeof(plain) / sizeof(plain[0]))]);
    else if (kind == 1)
        add_text(out, 0);
    else
        add_container(out, kind == 2, depth);
}

/* The environment may name another number of cases, where each takes long. */
static unsigned case_count(void)
{
    enum { CASES = 500 };
    const char *text = getenv("CASES");

    return text ? (unsigned)strtoul(text, NULL, 10) : CASES;
}

static void test_any_text_is_counted_as_it_is_parsed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < case_count(); i++) {
        struct buffer text;

        buffer_init(&text, SIZE_MAX);
        add_value(&text, 5);
        (void)hold_against_jansson(text.bytes, text.size, true);
        (void)hold_against_jansson(text.bytes, below((unsigned)text.size + 1), false); /* cut anywhere */
        buffer_deinit(&text);
    }
}

/* The piece again and again, in an array. */
static char *many(const char *piece, size_t count)
{
    struct buffer text;

    buffer_init(&text, SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        (void)buffer_append_char(&text, i == 0 ? '[' : ',');
        (void)buffer_append_text(&text, piece);
    }
    (void)buffer_append_char(&text, ']');
    return buffer_take(&text);
}

/* What is heavy for its length, and not reckoned three times as heavy as it is. */
static void test_heavy_texts_are_known_for_what_they_are(void **state)
{
    static const char *const pieces[] = {"{}",
                                         "[]",
                                         "\"\"",
                                         "0",
                                         "null",
                                         "{\"a\":0}",
                                         "[[]]",
                                         "{\"a\":{\"b\":{}}}",
                                         "{\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,\"8\":8}"};

    (void)state;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        CLEANUP(freep) char *text = many(pieces[i], 10000);
        struct json_weight weight = hold_against_jansson(text, strlen(text), true);

        assert_true(weight.bytes <= 3 * most_taken);
    }
}

static void test_a_long_string_is_read_through_a_buffer(void **state)
{
    char *text = memory_new(100003, 1);

    (void)state;
    memset(text, 'x', 100002);
    text[0] = text[100001] = '"';
    (void)hold_against_jansson(text, 100002, true);
    free(text);
}

static void test_what_fits_ends_at_a_byte(void **state)
{
    CLEANUP(freep) char *text = many("{}", 1000);
    size_t size = strlen(text), weight = json_weigh(text, size).bytes;

    (void)state;
    assert_true(json_fits(text, size, weight));
    assert_false(json_fits(text, size, weight - 1));
    assert_true(json_fits("", 0, 2000));
    assert_true(json_fits(text, size, 1 << 20)); /* too short to be looked into */
}

/* The shortcut never takes in what the scan would not. */
static void test_short_texts_fit_however_heavy(void **state)
{
    (void)state;
    for (size_t count = 1; count < 5000; count += 97) {
        CLEANUP(freep) char *text = many("{}", count);
        size_t size = strlen(text), weight = json_weigh(text, size).bytes;

        assert_false(json_fits(text, size, weight - 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_text_is_counted_as_it_is_parsed),
        cmocka_unit_test(test_heavy_texts_are_known_for_what_they_are),
        cmocka_unit_test(test_a_long_string_is_read_through_a_buffer),
        cmocka_unit_test(test_what_fits_ends_at_a_byte),
        cmocka_unit_test(test_short_texts_fit_however_heavy),
    };

    json_set_alloc_funcs(allocate, release);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
