#ifndef SYNC_TESTS_SUPPORT_CAPTURE_H
#define SYNC_TESTS_SUPPORT_CAPTURE_H

#include "base/memory.h"
#include "support/test.h"

#include <sys/mman.h>
#include <unistd.h>

/*
 * What is written to standard error between begin and end (a file in memory takes its place), so what is
 * logged. To be included after the headers of cmocka. A failed assertion in between is not seen.
 */
struct capture {
    int terminal, file;
};

static inline void capture_begin(struct capture *capture)
{
    capture->terminal = dup(STDERR_FILENO);
    capture->file = memfd_create("stderr", MFD_CLOEXEC);
    assert_true(capture->terminal >= 0 && capture->file >= 0);
    assert_true(dup2(capture->file, STDERR_FILENO) >= 0);
}

/* The text that was written; the caller frees it. */
static inline char *capture_end(struct capture *capture)
{
    enum { LARGEST = 1 << 20 };
    char *text = memory_new(LARGEST + 1, 1);

    assert_true(dup2(capture->terminal, STDERR_FILENO) >= 0);
    assert_true(pread(capture->file, text, LARGEST, 0) >= 0);
    (void)close(capture->terminal);
    (void)close(capture->file);
    return text;
}

#endif
