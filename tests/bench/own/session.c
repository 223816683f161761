/* Logging in, and what the homeserver can do. Any password will do. */
#include "asked.h"

static void login_types(struct asked *asked)
{
    say(asked, 200, json_pack("{s:[{s:s}]}", "flows", "type", "m.login.password"));
}

static void log_in(struct asked *asked)
{
    say(asked, 200,
        json_pack("{s:s, s:s, s:s*}", "user_id", asked->homeserver->sync_user, "access_token", "token",
                  "device_id", said(asked, "device_id")));
}

static void who_am_i(struct asked *asked)
{
    say(asked, 200, json_pack("{s:s}", "user_id", asked->homeserver->sync_user));
}

static void capabilities(struct asked *asked)
{
    say(asked, 200,
        json_pack("{s:{s:{s:s, s:{s:s}}}}", "capabilities", "m.room_versions", "default", "10", "available",
                  "10", "stable"));
}

static void versions(struct asked *asked)
{
    say(asked, 200, json_pack("{s:[s], s:{}}", "versions", "v1.11", "unstable_features"));
}

static void upload(struct asked *asked)
{
    say(asked, 200, json_pack("{s:s}", "content_uri", "mxc://stub/avatar"));
}

static void rate_limit(struct asked *asked)
{
    say(asked, 200, json_pack("{s:i, s:i}", "messages_per_second", 0, "burst_count", 0));
}

const struct route session_routes[] = {
    {"GET", CLIENT "login", login_types},
    {"GET", CLIENT "account/whoami", who_am_i},
    {"GET", CLIENT "capabilities", capabilities},
    {"GET", "/_matrix/client/versions", versions},
    {"GET", ADMIN "v1/users/{}/override_ratelimit", rate_limit},
    {"GET", "/health", say_nothing},
    {"PUT", CLIENT "profile/{}/{}", say_nothing},
    {"POST", CLIENT "login", log_in},
    {"POST", ADMIN "v1/users/{}/override_ratelimit", rate_limit},
    {"POST", "/_matrix/media/v3/upload", upload},
    {0},
};
