#include "broker/tries.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#define DIGEST "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* In memory of just its size, so that a look beyond it is noticed. */
static uint64_t read_of(const char *text)
{
    size_t size = strlen(text);
    char *note = malloc(size ? size : 1);
    uint64_t count;

    assert_non_null(note);
    memcpy(note, text, size);
    count = tries_read(note, size, DIGEST);
    free(note);
    return count;
}

static void test_what_was_written_is_read(void **state)
{
    static const uint64_t counts[] = {1, 2, 9, 10, 4711, 999999999, 1000000000};
    char note[TRIES_NOTE_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        tries_write(note, DIGEST, counts[i]);
        assert_int_equal(read_of(note), counts[i]);
    }
    tries_write(note, DIGEST, UINT64_MAX); /* fits */
    assert_int_equal(strlen(note), TRIES_NOTE_SIZE - 1);
}

static void test_there_is_a_most(void **state)
{
    (void)state;
    assert_int_equal(read_of(DIGEST " 9999999999"), 1000000000);
}

static void test_what_is_no_note_of_that_message_counts_nothing(void **state)
{
    static const char *const notes[] = {
        "",
        "5",
        DIGEST,
        DIGEST " ",
        DIGEST "5",
        DIGEST "55",
        DIGEST "  5",
        DIGEST " -5",
        DIGEST " +5",
        DIGEST " 5 ",
        DIGEST " 5x",
        DIGEST " 00000000005",
        "f3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 5",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b854 5",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
        assert_int_equal(read_of(notes[i]), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_written_is_read),
        cmocka_unit_test(test_there_is_a_most),
        cmocka_unit_test(test_what_is_no_note_of_that_message_counts_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
