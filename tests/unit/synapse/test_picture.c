#include "synapse/picture.h"

#include "base/memory.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char path[] = "picture.tmp";

static void write_file(const char *bytes, size_t size)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void knows_pictures_by_their_first_bytes(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *type;
    } cases[] = {
        {"\x89PNG\r\n\x1a\nxx", 10, "image/png"},
        {"\xff\xd8\xff\xe0", 4, "image/jpeg"},
        {"GIF89a", 6, "image/gif"},
        {"RIFF\0\0\0\0WEBPVP8 ", 16, "image/webp"},
        {"\x89PNG", 4, "application/octet-stream"},
        {"x", 1, "application/octet-stream"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct picture picture;
        struct error error;

        write_file(cases[i].bytes, cases[i].size);
        assert_true(picture_read(path, &picture, &error));
        assert_int_equal(picture.size, cases[i].size);
        assert_memory_equal(picture.bytes, cases[i].bytes, cases[i].size);
        assert_string_equal(picture.content_type, cases[i].type);
        free(picture.bytes);
    }
    (void)unlink(path);
}

static void refuses_what_is_no_file(void **state)
{
    struct picture picture;
    struct error error;

    (void)state;
    (void)unlink(path);
    assert_false(picture_read(path, &picture, &error));
    assert_string_equal(error.text, "picture.tmp: No such file or directory");
    assert_false(picture_read("/", &picture, &error));
    assert_string_equal(error.text, "/: not a file");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(picture_read(path, &picture, &error));
    (void)unlink(path);
}

static void refuses_a_file_of_no_fit_size(void **state)
{
    struct picture picture;
    struct error error;

    (void)state;
    write_file("", 0);
    assert_false(picture_read(path, &picture, &error));
    assert_int_equal(truncate(path, (4 << 20) + 1), 0);
    assert_false(picture_read(path, &picture, &error));
    assert_int_equal(truncate(path, 4 << 20), 0);
    assert_true(picture_read(path, &picture, &error));
    free(picture.bytes);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_pictures_by_their_first_bytes),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(refuses_a_file_of_no_fit_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
