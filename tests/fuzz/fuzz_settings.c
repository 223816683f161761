/*
 * Any text for any setting: what is taken is what the setting may hold, and is taken again as it was stored;
 * what is refused leaves everything as it was, and is not quoted.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "config/settings.h"
#include "config/store.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistr.h>

/* Reaches: config/store.c config/syntax.c config/settings.c */

#define SERVER "example.org"

const struct fuzz_bound fuzz_bound = {.memory = 100, .blocks = 10, .steps = 500};

static char *text_in(const struct setting *setting, const struct config *config)
{
    return *(char *const *)((const char *)config + setting->offset);
}

static bool has_only(const char *text, char from, char to, const char *but)
{
    for (; *text; text++)
        if (*text < from || *text > to || strchr(but, *text))
            return false;
    return true;
}

static void check_text(const struct setting *setting, const char *text)
{
    for (const char *byte = text; *byte; byte++)
        must((unsigned char)*byte >= ' ' && *byte != 0x7f);
    must(!u8_check((const uint8_t *)text, strlen(text)));
    must(setting->most == 0 || strlen(text) <= setting->most);
}

static void check_uri(const char *text)
{
    must(strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0);
    must(has_only(text, '!', '~', "?#\"'`") && text[strlen(text) - 1] != '/');
}

static void check_users(char *const *users)
{
    must(users != NULL);
    for (; *users; users++) {
        must((*users)[0] == '@' && strchr(*users, ':') && strlen(*users) <= 255);
        must(has_only(*users, '!', '~', ", "));
    }
}

/* What was stored, in the plainest words. */
static void check_stored(const struct setting *setting, const struct config *config, const char *given)
{
    const char *place = (const char *)config + setting->offset;
    char number[16];

    switch (setting->type) {
    case SETTING_TEXT:
    case SETTING_PATH:
        check_text(setting, text_in(setting, config));
        break;
    case SETTING_TOKEN:
        must(*text_in(setting, config) && has_only(text_in(setting, config), '!', '~', "\"'`"));
        break;
    case SETTING_URI:
        check_uri(text_in(setting, config));
        break;
    case SETTING_PROXY:
        must(strstr(text_in(setting, config), "://") != NULL);
        break;
    case SETTING_BROKER:
        must(strncasecmp(text_in(setting, config), "amqp", 4) == 0);
        break;
    case SETTING_SERVER_NAME:
        must(*text_in(setting, config) && strlen(text_in(setting, config)) <= 230);
        must(has_only(text_in(setting, config), '-', 'z', "/;<=>?@\\^_`"));
        break;
    case SETTING_USER:
        must(*text_in(setting, config) && has_only(text_in(setting, config), '!', '~', ":"));
        must(*text_in(setting, config) != '@' && strlen(text_in(setting, config)) <= 253);
        break;
    case SETTING_USERS:
        check_users(*(char **const *)place);
        break;
    case SETTING_NUMBER:
        (void)snprintf(number, sizeof(number), "%u", *(const uint32_t *)place);
        must(text_equal(number, given) && *(const uint32_t *)place >= setting->least &&
             *(const uint32_t *)place <= setting->most);
        break;
    case SETTING_BOOLEAN:
        must(strlen(given) <= 5);
        break;
    case SETTING_CHOICE:
        must(strcasecmp(setting->choices[*(const unsigned *)place], given) == 0);
        break;
    case SETTING_LISTEN:
        must(!text_in(setting, config) || strchr(text_in(setting, config), ':'));
        break;
    case SETTING_FILE:
        break;
    }
}

static bool holds_text(const struct setting *setting)
{
    return setting->type != SETTING_USERS && setting->type != SETTING_NUMBER &&
           setting->type != SETTING_BOOLEAN && setting->type != SETTING_CHOICE;
}

static void store_again(const struct setting *setting, struct config *config)
{
    CLEANUP(freep) char *stored = text_copy(text_in(setting, config));
    struct error error;

    must(!stored || setting_store(setting, stored, config, &error));
    must(text_equal(stored, text_in(setting, config)));
}

static bool has_own_words(const struct setting *setting)
{
    return setting->type == SETTING_BROKER || setting->type == SETTING_NUMBER;
}

static void check_refused(const struct setting *setting, const struct config *before,
                          const struct config *config, const char *text, const char *error)
{
    char expected[EXPECTED_SIZE];
    enum { LONG = 12 /* bytes: what is shorter may be among our own words */ };

    must(memcmp(before, config, sizeof(*config)) == 0);
    must(strncmp(error, "expected ", 9) == 0 || setting->type == SETTING_BROKER);
    must(has_own_words(setting) || text_equal(error + 9, setting_expected(setting, expected)));
    must(strlen(text) < LONG || !has_own_words(setting) || !strstr(error, text));
}

/* The first byte is the setting, the second says whether the server name is known. */
void fuzz_try(const uint8_t *data, size_t size)
{
    struct fuzz_rest rest = {data, size};
    const struct setting *setting = &settings[fuzz_byte(&rest) % SETTING_COUNT];
    struct config config = {0}, before;
    bool has_server = fuzz_byte(&rest) % 2 == 1;
    CLEANUP(freep) char *text = fuzz_text(&rest);
    struct error error = {""};

    if (has_server && setting->type != SETTING_SERVER_NAME)
        config.matrix.server_name = text_copy(SERVER);
    before = config;
    if (setting_store(setting, text, &config, &error)) {
        check_stored(setting, &config, text);
        if (holds_text(setting))
            store_again(setting, &config);
    } else {
        check_refused(setting, &before, &config, text, error.text);
    }
    setting_clear(setting, &config);
    free(config.matrix.server_name);
}
