/*
 * Any text of others: made visible it is UTF-8 without anything hidden, and stays as it is if that is done
 * again; cut it ends between characters; and in the log it is one line, which as JSON says what it was.
 */
#include "fuzz.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/visible.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <unistr.h>

enum { LONGEST_VALUE = 2048, LONGEST_LINE = 32 * 1024, LONGEST_ESCAPE = 12 };

const struct fuzz_bound fuzz_bound = {.memory = 100, .blocks = 3, .steps = 1000};

static bool is_utf8(const char *text)
{
    return u8_check((const uint8_t *)text, strlen(text)) == NULL;
}

static void check_visible(const char *text, const char *copy)
{
    CLEANUP(freep) char *again = visible_copy(copy);
    uint32_t code = 0;

    must(is_utf8(copy) && text_equal(copy, again) && strlen(copy) <= LONGEST_ESCAPE * strlen(text));
    for (const char *at = copy; *at; at += text_read(at, &code)) {
        must(text_read(at, &code) > 0);
        must(!visible_is_hidden(code));
    }
}

static void check_cut(const char *text, size_t most)
{
    size_t length = text_cut(text, most);

    must(length <= most && length <= strlen(text));
    must(!is_utf8(text) || u8_check((const uint8_t *)text, length) == NULL);
    must(!is_utf8(text) || length == strlen(text) || length + 4 > most);
}

/* What is written to standard error; terminated. */
static void write_line(const char *text, enum log_format format, char line[static LONGEST_LINE])
{
    static int fd, standard;
    ssize_t size;

    if (fd == 0) {
        fd = memfd_create("log", MFD_CLOEXEC);
        standard = dup(STDERR_FILENO);
    }
    must(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0 && dup2(fd, STDERR_FILENO) >= 0);
    log_configure(LOG_INFO, format);
    log_info("a", LOG_TEXT("b", text), LOG_NUMBER("c", 1));
    must(dup2(standard, STDERR_FILENO) >= 0);
    size = pread(fd, line, LONGEST_LINE - 1, 0);
    must(size > 0);
    line[size] = '\0';
}

static void check_log(const char *text, const char *copy)
{
    char line[LONGEST_LINE];
    json_t *logged;
    const char *value;

    write_line(text, LOG_LOGFMT, line);
    must(strchr(line, '\n') == line + strlen(line) - 1 && is_utf8(line));
    write_line(text, LOG_JSON, line);
    must(strchr(line, '\n') == line + strlen(line) - 1);
    logged = json_loads(line, 0, NULL);
    value = json_string_value(json_object_get(logged, "b"));
    must(logged && json_integer_value(json_object_get(logged, "c")) == 1);
    if (strlen(text) <= LONGEST_VALUE && value && text_equal(text, copy))
        must(text_equal(value, text));
    json_decref(logged);
}

void fuzz_try(const uint8_t *data, size_t size)
{
    CLEANUP(freep) char *text = text_copy_bytes((const char *)data, size);
    CLEANUP(freep) char *copy = visible_copy(text);

    check_visible(text, copy);
    check_cut(text, size > 0 ? data[0] : 0);
    check_log(text, copy);
}
