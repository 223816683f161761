#include "config/settings.h"

#include "base/memory.h"

#include <stdio.h>

/* In the order of the enums that their places are stored as. */
static const char *const declare_choices[] = {
    [QUEUE_DECLARE_DURABLE] = "durable",
    [QUEUE_DECLARE_QUORUM] = "quorum",
    [QUEUE_DECLARE_LEGACY] = "legacy",
    [QUEUE_DECLARE_PASSIVE] = "passive",
    NULL,
};
static const char *const level_choices[] = {
    [LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_INFO] = "info", [LOG_DEBUG] = "debug", NULL,
};
static const char *const format_choices[] = {[LOG_LOGFMT] = "logfmt", [LOG_JSON] = "json", NULL};

#define NAME(name_) .name = (name_)
#define SECRET(name_) .name = (name_), .file_name = name_ "_FILE"
#define TO(member) .offset = offsetof(struct config, member)

/* A queue name is an AMQP short string, and "_dlq" has to fit behind it. */
enum { LONGEST_QUEUE = 251 };

/* clang-format off */
const struct setting settings[SETTING_COUNT] = {
    {NAME("MATRIX_MESSENGER__URI"), .type = SETTING_URI, TO(matrix.uri), .required = true,
     .help = "URI of the homeserver, as seen from here"},
    {NAME("MATRIX_MESSENGER__SERVERNAME"), .type = SETTING_SERVER_NAME, TO(matrix.server_name),
     .required = true, .help = "Server name in user ids and room aliases"},
    {SECRET("MATRIX_MESSENGER__SECRET"), .type = SETTING_TEXT, TO(matrix.secret),
     .help = "Shared secret of Synapse's Shared Secret Authenticator, to log in with"},
    {NAME("MATRIX_MESSENGER__SYNC_USER_NAME"), .type = SETTING_USER, TO(matrix.sync_user_name),
     .fallback = "sync", .help = "Server admin that does the work"},
    {SECRET("MATRIX_MESSENGER__SYNC_USER_PASSWORD"), .type = SETTING_TEXT, TO(matrix.sync_user_password),
     .help = "Password of the sync user; takes precedence over the shared secret"},
    {SECRET("MATRIX_MESSENGER__SYNC_USER_TOKEN"), .type = SETTING_TOKEN, TO(matrix.sync_user_token),
     .help = "Access token of the sync user; takes precedence over the password"},
    {NAME("MATRIX_MESSENGER__MAS_URI"), .type = SETTING_URI, TO(matrix.mas_uri),
     .help = "URI of the Matrix Authentication Service as seen from here, if not what the homeserver says"},
    {NAME("MATRIX_MESSENGER__MAS_CLIENT_ID"), .type = SETTING_TOKEN, TO(matrix.mas_client_id),
     .help = "Client with the scope urn:mas:admin there, if the token of the sync user has not got it"},
    {SECRET("MATRIX_MESSENGER__MAS_CLIENT_SECRET"), .type = SETTING_TEXT, TO(matrix.mas_client_secret),
     .help = "Secret of that client"},
    {NAME("MATRIX_MESSENGER__SYNC_USER_DISPLAYNAME"), .type = SETTING_TEXT,
     TO(matrix.sync_user_displayname), .fallback = "Sync-Bot", .most = 256,
     .help = "Display name of the sync user"},
    {NAME("MATRIX_MESSENGER__SYNC_USER_AVATAR_PATH"), .type = SETTING_PATH,
     TO(matrix.sync_user_avatar_path), .fallback = "./data/avatar.png",
     .help = "Picture for the sync user, if it has none; the default is also looked for among the installed "
             "data"},

    {SECRET("RABBITMQ_URI"), .type = SETTING_BROKER, TO(rabbitmq.uri), .fallback = "amqp://localhost",
     .help = "URI of the broker"},
    {NAME("RABBITMQ_MATRIX_QUEUE_EXTERNAL"), .type = SETTING_TEXT, TO(rabbitmq.queue),
     .fallback = "matrix_sync_populated", .most = LONGEST_QUEUE,
     .help = "Queue of the requests; <queue>_dlq takes those that can never succeed"},
    {NAME("RABBITMQ_QUEUE_DECLARE"), .type = SETTING_CHOICE, TO(rabbitmq.queue_declare),
     .fallback = "durable", .choices = declare_choices,
     .help = "What a missing queue is declared as, or passive to wait for it"},
    {NAME("RABBITMQ_PREFETCH"), .type = SETTING_NUMBER, TO(rabbitmq.prefetch), .fallback = "64",
     .least = 1, .most = 1000, .help = "Most messages worked on at a time"},
    {NAME("RABBITMQ_HEARTBEAT"), .type = SETTING_NUMBER, TO(rabbitmq.heartbeat), .fallback = "5",
     .least = 1, .most = 600, .help = "Seconds between heartbeats"},
    {NAME("RABBITMQ_HOLD_SECONDS"), .type = SETTING_NUMBER, TO(rabbitmq.hold_seconds), .fallback = "1200",
     .least = 1, .most = 86400,
     .help = "Seconds after which messages that cannot be finished are returned to the broker; less than its "
             "consumer_timeout (30 minutes)"},
    {NAME("RABBITMQ_MAX_MESSAGE_SIZE"), .type = SETTING_NUMBER, TO(rabbitmq.largest_message),
     .fallback = "1048576", .least = 1024, .most = 134217728,
     .help = "Bytes of the largest message that is accepted"},
    {NAME("RABBITMQ_MAX_DEAD_LETTER_SIZE"), .type = SETTING_NUMBER, TO(rabbitmq.largest_dead_letter),
     .fallback = "67108864", .least = 1024, .most = 536870912,
     .help = "Bytes of the largest message that is moved whole to the dead-letter queue; of a larger one only "
             "size and SHA-256 are kept"},
    {NAME("RABBITMQ_CA_FILE"), .type = SETTING_FILE, TO(rabbitmq.ca_file),
     .help = "Certificate authorities for amqps (PEM), in place of the system's"},
    {NAME("RABBITMQ_CERTIFICATE_FILE"), .type = SETTING_FILE, TO(rabbitmq.certificate_file),
     .help = "Client certificate for amqps (PEM)"},
    {NAME("RABBITMQ_KEY_FILE"), .type = SETTING_FILE, TO(rabbitmq.key_file),
     .help = "Key of the client certificate (PEM)"},

    {NAME("SYNC__CONCURRENCY"), .type = SETTING_NUMBER, TO(sync.concurrency), .fallback = "16", .least = 1,
     .most = 64,
     .help = "Most requests to the homeserver at a time; fewer are made where more would only wait there"},
    {NAME("SYNC__BULK_REST"), .type = SETTING_NUMBER, TO(sync.bulk_rest), .fallback = "1", .least = 0,
     .most = 10,
     .help = "While all messages under way have priority 0: how long nothing is asked of the homeserver after "
             "each write, as a multiple of the time that the write took; 0 for no rests"},
    {NAME("SYNC__REACTIVATE"), .type = SETTING_BOOLEAN, TO(sync.reactivate), .fallback = "false",
     .help = "Whether addUser brings deactivated users back"},
    {NAME("SYNC__ERASE"), .type = SETTING_BOOLEAN, TO(sync.erase), .fallback = "true",
     .help = "Whether removeUser also erases the user's data"},
    {NAME("SYNC__LIFT_RATE_LIMIT"), .type = SETTING_BOOLEAN, TO(sync.lift_rate_limit), .fallback = "true",
     .help = "Whether the sync user's own rate limit is lifted at start"},
    {NAME("SYNC__ROOM_VERSION"), .type = SETTING_TEXT, TO(sync.room_version), .most = 32,
     .help = "Version of rooms to be made, if not the default of the homeserver"},
    {NAME("SYNC__FORMER_SYNC_USERS"), .type = SETTING_USERS, TO(sync.former_sync_users), .fallback = "",
     .help = "Earlier sync users, whose rooms count as ours"},
    {NAME("SYNC__PROTECTED_USERS"), .type = SETTING_USERS, TO(sync.protected_users), .fallback = "",
     .help = "Users who are never renamed or removed, like server admins and accounts of bridges; * stands for "
             "any characters"},
    {NAME("SYNC__REMOVALS_PER_HOUR"), .type = SETTING_NUMBER, TO(sync.removals_per_hour),
     .fallback = "500", .least = 0, .most = 100000,
     .help = "Most users and rooms removed within an hour, further removals are rejected; 0 for no limit"},
    {NAME("SYNC__MIRROR"), .type = SETTING_BOOLEAN, TO(sync.mirror), .fallback = "true",
     .help = "Whether what is known of rooms and users is kept up to date by /sync, rather than read again"},
    {NAME("SYNC__MIRROR_MEGABYTES"), .type = SETTING_NUMBER, TO(sync.mirror_megabytes), .fallback = "32",
     .least = 1, .most = 4096, .help = "Most memory for that; what has not been needed for longest is forgotten first"},
    {NAME("SYNC__DRAIN_SECONDS"), .type = SETTING_NUMBER, TO(sync.drain_seconds), .fallback = "25",
     .least = 0, .most = 3600, .help = "Seconds to finish what is under way when the daemon is stopped"},

    {SECRET("HTTP__PROXY"), .type = SETTING_PROXY, TO(http.proxy),
     .help = "Proxy for requests to the homeserver (other variables are ignored)"},
    {NAME("HTTP__CA_FILE"), .type = SETTING_FILE, TO(http.ca_file),
     .help = "Further certificate authorities for https (PEM)"},
    {NAME("HTTP__CERTIFICATE_FILE"), .type = SETTING_FILE, TO(http.certificate_file),
     .help = "Client certificate for https (PEM)"},
    {NAME("HTTP__KEY_FILE"), .type = SETTING_FILE, TO(http.key_file),
     .help = "Key of the client certificate (PEM)"},
    {NAME("HTTP__REQUEST_SECONDS"), .type = SETTING_NUMBER, TO(http.request_seconds), .fallback = "60",
     .least = 1, .most = 3600, .help = "Most seconds for one request"},
    {NAME("HTTP__CONNECT_SECONDS"), .type = SETTING_NUMBER, TO(http.connect_seconds), .fallback = "5",
     .least = 1, .most = 300, .help = "Most seconds for a connection to be made"},
    {NAME("HTTP__MAX_REPLY_SIZE"), .type = SETTING_NUMBER, TO(http.largest_reply), .fallback = "16777216",
     .least = 65536, .most = 1073741824,
     .help = "Bytes of the largest reply that is accepted; the state of a room, which is read piece by piece, may be "
             "larger"},

    {NAME("MONITOR__LISTEN"), .type = SETTING_LISTEN, TO(monitor.listen), .fallback = "127.0.0.1:9595",
     .help = "Where the monitor is: a page for people, /livez, /readyz and /metrics"},

    {NAME("LOG__LEVEL"), .type = SETTING_CHOICE, TO(log.level), .fallback = "info",
     .choices = level_choices, .help = "How much is logged"},
    {NAME("LOG__FORMAT"), .type = SETTING_CHOICE, TO(log.format), .fallback = "logfmt",
     .choices = format_choices, .help = "How a line of the log is written"},
};
/* clang-format on */

const char *setting_name(size_t number)
{
    return number < SETTING_COUNT ? settings[number].name : settings[number - SETTING_COUNT].file_name;
}

size_t setting_number(const char *name)
{
    size_t number = 0;

    while (number < NAME_COUNT && !text_equal(setting_name(number), name))
        number++;
    return number;
}

static const char *expected_choice(const struct setting *setting, char text[static EXPECTED_SIZE])
{
    size_t length = 0;

    for (size_t i = 0; setting->choices[i]; i++) {
        const char *joint = i == 0 ? "" : setting->choices[i + 1] ? ", " : " or ";
        int added = snprintf(text + length, EXPECTED_SIZE - length, "%s%s", joint, setting->choices[i]);

        if (added < 0 || (size_t)added >= EXPECTED_SIZE - length)
            break;
        length += (size_t)added;
    }
    return text;
}

const char *setting_expected(const struct setting *setting, char text[static EXPECTED_SIZE])
{
    switch (setting->type) {
    case SETTING_TEXT:
        if (setting->most == 0)
            return "text without control characters";
        (void)snprintf(text, EXPECTED_SIZE, "text without control characters, at most %u bytes",
                       setting->most);
        return text;
    case SETTING_TOKEN:
        return "visible ASCII characters without quotes";
    case SETTING_PATH:
        return "the path of a file";
    case SETTING_FILE:
        return "the path of a readable file";
    case SETTING_URI:
        return "an http:// or https:// URI without user, query and fragment";
    case SETTING_PROXY:
        return "an http://, https://, socks4://, socks5:// or socks5h:// URI without path";
    case SETTING_BROKER:
        return "an amqp:// or amqps:// URI that does not end in /";
    case SETTING_SERVER_NAME:
        return "a server name such as example.org or example.org:8448";
    case SETTING_USER:
        return "a localpart, or a full id @localpart:server of the configured server";
    case SETTING_USERS:
        return "localparts or full ids of the configured server, separated by commas or blanks";
    case SETTING_NUMBER:
        (void)snprintf(text, EXPECTED_SIZE, "a whole number from %u to %u", setting->least, setting->most);
        return text;
    case SETTING_BOOLEAN:
        return "true or false";
    case SETTING_CHOICE:
        return expected_choice(setting, text);
    case SETTING_LISTEN:
        return "address:port such as 127.0.0.1:9595 or [::1]:9595, or off";
    }
    return "";
}
