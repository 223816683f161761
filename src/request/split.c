#include "request/split.h"

#include "request/complaint.h"

#include <string.h>

#define MARK "\xef\xbb\xbf" /* U+FEFF at the beginning of a file, as some editors write it */

struct request_split request_split_begin(const char *bytes, size_t size)
{
    size_t mark = size >= strlen(MARK) && memcmp(bytes, MARK, strlen(MARK)) == 0 ? strlen(MARK) : 0;

    return (struct request_split){.bytes = bytes, .size = size, .at = mark, .origin = {.bytes = mark}};
}

/* ---- going on ---- */

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static void go_to(struct request_split *split, size_t end)
{
    for (; split->at < end; split->at++) {
        char byte = split->bytes[split->at];

        split->origin.bytes++;
        if (byte == '\n') {
            split->origin.lines++;
            split->origin.columns = 0;
        } else if (((unsigned char)byte & 0xc0) != 0x80) { /* the beginning of a character */
            split->origin.columns++;
        }
    }
}

static void skip_blanks(struct request_split *split)
{
    while (split->at < split->size && is_blank(split->bytes[split->at]))
        go_to(split, split->at + 1);
}

static bool is_at(const struct request_split *split, char byte)
{
    return split->at < split->size && split->bytes[split->at] == byte;
}

/* ---- where a value ends ---- */

/* Behind the string that begins there; beyond the end of all bytes if it has no end. */
static size_t end_of_string(const struct request_split *split, size_t i)
{
    for (i++; i < split->size && split->bytes[i] != '"'; i++)
        if (split->bytes[i] == '\\')
            i++;
    return i + 1;
}

/* Behind the object, array or string that begins here, or behind the first byte of anything else. Beyond the
   end of all bytes if it has no end. */
static size_t end_of_value(const struct request_split *split)
{
    size_t i = split->at, level = 0;

    do {
        char byte = split->bytes[i];

        if (byte == '"') {
            i = end_of_string(split, i);
            continue;
        }
        if (byte == '{' || byte == '[')
            level++;
        else if ((byte == '}' || byte == ']') && level > 0)
            level--;
        i++;
    } while (level > 0 && i < split->size);
    return level > 0 ? split->size + 1 : i;
}

static size_t end_of_line(const struct request_split *split, size_t i)
{
    const char *end = i < split->size ? memchr(split->bytes + i, '\n', split->size - i) : NULL;

    return end ? (size_t)(end - split->bytes) : split->size;
}

/* Behind what is up to the next comma or bracket of the array that is around it. */
static size_t end_in_array(const struct request_split *split)
{
    size_t i = end_of_value(split);

    while (i < split->size && split->bytes[i] != ',' && split->bytes[i] != ']')
        i = split->bytes[i] == '"' ? end_of_string(split, i) : i + 1;
    return i < split->size ? i : split->size;
}

/* Whether the next line that is not blank begins like a request. */
static bool goes_on_by_line(const struct request_split *split)
{
    size_t i = end_of_line(split, split->at);

    while (i < split->size && is_blank(split->bytes[i]))
        i++;
    return i < split->size && split->bytes[i] == '{';
}

/* A value without an end is a broken line if requests follow it, else a request that was cut off. */
static size_t end_in_lines(struct request_split *split)
{
    size_t end = split->by_line ? split->at : end_of_value(split);

    if (end > split->size && !goes_on_by_line(split))
        return split->size;
    if (end > split->size) {
        split->by_line = true;
        end = split->at;
    }
    return end_of_line(split, end);
}

/* ---- parts ---- */

static enum request_split_result take_part(struct request_split *split, size_t end,
                                           struct request_part *ret_part)
{
    *ret_part = (struct request_part){.bytes = split->bytes + split->at,
                                      .number = split->count++,
                                      .is_in_array = split->is_array,
                                      .origin = split->origin};
    while (end > split->at + 1 && is_blank(split->bytes[end - 1]))
        end--;
    ret_part->size = end - split->at;
    go_to(split, end);
    return REQUEST_SPLIT_PART;
}

static enum request_split_result complain(struct request_split *split, const char *expected,
                                          struct request_part *ret_part, struct request_complaint *complaint)
{
    *ret_part = (struct request_part){.bytes = split->bytes + split->at,
                                      .number = split->count,
                                      .is_in_array = split->is_array,
                                      .origin = split->origin};
    split->is_over = true;
    (void)complaint_set(complaint, REQUEST_INVALID_JSON, "line %zu, column %zu (byte %zu): %s",
                        split->origin.lines + 1, split->origin.columns + 1, split->origin.bytes + 1,
                        expected);
    return REQUEST_SPLIT_BROKEN;
}

/* Behind the bracket that ends the array. */
static enum request_split_result end_array(struct request_split *split, struct request_part *ret_part,
                                           struct request_complaint *complaint)
{
    go_to(split, split->at + 1);
    skip_blanks(split);
    if (split->at < split->size)
        return complain(split, "expected nothing behind the array of requests", ret_part, complaint);
    split->is_over = true;
    return REQUEST_SPLIT_END;
}

static enum request_split_result next_in_array(struct request_split *split, struct request_part *ret_part,
                                               struct request_complaint *complaint)
{
    if (is_at(split, ']') && split->count == 0)
        return end_array(split, ret_part, complaint);
    if (split->count > 0) {
        if (is_at(split, ']'))
            return end_array(split, ret_part, complaint);
        if (!is_at(split, ','))
            return complain(split, "expected , or ] behind a request", ret_part, complaint);
        go_to(split, split->at + 1);
        skip_blanks(split);
    }
    if (split->at == split->size || is_at(split, ',') || is_at(split, ']'))
        return complain(split, "expected a request", ret_part, complaint);
    return take_part(split, end_in_array(split), ret_part);
}

static enum request_split_result next_in_lines(struct request_split *split, struct request_part *ret_part,
                                               struct request_complaint *complaint)
{
    if (split->at < split->size)
        return take_part(split, end_in_lines(split), ret_part);
    if (split->count == 0)
        return complain(split, "expected a request, found nothing", ret_part, complaint);
    split->is_over = true;
    return REQUEST_SPLIT_END;
}

enum request_split_result request_split_next(struct request_split *split, struct request_part *ret_part,
                                             struct request_complaint *complaint)
{
    if (split->is_over)
        return REQUEST_SPLIT_END;
    skip_blanks(split);
    if (split->count == 0 && !split->is_array && is_at(split, '[')) {
        split->is_array = true;
        go_to(split, split->at + 1);
        skip_blanks(split);
    }
    return split->is_array ? next_in_array(split, ret_part, complaint)
                           : next_in_lines(split, ret_part, complaint);
}
