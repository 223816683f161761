#include "config/settings.h"
#include "config/workspace.h"
#include "support/evil.h"

#include <jansson.h>
#include <yaml.h>

static char *list_of(const struct config *config, bool as_json)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    assert_non_null(stream);
    assert_true(config_list(config, as_json, stream));
    assert_int_equal(fclose(stream), 0);
    return text;
}

static char *listed(bool as_json)
{
    struct error error;
    CLEANUP(config_freep) struct config *config = config_load(&(struct config_sources){0}, &error);

    assert_non_null(config);
    return list_of(config, as_json);
}

static const char *said_of(const json_t *list, const char *name, const char *key)
{
    size_t i;
    json_t *entry;

    json_array_foreach(list, i, entry) if (strcmp(json_string_value(json_object_get(entry, "name")), name) ==
                                           0) return json_string_value(json_object_get(entry, key));
    fail_msg("%s is not listed", name);
    return NULL;
}

static void give(void)
{
    set("MATRIX_MESSENGER__URI", "http://localhost:8008");
    set("MATRIX_MESSENGER__SERVERNAME", "school");
    set("MATRIX_MESSENGER__SECRET", "sesame");
    set("RABBITMQ_URI", "amqp://guest:sesame@localhost");
    write_file(".env", "SYNC__ERASE=false\n");
}

static void tells_what_counts_and_where_it_is_from(void **state)
{
    CLEANUP(freep) char *text = NULL;
    json_auto_t *list = NULL;

    (void)state;
    give();
    text = listed(true);
    list = json_loads(text, 0, NULL);
    assert_int_equal(json_array_size(list), SETTING_COUNT);
    assert_string_equal(said_of(list, "MATRIX_MESSENGER__URI", "value"), "http://localhost:8008");
    assert_string_equal(said_of(list, "MATRIX_MESSENGER__URI", "source"), "environment");
    assert_string_equal(said_of(list, "SYNC__ERASE", "value"), "false");
    assert_string_equal(said_of(list, "SYNC__ERASE", "source"), ".env:1");
    assert_string_equal(said_of(list, "SYNC__MIRROR", "value"), "true");
    assert_string_equal(said_of(list, "SYNC__MIRROR", "source"), "default");
}

static void keeps_secrets(void **state)
{
    (void)state;
    give();
    for (int as_json = 0; as_json < 2; as_json++) {
        CLEANUP(freep) char *text = listed(as_json);

        assert_null(strstr(text, "sesame"));
        assert_non_null(strstr(text, "***"));
    }
}

/* What no setting may hold is refused before. */
static void can_be_shown_on_a_terminal(void **state)
{
    size_t shown = 0;

    (void)state;
    give();
    for (size_t i = 0; i < evil_count(); i++) {
        struct error error;
        CLEANUP(config_freep) struct config *config = NULL;

        set("MATRIX_MESSENGER__SYNC_USER_DISPLAYNAME", evil_text(i));
        config = config_load(&(struct config_sources){0}, &error);
        for (int as_json = 0; config && as_json < 2; as_json++) {
            CLEANUP(freep) char *text = list_of(config, as_json);

            assert_shown_in_lines(text, count_of(text, "\n"));
            shown++;
        }
    }
    assert_in_range(shown, 40, 200);
}

static void is_yaml(void **state)
{
    CLEANUP(freep) char *text = NULL;
    yaml_document_t document;
    yaml_parser_t parser;
    const yaml_node_t *root;

    (void)state;
    give();
    text = listed(false);
    assert_true(yaml_parser_initialize(&parser));
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
    assert_true(yaml_parser_load(&parser, &document));
    root = yaml_document_get_root_node(&document);
    assert_int_equal(root->type, YAML_SEQUENCE_NODE);
    assert_int_equal(root->data.sequence.items.top - root->data.sequence.items.start, SETTING_COUNT);
    yaml_document_delete(&document);
    yaml_parser_delete(&parser);
}

static void tells_which_entries_differ(void **state)
{
    struct error error;
    CLEANUP(config_freep) struct config *before = NULL, *after = NULL;

    (void)state;
    give();
    before = config_load(&(struct config_sources){0}, &error);
    set("MATRIX_MESSENGER__SECRET", "another");
    set("SYNC__CONCURRENCY", "3");
    after = config_load(&(struct config_sources){0}, &error);
    assert_non_null(before);
    assert_non_null(after);
    for (size_t i = 0; i < before->entry_count; i++) {
        const char *name = before->entries[i].name;

        assert_int_equal(config_entry_differs(before, after, i),
                         strcmp(name, "MATRIX_MESSENGER__SECRET") == 0 ||
                             strcmp(name, "SYNC__CONCURRENCY") == 0);
        assert_false(config_entry_differs(before, before, i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tells_what_counts_and_where_it_is_from, workspace_setup,
                                        workspace_teardown),
        cmocka_unit_test_setup_teardown(keeps_secrets, workspace_setup, workspace_teardown),
        cmocka_unit_test_setup_teardown(can_be_shown_on_a_terminal, workspace_setup, workspace_teardown),
        cmocka_unit_test_setup_teardown(tells_which_entries_differ, workspace_setup, workspace_teardown),
        cmocka_unit_test_setup_teardown(is_yaml, workspace_setup, workspace_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
