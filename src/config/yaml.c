/*
 * YAML files: one walk over the events of libyaml. There are two levels: the outermost mapping, and in it the
 * groups. Each is an alternation of keys and values; any other collection is complained of where it begins
 * and passed over as a whole. Values are texts, whatever YAML takes them for (`010`, `on`, `10abc`): the code
 * that checks those of the environment checks them, too.
 *
 * Why not libcyaml, which loads a file by a schema: it tells no line of what it loads, and of a mistake the
 * line of what stands before it; it ends at the first mistake, and where it is to pass over unknown keys it
 * does so without a word. But each mistake is to be told with its line, the ones that are found in a value
 * later included.
 */
#include "config/yaml.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define JOINT "__"

struct scan {
    const char *path;
    struct givens *givens;
    struct complaints *complaints;
    size_t lines[NAME_COUNT]; /* under the number of each name: where it was found, from 1; 0: nowhere */
    unsigned depth;           /* 1: in the outermost mapping, 2: in a group */
    unsigned skipped;         /* collections that are open where none belongs */
    bool at_value;            /* of the mapping at this depth */
    bool empty;               /* no key was found in the group yet */
    char *group; /* the last key of the outermost mapping, be it a group or not; "": not even a name */
    size_t group_line;
    size_t number; /* of the setting whose key was read last; NAME_COUNT: that was no setting */
};

/* ---- names ---- */

size_t yaml_group_length(const char *name)
{
    const char *joint = strstr(name, JOINT);

    return joint ? (size_t)(joint - name) : 0;
}

static bool is_in_group(const char *name, const char *group)
{
    size_t length = yaml_group_length(name);

    return length > 0 && strlen(group) == length && strncmp(name, group, length) == 0;
}

static bool is_group(const char *name)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (is_in_group(settings[i].name, name))
            return true;
    return false;
}

/* The line of a setting that was found in a group of that name; 0: none was. */
static size_t line_of_group(const struct scan *scan, const char *group)
{
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (scan->lines[i] > 0 && is_in_group(setting_name(i), group))
            return scan->lines[i];
    return 0;
}

/* ---- keys ---- */

static void found_unknown(const struct scan *scan, const char *name, size_t line)
{
    CLEANUP(freep) char *place = text_format("%s:%zu", scan->path, line);
    size_t group = yaml_group_length(name);

    if (setting_number(name) < NAME_COUNT) /* the name of the environment, in one piece */
        complain(scan->complaints, "%s: %s: expected %s below %.*s in its place", place, name,
                 name + group + strlen(JOINT), (int)group, name);
    else
        complain_of_unknown(place, name, scan->complaints);
}

static void found_twice(const struct scan *scan, const char *name, size_t line, size_t first)
{
    complain(scan->complaints, "%s:%zu: %s: given twice, first in line %zu", scan->path, line, name, first);
}

static void found_setting(struct scan *scan, size_t line)
{
    size_t *found = &scan->lines[scan->number];

    if (*found)
        found_twice(scan, setting_name(scan->number), line, *found);
    *found = line;
}

/* Not a text, or an empty one. Nothing more is said of its value. */
static void scan_strange_key(struct scan *scan, size_t line)
{
    complain(scan->complaints, "%s:%zu: expected the name of a setting", scan->path, line);
    scan->number = NAME_COUNT;
    if (scan->depth == 1)
        scan->group[0] = '\0';
}

/* A setting or a group. Which of them an unknown key was meant to be, its value will tell. */
static void scan_outer_key(struct scan *scan, const char *key, size_t line)
{
    size_t first = line_of_group(scan, key);

    free(scan->group);
    scan->group = text_copy(key);
    scan->group_line = line;
    scan->number = strstr(key, JOINT) ? NAME_COUNT : setting_number(key);
    if (scan->number < NAME_COUNT)
        found_setting(scan, line);
    else if (first > 0)
        found_twice(scan, key, line, first);
}

static void scan_inner_key(struct scan *scan, const char *key, size_t line)
{
    CLEANUP(freep) char *name = text_format("%s" JOINT "%s", scan->group, key);

    scan->empty = false;
    scan->number = setting_number(name);
    if (scan->number < NAME_COUNT)
        found_setting(scan, line);
    else
        found_unknown(scan, name, line);
}

static void scan_key(struct scan *scan, const char *text, size_t line)
{
    if (!text || !*text)
        scan_strange_key(scan, line);
    else if (scan->depth == 1)
        scan_outer_key(scan, text, line);
    else
        scan_inner_key(scan, text, line);
}

/* ---- values ---- */

static bool is_null(const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

    for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
        if (text_equal(text, nulls[i]))
            return true;
    return false;
}

static void take_setting(const struct scan *scan, const char *text)
{
    CLEANUP(freep) char *place = text_format("%s:%zu", scan->path, scan->lines[scan->number]);

    if (!is_null(text))
        givens_put(scan->givens, SOURCE_YAML, place, setting_name(scan->number), text, scan->complaints);
}

/* Of an unknown mapping nothing is said here: its keys are unknown too, and have better suggestions. */
static void scan_value(struct scan *scan, const char *text, yaml_event_type_t type, size_t line)
{
    const char *found = type == YAML_MAPPING_START_EVENT ? "a mapping"
                        : type == YAML_ALIAS_EVENT       ? "an alias"
                                                         : "a list";

    if (scan->number < NAME_COUNT && text)
        take_setting(scan, text);
    else if (scan->number < NAME_COUNT)
        complain(scan->complaints, "%s:%zu: %s: expected one value, found %s", scan->path, line,
                 setting_name(scan->number), found);
    else if (scan->depth == 2 || type == YAML_MAPPING_START_EVENT || !*scan->group)
        return;
    else if (!is_group(scan->group))
        found_unknown(scan, scan->group, line);
    else if (!is_null(text))
        complain(scan->complaints, "%s:%zu: %s: expected settings below it", scan->path, line, scan->group);
}

/* ---- events ---- */

/* A key or a value, the beginning of one that is a collection, or all that the file holds. */
static void scan_node(struct scan *scan, const yaml_event_t *event)
{
    const char *text = event->type == YAML_SCALAR_EVENT ? (const char *)event->data.scalar.value : NULL;
    size_t line = event->start_mark.line + 1;

    if (text && strlen(text) < event->data.scalar.length)
        complain(scan->complaints, "%s:%zu: expected text, found a NUL character", scan->path, line);
    if (scan->skipped > 0)
        return;
    if (scan->depth == 0 && event->type != YAML_MAPPING_START_EVENT && !is_null(text))
        complain(scan->complaints, "%s:%zu: expected settings, each with its name", scan->path, line);
    if (scan->depth == 0)
        return;
    if (scan->at_value)
        scan_value(scan, text, event->type, line);
    else
        scan_key(scan, text, line);
    scan->at_value = !scan->at_value;
}

/* Whether the collection that begins here is one of the two levels of mappings. */
static bool is_level(const struct scan *scan, const yaml_event_t *event)
{
    if (scan->skipped > 0 || event->type != YAML_MAPPING_START_EVENT)
        return false;
    return scan->depth == 0 ||
           (scan->depth == 1 && scan->at_value && scan->number == NAME_COUNT && *scan->group);
}

static void scan_collection(struct scan *scan, const yaml_event_t *event)
{
    bool is_in_levels = is_level(scan, event);

    scan_node(scan, event);
    if (is_in_levels) {
        scan->depth++;
        scan->empty = true;
        scan->at_value = false;
    } else {
        scan->skipped++;
    }
}

static void scan_end(struct scan *scan)
{
    if (scan->skipped > 0) {
        scan->skipped--;
    } else {
        if (scan->depth == 2 && scan->empty && !is_group(scan->group))
            found_unknown(scan, scan->group, scan->group_line);
        scan->depth--;
        scan->at_value = false;
    }
}

static void scan_event(struct scan *scan, const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT || event->type == YAML_ALIAS_EVENT)
        scan_node(scan, event);
    else if (event->type == YAML_MAPPING_START_EVENT || event->type == YAML_SEQUENCE_START_EVENT)
        scan_collection(scan, event);
    else if (event->type == YAML_MAPPING_END_EVENT || event->type == YAML_SEQUENCE_END_EVENT)
        scan_end(scan);
}

/* Of bytes that are no characters libyaml tells the offset only. */
static size_t problem_line(const yaml_parser_t *parser, const char *bytes)
{
    size_t line = 1;

    if (parser->error != YAML_READER_ERROR)
        return parser->problem_mark.line + 1;
    for (size_t i = 0; i < parser->problem_offset; i++)
        line += bytes[i] == '\n';
    return line;
}

static void scan_parsed(struct scan *scan, yaml_parser_t *parser, const char *bytes)
{
    unsigned documents = 0;
    bool ended = false;

    while (!ended) {
        yaml_event_t event;

        if (!yaml_parser_parse(parser, &event)) {
            memory_must(parser->error != YAML_MEMORY_ERROR); /* it is no mistake of the settings */
            complain(scan->complaints, "%s:%zu: expected YAML: %s", scan->path, problem_line(parser, bytes),
                     parser->problem);
            return;
        }
        if (event.type == YAML_DOCUMENT_START_EVENT && documents++ == 1)
            complain(scan->complaints, "%s:%zu: expected one document only", scan->path,
                     event.start_mark.line + 1);
        scan_event(scan, &event);
        ended = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_SCALAR_EVENT)
            explicit_bzero(event.data.scalar.value, event.data.scalar.length); /* it may be a secret */
        yaml_event_delete(&event);
    }
}

void yaml_read(const char *path, const char *bytes, size_t size, struct givens *givens,
               struct complaints *complaints)
{
    struct scan scan = {
        .path = path,
        .givens = givens,
        .complaints = complaints,
        .group = text_copy(""),
        .number = NAME_COUNT,
    };
    yaml_parser_t parser;

    memory_must(yaml_parser_initialize(&parser));
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, size);
    scan_parsed(&scan, &parser, bytes);
    yaml_parser_delete(&parser);
    free(scan.group);
}
