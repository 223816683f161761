#include "engine/raising.h"

#include "base/memory.h"
#include "engine/room_facts.h"

#include <stdlib.h>
#include <string.h>

/* Longer ids do not fit either where this one did not. */
static bool is_known_not_to_fit(const struct room_known *known, const char *user)
{
    const char *unfit = known->raising.unfit;

    return unfit && strlen(user) >= strlen(unfit) &&
           plan_is_barred_about(&known->obstacles, SYNAPSE_WRITE_LEVELS, unfit);
}

bool raising_concerns(const struct room_known *known, const struct levels_user *member)
{
    return room_is_too_low(known->state, member) &&
           !plan_is_barred_about(&known->obstacles, SYNAPSE_WRITE_LEVELS, member->user) &&
           !is_known_not_to_fit(known, member->user);
}

static bool differ_by_themselves(const struct room_known *known, const struct levels_wanted *levels)
{
    return !levels_match(known->state->levels, levels) &&
           !plan_is_barred_about(&known->obstacles, SYNAPSE_WRITE_LEVELS, LEVELS_OF_ROOM);
}

/* From the first one who is too low up to the last of as many as may be raised at a time. */
static void choose(const struct room_known *known, const struct room_wanted *wanted,
                   struct synapse_call *call)
{
    size_t most = known->raising.most > 0 ? known->raising.most : wanted->member_count, count = 0;

    for (size_t i = 0; i < wanted->member_count && count < most; i++) {
        if (!raising_concerns(known, &wanted->members[i]))
            continue;
        if (count++ == 0)
            call->raised = &wanted->members[i];
        call->raised_count = (size_t)(&wanted->members[i] - call->raised) + 1;
    }
}

bool raising_next(struct plan *plan, const struct room_known *known, const struct room_wanted *wanted,
                  struct synapse_call *call)
{
    bool by_themselves;

    call->levels = room_levels_wanted(wanted);
    by_themselves = differ_by_themselves(known, &call->levels);
    call->only_raised = !by_themselves;
    if (!by_themselves || !known->raising.apart)
        choose(known, wanted, call);
    return (by_themselves || call->raised_count > 0) && plan_may_make(plan, call);
}

/* ---- what is written ---- */

static void raise_levels(struct levels *levels, const struct room_state *state,
                         const struct synapse_call *call)
{
    if (!call->only_raised)
        levels_set(levels, &call->levels);
    for (size_t i = 0; i < call->raised_count; i++)
        if (!room_state_reigns(state, call->raised[i].user) &&
            room_state_membership(state, call->raised[i].user) != MEMBERSHIP_BAN)
            levels_raise(levels, &call->raised[i]);
}

struct levels *raising_levels(const struct room_known *known, const struct synapse_call *call)
{
    CLEANUP(freep) char *text = levels_print(known->state->levels);
    struct levels *levels = levels_parse(text, strlen(text));

    raise_levels(levels, known->state, call);
    return levels;
}

/* ---- what is learnt ---- */

void raising_learn(struct room_known *known, const struct synapse_call *call)
{
    struct raising *raising = &known->raising;

    raise_levels(known->state->levels, known->state, call);
    if (call->raised_count == 0 || raising->most == 0)
        return;
    if (!raising->full)
        raising->most = 0; /* who is refused is among the others */
    else if (raising->most > 1)
        raising->most /= 2; /* twice as many did not fit */
}

static bool is_bundle(const struct synapse_call *call)
{
    return call->raised_count + (call->only_raised ? 0 : 1) > 1;
}

static void divide(struct raising *raising, const struct synapse_call *call, bool too_large)
{
    if (call->only_raised)
        raising->most = call->raised_count / 2;
    raising->apart = true;
    raising->full = too_large;
}

void raising_learn_refusal(struct room_known *known, const struct synapse_call *call,
                           const struct synapse_reply *reply, instant now)
{
    struct raising *raising = &known->raising;
    bool too_large = strcmp(reply->errcode, "M_TOO_LARGE") == 0;
    bool is_clear = too_large || raising->apart;

    if (!is_clear && !obstacle_was_doubted(&known->obstacles, call)) {
        (void)obstacle_doubt(&known->obstacles, call, reply, now);
        room_known_doubt(known);
    } else if (is_bundle(call)) {
        divide(raising, call, too_large);
    } else {
        obstacle_refuse(&known->obstacles, call, reply);
        if (too_large && call->raised_count > 0) {
            free(raising->unfit);
            raising->unfit = text_copy(call->raised[0].user);
        }
    }
}

/* ---- what is to be said ---- */

bool raising_tells(const struct room_known *known, const char *user)
{
    return is_known_not_to_fit(known, user);
}

void raising_report(const struct room_known *known, const struct room_wanted *wanted, struct report *report)
{
    size_t count = 0;

    for (size_t i = 0; known->state && known->state->levels && i < wanted->member_count; i++)
        count += room_is_too_low(known->state, &wanted->members[i]) &&
                 is_known_not_to_fit(known, wanted->members[i].user);
    if (count > 0)
        report_refusal(report, REQUEST_HOMESERVER_REJECTED,
                       "%s: %zu of %zu members were not given their level, since no further levels fit into "
                       "the event that holds them (M_TOO_LARGE)",
                       wanted->alias, count, wanted->member_count);
}
