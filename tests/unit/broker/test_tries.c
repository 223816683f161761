#include "base/memory.h"
#include "broker/tries.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#define DIGEST "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OTHER "f3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* In memory of just its size, so that a look beyond it is noticed. */
static char *exactly(const char *text)
{
    size_t size = strlen(text);
    char *note = memory_resize(NULL, size, 1);

    for (size_t i = 0; i < size; i++)
        note[i] = text[i];
    return note;
}

static uint64_t read_of(const char *text)
{
    CLEANUP(freep) char *note = exactly(text);

    return tries_read(note, strlen(text), DIGEST);
}

static bool is_note(const char *text)
{
    CLEANUP(freep) char *note = exactly(text);

    return tries_is_note(note, strlen(text));
}

/* The note, written anew; the caller frees it. */
static char *written(const char *before, const char *sha256, uint64_t count)
{
    CLEANUP(freep) char *note = exactly(before);
    struct buffer buffer;

    buffer_init(&buffer, TRIES_NOTE_SIZE);
    tries_write(&buffer, note, strlen(before), sha256, count);
    assert_false(buffer.overflowed);
    return buffer_take(&buffer);
}

static void test_what_was_written_is_read(void **state)
{
    static const uint64_t counts[] = {1, 2, 9, 10, 4711, 999999998, 999999999};

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        CLEANUP(freep) char *note = written("", DIGEST, counts[i]);

        assert_true(is_note(note));
        assert_int_equal(read_of(note), counts[i]);
    }
}

static void test_there_is_a_most(void **state)
{
    CLEANUP(freep) char *note = written("", DIGEST, UINT64_MAX);

    (void)state;
    assert_int_equal(read_of(note), 999999999);
}

static void test_each_message_has_its_own_count_and_the_newest_is_in_front(void **state)
{
    CLEANUP(freep) char *one = written("", DIGEST, 3), *two = written(one, OTHER, 1);
    CLEANUP(freep) char *three = written(two, DIGEST, 4), *four = written(three, DIGEST, 0);
    CLEANUP(freep) char *five = written(four, OTHER, 0);

    (void)state;
    assert_string_equal(two, OTHER " 1\n" DIGEST " 3\n");
    assert_int_equal(read_of(two), 3);
    assert_string_equal(three, DIGEST " 4\n" OTHER " 1\n");
    assert_string_equal(four, OTHER " 1\n");
    assert_string_equal(five, "");
}

/* The first one was counted last, and is the last to go. */
static void test_of_many_messages_the_last_few_are_kept(void **state)
{
    CLEANUP(freep) char *note = written("", DIGEST, 5);
    char digest[] = OTHER;

    (void)state;
    for (const char *digit = "12345678"; *digit; digit++) {
        CLEANUP(freep) char *before = note;

        assert_int_equal(read_of(before), 5);
        digest[0] = *digit;
        note = written(before, digest, 999999999);
        assert_true(is_note(note));
        assert_true(strlen(note) <= TRIES_NOTE_SIZE);
    }
    assert_int_equal(read_of(note), 0);
    assert_int_equal(strlen(note), TRIES_NOTE_SIZE);
}

static void test_what_is_no_note_counts_nothing(void **state)
{
    static const char *const texts[] = {
        "",
        "\n",
        "5\n",
        DIGEST,
        DIGEST " 5",
        DIGEST " \n",
        DIGEST "5\n",
        DIGEST "55\n",
        DIGEST "  5\n",
        DIGEST " -5\n",
        DIGEST " +5\n",
        DIGEST " 5 \n",
        DIGEST " 5x\n",
        DIGEST " a\n",
        DIGEST " 5\r\n",
        DIGEST " 0000000005\n",
        "g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 5\n",
        "E3B0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 5\n",
        "{\"method\": \"removeRoom\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_false(is_note(texts[i]));
        assert_int_equal(read_of(texts[i]), 0);
    }
    assert_false(is_note(DIGEST " 5\nand more"));
    assert_true(is_note(OTHER " 5\n"));
    assert_int_equal(read_of(OTHER " 5\n"), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_written_is_read),
        cmocka_unit_test(test_there_is_a_most),
        cmocka_unit_test(test_each_message_has_its_own_count_and_the_newest_is_in_front),
        cmocka_unit_test(test_of_many_messages_the_last_few_are_kept),
        cmocka_unit_test(test_what_is_no_note_counts_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
