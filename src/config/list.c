#include "config/list.h"

#include "base/memory.h"

#include <cyaml/cyaml.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is in force ---- */

static const char *value_of(const struct setting *setting, const struct given *given)
{
    if (given->text)
        return setting_is_secret(setting) ? "***" : given->text;
    return setting->fallback ? setting->fallback : "";
}

static const char *file_of(const struct config *config, const struct givens *givens, size_t number)
{
    const struct setting *setting = &settings[number];

    if (setting->type == SETTING_FILE || setting->type == SETTING_PATH)
        return *(char *const *)((const char *)config + setting->offset);
    return givens->of[SETTING_COUNT + number].text;
}

void list_make(struct config *config, const struct givens *givens)
{
    config->entries = memory_new(SETTING_COUNT, sizeof(*config->entries));
    config->entry_count = SETTING_COUNT;
    for (size_t i = 0; i < SETTING_COUNT; i++)
        config->entries[i] = (struct config_entry){
            .name = text_copy(settings[i].name),
            .value = text_copy(value_of(&settings[i], &givens->of[i])),
            .source = text_copy(givens->of[i].text ? givens->of[i].place : "default"),
            .file = text_copy(file_of(config, givens, i)),
        };
}

void list_free(struct config *config)
{
    for (size_t i = 0; i < config->entry_count; i++) {
        free(config->entries[i].name);
        free(config->entries[i].value);
        free(config->entries[i].source);
        free(config->entries[i].file);
    }
    free(config->entries);
}

/* Of a secret the entry does not tell; all of them are texts. */
bool config_entry_differs(const struct config *a, const struct config *b, size_t entry)
{
    size_t offset = settings[entry].offset;

    if (!setting_is_secret(&settings[entry]))
        return !text_equal(a->entries[entry].value, b->entries[entry].value);
    return !text_equal(*(char *const *)((const char *)a + offset),
                       *(char *const *)((const char *)b + offset));
}

/* ---- as YAML ---- */

static const cyaml_schema_field_t entry_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct config_entry, name, 0, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("value", CYAML_FLAG_POINTER, struct config_entry, value, 0, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("source", CYAML_FLAG_POINTER, struct config_entry, source, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t entry_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_entry, entry_fields),
};
static const cyaml_schema_value_t list_schema = {
    CYAML_VALUE_SEQUENCE(CYAML_FLAG_POINTER, struct config_entry, &entry_schema, 0, CYAML_UNLIMITED),
};

static bool print_yaml(const struct config *config, FILE *stream)
{
    static const cyaml_config_t terms = {
        .mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR, .flags = CYAML_CFG_STYLE_BLOCK};
    char *text = NULL;
    size_t size = 0;
    bool written;

    if (cyaml_save_data(&text, &size, &terms, &list_schema, config->entries, config->entry_count) != CYAML_OK)
        return false;
    written = fwrite(text, 1, size, stream) == size;
    (void)cyaml_mem(NULL, text, 0);
    return written;
}

/* ---- as JSON ---- */

static bool print_json(const struct config *config, FILE *stream)
{
    json_auto_t *list = json_array();

    for (size_t i = 0; i < config->entry_count; i++) {
        const struct config_entry *entry = &config->entries[i];

        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", entry->name, "value",
                                                    entry->value, "source", entry->source));
    }
    return json_dumpf(list, stream, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0 && fputc('\n', stream) != EOF;
}

bool config_list(const struct config *config, bool as_json, FILE *stream)
{
    bool written = as_json ? print_json(config, stream) : print_yaml(config, stream);

    return fflush(stream) == 0 && written;
}
