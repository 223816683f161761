#include "engine/user_known.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void welcome_known_deinit(struct welcome_known *known)
{
    free(known->room);
    free(known->refused);
    room_state_free(known->foreign);
    *known = (struct welcome_known){.standing = WELCOME_UNREAD};
}

void user_known_init(struct user_known *known)
{
    *known = (struct user_known){
        .read_at = INSTANT_PAST,
        .seen_at = INSTANT_PAST,
        .deed = {.at = INSTANT_PAST},
        .account = {.read_at = INSTANT_PAST, .seen_at = INSTANT_PAST},
    };
}

void user_known_deinit(struct user_known *known)
{
    free(known->name);
    free(known->avatar);
    free(known->email);
    welcome_known_deinit(&known->welcome);
    obstacles_deinit(&known->obstacles);
    user_known_init(known);
}

void user_known_note_deed(struct user_known *known, enum user_deed what, instant now)
{
    known->deed.at = now;
    known->deed.what = what;
}

/* Of nobody is anything to be remembered but what we did ourselves, if we did. */
static bool keep_deed(struct user_known *known)
{
    struct user_known kept;

    if (known->deed.at == INSTANT_PAST)
        return false;
    user_known_init(&kept);
    kept.deed = known->deed;
    user_known_deinit(known);
    *known = kept;
    return true;
}

/* What was being done about it is over. One that was not there may come to be at any time. */
static struct account_known account_remembered(const struct account_known *known)
{
    struct account_known kept = {.read_at = INSTANT_PAST, .seen_at = INSTANT_PAST};

    if (known->presence != PRESENCE_HERE)
        return kept;
    kept.presence = PRESENCE_HERE;
    kept.read_at = known->read_at;
    kept.seen_at = known->seen_at;
    kept.deactivated = known->deactivated;
    memcpy(kept.id, known->id, sizeof(kept.id));
    return kept;
}

bool user_known_settle(struct user_known *known)
{
    struct user_known kept = {
        .presence = PRESENCE_HERE,
        .read_at = known->read_at,
        .seen_at = known->seen_at,
        .deactivated = known->deactivated,
        .admin = known->admin,
        .of_service = known->of_service,
        .has_email = known->has_email,
        .mirrored = true,
        .deed = known->deed,
        .account = account_remembered(&known->account),
        /* An open one may be closed by another instance meanwhile; a closed one stays so. */
        .record = known->record == RECORD_CLOSED ? RECORD_CLOSED : RECORD_UNKNOWN,
    };

    if (known->presence != PRESENCE_HERE || !known->mirrored)
        return keep_deed(known);
    kept.name = TAKE(known->name);
    kept.avatar = TAKE(known->avatar);
    user_known_deinit(known);
    *known = kept;
    return true;
}

void user_known_forget(struct user_known *known)
{
    if (!user_known_settle(known))
        user_known_deinit(known);
}
