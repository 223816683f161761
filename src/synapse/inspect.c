/*
 * The order of the questions is that of the causes: what is the matter with an earlier one would make the
 * answers to later ones mean something else. So the look ends where nothing more can be believed.
 *
 * The name of the homeserver. A login with a full id of another server is refused like one with a wrong
 * password, and who reads "invalid password" looks in the wrong place. So the server is asked for its name:
 * - its key, which needs no login, says it (/_matrix/key/v2/server, if the listener has that);
 * - a token, or a login by password with no more than the local part, tells it with the user's id;
 * - else an alias that nobody has: under its own name Synapse says so at once (404), under another it asks
 *   that server, or refuses to (get_association() in handlers/directory.py).
 */
#include "synapse/inspect.h"

#include "base/memory.h"
#include "synapse/inquiry.h"
#include "synapse/parse.h"
#include "synapse/path.h"
#include "synapse/steps.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECK_DEVICE "synapse-sync-check"

/* Milliseconds after which a login that was refused is tried again: Synapse counts them. */
enum { REFUSED_PAUSE = 60000 };

struct synapse_inspector {
    struct inquiry inquiry;
    struct inquiry other; /* by the other scheme */
    struct facts facts;
    char *server_name, *localpart;
    bool logged_in;             /* the token is our own */
    enum synapse_entry refused; /* how the last login ended, if not well; SYNAPSE_ENTRY_NONE */
    char *named;                /* the owner of the token as the login told; NULL: not logged in */
    instant not_before;         /* and when another may be tried */
};

/* What of the sight goes on to be of use after a question. */
enum next { GO_ON, ENOUGH };

static void note(struct synapse_sight *sight, const struct heard *heard)
{
    sight->problem = heard->answer.problem;
}

static bool is_success(const struct heard *heard)
{
    return heard->answer.status >= 200 && heard->answer.status <= 299 && heard->answer.body;
}

static bool has_errcode(const struct heard *heard, const char *errcode)
{
    return strcmp(heard->answer.errcode, errcode) == 0;
}

static void take_text(struct synapse_inspector *inspector, char **place, const json_t *object,
                      const char *key)
{
    free(*place);
    *place = inquiry_quote(&inspector->inquiry, parse_text(object, key));
}

/* ---- what is there ---- */

static enum synapse_peer peer_of(const struct heard *heard)
{
    long status = heard->answer.status;

    if (status == 0)
        return SYNAPSE_PEER_NONE;
    if (json_is_array(json_object_get(heard->answer.body, "versions")))
        return SYNAPSE_PEER_MATRIX;
    if (status >= 300 && status <= 399)
        return SYNAPSE_PEER_REDIRECT;
    return heard->is_page ? SYNAPSE_PEER_PAGE : SYNAPSE_PEER_OTHER;
}

/* Whether somebody is there by the other scheme: answers, or has at least a certificate. */
static bool answers_otherwise(const struct synapse_inspector *inspector)
{
    struct heard heard;
    bool answers;

    inquire_get(&inspector->other, "/_matrix/client/versions", NULL, &heard);
    answers = heard.answer.status != 0 || heard.trouble == HTTP_BAD_CERTIFICATE;
    heard_deinit(&heard);
    return answers;
}

static enum next see_peer(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct heard heard;

    inquire_get(&inspector->inquiry, "/_matrix/client/versions", NULL, &heard);
    sight->peer = peer_of(&heard);
    sight->status = heard.answer.status;
    sight->trouble = heard.trouble;
    sight->title = TAKE(heard.title);
    if (sight->peer != SYNAPSE_PEER_MATRIX)
        note(sight, &heard);
    if (heard.date >= 0) {
        sight->has_clock = true;
        sight->ahead = heard.date - (int64_t)time(NULL);
    }
    heard_deinit(&heard);
    if (sight->peer != SYNAPSE_PEER_MATRIX && sight->peer != SYNAPSE_PEER_PAGE &&
        sight->trouble != HTTP_NO_NAME && sight->trouble != HTTP_NO_PROXY_NAME)
        sight->other_scheme = answers_otherwise(inspector);
    return sight->peer == SYNAPSE_PEER_MATRIX ? GO_ON : ENOUGH;
}

/* "1.120.1" */
static unsigned number_of(const char *version)
{
    char *end;
    unsigned long major = strtoul(version, &end, 10), minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;

    return major < 1000 && minor < 1000 ? (unsigned)(1000 * major + minor) : 0;
}

static enum synapse_admin_api admin_api_of(const struct heard *heard)
{
    if (is_success(heard))
        return SYNAPSE_ADMIN_THERE;
    if (heard->answer.status < 300 || heard->answer.status >= 500 || heard->answer.status == 429)
        return SYNAPSE_ADMIN_UNSEEN;
    return *heard->answer.errcode ? SYNAPSE_ADMIN_MISSING : SYNAPSE_ADMIN_BARRED;
}

static enum next see_version(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct heard heard;

    inquire_get(&inspector->inquiry, "/_synapse/admin/v1/server_version", NULL, &heard);
    sight->admin_api = admin_api_of(&heard);
    sight->admin_status = heard.answer.status;
    note(sight, &heard);
    take_text(inspector, &sight->version, heard.answer.body, "server_version");
    if (sight->version)
        sight->version_number = number_of(sight->version);
    heard_deinit(&heard);
    return GO_ON;
}

/* Matrix client-server API, "Server metadata discovery": only where accounts are kept elsewhere. */
static enum next see_issuer(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct heard heard;

    inquire_get(&inspector->inquiry, "/_matrix/client/v1/auth_metadata", NULL, &heard);
    if (is_success(&heard))
        take_text(inspector, &sight->issuer, heard.answer.body, "issuer");
    heard_deinit(&heard);
    return GO_ON;
}

/* Synapse looks at nothing else where registration is closed (UsernameAvailabilityRestServlet). */
static enum next see_registration(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct heard heard;

    inquire_get(&inspector->inquiry, "/_matrix/client/v3/register/available?username=synapse-sync-asks", NULL,
                &heard);
    if (is_success(&heard))
        sight->open_registration = SYNAPSE_YES;
    else if (heard.answer.status == 403)
        sight->open_registration = SYNAPSE_NO;
    heard_deinit(&heard);
    return GO_ON;
}

static void take_name(struct synapse_inspector *inspector, struct synapse_sight *sight, char *name)
{
    free(sight->server_name);
    sight->server_name = name;
    if (name)
        sight->is_ours = strcmp(name, inspector->server_name) == 0 ? SYNAPSE_YES : SYNAPSE_NO;
}

static enum next see_name(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct heard heard;

    inquire_get(&inspector->inquiry, "/_matrix/key/v2/server", NULL, &heard);
    if (is_success(&heard))
        take_name(inspector, sight,
                  inquiry_quote(&inspector->inquiry, parse_text(heard.answer.body, "server_name")));
    heard_deinit(&heard);
    return GO_ON;
}

/* ---- coming in ---- */

static enum synapse_entry entry_of(const struct heard *heard)
{
    if (has_errcode(heard, "M_USER_LOCKED"))
        return SYNAPSE_ENTRY_LOCKED;
    if (has_errcode(heard, "M_USER_DEACTIVATED"))
        return SYNAPSE_ENTRY_DEACTIVATED;
    if (heard->answer.outcome == SYNAPSE_LIMITED)
        return SYNAPSE_ENTRY_LIMITED;
    if (heard->answer.status == 401 || has_errcode(heard, "M_FORBIDDEN"))
        return SYNAPSE_ENTRY_REFUSED;
    return SYNAPSE_ENTRY_FAILED;
}

/* Of "@user:server.com". */
static void take_owner(struct synapse_inspector *inspector, struct synapse_sight *sight, const char *user)
{
    const char *colon = user ? strchr(user, ':') : NULL;

    free(sight->owner);
    sight->owner = inquiry_quote(&inspector->inquiry, user);
    if (sight->owner && colon)
        take_name(inspector, sight, inquiry_quote(&inspector->inquiry, colon + 1));
}

static void show_token(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct heard heard;

    inquire_get(&inspector->inquiry, "/_matrix/client/v3/account/whoami", inspector->facts.token, &heard);
    sight->entry = is_success(&heard) ? SYNAPSE_ENTRY_DONE : entry_of(&heard);
    if (sight->entry == SYNAPSE_ENTRY_DONE) {
        take_owner(inspector, sight, parse_text(heard.answer.body, "user_id"));
        sight->without_device = !parse_text(heard.answer.body, "device_id");
    } else {
        note(sight, &heard);
    }
    heard_deinit(&heard);
}

/* Whether there is a way to log in; learns which. */
static bool find_way(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct heard heard;
    bool found;

    inquire_get(&inspector->inquiry, "/_matrix/client/v3/login", NULL, &heard);
    found = is_success(&heard) &&
            step_at(STEP_READ_LOGIN_TYPES)->learn(&inspector->facts, heard.answer.body, &sight->problem);
    if (inspector->facts.password)
        inspector->facts.has_own_login_type = false;
    if (found) {
        found = inspector->facts.has_own_login_type || inspector->facts.has_password_type;
        sight->entry = SYNAPSE_ENTRY_NO_WAY;
    } else {
        sight->entry = heard.answer.status == 404 ? SYNAPSE_ENTRY_NO_WAY : entry_of(&heard);
        note(sight, &heard);
    }
    heard_deinit(&heard);
    return found;
}

static void logged_in(struct synapse_inspector *inspector, const json_t *body)
{
    inspector->logged_in = true;
    inspector->facts.token = text_copy(parse_text(body, "access_token"));
    inspector->facts.tokens = secrets_new();
    secrets_add(inspector->facts.tokens, inspector->facts.token);
    inspector->inquiry.secrets.of[1] = inspector->facts.tokens;
    text_set(&inspector->named, parse_text(body, "user_id"));
}

static void send_login(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct question question = {.path = NULL};
    struct heard heard;

    if (!step_at(STEP_LOG_IN)->ask(&inspector->facts, &question, &sight->problem)) {
        sight->entry = SYNAPSE_ENTRY_FAILED;
        question_deinit(&question);
        return;
    }
    inquire(&inspector->inquiry, "log-in",
            &(struct http_request){.method = question.method,
                                   .path = question.path,
                                   .body = question.body,
                                   .body_size = question.body_size},
            &heard);
    question_deinit(&question);
    sight->entry = is_success(&heard) && parse_text(heard.answer.body, "access_token") ? SYNAPSE_ENTRY_DONE
                                                                                       : entry_of(&heard);
    if (sight->entry == SYNAPSE_ENTRY_DONE)
        logged_in(inspector, heard.answer.body);
    else
        note(sight, &heard);
    heard_deinit(&heard);
}

static bool is_counted(enum synapse_entry entry)
{
    return entry != SYNAPSE_ENTRY_DONE && entry != SYNAPSE_ENTRY_FAILED && entry != SYNAPSE_ENTRY_NO_WAY;
}

static void log_in(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    if (instant_now() < inspector->not_before) {
        sight->entry = inspector->refused;
        (void)error_set(&sight->problem, "refused a moment ago, and not tried again so soon");
        return;
    }
    if (find_way(inspector, sight))
        send_login(inspector, sight);
    if (sight->entry == SYNAPSE_ENTRY_DONE) {
        take_owner(inspector, sight, inspector->named);
    } else if (is_counted(sight->entry)) {
        inspector->refused = sight->entry;
        inspector->not_before = instant_now() + REFUSED_PAUSE;
    }
}

static enum next come_in(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    if (inspector->facts.token)
        show_token(inspector, sight);
    else if (!sight->issuer && sight->is_ours != SYNAPSE_NO)
        log_in(inspector, sight);
    return GO_ON;
}

/* ---- why not ---- */

static void ask_path(struct synapse_inspector *inspector, const char *template, struct heard *heard)
{
    CLEANUP(freep) char *alias = text_format("#synapse-sync-asks:%s", inspector->server_name);
    const struct path_value values[] = {{"user", inspector->facts.user}, {"alias", alias}, {NULL, NULL}};
    CLEANUP(freep) char *path = path_expand(template, values);

    inquire_get(&inspector->inquiry, path, inspector->facts.token, heard);
}

static enum next see_cause(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct heard heard;

    if (sight->entry == SYNAPSE_ENTRY_DONE)
        return sight->is_ours == SYNAPSE_NO ? ENOUGH : GO_ON;
    if (sight->is_ours == SYNAPSE_UNSEEN) {
        ask_path(inspector, "/_matrix/client/v3/directory/room/{alias}", &heard);
        if (heard.answer.status != 0 && heard.answer.status != 429)
            sight->is_ours =
                is_success(&heard) || heard.answer.outcome == SYNAPSE_ABSENT ? SYNAPSE_YES : SYNAPSE_NO;
        heard_deinit(&heard);
    }
    if (sight->is_ours == SYNAPSE_NO || sight->entry != SYNAPSE_ENTRY_REFUSED || inspector->facts.given_token)
        return ENOUGH;
    ask_path(inspector, "/_matrix/client/v3/profile/{user}", &heard);
    if (is_success(&heard))
        sight->is_known = SYNAPSE_YES;
    else if (heard.answer.outcome == SYNAPSE_ABSENT)
        sight->is_known = SYNAPSE_NO;
    heard_deinit(&heard);
    return ENOUGH;
}

/* ---- what the sync user may, and how the homeserver is set up ---- */

static enum next see_self(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct heard heard;

    if (!text_equal(sight->owner, inspector->facts.user))
        return ENOUGH;
    ask_path(inspector, "/_synapse/admin/v2/users/{user}", &heard);
    if (is_success(&heard)) {
        /* Where accounts are kept elsewhere the flag means nothing: that we are answered does. */
        sight->is_admin =
            sight->issuer || parse_flag(heard.answer.body, "admin", false) ? SYNAPSE_YES : SYNAPSE_NO;
        sight->suspended = parse_flag(heard.answer.body, "suspended", false);
        sight->shadow_banned = parse_flag(heard.answer.body, "shadow_banned", false);
    } else {
        sight->is_admin = has_errcode(&heard, "M_FORBIDDEN") ? SYNAPSE_NO : SYNAPSE_UNSEEN;
        note(sight, &heard);
    }
    heard_deinit(&heard);
    return GO_ON;
}

static enum next see_versions(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    const char *wanted = inspector->facts.wanted_version;
    struct heard heard;
    const json_t *versions;

    ask_path(inspector, "/_matrix/client/v3/capabilities", &heard);
    versions = json_object_get(json_object_get(heard.answer.body, "capabilities"), "m.room_versions");
    take_text(inspector, &sight->room_version, versions, "default");
    if (wanted && json_object_get(versions, "available"))
        sight->has_version =
            json_object_get(json_object_get(versions, "available"), wanted) ? SYNAPSE_YES : SYNAPSE_NO;
    heard_deinit(&heard);
    return sight->is_admin == SYNAPSE_YES ? GO_ON : ENOUGH;
}

static enum next see_limit(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct heard heard;

    ask_path(inspector, "/_synapse/admin/v1/users/{user}/override_ratelimit", &heard);
    if (is_success(&heard))
        sight->rate_limited = parse_number(heard.answer.body, "messages_per_second", -1) != 0 ||
                                      parse_number(heard.answer.body, "burst_count", -1) != 0
                                  ? SYNAPSE_YES
                                  : SYNAPSE_NO;
    heard_deinit(&heard);
    return GO_ON;
}

static void see_room(struct synapse_inspector *inspector, struct synapse_sight *sight, const json_t *room)
{
    int64_t members = parse_number(room, "joined_members", 0);

    if (text_equal(parse_text(room, "creator"), inspector->facts.user)) {
        sight->looked_at++;
        if (parse_text(room, "encryption"))
            sight->encrypted++;
    }
    if (members <= sight->most_members)
        return;
    sight->most_members = members;
    take_text(inspector, &sight->largest, room, "name");
    if (!sight->largest)
        take_text(inspector, &sight->largest, room, "room_id");
}

static enum next see_rooms(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct heard heard;
    const json_t *rooms;

    ask_path(inspector, "/_synapse/admin/v1/rooms?order_by=joined_members&limit=100", &heard);
    rooms = json_object_get(heard.answer.body, "rooms");
    sight->has_rooms = json_is_array(rooms);
    sight->rooms = parse_number(heard.answer.body, "total_rooms", 0);
    for (size_t i = 0; i < json_array_size(rooms); i++)
        see_room(inspector, sight, json_array_get(rooms, i));
    heard_deinit(&heard);
    return ENOUGH;
}

/* ---- all of it ---- */

void synapse_inspect(struct synapse_inspector *inspector, struct synapse_sight *ret_sight)
{
    static enum next (*const questions[])(struct synapse_inspector * inspector,
                                          struct synapse_sight * sight) = {
        see_peer,  see_version, see_issuer,   see_registration, see_name, come_in,
        see_cause, see_self,    see_versions, see_limit,        see_rooms};

    *ret_sight = (struct synapse_sight){.admin_api = SYNAPSE_ADMIN_UNSEEN};
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
        if (questions[i](inspector, ret_sight) == ENOUGH)
            return;
}

struct synapse_inspector *synapse_inspector_new(const struct synapse_config *config, struct http *http,
                                                struct http *other, struct loop *loop)
{
    struct synapse_inspector *inspector = NEW(struct synapse_inspector);
    size_t length = strcspn(config->sync_user, ":");

    facts_init(&inspector->facts, config);
    inspector->server_name = text_copy(config->server_name);
    inspector->localpart = text_copy_bytes(config->sync_user + 1, length > 0 ? length - 1 : 0);
    inspector->facts.device = CHECK_DEVICE;
    if (config->password) /* the secret is mixed with the whole id */
        inspector->facts.login_name = inspector->localpart;
    inspector->inquiry = (struct inquiry){http, loop, {.of = {inspector->facts.secrets}}};
    inspector->other = (struct inquiry){other, loop, {.of = {inspector->facts.secrets}}};
    return inspector;
}

void synapse_inspector_free(struct synapse_inspector *inspector)
{
    struct heard heard;

    if (!inspector)
        return;
    if (inspector->logged_in) {
        inquire(&inspector->inquiry, "log-out",
                &(struct http_request){.method = HTTP_POST,
                                       .path = "/_matrix/client/v3/logout",
                                       .bearer = inspector->facts.token},
                &heard);
        heard_deinit(&heard);
    }
    facts_deinit(&inspector->facts);
    free(inspector->server_name);
    free(inspector->localpart);
    free(inspector->named);
    free(inspector);
}

void synapse_sight_deinit(struct synapse_sight *sight)
{
    free(sight->title);
    free(sight->version);
    free(sight->issuer);
    free(sight->server_name);
    free(sight->owner);
    free(sight->room_version);
    free(sight->largest);
}
