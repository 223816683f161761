/* What can be said of the engine as a whole, to people and to monitors: nothing in here changes what it does.
 */
#include "base/text.h"
#include "engine/driver.h"

#include <string.h>

static void copy_text(char *place, size_t size, const char *text)
{
    size_t length = text ? text_cut(text, size - 1) : 0;

    if (length > 0)
        memcpy(place, text, length);
    place[length] = '\0';
}

/* The homeserver as a whole is the last of them. */
const char *engine_held_name(size_t number)
{
    return number < SYNAPSE_KINDS ? synapse_kind_name((enum synapse_kind)number) : NULL;
}

static void tell_held(struct engine_figures *figures, const struct held *held, instant now)
{
    for (size_t i = 0; i < ENGINE_HELD; i++) {
        const struct held_cause *cause = &held->causes[i];
        struct engine_held *told = &figures->held[i];

        *told = (struct engine_held){.messages = cause->reason ? cause->messages : 0};
        if (told->messages > 0 && cause->seen_at == now)
            copy_text(told->reason, sizeof(told->reason), cause->reason);
    }
}

void engine_look(struct engine *engine, const char *trouble, struct engine_figures *ret_figures)
{
    const char *whole = trouble ? trouble : outlet_trouble(&engine->outlet);
    const struct outlet *outlet = &engine->outlet;
    const struct subjects *subjects = &engine->subjects;
    instant now = instant_now();

    held_look(&engine->held, engine->messages, whole, now);
    if (!ret_figures)
        return;
    *ret_figures = (struct engine_figures){
        .calls = outlet->in_flight,
        .calls_allowed = outlet_width(outlet),
        .mirror_bytes = subjects->weight,
        .mirror_subjects = HASH_COUNT(subjects->active) + HASH_COUNT(subjects->rested),
    };
    memcpy(ret_figures->ended, outlet->ended, sizeof(ret_figures->ended));
    copy_text(ret_figures->trouble, sizeof(ret_figures->trouble), whole);
    tell_held(ret_figures, &engine->held, now);
}

bool engine_is_stuck(const struct engine *engine)
{
    return outlet_is_stuck(&engine->outlet);
}
