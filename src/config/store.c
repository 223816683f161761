/*
 * From a text to a value in struct config: one function for each type of setting. Each checks first and
 * stores last, so a text that is refused leaves the configuration as it was.
 */
#include "config/store.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "broker/uri.h"
#include "config/syntax.h"
#include "http/uri.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { LONGEST_ID = 255 };

/* What separates the ids of a list. */
#define SEPARATORS ", \t\r\n"

static void *place_of(const struct setting *setting, struct config *config)
{
    return (char *)config + setting->offset;
}

static bool refuse(const struct setting *setting, struct error *error)
{
    char text[EXPECTED_SIZE];

    return error_set(error, "expected %s", setting_expected(setting, text));
}

static bool keep_text(const struct setting *setting, const char *text, size_t length, struct config *config)
{
    char **place = place_of(setting, config);

    text_free_secret(*place);
    *place = text_copy_bytes(text, length);
    return true;
}

static bool store_if(bool sound, const struct setting *setting, const char *text, struct config *config,
                     struct error *error)
{
    return sound ? keep_text(setting, text, strlen(text), config) : refuse(setting, error);
}

static bool is_short_text(const struct setting *setting, const char *text)
{
    return syntax_is_text(text) && (setting->most == 0 || strlen(text) <= setting->most);
}

static bool is_homeserver(const char *text)
{
    CLEANUP(http_uri_deinit) struct http_uri uri = {0};

    return syntax_is_token(text) && !strpbrk(text, "?#") && http_uri_parse(text, &uri) && !uri.user &&
           (text_equal(uri.scheme, "http") || text_equal(uri.scheme, "https"));
}

static bool store_uri(const struct setting *setting, const char *text, struct config *config,
                      struct error *error)
{
    size_t length = strlen(text);

    if (!is_homeserver(text))
        return refuse(setting, error);
    while (text[length - 1] == '/')
        length--;
    return keep_text(setting, text, length, config);
}

static bool is_proxy(const char *text)
{
    static const char *const schemes[] = {"http", "https", "socks4", "socks5", "socks5h"};
    CLEANUP(http_uri_deinit) struct http_uri uri = {0};

    if (!syntax_is_token(text) || strpbrk(text, "?#") || !http_uri_parse(text, &uri) ||
        !text_equal(uri.path, "/"))
        return false;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (text_equal(uri.scheme, schemes[i]))
            return true;
    return false;
}

/* Its own parser has more to say. A "/" at the end would be a virtual host with an empty name. */
static bool store_broker(const struct setting *setting, const char *text, struct config *config,
                         struct error *error)
{
    CLEANUP(broker_uri_deinit) struct broker_uri uri = {0};
    bool is_amqp = strncasecmp(text, "amqp://", 7) == 0 || strncasecmp(text, "amqps://", 8) == 0;

    if (!is_amqp || text[strlen(text) - 1] == '/')
        return refuse(setting, error);
    return broker_uri_parse(text, &uri, error) && keep_text(setting, text, strlen(text), config);
}

/*
 * The localpart in `text`, which holds a localpart or a full id of our server; false where it cannot be one.
 * While the server name is not known (it was refused, which is said already), any server will do.
 */
static bool find_localpart(const char *text, size_t length, const char *server_name,
                           struct syntax_part *ret_localpart)
{
    const char *colon = memchr(text, ':', length);
    struct syntax_part localpart = {text, length};
    size_t server_length = server_name ? strlen(server_name) : 0;

    if (text[0] == '@') {
        if (!colon)
            return false;
        localpart = (struct syntax_part){text + 1, (size_t)(colon - text) - 1};
        if (server_name && (length != localpart.length + server_length + 2 ||
                            memcmp(colon + 1, server_name, server_length) != 0))
            return false;
    }
    if (!syntax_is_localpart(localpart.bytes, localpart.length) ||
        localpart.length + server_length + 2 > LONGEST_ID)
        return false;
    *ret_localpart = localpart;
    return true;
}

static bool store_user(const struct setting *setting, const char *text, struct config *config,
                       struct error *error)
{
    struct syntax_part localpart;

    if (!find_localpart(text, strlen(text), config->matrix.server_name, &localpart))
        return refuse(setting, error);
    return keep_text(setting, localpart.bytes, localpart.length, config);
}

static void free_list(char **list)
{
    for (char **item = list; item && *item; item++)
        free(*item);
    free(list);
}
DEFINE_CLEANUP(char *, free_list)

static bool store_users(const struct setting *setting, const char *text, struct config *config,
                        struct error *error)
{
    CLEANUP(free_listp) char **list = memory_new(strlen(text) / 2 + 2, sizeof(*list));
    const char *server_name = config->matrix.server_name;
    char ***place = place_of(setting, config);
    size_t count = 0;

    for (text += strspn(text, SEPARATORS); *text; text += strspn(text, SEPARATORS)) {
        size_t length = strcspn(text, SEPARATORS);
        struct syntax_part part;

        if (!find_localpart(text, length, server_name, &part))
            return refuse(setting, error);
        list[count++] = text_format("@%.*s:%s", (int)part.length, part.bytes, server_name ? server_name : "");
        text += length;
    }
    free_list(*place);
    *place = TAKE(list);
    return true;
}

static bool store_number(const struct setting *setting, const char *text, struct config *config,
                         struct error *error)
{
    size_t length = strlen(text);
    unsigned long long number;

    if (length == 0 || strspn(text, "0123456789") < length)
        return refuse(setting, error);
    if (text[0] == '0' && length > 1) /* 010 is 8 to some readers, 10 to others */
        return error_set(error, "expected a whole number without leading zeros");
    number = strtoull(text, NULL, 10); /* too large a number becomes the largest */
    if (number < setting->least || number > setting->most)
        return refuse(setting, error);
    *(uint32_t *)place_of(setting, config) = (uint32_t)number;
    return true;
}

static bool store_boolean(const struct setting *setting, const char *text, struct config *config,
                          struct error *error)
{
    static const char *const words[][2] = {{"false", "true"}, {"no", "yes"}, {"off", "on"}, {"0", "1"}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        for (size_t truth = 0; truth < 2; truth++)
            if (strcasecmp(text, words[i][truth]) == 0) {
                *(bool *)place_of(setting, config) = truth == 1;
                return true;
            }
    return refuse(setting, error);
}

/* The enums of struct config have the size of an unsigned. */
_Static_assert(sizeof(enum config_queue_declare) == sizeof(unsigned), "stored as unsigned");
_Static_assert(sizeof(enum log_level) == sizeof(unsigned), "stored as unsigned");
_Static_assert(sizeof(enum log_format) == sizeof(unsigned), "stored as unsigned");

static bool store_choice(const struct setting *setting, const char *text, struct config *config,
                         struct error *error)
{
    for (unsigned i = 0; setting->choices[i]; i++)
        if (strcasecmp(text, setting->choices[i]) == 0) {
            *(unsigned *)place_of(setting, config) = i;
            return true;
        }
    return refuse(setting, error);
}

static bool store_listen(const struct setting *setting, const char *text, struct config *config,
                         struct error *error)
{
    if (strcasecmp(text, "off") != 0)
        return store_if(syntax_is_listen_address(text), setting, text, config, error);
    setting_clear(setting, config);
    return true;
}

bool setting_store(const struct setting *setting, const char *text, struct config *config,
                   struct error *error)
{
    switch (setting->type) {
    case SETTING_TEXT:
        return store_if(is_short_text(setting, text), setting, text, config, error);
    case SETTING_TOKEN:
        return store_if(syntax_is_token(text), setting, text, config, error);
    case SETTING_PATH:
        return store_if(syntax_is_text(text), setting, text, config, error);
    case SETTING_FILE:
        return store_if(access(text, R_OK) == 0, setting, text, config, error);
    case SETTING_URI:
        return store_uri(setting, text, config, error);
    case SETTING_PROXY:
        return store_if(is_proxy(text), setting, text, config, error);
    case SETTING_BROKER:
        return store_broker(setting, text, config, error);
    case SETTING_SERVER_NAME:
        return store_if(syntax_is_server_name(text), setting, text, config, error);
    case SETTING_USER:
        return store_user(setting, text, config, error);
    case SETTING_USERS:
        return store_users(setting, text, config, error);
    case SETTING_NUMBER:
        return store_number(setting, text, config, error);
    case SETTING_BOOLEAN:
        return store_boolean(setting, text, config, error);
    case SETTING_CHOICE:
        return store_choice(setting, text, config, error);
    case SETTING_LISTEN:
        return store_listen(setting, text, config, error);
    }
    return false;
}

void setting_clear(const struct setting *setting, struct config *config)
{
    switch (setting->type) {
    case SETTING_TEXT:
    case SETTING_TOKEN:
    case SETTING_PATH:
    case SETTING_FILE:
    case SETTING_URI:
    case SETTING_PROXY:
    case SETTING_BROKER:
    case SETTING_SERVER_NAME:
    case SETTING_USER:
    case SETTING_LISTEN: {
        char **place = place_of(setting, config);

        text_free_secret(*place);
        *place = NULL;
        break;
    }
    case SETTING_USERS: {
        char ***place = place_of(setting, config);

        free_list(*place);
        *place = NULL;
        break;
    }
    case SETTING_NUMBER:
    case SETTING_BOOLEAN:
    case SETTING_CHOICE:
        break;
    }
}
