#include "engine/echo.h"

#include "engine/flight.h"

enum { SPREADING = 1000 /* ms: Synapse answers, and then shows a new name in the rooms */ };

/* The echoes of earlier calls may be still to come, unless a catch-up was asked for since. What somebody did
   between those calls does no harm: the user is read before a message makes the next one. */
static void expect_from(struct subject *user, instant sent, instant mirrored_at)
{
    bool is_first = user->echo.until == INSTANT_PAST;

    if (user->echo.calls++ == 0 && (is_first || mirrored_at > user->echo.until))
        user->echo.from = sent;
}

static void expect_until(struct subject *user, instant until)
{
    if (user->echo.calls > 0) /* else it is known anew since */
        user->echo.calls--;
    user->echo.until = instant_max(user->echo.until, until);
}

static struct subject *find_user(const struct subjects *subjects, const char *id)
{
    struct subject *user = id ? subjects_find(subjects, id) : NULL;

    return user && !user->is_room ? user : NULL;
}

/* Of the users for whom this call makes member events, the one of that number; false: they are all
   through. */
static bool user_of(const struct subjects *subjects, const struct flight *flight, size_t number,
                    struct subject **ret_user)
{
    const struct synapse_call *call = &flight->call;
    bool of_one = call->kind == SYNAPSE_JOIN_USER || call->kind == SYNAPSE_SET_DISPLAY_NAME ||
                  call->kind == SYNAPSE_CREATE_WELCOME_ROOM || call->kind == SYNAPSE_INVITE_USER;
    size_t count = of_one ? 1 : call->kind == SYNAPSE_CREATE_ROOM ? call->raised_count : 0;

    if (number >= count)
        return false;
    *ret_user = find_user(subjects, of_one ? call->user : call->raised[number].user);
    return true;
}

void echo_begin(const struct subjects *subjects, const struct subject *subject, instant mirrored_at)
{
    struct subject *user;

    for (size_t i = 0; user_of(subjects, subject->flight, i, &user); i++)
        if (user)
            expect_from(user, subject->flight->sent, mirrored_at);
}

void echo_end(const struct subjects *subjects, const struct subject *subject, const struct flight *flight)
{
    bool spreads = flight->call.kind == SYNAPSE_SET_DISPLAY_NAME;
    struct subject *user;

    for (size_t i = 0; user_of(subjects, flight, i, &user); i++)
        if (user)
            expect_until(user, subject->answered + (spreads ? SPREADING : 0));
}

bool echo_may_be(const struct subject *user, instant earliest, instant latest)
{
    return latest >= user->echo.from && (user->echo.calls > 0 || earliest <= user->echo.until);
}
