#include "engine/held.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdlib.h>

enum {
    PATIENCE = 1000,      /* ms: what passes sooner is not told */
    AGAIN = 60 * 1000,    /* ms until it is told again */
    QUIET = 3000,         /* ms: what comes back sooner was not over */
    WHOLE = SYNAPSE_KINDS /* the cause that concerns all calls */
};

void held_deinit(struct held *held)
{
    for (size_t i = 0; i < HELD_CAUSES; i++)
        free(held->causes[i].reason);
    *held = (struct held){.causes = {{.messages = 0}}};
}

/* ---- what there is ---- */

static void see(struct held_cause *cause, const char *reason, instant since, instant now)
{
    if (!cause->reason) {
        cause->since = since;
        cause->told_at = INSTANT_PAST;
    }
    cause->since = instant_min(cause->since, since);
    if (cause->seen_at == now && cause->reason)
        return; /* the words of one will do */
    free(cause->reason);
    cause->reason = text_copy(reason);
    cause->seen_at = now;
}

/* One message, and for which kinds it was counted. */
struct count {
    struct held *held;
    instant now;
    bool counted[SYNAPSE_KINDS];
};

static void count_failing(void *context, enum synapse_kind kind, const char *problem, instant since)
{
    struct count *count = context;
    struct held_cause *cause = &count->held->causes[kind];

    see(cause, problem, since, count->now);
    cause->messages += !count->counted[kind];
    count->counted[kind] = true;
}

static void look_at_message(struct held *held, const struct engine_message *message, instant now)
{
    struct count count = {.held = held, .now = now};

    for (size_t i = 0; i < message->place_count; i++) {
        const struct subject *subject = message->places[i].subject;

        if (!message->places[i].settled)
            obstacles_failing(subject->is_room ? &subject->room.obstacles : &subject->user.obstacles,
                              count_failing, &count);
    }
}

/* ---- what is said of it ---- */

static void tell(struct held_cause *cause, const char *call, instant now)
{
    log_warning("held", LOG_NUMBER("messages", cause->messages), LOG_TEXT("call", call),
                LOG_TEXT("reason", cause->reason), LOG_NUMBER("for_ms", now - cause->since));
    cause->told_at = now;
}

/* Of the homeserver as a whole others say that it is well again (engine/gate.h, synapse/synapse.h). */
static void end(struct held_cause *cause, const char *call)
{
    if (cause->told_at != INSTANT_PAST && call)
        log_info("held-no-more", LOG_TEXT("call", call),
                 LOG_NUMBER("after_ms", cause->seen_at - cause->since));
    free(TAKE(cause->reason));
}

static void say(struct held_cause *cause, const char *call, instant now)
{
    if (!cause->reason)
        return;
    if (cause->seen_at < now) {
        if (now - cause->seen_at >= QUIET)
            end(cause, call);
        return;
    }
    if (cause->told_at == INSTANT_PAST ? cause->messages > 0 && now - cause->since >= PATIENCE
                                       : now - cause->told_at >= AGAIN)
        tell(cause, call, now);
}

void held_look(struct held *held, const struct engine_message *messages, const char *trouble, instant now)
{
    const struct engine_message *message;

    for (size_t i = 0; i < HELD_CAUSES; i++)
        held->causes[i].messages = 0;
    for (message = messages; message; message = message->newer)
        if (!message->ended && trouble)
            held->causes[WHOLE].messages++;
        else if (!message->ended)
            look_at_message(held, message, now);
    if (trouble)
        see(&held->causes[WHOLE], trouble, now, now);
    say(&held->causes[WHOLE], NULL, now);
    for (size_t i = 0; i < SYNAPSE_KINDS && !trouble; i++) /* else nothing is known of them */
        say(&held->causes[i], synapse_kind_name((enum synapse_kind)i), now);
}
