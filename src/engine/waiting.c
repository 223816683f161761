/* What users and rooms wait for, in the log, when somebody asks: nothing in here changes what the engine
 * does. */
#include "base/log.h"
#include "engine/driver.h"
#include "engine/flight.h"

#include <utlist.h>

enum { MOST_LINES = 200 };

struct wait {
    const char *what;
    const char *call;   /* NULL: none in particular, as those below */
    const char *reason; /* in the words of whoever is to blame */
    const char *other;  /* the subject that goes first */
    instant since;      /* INSTANT_NEVER: as long as the oldest message of the line */
};

/* ---- why nobody's turn comes ---- */

static bool lease_is_lost(const struct engine *engine)
{
    return engine->config.lease_since && engine->config.lease_since(engine->config.context) == INSTANT_NEVER;
}

static const char *lease_doubt(const struct engine *engine)
{
    return engine->config.lease_doubt ? engine->config.lease_doubt(engine->config.context) : NULL;
}

static struct wait wait_for_turn(const struct engine *engine, const char *trouble, instant now)
{
    const struct outlet *outlet = &engine->outlet;
    const char *shut = outlet_trouble(outlet);

    if (!outlet->ready)
        return (struct wait){.what = "session", .reason = trouble, .since = INSTANT_NEVER};
    if (lease_is_lost(engine))
        return (struct wait){.what = "lease", .reason = lease_doubt(engine), .since = INSTANT_NEVER};
    if (shut)
        return (struct wait){.what = "gate", .reason = shut, .since = outlet->gate.shut_since};
    if (now < outlet->restraint.paid_till)
        return (struct wait){.what = "pause-after-failures", .since = INSTANT_NEVER};
    if (now < outlet->rest.until)
        return (struct wait){
            .what = "rest", .reason = "only bulk messages are under way", .since = INSTANT_NEVER};
    if (outlet->in_flight >= outlet_width(outlet))
        return (struct wait){.what = "slot", .since = INSTANT_NEVER};
    if (mirror_goes_first(&engine->errands.mirror))
        return (struct wait){.what = "mirror", .since = INSTANT_NEVER};
    return (struct wait){.what = "turn", .since = INSTANT_NEVER};
}

/* ---- what one subject waits for ---- */

static void note_obstacle(void *context, enum synapse_kind kind, const char *problem, instant since)
{
    struct wait *wait = context;

    if (since < wait->since)
        *wait = (struct wait){
            .what = "obstacle", .call = synapse_kind_name(kind), .reason = problem, .since = since};
}

static struct wait wait_for_time(const struct subject *subject)
{
    struct wait wait = {.what = "time", .since = INSTANT_NEVER};

    obstacles_failing(subject->is_room ? &subject->room.obstacles : &subject->user.obstacles, note_obstacle,
                      &wait);
    return wait;
}

/* Its own place may be settled, or wait for members of the message that are not there yet. */
static struct wait wait_for_others(const struct subject *subject)
{
    const struct engine_message *message = subject->line->message;

    for (size_t i = 0; i < message->place_count; i++)
        if (!message->places[i].settled && message->places[i].subject != subject)
            return (struct wait){
                .what = "another", .other = message->places[i].subject->key, .since = INSTANT_NEVER};
    return (struct wait){.what = "acknowledgement", .since = INSTANT_NEVER};
}

static struct wait wait_of(const struct engine *engine, const struct subject *subject, const char *trouble,
                           instant now)
{
    const struct flight *flight = subject->flight;

    if (flight)
        return (struct wait){.what = flight->waits ? "ledger" : "call",
                             .call = synapse_kind_name(flight->call.kind),
                             .since = flight->sent};
    if (subject->waits)
        return (struct wait){.what = "mirror", .since = INSTANT_NEVER};
    if (subject->queue)
        return wait_for_turn(engine, trouble, now);
    if (subject->wake != INSTANT_NEVER)
        return wait_for_time(subject);
    return wait_for_others(subject);
}

/* ---- the lines ---- */

static void say(const struct subject *subject, const struct wait *wait, instant now)
{
    const struct place *place;
    unsigned messages = 0, behind = 0;
    instant since = wait->since;

    DL_FOREACH (subject->line, place) {
        messages++;
        behind += !place->in_front;
    }
    if (since == INSTANT_NEVER && subject->line)
        since = subject->line->message->arrived;
    log_info("waiting", LOG_TEXT("subject", subject->key), LOG_TEXT("for", wait->what),
             LOG_TEXT("call", wait->call), LOG_TEXT("reason", wait->reason), LOG_TEXT("other", wait->other),
             LOG_NUMBER("since_ms", since == INSTANT_NEVER ? 0 : now - since),
             LOG_NUMBER("messages", messages), LOG_NUMBER("behind", behind));
}

void engine_say_waiting(const struct engine *engine, const char *trouble)
{
    const struct subject *subject, *next;
    const struct engine_message *message;
    unsigned subjects = 0, messages = 0;
    instant now = instant_now();

    HASH_ITER (hh, engine->subjects.active, subject, next) {
        if (!subject->line && !subject->flight)
            continue;
        if (subjects++ < MOST_LINES) {
            const struct wait wait = wait_of(engine, subject, trouble, now);

            say(subject, &wait, now);
        }
    }
    DL_FOREACH2 (engine->messages, message, newer)
        messages++;
    log_info("waiting-in-all", LOG_NUMBER("subjects", subjects), LOG_NUMBER("messages", messages),
             LOG_NUMBER("calls", engine->outlet.in_flight));
}
