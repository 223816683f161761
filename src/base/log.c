/*
 * Written by hand because a line is all there is to it: syslog(3) and sd_journal_send(3) write elsewhere than
 * to standard error, and logging libraries bring sinks, threads and formats of their own.
 */
#include "base/log.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/visible.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_LINE = 16384, LONGEST_VALUE = 2048 };

static struct {
    enum log_level level;
    enum log_format format;
    void (*before)(void *context); /* NULL: nothing is called */
    void *context;
} settings = {.level = LOG_INFO, .format = LOG_LOGFMT};

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

/* sd-daemon(3): how a service tells the journal the level of a line. */
static const char *const priorities[] = {
    [LOG_ERROR] = "<3>", [LOG_WARNING] = "<4>", [LOG_INFO] = "<6>", [LOG_DEBUG] = "<7>"};

/* A terminal that was opened from a service knows the variable, too (systemd.exec(5), JOURNAL_STREAM). */
static bool goes_to_journal(void)
{
    return getenv("JOURNAL_STREAM") && !isatty(STDERR_FILENO);
}

/* When it is written there is no memory left to make it. */
static void choose_last_line(enum log_format format, bool journal)
{
    static const char *const lines[][2] = {
        [LOG_LOGFMT] = {"level=error event=out-of-memory\n", "<3>level=error event=out-of-memory\n"},
        [LOG_JSON] = {"{\"level\":\"error\",\"event\":\"out-of-memory\"}\n",
                      "<3>{\"level\":\"error\",\"event\":\"out-of-memory\"}\n"},
    };

    memory_set_last_line(lines[format][journal]);
}

void log_configure(enum log_level level, enum log_format format)
{
    settings.level = level;
    settings.format = format;
    choose_last_line(format, goes_to_journal());
}

void log_call_before(void (*before)(void *context), void *context)
{
    settings.before = before;
    settings.context = context;
}

bool log_wants(enum log_level level)
{
    return level <= settings.level;
}

static bool is_plain(const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte <= ' ' || byte == '"' || byte == '=' || byte == '\\' || byte >= 0x7f)
            return false;
    }
    return true;
}

static void append_character(struct buffer *line, const char *bytes, size_t size, uint32_t code)
{
    if (code == '"' || code == '\\')
        (void)buffer_append_format(line, "\\%c", (char)code);
    else if (code == '\n')
        (void)buffer_append_text(line, "\\n");
    else if (visible_is_hidden(code))
        visible_escape(line, code);
    else
        (void)buffer_append(line, bytes, size);
}

/*
 * By the rules of JSON, which logfmt readers accept too. Cuts between characters, not inside of one. A byte
 * that is no text becomes U+FFFD.
 */
static void append_quoted(struct buffer *line, const char *text)
{
    uint32_t code = 0;
    size_t size;

    (void)buffer_append_char(line, '"');
    for (size_t i = 0; text[i]; i += size ? size : 1) {
        size = text_read(text + i, &code);
        if (i + (size ? size : 1) > LONGEST_VALUE)
            break;
        if (size == 0)
            (void)buffer_append_text(line, "\\ufffd");
        else
            append_character(line, text + i, size, code);
    }
    (void)buffer_append_char(line, '"');
}

static void append_value(struct buffer *line, const struct log_field *field)
{
    if (field->kind == LOG_KIND_NUMBER)
        (void)buffer_append_format(line, "%lld", (long long)field->number);
    else if (settings.format == LOG_LOGFMT && strlen(field->text) <= LONGEST_VALUE && is_plain(field->text))
        (void)buffer_append_text(line, field->text);
    else
        append_quoted(line, field->text);
}

static void append_key(struct buffer *line, const char *key, bool json)
{
    if (json)
        (void)buffer_append_char(line, '"');
    (void)buffer_append_text(line, key);
    (void)buffer_append_text(line, json ? "\":" : "=");
}

/* A field for which there is no room is left out as a whole. */
static void append_field(struct buffer *line, const struct log_field *field)
{
    bool json = settings.format == LOG_JSON;
    size_t before = line->size;

    if (field->kind == LOG_KIND_TEXT && !field->text)
        return;
    if (line->size > 1)
        (void)buffer_append_char(line, json ? ',' : ' ');
    append_key(line, field->key, json);
    append_value(line, field);
    if (line->overflowed) {
        line->size = before;
        line->overflowed = false;
    }
}

static void append_time(struct buffer *line)
{
    struct timespec now;
    struct tm parts;
    char seconds[32], stamp[48];

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &parts);
    seconds[strftime(seconds, sizeof(seconds) - 1, "%Y-%m-%dT%H:%M:%S", &parts)] = '\0';
    (void)snprintf(stamp, sizeof(stamp), "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
    append_field(line, &LOG_TEXT("time", stamp));
}

/* At once: two pieces could get another process's line between them. */
static void write_line(const char *priority, const struct buffer *line)
{
    char first[] = "<0>";
    struct iovec pieces[] = {{.iov_base = first}, {.iov_base = line->bytes, .iov_len = line->size}};

    pieces[0].iov_len = (size_t)snprintf(first, sizeof(first), "%s", priority);
    (void)!writev(STDERR_FILENO, pieces, 2);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    bool journal = goes_to_journal();
    struct buffer line;

    if (!log_wants(level))
        return;
    if (settings.before)
        settings.before(settings.context);
    buffer_init(&line, LONGEST_LINE);
    if (settings.format == LOG_JSON)
        (void)buffer_append_char(&line, '{');
    if (!journal)
        append_time(&line);
    append_field(&line, &LOG_TEXT("level", level_names[level]));
    append_field(&line, &LOG_TEXT("event", event));
    for (; fields->kind != LOG_KIND_END; fields++)
        append_field(&line, fields);
    line.maximum = LONGEST_LINE + 8;
    (void)buffer_append_text(&line, settings.format == LOG_JSON ? "}\n" : "\n");
    write_line(journal ? priorities[level] : "", &line);
    buffer_deinit(&line);
}
