#ifndef SYNC_TESTS_SYNAPSE_LOGIN_H
#define SYNC_TESTS_SYNAPSE_LOGIN_H

/* Steps of a script that let the sync user in, or do not. */

#define LOGIN_BODY(type, key, value)                                                                         \
    "{\"type\":\"" type "\",\"identifier\":{\"type\":\"m.id.user\",\"user\":\"@sync:h\"},\"" key             \
    "\":\"" value "\",\"device_id\":\"synapse-sync\",\"initial_device_display_name\":\"synapse-sync\"}"
#define LOG_IN(sent, token)                                                                                  \
    {                                                                                                        \
        .line = "POST /_matrix/client/v3/login", .body = (sent), .status = 200,                              \
        .reply = "{\"user_id\":\"@sync:h\",\"access_token\":\"" token "\",\"device_id\":\"synapse-sync\"}"   \
    }
#define PASSWORD_LOGIN LOGIN_BODY("m.login.password", "password", "PASSWORD")
#define REFUSED(status_, errcode, error)                                                                     \
    .status = (status_), .reply = "{\"errcode\":\"" errcode "\",\"error\":\"" error "\"}"

#endif
