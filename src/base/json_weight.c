/*
 * Weights are those of jansson 2.14 (value.c, hashtable.c, strbuffer.c) with the allocator of glibc, which
 * adds a word to each block and rounds up to two words.
 *
 * A value begins where something other than a closing bracket follows an opening one, a comma or a colon, and
 * at the beginning. Names of members are told from strings by the colon behind them: each colon takes away
 * the value that its name was counted as.
 */
#include "base/json_weight.h"

#include <stdint.h>
#include <string.h>

enum {
    OBJECT = 80 + 144, /* itself, and its first eight buckets */
    ARRAY = 48 + 80,   /* itself, and its first eight elements */
    ELEMENT = 3 * 8,   /* a table of twice the size, filled from the one before it */
    STRING = 48 + 32,  /* without its bytes */
    MEMBER = 3 * 16,   /* buckets, likewise. The pair is as heavy as the string that its name was taken for */
    NUMBER = 32,
    READER = 1024,    /* what is there while a text is read */
    TOKEN_COPIES = 3, /* of the longest string, while it is read: a buffer that grows by doubling */
    HEAVIEST = 88,    /* bytes of memory for one of text: `{},` is 83, and `{"":` 88 */
};

struct scan {
    const char *at, *end;
    bool expects_value;
    size_t longest; /* string */
    struct json_weight weight;
};

/* `at` is behind the opening quote; it moves behind the closing one. */
static size_t skip_string(struct scan *scan)
{
    const char *from = scan->at;

    while (scan->at < scan->end && *scan->at != '"')
        scan->at += *scan->at == '\\' && scan->at + 1 < scan->end ? 2 : 1;
    if (scan->at < scan->end)
        scan->at++;
    return (size_t)(scan->at - from);
}

static void count_value(struct scan *scan, size_t weight)
{
    scan->weight.values += scan->expects_value;
    scan->weight.bytes += weight;
    scan->expects_value = false;
}

static void count_string(struct scan *scan)
{
    size_t length = skip_string(scan);

    count_value(scan, STRING + length);
    if (length > scan->longest)
        scan->longest = length;
}

static void count_opening(struct scan *scan, bool is_object)
{
    count_value(scan, is_object ? OBJECT : ARRAY);
    scan->weight.objects += is_object;
    scan->expects_value = true;
}

/* A number, or a literal, which weighs nothing: its other letters are no beginnings any more. */
static void count_plain(struct scan *scan, char byte)
{
    if (scan->expects_value)
        count_value(scan, (byte >= '0' && byte <= '9') || byte == '-' ? NUMBER : 0);
}

static void count(struct scan *scan, char byte)
{
    switch (byte) {
    case '"':
        count_string(scan);
        break;
    case '{':
    case '[':
        count_opening(scan, byte == '{');
        break;
    case '}':
    case ']':
        scan->expects_value = false;
        break;
    case ',':
        scan->weight.bytes += ELEMENT;
        scan->expects_value = true;
        break;
    case ':':
        scan->weight.values--; /* its name is no value */
        scan->weight.bytes += MEMBER;
        scan->expects_value = true;
        break;
    case ' ':
    case '\t':
    case '\n':
    case '\r':
        break;
    default:
        count_plain(scan, byte);
        break;
    }
}

struct json_weight json_weigh(const char *text, size_t size)
{
    struct scan scan = {.at = text, .end = text + size, .expects_value = true};

    scan.weight.bytes = READER;
    while (scan.at < scan.end)
        count(&scan, *scan.at++);
    scan.weight.bytes += TOKEN_COPIES * scan.longest;
    return scan.weight;
}

bool json_fits(const char *text, size_t size, size_t most)
{
    return size <= (most - READER) / HEAVIEST || json_weigh(text, size).bytes <= most;
}
