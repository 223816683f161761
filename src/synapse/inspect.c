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
#include "synapse/inspect_mas.h"
#include "synapse/inspector.h"
#include "synapse/inspector_entry.h"
#include "synapse/parse.h"
#include "synapse/path.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECK_DEVICE "synapse-sync-check"

/* What of the sight goes on to be of use after a question. */
enum next { GO_ON, ENOUGH };

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
    static const char path[] = "/_matrix/client/versions";
    struct heard heard;

    inquire_get(&inspector->inquiry, path, NULL, &heard);
    sight->peer = peer_of(&heard);
    sight->status = heard.answer.status;
    sight->trouble = heard.trouble;
    sight->title = TAKE(heard.title);
    if (sight->peer != SYNAPSE_PEER_MATRIX) /* without the path, which is of no use to anybody here */
        (void)error_set(&sight->problem, "%s", heard.answer.problem.text + strlen(path) + strlen(": "));
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
    if (inspector_succeeded(heard))
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
    inspector_note(sight, &heard);
    take_text(inspector, &sight->version, heard.answer.body, "server_version");
    if (sight->version)
        sight->version_number = number_of(sight->version);
    heard_deinit(&heard);
    return GO_ON;
}

static enum next see_mas(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    inspect_mas(inspector, sight);
    return GO_ON;
}

/* Synapse looks at nothing else where registration is closed (UsernameAvailabilityRestServlet). */
static enum next see_registration(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct heard heard;

    inquire_get(&inspector->inquiry, "/_matrix/client/v3/register/available?username=synapse-sync-asks", NULL,
                &heard);
    if (inspector_succeeded(&heard))
        sight->open_registration = SYNAPSE_YES;
    else if (heard.answer.status == 403)
        sight->open_registration = SYNAPSE_NO;
    heard_deinit(&heard);
    return GO_ON;
}

static enum next see_name(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct heard heard;

    inquire_get(&inspector->inquiry, "/_matrix/key/v2/server", NULL, &heard);
    if (inspector_succeeded(&heard))
        inspector_take_name(inspector, sight,
                            inquiry_quote(&inspector->inquiry, parse_text(heard.answer.body, "server_name")));
    heard_deinit(&heard);
    return GO_ON;
}

static enum next come_in(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    inspector_come_in(inspector, sight);
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

/* Of another server's alias Synapse says that it cannot ask there (502), or that it may not (403). */
static enum synapse_answer ours_by_alias(const struct heard *heard)
{
    if (inspector_succeeded(heard) || heard->answer.outcome == SYNAPSE_ABSENT)
        return SYNAPSE_YES;
    return *heard->answer.errcode && (heard->answer.status == 502 || heard->answer.status == 403)
               ? SYNAPSE_NO
               : SYNAPSE_UNSEEN;
}

static enum next see_cause(struct synapse_inspector *inspector, struct synapse_sight *sight)
{
    struct heard heard;

    if (sight->entry == SYNAPSE_ENTRY_DONE)
        return sight->is_ours == SYNAPSE_NO ? ENOUGH : GO_ON;
    if (sight->is_ours == SYNAPSE_UNSEEN) {
        ask_path(inspector, "/_matrix/client/v3/directory/room/{alias}", &heard);
        sight->is_ours = ours_by_alias(&heard);
        heard_deinit(&heard);
    }
    if (sight->is_ours == SYNAPSE_NO || sight->entry != SYNAPSE_ENTRY_REFUSED || inspector->facts.given_token)
        return ENOUGH;
    ask_path(inspector, "/_matrix/client/v3/profile/{user}", &heard);
    if (inspector_succeeded(&heard))
        sight->is_known = SYNAPSE_YES;
    else if (heard.answer.status == 404 && *heard.answer.errcode &&
             !inspector_has_errcode(&heard, "M_UNRECOGNIZED"))
        sight->is_known = SYNAPSE_NO; /* M_NOT_FOUND, or, from Synapse 1.160, M_UNKNOWN */
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
    if (inspector_succeeded(&heard)) {
        /* Where accounts are kept elsewhere the flag means nothing: that we are answered does. */
        sight->is_admin =
            sight->issuer || parse_flag(heard.answer.body, "admin", false) ? SYNAPSE_YES : SYNAPSE_NO;
        sight->suspended = parse_flag(heard.answer.body, "suspended", false);
        sight->shadow_banned = parse_flag(heard.answer.body, "shadow_banned", false);
    } else {
        sight->is_admin = inspector_has_errcode(&heard, "M_FORBIDDEN") ? SYNAPSE_NO : SYNAPSE_UNSEEN;
        inspector_note(sight, &heard);
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
    if (inspector_succeeded(&heard))
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
        see_peer,  see_version, see_mas,      see_registration, see_name, come_in,
        see_cause, see_self,    see_versions, see_limit,        see_rooms};

    *ret_sight = (struct synapse_sight){.admin_api = SYNAPSE_ADMIN_UNSEEN};
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
        if (questions[i](inspector, ret_sight) == ENOUGH)
            return;
}

void synapse_inspect_accounts(struct synapse_inspector *inspector, struct synapse_sight *ret_sight)
{
    *ret_sight = (struct synapse_sight){.admin_api = SYNAPSE_ADMIN_UNSEEN};
    inspect_mas(inspector, ret_sight);
}

struct synapse_inspector *synapse_inspector_new(const struct synapse_config *config, struct http *http,
                                                struct http *other, struct loop *loop)
{
    struct synapse_inspector *inspector = NEW(struct synapse_inspector);
    size_t length = strcspn(config->sync_user, ":");

    facts_init(&inspector->facts, config);
    ways_init(&inspector->ways, config->mas_http, loop);
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
    ways_deinit(&inspector->ways);
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
    free(sight->mas_address);
    free(sight->mas_version);
    free(sight->mas_name);
    free(sight->server_name);
    free(sight->owner);
    free(sight->room_version);
    free(sight->largest);
}
