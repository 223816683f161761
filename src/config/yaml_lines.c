/*
 * Where settings stand in a YAML file: a walk over the events of libyaml. There are two levels: the outermost
 * mapping, and in it the groups. Each is an alternation of keys and values; any other collection is
 * complained of where it begins and passed over as a whole.
 */
#include "base/memory.h"
#include "config/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

size_t yaml_group_length(const char *name)
{
    const char *joint = strstr(name, YAML_JOINT);

    return joint ? (size_t)(joint - name) : 0;
}

bool yaml_is_in_group(const char *name, const char *group)
{
    size_t length = yaml_group_length(name);

    return length > 0 && strlen(group) == length && strncmp(name, group, length) == 0;
}

struct scan {
    const char *path;
    struct complaints *complaints;
    size_t *lines;    /* what is found: the line of each name, from 1; 0: it is not there */
    unsigned depth;   /* 1: in the outermost mapping, 2: in a group */
    unsigned skipped; /* collections that are open where none belongs */
    bool at_value;    /* of the mapping at this depth */
    char *group;      /* the last key of the outermost mapping, be it a group or not; "" before the first */
    size_t number;    /* of the setting whose key was read last; NAME_COUNT: that was no setting */
};

static bool is_group(const char *name)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (yaml_is_in_group(settings[i].name, name))
            return true;
    return false;
}

static void found_unknown(const struct scan *scan, const char *name, size_t line)
{
    CLEANUP(freep) char *place = text_format("%s:%zu", scan->path, line);
    size_t group = yaml_group_length(name);

    if (setting_number(name) < NAME_COUNT) /* the name of the environment, in one piece */
        complain(scan->complaints, "%s: %s: expected %s below %.*s in its place", place, name,
                 name + group + strlen(YAML_JOINT), (int)group, name);
    else
        complain_of_unknown(place, name, scan->complaints);
}

static void found_setting(struct scan *scan, size_t line)
{
    size_t *found = &scan->lines[scan->number];

    if (*found)
        complain(scan->complaints, "%s:%zu: %s: given twice, first in line %zu", scan->path, line,
                 setting_name(scan->number), *found);
    *found = line;
}

/* A setting or a group. Which of them an unknown key was meant to be, its value will tell. */
static void scan_outer_key(struct scan *scan, const char *key, size_t line)
{
    free(scan->group);
    scan->group = text_copy(key);
    scan->number = strstr(key, YAML_JOINT) ? NAME_COUNT : setting_number(key);
    if (scan->number < NAME_COUNT)
        found_setting(scan, line);
}

static void scan_inner_key(struct scan *scan, const char *key, size_t line)
{
    CLEANUP(freep) char *name = text_format("%s" YAML_JOINT "%s", scan->group, key);

    scan->number = setting_number(name);
    if (scan->number < NAME_COUNT)
        found_setting(scan, line);
    else
        found_unknown(scan, name, line);
}

/* A collection or an alias. Nothing more is said of its value. */
static void scan_strange_key(struct scan *scan, size_t line)
{
    complain(scan->complaints, "%s:%zu: expected the name of a setting", scan->path, line);
    scan->number = NAME_COUNT;
    if (scan->depth == 1)
        scan->group[0] = '\0';
}

static bool is_null(const yaml_event_t *event)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

    for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
        if (event->type == YAML_SCALAR_EVENT && text_equal((char *)event->data.scalar.value, nulls[i]))
            return true;
    return false;
}

/* Of an unknown mapping nothing is said here: its keys are unknown too, and have better suggestions. */
static void scan_value(struct scan *scan, const yaml_event_t *event, size_t line)
{
    bool is_mapping = event->type == YAML_MAPPING_START_EVENT;
    bool is_sequence = event->type == YAML_SEQUENCE_START_EVENT;

    if (scan->number < NAME_COUNT && (is_mapping || is_sequence))
        complain(scan->complaints, "%s:%zu: %s: expected one value, found a %s", scan->path, line,
                 setting_name(scan->number), is_mapping ? "mapping" : "list");
    else if (scan->depth == 2 || scan->number < NAME_COUNT || is_mapping || !*scan->group)
        return;
    else if (!is_group(scan->group))
        found_unknown(scan, scan->group, line);
    else if (!is_null(event))
        complain(scan->complaints, "%s:%zu: %s: expected settings below it", scan->path, line, scan->group);
}

/* A key or a value, or the beginning of one that is a collection. */
static void scan_node(struct scan *scan, const yaml_event_t *event)
{
    const char *text = event->type == YAML_SCALAR_EVENT ? (const char *)event->data.scalar.value : NULL;
    size_t line = event->start_mark.line + 1;

    if (text && strlen(text) < event->data.scalar.length)
        complain(scan->complaints, "%s:%zu: expected text, found a NUL character", scan->path, line);
    if (scan->skipped > 0 || scan->depth == 0)
        return;
    if (scan->at_value)
        scan_value(scan, event, line);
    else if (!text)
        scan_strange_key(scan, line);
    else if (scan->depth == 1)
        scan_outer_key(scan, text, line);
    else
        scan_inner_key(scan, text, line);
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
            complain(scan->complaints, "%s:%zu: expected YAML: %s", scan->path, problem_line(parser, bytes),
                     parser->problem ? parser->problem : "out of memory");
            return;
        }
        if (event.type == YAML_DOCUMENT_START_EVENT && documents++ == 1)
            complain(scan->complaints, "%s:%zu: expected one document only", scan->path,
                     event.start_mark.line + 1);
        scan_event(scan, &event);
        ended = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
}

bool yaml_find_lines(const char *path, const char *bytes, size_t size, size_t ret_lines[static NAME_COUNT],
                     struct complaints *complaints)
{
    struct scan scan = {
        .path = path,
        .complaints = complaints,
        .lines = ret_lines,
        .group = text_copy(""),
        .number = NAME_COUNT,
    };
    size_t before = complaints->count;
    yaml_parser_t parser;

    memset(ret_lines, 0, NAME_COUNT * sizeof(*ret_lines));
    if (yaml_parser_initialize(&parser)) {
        yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, size);
        scan_parsed(&scan, &parser, bytes);
        yaml_parser_delete(&parser);
    } else {
        complain(complaints, "%s: out of memory", path);
    }
    free(scan.group);
    return complaints->count == before;
}
