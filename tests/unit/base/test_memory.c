#include "base/cleanup.h"
#include "base/memory.h"
#include "support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_new_is_zeroed(void **state)
{
    CLEANUP(freep) void *none = memory_new(0, 0);
    unsigned char *used = memory_new(1000, 7);
    CLEANUP(freep) unsigned char *bytes = NULL;

    (void)state;
    for (size_t i = 0; i < 7000; i++)
        ((volatile unsigned char *)used)[i] = 0xff;
    free(used);
    bytes = memory_new(1000, 7); /* most likely the same block */
    for (size_t i = 0; i < 7000; i++)
        assert_int_equal(bytes[i], 0);
    assert_non_null(none);
}

static void test_resize_keeps_the_bytes(void **state)
{
    CLEANUP(freep) char *text = text_copy("0123456789");

    (void)state;
    text = memory_resize(text, 1000, 100);
    assert_string_equal(text, "0123456789");
    text = memory_resize(text, 0, 100);
    assert_non_null(text);
}

static void test_texts(void **state)
{
    CLEANUP(freep)
    char *copy = text_copy("abc"), *part = text_copy_bytes("a\0bc", 3), *empty = text_copy_bytes(NULL, 0),
         *made = text_format("%s-%d", "x", 5);

    (void)state;
    assert_string_equal(copy, "abc");
    assert_memory_equal(part, "a\0b", 4);
    assert_string_equal(empty, "");
    assert_string_equal(made, "x-5");
    assert_null(text_copy(NULL));
}

static void test_equal(void **state)
{
    (void)state;
    assert_true(text_equal(NULL, NULL));
    assert_true(text_equal("", ""));
    assert_true(text_equal("abc", "abc"));
    assert_false(text_equal("abc", "abd"));
    assert_false(text_equal("abc", "ab"));
    assert_false(text_equal(NULL, ""));
    assert_false(text_equal("", NULL));
}

static void test_take_disarms_the_guard(void **state)
{
    char *taken;

    (void)state;
    {
        CLEANUP(freep) char *guarded = text_copy("text");

        taken = TAKE(guarded);
        assert_null(guarded);
    }
    assert_string_equal(taken, "text");
    text_free_secret(taken);
    text_free_secret(NULL);
}

static void test_guard_of_a_descriptor(void **state)
{
    int descriptor;

    (void)state;
    {
        CLEANUP(closep) int none = -1;
        CLEANUP(closep) int guarded = open("/dev/null", O_RDONLY | O_CLOEXEC);

        assert_true(none < 0 && guarded >= 0);
        descriptor = guarded;
    }
    assert_int_equal(fcntl(descriptor, F_GETFD), -1);
}

/* Under the address sanitizer: too large an allocation gives NULL, as it does without. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

/* More than any machine has, in a child process that is allowed to die of it. */
static void test_no_memory_ends_the_process(void **state)
{
    static const struct rlimit no_core = {0, 0};
    int pipe_ends[2], status;
    char text[4096] = "";
    size_t size = 0;
    ssize_t more;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(pipe_ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)signal(SIGABRT, SIG_DFL);
        (void)dup2(pipe_ends[1], STDERR_FILENO);
        _exit(memory_resize(NULL, SIZE_MAX / 4, 8) ? 1 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    (void)close(pipe_ends[1]);
    while ((more = read(pipe_ends[0], text + size, sizeof(text) - 1 - size)) > 0)
        size += (size_t)more;
    assert_non_null(strstr(text, "level=error event=out-of-memory\n"));
    (void)close(pipe_ends[0]);
}

/* Also what stands behind a NUL. */
static void test_secrets_are_overwritten(void **state)
{
    enum { SIZE = 200 };
    CLEANUP(freep) char *block = memory_new(SIZE, 1);

    (void)state;
    memset(block, 'x', SIZE);
    block[SIZE / 2] = '\0';
    memory_wipe(block);
    for (size_t i = 0; i < SIZE; i++)
        assert_int_equal(block[i], 0);
    memory_wipe(NULL);
}

/* How often the text stands in the heap of this process; where that is not the kernel's, as under a
   sanitizer, never. What it is read to is not in the heap. */
static size_t heap_holds(const char *text, size_t size)
{
    static char bytes[1 << 20];
    FILE *maps = fopen("/proc/self/maps", "re");
    CLEANUP(closep) int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    unsigned long begin, end;
    char line[512];
    size_t found = 0;
    ssize_t count;

    assert_true(maps && memory >= 0);
    while (fgets(line, sizeof(line), maps)) {
        if (!strstr(line, "[heap]") || sscanf(line, "%lx-%lx", &begin, &end) != 2)
            continue;
        count = pread(memory, bytes, end - begin < sizeof(bytes) ? end - begin : sizeof(bytes), (off_t)begin);
        for (const char *at = bytes; count > 0 && (at = memmem(at, (size_t)(bytes + count - at), text, size));
             at++)
            found++;
    }
    (void)fclose(maps);
    return found;
}

/* Searched for without the first bytes, in which malloc() keeps its own notes once the block is free. */
static void test_what_a_library_leaves_is_overwritten(void **state)
{
    enum { NOTES = 32 };
    char secret[] = "Authorization: Bearer and then, syt_token_of_no_server";
    char *block = memory_malloc(sizeof(secret)), *behind, *other;

    (void)state;
    memcpy(block, secret, sizeof(secret));
    assert_ptr_equal(memory_realloc(block, 1), block);
    behind = memory_malloc(sizeof(secret)); /* so that it cannot grow where it is */
    block = memory_realloc(block, 10000);
    assert_string_equal(block, secret);
    assert_true(heap_holds(secret + NOTES, sizeof(secret) - NOTES) <= 1);
    other = memory_realloc(NULL, sizeof(secret));
    memcpy(other, secret, sizeof(secret));
    memory_free_secret(block);
    memory_free_secret(other);
    memory_free_secret(NULL);
    assert_int_equal(heap_holds(secret + NOTES, sizeof(secret) - NOTES), 0);
    free(behind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_is_zeroed),
        cmocka_unit_test(test_resize_keeps_the_bytes),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_take_disarms_the_guard),
        cmocka_unit_test(test_guard_of_a_descriptor),
        cmocka_unit_test(test_no_memory_ends_the_process),
        cmocka_unit_test(test_secrets_are_overwritten),
        cmocka_unit_test(test_what_a_library_leaves_is_overwritten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
