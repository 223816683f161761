/*
 * The values of a YAML file, loaded by libcyaml with a schema that is made from the table. It refuses what
 * does not fit: lists and mappings where a value belongs, values where a mapping belongs, aliases. Values are
 * loaded as texts, so that they are checked by the code that checks those of the environment, and `010`, `on`
 * and `10abc` do not turn into something else on the way.
 */
#include "config/yaml.h"

#include "base/memory.h"

#include <cyaml/cyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name within its group, or the whole name of one that is in none. */
static const char *key_of(const char *name)
{
    const char *joint = strstr(name, YAML_JOINT);

    return joint ? joint + strlen(YAML_JOINT) : name;
}

/*
 * The schema. Every mapping is an array of pointers: the outermost one holds a text or the array of a group
 * for each of its keys, a group holds a text for each of its own. Missing keys and null are NULL.
 */
struct schema {
    cyaml_schema_value_t top;
    cyaml_schema_field_t outer[NAME_COUNT + 1];
    cyaml_schema_field_t inner[NAME_COUNT + NAME_COUNT]; /* of all groups, a terminator after each */
    size_t outer_count, inner_count;
    char *groups[NAME_COUNT]; /* the group at each place of `outer`; NULL: a setting */
    /* Under the index of a name: its place in its array, and that of its group in the outermost. */
    size_t places[NAME_COUNT], group_places[NAME_COUNT];
};

static cyaml_schema_value_t text_schema(void)
{
    return (cyaml_schema_value_t){
        CYAML_VALUE_STRING(CYAML_FLAG_POINTER_NULL_STR | CYAML_FLAG_OPTIONAL, char, 0, CYAML_UNLIMITED)};
}

static cyaml_schema_value_t mapping_schema(const cyaml_schema_field_t *fields, size_t count)
{
    return (cyaml_schema_value_t){
        .type = CYAML_MAPPING,
        .flags = CYAML_FLAG_POINTER_NULL_STR | CYAML_FLAG_OPTIONAL,
        .data_size = (uint32_t)(count * sizeof(void *)),
        .mapping = {.fields = fields},
    };
}

static cyaml_schema_field_t field_schema(const char *key, size_t place, cyaml_schema_value_t value)
{
    return (cyaml_schema_field_t){
        .key = key, .data_offset = (uint32_t)(place * sizeof(void *)), .value = value};
}

static void schema_add_outer(struct schema *schema, size_t index)
{
    schema->places[index] = schema->outer_count;
    schema->outer[schema->outer_count] =
        field_schema(setting_name(index), schema->outer_count, text_schema());
    schema->outer_count++;
}

/* The group of the name with all names that are in it. */
static void schema_add_group(struct schema *schema, const char *name)
{
    char *group = text_copy_bytes(name, yaml_group_length(name));
    const cyaml_schema_field_t *first = &schema->inner[schema->inner_count];
    size_t count = 0;

    for (size_t i = 0; i < NAME_COUNT; i++)
        if (setting_name(i) && yaml_is_in_group(setting_name(i), group)) {
            schema->places[i] = count;
            schema->group_places[i] = schema->outer_count;
            schema->inner[schema->inner_count++] =
                field_schema(key_of(setting_name(i)), count, text_schema());
            count++;
        }
    schema->inner[schema->inner_count++] = (cyaml_schema_field_t)CYAML_FIELD_END;
    schema->groups[schema->outer_count] = group;
    schema->outer[schema->outer_count] =
        field_schema(group, schema->outer_count, mapping_schema(first, count));
    schema->outer_count++;
}

static bool schema_has_group(const struct schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->outer_count; i++)
        if (schema->groups[i] && yaml_is_in_group(name, schema->groups[i]))
            return true;
    return false;
}

static struct schema *schema_new(void)
{
    struct schema *schema = NEW(struct schema);

    for (size_t i = 0; i < NAME_COUNT; i++) {
        const char *name = setting_name(i);

        if (name && yaml_group_length(name) == 0)
            schema_add_outer(schema, i);
        else if (name && !schema_has_group(schema, name))
            schema_add_group(schema, name);
    }
    schema->top = mapping_schema(schema->outer, schema->outer_count);
    return schema;
}

static void schema_free(struct schema *schema)
{
    if (!schema)
        return;
    for (size_t i = 0; i < schema->outer_count; i++)
        free(schema->groups[i]);
    free(schema);
}
DEFINE_CLEANUP(struct schema, schema_free)

/* The text that was loaded for a name; NULL: none. */
static char *loaded_text(const struct schema *schema, void **outer, size_t index)
{
    void **group;

    if (yaml_group_length(setting_name(index)) == 0)
        return outer[schema->places[index]];
    group = outer[schema->group_places[index]];
    return group ? group[schema->places[index]] : NULL;
}

/* What libcyaml says of a file that does not fit: a sentence, then the way to the place, innermost first. */
struct cyaml_report {
    char sentence[256];
    unsigned long line;
};

__attribute__((format(printf, 3, 0))) static void hear_cyaml(cyaml_log_t level, void *context,
                                                             const char *format, va_list arguments)
{
    struct cyaml_report *report = context;
    char text[sizeof(report->sentence)];
    const char *line;

    (void)level;
    (void)vsnprintf(text, sizeof(text), format, arguments);
    text[strcspn(text, "\n")] = '\0';
    line = strstr(text, "(line: ");
    if (!report->sentence[0])
        memcpy(report->sentence, text, sizeof(text));
    else if (line && report->line == 0)
        report->line = strtoul(line + strlen("(line: "), NULL, 10);
}

static const char *without_prefix(const char *sentence)
{
    static const char prefix[] = "Load: ";

    return strncmp(sentence, prefix, strlen(prefix)) == 0 ? sentence + strlen(prefix) : sentence;
}

static void complain_as_cyaml(const char *path, const struct cyaml_report *report, cyaml_err_t code,
                              struct complaints *complaints)
{
    bool has_sentence = report->sentence[0] && !strstr(report->sentence, "Backtrace");

    complain(complaints, "%s:%lu: %s", path, report->line ? report->line : 1,
             has_sentence ? without_prefix(report->sentence) : cyaml_strerror(code));
}

/* Takes each text down, and wipes it where libcyaml keeps it, for it may be a secret. */
static void take_loaded(const char *path, const struct schema *schema, void **outer, const size_t *lines,
                        struct givens *givens, struct complaints *complaints)
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        char *text = setting_name(i) ? loaded_text(schema, outer, i) : NULL;
        CLEANUP(freep) char *place = text ? text_format("%s:%zu", path, lines[i]) : NULL;

        if (!text)
            continue;
        givens_put(givens, SOURCE_YAML, place, setting_name(i), text, complaints);
        explicit_bzero(text, strlen(text));
    }
}

static void load(const char *path, const char *bytes, size_t size, const size_t *lines, struct givens *givens,
                 struct complaints *complaints)
{
    CLEANUP(schema_freep) struct schema *schema = schema_new();
    struct cyaml_report report = {0};
    const cyaml_config_t config = {
        .log_fn = hear_cyaml,
        .log_ctx = &report,
        .log_level = CYAML_LOG_ERROR,
        .mem_fn = cyaml_mem,
        .flags = CYAML_CFG_NO_ALIAS,
    };
    cyaml_data_t *outer = NULL; /* stays NULL for an empty file */
    cyaml_err_t code = cyaml_load_data((const uint8_t *)bytes, size, &config, &schema->top, &outer, NULL);

    if (code != CYAML_OK)
        complain_as_cyaml(path, &report, code, complaints);
    if (!outer)
        return;
    take_loaded(path, schema, outer, lines, givens, complaints);
    (void)cyaml_free(&config, &schema->top, outer, 0);
}

void yaml_read(const char *path, const char *bytes, size_t size, struct givens *givens,
               struct complaints *complaints)
{
    size_t lines[NAME_COUNT];

    if (yaml_find_lines(path, bytes, size, lines, complaints))
        load(path, bytes, size, lines, givens, complaints);
}
